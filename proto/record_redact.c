#include "proto/record.h"

#include <string.h>

#include "base/digest.h"
#include "base/hex.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define MEDIA_MIN 1024
#define REDACTED SLICE("\"[redacted]\"")

/* Everything below a member of one of these names is a secret. */
static const struct slice credential_names[] = {
	{ "api_key", 7 },
	{ "authorization", 13 },
	{ "aws_secret_access_key", 21 },
	{ "aws_session_token", 17 },
	{ "credential_override", 19 },
	{ "credentials", 11 },
	{ "customer_api_keys", 17 },
	{ "customer_credentials", 20 },
	{ "posthog_integration", 19 },
	{ "vertex_ai_credentials", 21 },
};

/* Members that carry media without the head of a data URL. */
static const struct slice media_names[] = {
	{ "data", 4 },
	{ "b64_json", 8 },
	{ "file_data", 9 },
};

/*
 * A body without any of these, and without a member of such a name, needs no
 * second look: parts of all names above, the mark of a data URL, and an escape
 * that may spell such a name.
 */
static const struct slice hints[] = {
	{ "api_key", 7 },
	{ "redential", 9 },
	{ "uthorization", 12 },
	{ "aws_se", 6 },
	{ "posthog_integration", 19 },
	{ "\\u00", 4 },
};
static const struct slice media_hints[] = {
	{ ";base64,", 8 },
	{ "data\"", 5 },
	{ "b64_json", 8 },
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static bool
redact_is_hinted(struct slice body, const struct slice *hint, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (memmem(body.p, body.n, hint[i].p, hint[i].n) != NULL)
			return true;
	}
	return false;
}

int
record_is_credential(struct slice name)
{
	for (size_t i = 0; i < LENGTH(credential_names); i++) {
		if (slice_eq_nocase(name, credential_names[i]))
			return 1;
	}
	return 0;
}

/* A name that stands ahead of a colon, in quotes, and is one of those. */
static bool
redact_names_credential(struct slice json)
{
	const char *end = json.p + json.n, *at = json.p, *p, *name;

	for (; (at = memchr(at, ':', (size_t)(end - at))) != NULL; at++) {
		for (p = at; p > json.p && (unsigned char)p[-1] <= ' '; p--)
			;
		if (p == json.p || *--p != '"')
			continue;
		name = memrchr(json.p, '"', (size_t)(p - json.p));
		if (name != NULL && record_is_credential((struct slice){
					name + 1, (size_t)(p - name - 1) }))
			return true;
	}
	return false;
}

static bool
redact_is_secret(const struct jscan_item *item)
{
	char name[JSCAN_NAME_MAX];
	struct slice text = item->name;

	if (item->name_escaped)
		text = (struct slice){ name, jstr_unescape(text, name) };
	return record_is_credential(text) == 1;
}

static bool
redact_is_media_member(const struct jscan_item *item)
{
	for (size_t i = 0; i < LENGTH(media_names); i++) {
		if (item->name.p != NULL && jstr_is(item, media_names[i]))
			return true;
	}
	return false;
}

static bool
redact_is_base64(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || strchr("+/=-_\\", c)))
			return false;
	}
	return true;
}

/*
 * The base64 text in a string: behind the head of a data URL, or all of a
 * media member.  Empty when there is none worth cutting.
 */
static struct slice
redact_find_media(const struct jscan_item *item)
{
	static const struct slice none = { "", 0 };
	struct slice text = jscan_text(item);
	const char *mark;

	if (text.n <= MEDIA_MIN)
		return none;
	mark = memmem(text.p, 256, ";base64,", 8);
	if (mark != NULL)
		text = slice_skip(text, (size_t)(mark + 8 - text.p));
	else if (!redact_is_media_member(item))
		return none;
	return text.n > MEDIA_MIN && redact_is_base64(text) ? text : none;
}

static void
redact_string(const struct jscan_item *item, struct sbuf *out)
{
	struct slice media = redact_find_media(item);
	unsigned char sum[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	if (media.n == 0) {
		sbuf_add_slice(out, item->value);
		return;
	}
	digest_sha256(media.p, media.n, sum);
	hex_write(sum, sizeof sum, hex);
	sbuf_add(out, item->value.p, (size_t)(media.p - item->value.p));
	sbuf_addf(out, "[%zu bytes sha256:%s]\"", media.n, hex);
}

static void redact_item(const struct jscan_item *item, bool secret,
    struct sbuf *out);

static void
redact_container(const struct jscan_item *item, bool secret, struct sbuf *out)
{
	bool object = item->type == JSCAN_OBJECT;
	struct jscan_iter it;
	struct jscan_item child;
	const char *comma = "";

	jscan_enter(&it, item->value);
	sbuf_addc(out, object ? '{' : '[');
	while (object ? jscan_member_next(&it, &child)
		      : jscan_element_next(&it, &child)) {
		bool hide = secret;

		sbuf_adds(out, comma);
		comma = ",";
		if (object) {
			sbuf_addc(out, '"');
			sbuf_add_slice(out, child.name);
			sbuf_adds(out, "\":");
			hide = hide || redact_is_secret(&child);
		}
		redact_item(&child, hide, out);
	}
	sbuf_addc(out, object ? '}' : ']');
}

/* Nesting is bounded: jscan has refused more than JSCAN_DEPTH levels. */
static void
redact_item(const struct jscan_item *item, bool secret, struct sbuf *out)
{
	if (item->type == JSCAN_OBJECT || item->type == JSCAN_ARRAY)
		redact_container(item, secret, out);
	else if (secret && item->type != JSCAN_NULL)
		sbuf_add_slice(out, REDACTED);
	else if (item->type == JSCAN_STRING)
		redact_string(item, out);
	else
		sbuf_add_slice(out, item->value);
}

int
record_redact(struct slice body, struct sbuf *out)
{
	struct jscan_item item;
	struct err e;

	if (!redact_is_hinted(body, hints, LENGTH(hints)) &&
	    !redact_names_credential(body) &&
	    (body.n <= MEDIA_MIN ||
		!redact_is_hinted(body, media_hints, LENGTH(media_hints))))
		return 0;
	if (jscan_value(body, &item, &e) == -1)
		sbuf_add_slice(out, REDACTED);
	else
		redact_item(&item, false, out);
	return 1;
}

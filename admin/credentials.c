#include "admin/credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/show.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/lacks.h"
#include "base/seal.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define VALUE_MAX 8192    /* bytes: it becomes a header (security.md H3) */
#define ACCOUNT_MAX 16384 /* a service account's JSON */
#define SHOWN 4           /* characters of a secret */
#define SHOWN_FROM 12     /* of secrets that have so many */

#define URL_MAX 2048 /* security.md F3 */

enum credential_value {
	VALUE_PLAIN,
	VALUE_URL,
	VALUE_SECRET, /* this and what follows is not shown */
	VALUE_ACCOUNT,
};

static const struct member {
	const char *name;
	enum credential_value value;
} members[] = {
	{ "api_key", VALUE_SECRET },
	{ "azure_ad_token", VALUE_SECRET },
	{ "aws_access_key_id", VALUE_SECRET },
	{ "aws_secret_access_key", VALUE_SECRET },
	{ "aws_session_token", VALUE_SECRET },
	{ "aws_bearer_token", VALUE_SECRET },
	{ "vertex_ai_credentials", VALUE_ACCOUNT },
	{ "api_base", VALUE_URL },
	{ "api_version", VALUE_PLAIN },
	{ "organization", VALUE_PLAIN },
	{ "project", VALUE_PLAIN },
	{ "aws_region_name", VALUE_PLAIN },
	{ "vertex_ai_project", VALUE_PLAIN },
	{ "vertex_ai_location", VALUE_PLAIN },
};

#define MEMBERS (sizeof members / sizeof members[0])

void
credentials_wipe(struct sbuf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	sbuf_free(b);
}

static int
credentials_wrong(struct slice name, const char *why, struct err *e)
{
	char param[sizeof e->param];

	snprintf(param, sizeof param, "credentials.%.*s",
	    name.n < 64 ? (int)name.n : 64, name.p);
	return err_param(e, ERR_INVALID_VALUE, param, "%s: %s", param, why);
}

static const struct member *
credentials_member(const struct jscan_item *item)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (jstr_is(item, slice_str(members[i].name)))
			return &members[i];
	return NULL;
}

/* It will stand in the head of a request. */
static bool
credentials_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return text.n <= VALUE_MAX;
}

static bool
credentials_account(struct slice text)
{
	struct jscan_item item;
	struct err e;

	return text.n <= ACCOUNT_MAX && jscan_value(text, &item, &e) == 0 &&
	       item.type == JSCAN_OBJECT;
}

static bool
credentials_url(struct slice text)
{
	size_t head = slice_starts(text, SLICE("http://"))    ? 7
	              : slice_starts(text, SLICE("https://")) ? 8
	                                                      : text.n;

	for (size_t i = head; i < text.n; i++)
		if (strchr("@?#\\", text.p[i]) != NULL)
			return false;
	return text.n > head && text.n <= URL_MAX && text.p[head] != '/' &&
	       credentials_plain(text);
}

#define PLAIN_WHY "At most 8192 characters of ASCII, without blanks."

static const struct {
	bool (*good)(struct slice text);
	const char *why;
} rules[] = {
	[VALUE_PLAIN] = { credentials_plain, PLAIN_WHY },
	[VALUE_URL] = { credentials_url,
	    "A URL of http or https without user, query and fragment is "
	    "required." },
	[VALUE_SECRET] = { credentials_plain, PLAIN_WHY },
	[VALUE_ACCOUNT] = { credentials_account,
	    "The JSON of a service account is required." },
};

static int
credentials_value(const struct member *m, const struct jscan_item *item,
    struct sbuf *text, struct err *e)
{
	struct slice name = slice_str(m->name);

	if (item->type == JSCAN_STRING)
		jstr_add(text, jscan_text(item));
	else if (item->type == JSCAN_OBJECT && m->value == VALUE_ACCOUNT)
		sbuf_add_slice(text, item->value);
	else
		return credentials_wrong(name, "Not a valid string.", e);
	if (text->len == 0)
		return credentials_wrong(name, "This field may not be blank.",
		    e);
	if (!rules[m->value].good(sbuf_slice(text)))
		return credentials_wrong(name, rules[m->value].why, e);
	return 0;
}

static int
credentials_add(const struct jscan_item *item, struct sbuf *json, struct err *e)
{
	const struct member *m = credentials_member(item);
	struct sbuf text = { 0 };
	int done;

	if (m == NULL)
		return credentials_wrong(item->name, "Unknown field.", e);
	sbuf_reserve_exact(&text, item->value.n + 1);
	done = credentials_value(m, item, &text, e);
	if (done == 0)
		show_text(json, m->name, sbuf_slice(&text));
	credentials_wipe(&text);
	return done;
}

static bool
credentials_has(const void *json, const char *name)
{
	struct jscan_item item;

	return jscan_find(*(const struct slice *)json, slice_str(name), &item);
}

static int
credentials_complete(const struct settings *s,
    const struct settings_provider *p, struct slice json, struct err *e)
{
	const char *missing[LACKS_MOST];
	unsigned n = lacks_list(p->kind, settings_str(s, p->base_url),
	    credentials_has, &json, missing);

	return n == 0 ? 0
	              : credentials_wrong(slice_str(missing[0]),
			    "This field is required.", e);
}

int
credentials_read(const struct settings *s, const struct settings_provider *p,
    struct slice object, struct sbuf *json, struct err *e)
{
	struct jscan_item item;
	struct jscan_iter it;

	if (jscan_unique(object, "credentials", e) != 0)
		return -1;
	/* It grows no further: each byte may become an escape of six. */
	sbuf_reserve_exact(json, 6 * object.n + 64);
	sbuf_addc(json, '{');
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item))
		if (credentials_add(&item, json, e) != 0)
			return -1;
	sbuf_addc(json, '}');
	if (json->len == 2)
		return err_param(e, ERR_INVALID_VALUE, "credentials",
		    "credentials: This field may not be blank.");
	return p != NULL ? credentials_complete(s, p, sbuf_slice(json), e) : 0;
}

static void
credentials_keys(const struct office *o, struct seal_keys *k)
{
	seal_keys_make(k,
	    settings_secret(o->secrets, o->settings->store_secret_key),
	    settings_secret(o->secrets, o->settings->store_secret_key_old));
}

int
credentials_seal(const struct office *o, struct slice place, struct slice json,
    struct sbuf *sealed, struct err *e)
{
	struct seal_keys k;
	int done = 0;

	credentials_keys(o, &k);
	if (k.n == 0)
		done = err_set(e, ERR_INVALID_VALUE,
		    "Set store.secret_key before storing provider keys.");
	else
		seal_close(&k, place, json, sealed);
	seal_keys_wipe(&k);
	return done;
}

/* Its end, if it is long enough to be told by it. */
static void
credentials_masked(struct sbuf *out, const char *name, struct slice secret)
{
	char shown[8] = "";
	struct slice end = slice_skip(secret,
	    secret.n >= SHOWN_FROM ? secret.n - SHOWN : secret.n);

	if (end.n > 0 && credentials_plain(end))
		snprintf(shown, sizeof shown, "\u2026%.*s", SLICE_ARGS(end));
	show_text(out, name, slice_str(shown));
}

/* Members as they may be seen; the first secret one gives the fingerprint. */
static void
credentials_list(struct slice json, struct sbuf *out, char fingerprint[16])
{
	unsigned char sum[DIGEST_SIZE];
	struct jscan_item item;
	struct jscan_iter it;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item)) {
		const struct member *m = credentials_member(&item);
		struct sbuf text = { 0 };

		if (m == NULL || item.type != JSCAN_STRING)
			continue;
		sbuf_reserve_exact(&text, item.value.n + 1);
		jstr_add(&text, jscan_text(&item));
		if (m->value < VALUE_SECRET)
			show_text(out, m->name, sbuf_slice(&text));
		else
			credentials_masked(out, m->name, sbuf_slice(&text));
		if (m->value >= VALUE_SECRET && *fingerprint == '\0') {
			digest_sha256(text.data, text.len, sum);
			memcpy(fingerprint, "sha256:", 7);
			hex_write(sum, 4, fingerprint + 7);
		}
		credentials_wipe(&text);
	}
}

void
credentials_show(const struct office *o, struct slice place,
    struct slice sealed, struct sbuf *out)
{
	size_t n = seal_text_len(sealed);
	char fingerprint[16] = "";
	struct sbuf json = { 0 };
	struct seal_keys k;

	credentials_keys(o, &k);
	sbuf_reserve_exact(&json, n + 1);
	show_name(out, "credentials");
	if (!seal_open(&k, place, sealed, json.data)) {
		sbuf_adds(out, "null,\"fingerprint\":null");
	} else {
		sbuf_addc(out, '{');
		credentials_list((struct slice){ json.data, n }, out,
		    fingerprint);
		sbuf_addc(out, '}');
		show_text(out, "fingerprint", slice_str(fingerprint));
	}
	credentials_wipe(&json);
	seal_keys_wipe(&k);
}

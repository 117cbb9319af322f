/* A credential as a caller writes it: routing.md 1.2, 4.2. */

#include "worker/credential_priv.h"

#include <endian.h>
#include <stddef.h>

#include "base/pool.h"
#include "proto/jstr.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define READ_TEXT_MAX 8192     /* security.md H3 */
#define READ_ACCOUNT_MAX 65536 /* of a service account's JSON */
#define READ_PART_MAX 63       /* of a host's name, of a path */

static bool
read_is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return false;
	return s.n <= READ_TEXT_MAX;
}

static bool
read_is_label(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			(c == '-' && i > 0 && i < s.n - 1)))
			return false;
	}
	return s.n <= READ_PART_MAX;
}

/* A part of a path or a query that is no step in it. */
static bool
read_is_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' ||
			(i > 0 && (c == '.' || c == ':'))))
			return false;
	}
	return s.n <= READ_PART_MAX;
}

static bool
read_is_account(struct slice s)
{
	struct jscan_item item;
	struct err e;

	return s.n <= READ_ACCOUNT_MAX && jscan_value(s, &item, &e) == 0 &&
	       item.type == JSCAN_OBJECT;
}

/* What a text may be made of, and how that is said. */
static const struct read_rule {
	bool (*good)(struct slice s);
	const char *why;
} read_plain = { read_is_plain, "must be printable ASCII, at most 8192 bytes" },
  read_label = { read_is_label, "must be 1 to 63 of a-z, 0-9 and '-'" },
  read_word = { read_is_word,
	  "must be 1 to 63 of A-Z, a-z, 0-9, '-', '_', '.' and ':'" },
  read_account = { read_is_account, "must be the JSON of a service account" };

static const struct read_member {
	const char *name;
	size_t at; /* of its slice in struct credential */
	const struct read_rule *rule;
} read_members[] = {
#define MEMBER(name, rule)                                                     \
	{                                                                      \
#name, offsetof(struct credential, name), &rule                \
	}
	MEMBER(api_key, read_plain),
	MEMBER(azure_ad_token, read_plain),
	MEMBER(aws_access_key_id, read_plain),
	MEMBER(aws_secret_access_key, read_plain),
	MEMBER(aws_session_token, read_plain),
	MEMBER(aws_bearer_token, read_plain),
	MEMBER(aws_region_name, read_label),
	MEMBER(vertex_ai_credentials, read_account),
	MEMBER(vertex_ai_project, read_word),
	MEMBER(vertex_ai_location, read_label),
	MEMBER(organization, read_plain),
	MEMBER(project, read_plain),
	MEMBER(api_version, read_word),
#undef MEMBER
};

#define READ_MEMBERS (sizeof read_members / sizeof *read_members)

static struct slice *
read_at(struct credential *c, size_t at)
{
	return (struct slice *)(void *)((char *)c + at);
}

/* A string's text in memory that is wiped. */
static struct slice
read_text(struct req *r, const struct jscan_item *item)
{
	struct slice raw = jscan_text(item), copy = pool_secret(r->pool, raw);

	if (item->escaped)
		copy.n = jstr_unescape(raw, (char *)(uintptr_t)copy.p);
	return copy;
}

/* The member of that name, unless it is null.  1 or 0. */
static int
read_find(struct slice object, const char *name, struct jscan_item *item_r)
{
	return jscan_find(object, slice_str(name), item_r) &&
	       item_r->type != JSCAN_NULL;
}

static int
read_member(struct req *r, const struct credential_said *said,
    const struct read_member *m, struct credential *c)
{
	struct slice *to = read_at(c, m->at);
	struct jscan_item item;

	if (!read_find(said->item->value, m->name, &item))
		return 0;
	if (item.type == JSCAN_STRING)
		*to = read_text(r, &item);
	else if (item.type == JSCAN_OBJECT && m->rule == &read_account)
		*to = pool_secret(r->pool, item.value);
	else
		return credential_type(r, said->where, m->name, "string",
		    &item);
	if (to->n == 0 || m->rule->good(*to))
		return 0;
	return credential_invalid(r, said->where, m->name, m->rule->why);
}

/* "api_base", judged where the rest is known. */
static int
read_api_base(struct req *r, const struct credential_said *said,
    struct slice *text_r)
{
	struct jscan_item item;

	*text_r = SLICE("");
	if (!read_find(said->item->value, "api_base", &item))
		return 0;
	if (item.type != JSCAN_STRING)
		return credential_type(r, said->where, "api_base", "string",
		    &item);
	*text_r = read_text(r, &item);
	return 0;
}

#define AT(name) offsetof(struct credential, name)

/*
 * What a kind cannot do without, in the order in which it is missed; one of
 * two that serve the same end is enough.
 */
static const struct read_need {
	enum kind_auth auth;
	const char *name;
	size_t at, instead;
} read_needs[] = {
	{ AUTH_BEARER, "api_key", AT(api_key), AT(api_key) },
	{ AUTH_API_KEY, "api_key", AT(api_key), AT(azure_ad_token) },
	{ AUTH_X_API_KEY, "api_key", AT(api_key), AT(api_key) },
	{ AUTH_GOOG_KEY, "api_key", AT(api_key), AT(api_key) },
	{ AUTH_AWS, "aws_access_key_id", AT(aws_access_key_id),
	    AT(aws_bearer_token) },
	{ AUTH_AWS, "aws_secret_access_key", AT(aws_secret_access_key),
	    AT(aws_bearer_token) },
	{ AUTH_AWS, "aws_region_name", AT(aws_region_name),
	    AT(aws_region_name) },
	{ AUTH_GOOGLE, "vertex_ai_credentials", AT(vertex_ai_credentials),
	    AT(vertex_ai_credentials) },
	{ AUTH_GOOGLE, "vertex_ai_project", AT(vertex_ai_project),
	    AT(vertex_ai_project) },
	{ AUTH_GOOGLE, "vertex_ai_location", AT(vertex_ai_location),
	    AT(vertex_ai_location) },
};

static int
read_check_needs(struct req *r, const char *where, struct credential *c)
{
	bool local = (r->choice.target->provider->quirks & QUIRK_LOCAL) != 0;

	for (size_t i = 0; i < sizeof read_needs / sizeof *read_needs; i++) {
		const struct read_need *n = &read_needs[i];

		if (n->auth != kind_auths[r->choice.kind] ||
		    (local && n->auth == AUTH_BEARER))
			continue;
		if (read_at(c, n->at)->n == 0 && read_at(c, n->instead)->n == 0)
			return credential_missing(r, where, n->name);
	}
	return 0;
}

/* A service account names its project itself. */
static int
read_project(struct req *r, const char *where, struct credential *c)
{
	struct jscan_item item;

	if (c->vertex_ai_project.n > 0 || c->vertex_ai_credentials.n == 0 ||
	    !read_find(c->vertex_ai_credentials, "project_id", &item) ||
	    item.type != JSCAN_STRING)
		return 0;
	c->vertex_ai_project = jstr_item(&item, r->pool);
	if (read_is_word(c->vertex_ai_project))
		return 0;
	return credential_invalid(r, where, "vertex_ai_credentials",
	    "must name a project of Google's");
}

static void
read_sum_add(struct digest *d, struct slice s)
{
	uint64_t n = htole64(s.n);

	digest_add(d, &n, sizeof n);
	digest_add(d, s.p, s.n);
}

/* All that it holds: one that differs in anything is another. */
static void
read_sum(struct req *r, struct credential *c)
{
	struct digest *d = r->w->digest;
	uint64_t id;

	digest_start(d);
	for (size_t i = 0; i < READ_MEMBERS; i++)
		read_sum_add(d, *read_at(c, read_members[i].at));
	read_sum_add(d, c->base.host);
	read_sum_add(d, c->base.path);
	digest_end(d, c->sum);
	memcpy(&id, c->sum, sizeof id);
	c->id = id | 1;
}

static int
read_members_all(struct req *r, const struct credential_said *said,
    struct credential *c, struct slice *api_base_r)
{
	*api_base_r = SLICE("");
	if (said->item->type == JSCAN_STRING) {
		c->api_key = read_text(r, said->item);
		return read_is_plain(c->api_key)
		           ? 0
		           : credential_invalid(r, said->where, "api_key",
				 read_plain.why);
	}
	if (jscan_unique(said->item->value, said->where, req_err(r)) != 0)
		return -1;
	for (size_t i = 0; i < READ_MEMBERS; i++)
		if (read_member(r, said, &read_members[i], c) != 0)
			return -1;
	return read_api_base(r, said, api_base_r);
}

int
credential_read(struct req *r, const struct credential_said *said,
    struct credential **c_r)
{
	struct credential *c = pool_zalloc(r->pool, sizeof *c);
	struct slice api_base;

	c->source = said->source;
	c->callers = said->source < CREDENTIAL_INTEGRATION;
	c->index = -1;
	c->where = pool_copy(r->pool, slice_str(said->where)).p;
	if (read_members_all(r, said, c, &api_base) != 0 ||
	    read_project(r, said->where, c) != 0 ||
	    read_check_needs(r, said->where, c) != 0 ||
	    credential_place(r, said->where, api_base, c) != 0)
		return -1;
	read_sum(r, c);
	*c_r = c;
	return 0;
}

#include "proto/cachekey.h"

#include <endian.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "proto/canon.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD 9 /* of a part: its number, and its length in 8 bytes */

/* What the answer does not depend on, and one name for two. */
#define RULES(RULE)                                                            \
	RULE("model", "")                                                      \
	RULE("stream", "")                                                     \
	RULE("stream_options", "")                                             \
	RULE("user", "")                                                       \
	RULE("safety_identifier", "")                                          \
	RULE("metadata", "")                                                   \
	RULE("store", "")                                                      \
	RULE("service_tier", "")                                               \
	RULE("prompt_cache_key", "")                                           \
	RULE("prompt_cache_retention", "")                                     \
	RULE("timeout", "")                                                    \
	RULE("extra_headers", "")                                              \
	RULE("max_completion_tokens", "max_tokens")

static const struct cachekey_rule {
	struct slice name;
	struct slice as; /* empty = left out */
} cachekey_rules[] = {
#define RULE(name, as) { SLICE(name), SLICE(as) },
	RULES(RULE)
#undef RULE
};

/* A bit for each length of those names: most others have none of them. */
#define RULE(name, as) | UINT64_C(1) << (sizeof(name) - 1)
static const uint64_t cachekey_lengths = 0 RULES(RULE);
#undef RULE

static bool
cachekey_has_rule(const struct jscan_item *item)
{
	return item->name_escaped ||
	       (item->name.n < 64 &&
		   (cachekey_lengths >> item->name.n & 1) != 0);
}

/* False when the member is left out. */
static bool
cachekey_keeps(struct jscan_item *item)
{
	const struct cachekey_rule *r = cachekey_rules;

	if (!cachekey_has_rule(item))
		return true;
	for (; r < cachekey_rules + COUNT(cachekey_rules); r++) {
		if (!jstr_is(item, r->name))
			continue;
		item->name = r->as;
		item->name_escaped = false;
		return r->as.n > 0;
	}
	return true;
}

static void
cachekey_head(char *to, char number, uint64_t n)
{
	uint64_t length = htobe64(n);

	to[0] = number;
	memcpy(to + 1, &length, sizeof length);
}

/* None when it is empty. */
static void
cachekey_part(struct sbuf *b, char number, struct slice part)
{
	if (part.n == 0)
		return;
	sbuf_reserve(b, HEAD + part.n);
	cachekey_head(b->data + b->len, number, part.n);
	b->len += HEAD;
	sbuf_add_slice(b, part);
}

/* The length is known when the members are written. */
static bool
cachekey_body(struct sbuf *b, struct jscan_item *members, size_t n)
{
	size_t at = b->len, kept = 0, i;
	bool secret;

	for (i = 0; i < n; i++)
		if (cachekey_keeps(&members[i]))
			members[kept++] = members[i];
	sbuf_reserve(b, HEAD);
	b->len += HEAD;
	secret = canon_write_members(b, members, kept);
	cachekey_head(b->data + at, 5, b->len - at - HEAD);
	return secret;
}

bool
cachekey_write(const struct cachekey *k, struct sbuf *b)
{
	bool secret;

	cachekey_part(b, 1, SLICE("hfc1"));
	cachekey_part(b, 2, k->organization);
	cachekey_part(b, 3, k->environment);
	cachekey_part(b, 4, k->family);
	secret = cachekey_body(b, k->members, k->n_members);
	cachekey_part(b, 6, k->model);
	cachekey_part(b, 7, k->customer);
	if (k->credentials != NULL)
		cachekey_part(b, 8,
		    (struct slice){ (const char *)k->credentials,
			DIGEST_SIZE });
	return secret;
}

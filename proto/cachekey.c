#include "proto/cachekey.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/canon.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the answer does not depend on, and one name for two. */
static const struct canon_rule cachekey_rules[] = {
	{ SLICE("model"), { NULL, 0 } },
	{ SLICE("stream"), { NULL, 0 } },
	{ SLICE("stream_options"), { NULL, 0 } },
	{ SLICE("user"), { NULL, 0 } },
	{ SLICE("safety_identifier"), { NULL, 0 } },
	{ SLICE("metadata"), { NULL, 0 } },
	{ SLICE("store"), { NULL, 0 } },
	{ SLICE("service_tier"), { NULL, 0 } },
	{ SLICE("prompt_cache_key"), { NULL, 0 } },
	{ SLICE("prompt_cache_retention"), { NULL, 0 } },
	{ SLICE("timeout"), { NULL, 0 } },
	{ SLICE("extra_headers"), { NULL, 0 } },
	{ SLICE("max_completion_tokens"), SLICE("max_tokens") },
};

/* Part: its number, its length in 8 bytes, its bytes; none when empty. */
static void
cachekey_part(struct digest *d, unsigned char number, struct slice part)
{
	unsigned char head[9] = { number };
	uint64_t n = part.n;
	int i;

	if (part.n == 0)
		return;
	for (i = 8; i > 0; i--, n >>= 8)
		head[i] = (unsigned char)n;
	digest_add(d, head, sizeof head);
	digest_add(d, part.p, part.n);
}

static int
cachekey_body(const struct cachekey *k, struct sbuf *scratch, struct err *e)
{
	size_t n = COUNT(cachekey_rules), i;
	struct canon_rule *rules = xcalloc(n + k->nours, sizeof *rules);
	int done;

	memcpy(rules, cachekey_rules, sizeof cachekey_rules);
	for (i = 0; i < k->nours; i++)
		rules[n + i].name = k->ours[i];
	sbuf_clear(scratch);
	done = canon_write(scratch, k->body, rules, n + k->nours, e);
	free(rules);
	return done;
}

int
cachekey_make(const struct cachekey *k, struct digest *d, struct sbuf *scratch,
    unsigned char key_r[DIGEST_SIZE], struct err *e)
{
	if (cachekey_body(k, scratch, e) == -1)
		return -1;
	digest_start(d);
	cachekey_part(d, 1, SLICE("hfc1"));
	cachekey_part(d, 2, k->organization);
	cachekey_part(d, 3, k->environment);
	cachekey_part(d, 4, k->family);
	cachekey_part(d, 5, sbuf_slice(scratch));
	cachekey_part(d, 6, k->model);
	cachekey_part(d, 7, k->customer);
	if (k->credentials != NULL)
		cachekey_part(d, 8,
		    (struct slice){ (const char *)k->credentials,
			DIGEST_SIZE });
	digest_end(d, key_r);
	return 0;
}

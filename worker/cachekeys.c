#include "worker/cachekeys.h"

#include <stdlib.h>

#include "base/crash.h"
#include "base/digest_many.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "net/loop.h"
#include "proto/cachekey.h"
#include "shm/inflight.h"
#include "shm/sieve.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

/* Nobody joins more text than this: it is read soon after it is written. */
#define CACHEKEYS_BYTES ((size_t)2 << 20)

struct cachekeys_one {
	struct req *r; /* NULL: it no longer waits */
	size_t from, to;
};

struct cachekeys {
	struct loop *loop;
	struct defer defer;
	struct sbuf text; /* of all */
	unsigned n;
	struct cachekeys_one waits[DIGEST_MANY_MAX];
};

struct cachekeys *
cachekeys_new(struct worker *w)
{
	struct cachekeys *c = xcalloc(1, sizeof *c);

	c->loop = w->loop;
	return c;
}

void
cachekeys_free(struct cachekeys **cp)
{
	if (*cp == NULL)
		return;
	sbuf_free(&(*cp)->text);
	free(*cp);
	*cp = NULL;
}

void
cachekeys_trim(struct cachekeys *c)
{
	if (c->n == 0)
		sbuf_free(&c->text);
}

static void
cachekeys_hash(struct cachekeys *c)
{
	unsigned char keys[DIGEST_MANY_MAX][DIGEST_SIZE];
	struct slice texts[DIGEST_MANY_MAX];
	unsigned i;

	for (i = 0; i < c->n; i++)
		texts[i] = (struct slice){ c->text.data + c->waits[i].from,
			c->waits[i].to - c->waits[i].from };
	crash_step("cachekeys");
	digest_many(texts, c->n, keys);
	crash_step(NULL);
	for (i = 0; i < c->n; i++) {
		struct req *r = c->waits[i].r;

		if (r == NULL)
			continue;
		memcpy(r->cache.key, keys[i], DIGEST_SIZE);
		r->cache.key_due = false;
		sieve_prefetch(r->w->segment, keys[i]);
		inflight_prefetch(r->w->segment, keys[i]);
		req_wake(r);
	}
	c->n = 0;
	sbuf_clear(&c->text);
}

static void
cachekeys_deferred(struct defer *d)
{
	cachekeys_hash(LOOP_OWNER(d, struct cachekeys, defer));
}

void
cachekeys_add(struct req *r, const struct cachekey *k)
{
	struct cachekeys *c = r->w->cachekeys;
	struct cachekeys_one *one;

	if (c->n == DIGEST_MANY_MAX || c->text.len > CACHEKEYS_BYTES)
		cachekeys_hash(c);
	one = &c->waits[c->n++];
	*one = (struct cachekeys_one){ .r = r, .from = c->text.len };
	cachekey_write(k, &c->text);
	one->to = c->text.len;
	r->cache.key_due = true;
	loop_defer(c->loop, &c->defer, cachekeys_deferred);
}

void
cachekeys_drop(struct req *r)
{
	struct cachekeys *c = r->w->cachekeys;

	if (!r->cache.key_due)
		return;
	for (unsigned i = 0; i < c->n; i++)
		if (c->waits[i].r == r)
			c->waits[i].r = NULL;
	r->cache.key_due = r->cache.lookup = r->cache.store = false;
}

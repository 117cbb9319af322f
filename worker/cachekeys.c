#include "worker/cachekeys.h"

#include <stdlib.h>

#include "base/crash.h"
#include "base/digest_many.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "net/loop.h"
#include "proto/cachekey.h"
#include "shm/inflight.h"
#include "shm/sieve.h"
#include "worker/log_body.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

/* Nobody joins more text than this: it is read soon after it is written. */
#define CACHEKEYS_BYTES ((size_t)2 << 20)

/* So much is brought to the logger for less than its hash costs. */
#define CACHEKEYS_SHORT 16384

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
cachekeys_put(struct req *r, const unsigned char key[DIGEST_SIZE])
{
	memcpy(r->cache.key, key, DIGEST_SIZE);
	r->cache.key_due = false;
	r->cache.keyed = true;
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
		cachekeys_put(r, keys[i]);
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

/* Room for one more text, where it begins. */
static size_t
cachekeys_room(struct cachekeys *c)
{
	if (c->n == DIGEST_MANY_MAX || c->text.len > CACHEKEYS_BYTES)
		cachekeys_hash(c);
	return c->text.len;
}

/* What was written since from is the text of r, which waits for its key. */
static void
cachekeys_add(struct cachekeys *c, struct req *r, size_t from)
{
	c->waits[c->n++] =
	    (struct cachekeys_one){ .r = r, .from = from, .to = c->text.len };
	r->cache.key_due = true;
	loop_defer(c->loop, &c->defer, cachekeys_deferred);
}

void
cachekeys_begin(struct req *r, const struct cachekey *k)
{
	struct cachekeys *c = r->w->cachekeys;
	const struct segment *seg = r->w->segment;
	size_t from = cachekeys_room(c);
	struct slice text;
	bool secret = cachekey_write(k, &c->text);

	text = slice_skip(sbuf_slice(&c->text), from);
	r->cache.mark = sieve_mark(text);
	sieve_prefetch(seg, r->cache.mark);
	r->cache.twin = inflight_key(seg, text);
	inflight_prefetch(seg, r->cache.twin);
	/* What no log may hold does not enter the lane of the log. */
	if (text.n > CACHEKEYS_SHORT || secret ||
	    params_bool(&r->params, PARAM_disable_log) ||
	    !log_body_is_idle(r)) {
		cachekeys_add(c, r, from);
		return;
	}
	r->cache.text = pool_copy(r->pool, text);
	c->text.len = from;
}

void
cachekeys_ask(struct req *r)
{
	struct cachekeys *c = r->w->cachekeys;
	size_t from = cachekeys_room(c);

	sbuf_add_slice(&c->text, r->cache.text);
	cachekeys_add(c, r, from);
}

void
cachekeys_make(struct req *r)
{
	unsigned char key[DIGEST_SIZE];

	digest_sha256(r->cache.text.p, r->cache.text.n, key);
	cachekeys_put(r, key);
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

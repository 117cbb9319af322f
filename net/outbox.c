#include "net/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "net/conn_priv.h"

enum {
	OUTBOX_SIZE = 64 * 1024,
	OUTBOX_ENTRIES = 16, /* so many requests are no long wait */
	OUTBOX_MOST = 16 * 1024,
};

struct outbox_entry {
	struct conn *conn; /* NULL: it has closed */
	size_t from, n;    /* bytes of the outbox */
};

struct outbox {
	struct defer defer;
	unsigned n;
	size_t used;
	struct outbox_entry entries[OUTBOX_ENTRIES];
	char bytes[OUTBOX_SIZE];
};

struct outbox *
outbox_new(void)
{
	struct outbox *o = xmalloc(sizeof(*o));

	o->defer = (struct defer){ .next = NULL };
	o->n = 0;
	o->used = 0;
	return o;
}

void
outbox_free(struct outbox **op)
{
	free(*op);
	*op = NULL;
}

void
outbox_flush(struct outbox *o)
{
	for (unsigned i = 0; i < o->n; i++) {
		const struct outbox_entry *e = &o->entries[i];

		if (e->conn != NULL)
			conn_unbox(e->conn, o->bytes + e->from, e->n);
	}
	o->n = 0;
	o->used = 0;
}

static void
outbox_deferred(struct defer *d)
{
	outbox_flush(LOOP_OWNER(d, struct outbox, defer));
}

/* Where the next bytes of c count: what lies side by side is one write. */
static struct outbox_entry *
outbox_entry(struct outbox *o, struct conn *c)
{
	struct outbox_entry *e;

	if (o->n > 0 && o->entries[o->n - 1].conn == c)
		return &o->entries[o->n - 1];
	e = &o->entries[o->n++];
	*e = (struct outbox_entry){ .conn = c, .from = o->used };
	return e;
}

bool
outbox_put(struct conn *c, const struct iovec *iov, int count, size_t total)
{
	struct outbox *o = loop_outbox(c->loop);
	struct outbox_entry *e;

	if (total > OUTBOX_MOST)
		return false;
	if (o->n == OUTBOX_ENTRIES || o->used + total > OUTBOX_SIZE)
		outbox_flush(o);
	/* Sent in part only: order is kept by what waits for the socket. */
	if (conn_pending(c) > 0)
		return false;
	loop_defer(c->loop, &o->defer, outbox_deferred);
	e = outbox_entry(o, c);
	for (int i = 0; i < count; i++) {
		memcpy(o->bytes + o->used, iov[i].iov_base, iov[i].iov_len);
		o->used += iov[i].iov_len;
	}
	e->n += total;
	c->boxed += total;
	return true;
}

void
outbox_forget(struct conn *c)
{
	struct outbox *o = loop_outbox(c->loop);

	for (unsigned i = 0; c->boxed > 0 && i < o->n; i++)
		if (o->entries[i].conn == c)
			o->entries[i].conn = NULL;
}

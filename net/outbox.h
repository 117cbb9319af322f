#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

/*
 * outbox - the small writes of a turn, sent one behind the other at its end.
 *
 * A peer that sleeps is woken by each write that reaches it: where many
 * requests come in one turn, bytes that leave together wake it less often,
 * and they find the kernel's half of the work in the cache.  A turn with one
 * event sends as soon as it ever did.  Between the files of net only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct conn;
struct loop;
struct outbox;

struct outbox *outbox_new(void);
void outbox_free(struct outbox **op);
struct outbox *loop_outbox(struct loop *l);

/* Take a copy, and count it in c->boxed.  False: this is for direct sending. */
bool outbox_put(struct conn *c, const struct iovec *iov, int count,
    size_t total);

/* Send what waits, of all connections: something larger follows. */
void outbox_flush(struct outbox *o);

/* c closes: what it has here is never sent. */
void outbox_forget(struct conn *c);

#endif

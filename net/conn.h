#ifndef NET_CONN_H
#define NET_CONN_H

/*
 * conn - a connected byte stream: non-blocking, plain or TLS.
 *
 * Reading is armed for the whole life of a connection, so that a peer that
 * leaves is noticed at once (a RST on the heels of data within 0.1 s); bytes
 * land in the loop's scratch, an idle connection owns no buffer.  Writing goes
 * to the socket in the same turn, what is small at its end; what does not fit
 * is copied and sent when the socket has room.  No deadlines here: the owner
 * sets its own timers.
 *
 * Callbacks may call any function of this module, conn_close() included.
 * None comes after conn_close(), and none from inside conn_write().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/slice.h"

struct conn;
struct err;
struct loop;
struct ssl_st; /* OpenSSL's SSL */

enum conn_end {
	CONN_EOF,     /* the peer sent FIN; writing may still work */
	CONN_RESET,   /* RST, a failed write, a TLS failure: nothing works */
	CONN_REFUSED, /* no connection, or no TLS handshake (either side) */
};

/* drained and connected may be NULL. */
struct conn_ops {
	/* Bytes, good until the callback returns. */
	void (*data)(void *ctx, struct slice bytes);
	/* At most once, except that CONN_RESET may follow CONN_EOF. */
	void (*end)(void *ctx, enum conn_end why);
	/* Output that had to wait fell below CONN_LOW_WATER. */
	void (*drained)(void *ctx);
	/* conn_connect(): TCP and TLS are up.  conn_accept(): TLS is up. */
	void (*connected)(void *ctx);
};

#define CONN_LOW_WATER ((size_t)64 * 1024)

/* Send small writes at once.  What a listening socket accepts inherits it. */
void conn_no_delay(int fd);

/*
 * Take over fd, an accepted, non-blocking socket, and ssl, NULL for plain.
 * Without TLS there is no connected callback.  It is read from at the end of
 * this turn first.
 */
struct conn *conn_accept(struct loop *l, int fd, struct ssl_st *ssl,
    const struct conn_ops *ops, void *ctx);

/*
 * Begin to connect, and then to shake hands when ssl is not NULL (taken over
 * also on failure; name checks and SNI are set by the caller).  NULL with *e
 * filled when it fails at once; else connected() or end(CONN_REFUSED) comes.
 */
struct conn *conn_connect(struct loop *l, const struct sockaddr *to,
    socklen_t to_len, struct ssl_st *ssl, const struct conn_ops *ops, void *ctx,
    struct err *e);

/*
 * Close at once and forget what was not sent.  *cp becomes NULL.  Over TLS a
 * close_notify is tried when all output had been sent.
 */
void conn_close(struct conn **cp);

/* Another owner (a pool, a new request): callbacks go there from now on. */
void conn_set_owner(struct conn *c, const struct conn_ops *ops, void *ctx);

/*
 * Send, or keep a copy of what cannot go now.  The bytes are the caller's
 * again at return.  1 nothing waits for the socket; 0 some of it does; -1
 * the connection is broken: end(CONN_RESET) comes in this turn.  Before
 * connected() all waits.
 */
int conn_write(struct conn *c, const struct iovec *iov, int count);

/* The same without waiting for the end of the turn: no copy stays behind. */
int conn_write_now(struct conn *c, const struct iovec *iov, int count);

/* Bytes that wait here for the socket. */
size_t conn_pending(const struct conn *c);

/* These and those that go at the end of this turn: not yet the kernel's. */
size_t conn_unsent(const struct conn *c);

/* Send FIN (over TLS close_notify first) once all output has gone. */
void conn_shutdown(struct conn *c);

/*
 * Stop and go on reading.  With watch_hangup a peer's FIN or RST is told
 * while paused, as end(), even when unread bytes lie before it; without, it
 * is told after conn_resume().
 */
void conn_pause(struct conn *c, bool watch_hangup);
void conn_resume(struct conn *c);

/*
 * Read the next len bytes to p instead of the scratch.  data() gets slices of
 * it as they fill; after len bytes reading goes to the scratch again.  p must
 * stay good until then; NULL takes it back.
 */
void conn_read_into(struct conn *c, char *p, size_t len);

/*
 * Read at most len bytes at once to the scratch; 0: as many as it holds.  For
 * an owner that will know from the first bytes where the rest should go.
 */
void conn_read_most(struct conn *c, size_t len);

/* All bytes ever given to conn_write(), and those that came in. */
uint64_t conn_bytes_written(const struct conn *c);
uint64_t conn_bytes_read(const struct conn *c);

/*
 * Has the peer's kernel acknowledged everything written so far?  1 yes; 0 no,
 * or some of it never left; -1 the kernel does not tell.  Works after end()
 * and before conn_close().
 */
int conn_acked(const struct conn *c);

/* When output last made progress (now_mono_ms()); for write deadlines. */
uint64_t conn_progress_ms(const struct conn *c);

int conn_fd(const struct conn *c);
struct ssl_st *conn_ssl(const struct conn *c); /* NULL for plain */

/* Why it ended: "Connection reset by peer", a TLS reason; "" when unknown. */
const char *conn_reason(const struct conn *c);

#endif

#ifndef NET_CONN_PRIV_H
#define NET_CONN_PRIV_H

/* conn_priv - a connection as the files of net/conn see it. */

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/types.h>

#include "base/sbuf.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/timer.h"

enum conn_phase {
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_BROKEN,
};

/* How far one that was accepted has come; none else is ever unread. */
enum conn_fresh {
	CONN_WATCHED,
	CONN_UNREAD,    /* to be read from at the end of this turn, */
	CONN_UNWATCHED, /* and to be watched when that has been answered */
};

/* What waits for the socket; exists only while something does. */
struct conn_out {
	struct sbuf buf;
	size_t pos; /* bytes of buf that are sent */
	struct event ev;
};

struct conn {
	struct loop *loop;
	const struct conn_ops *ops;
	void *ctx;
	struct ssl_st *ssl;
	struct conn_out *out;
	char *into;
	size_t into_len;
	size_t most;  /* of one read to the scratch; 0 = all of it */
	size_t boxed; /* given, but not yet to the kernel: see net/outbox */
	uint64_t written, read, progress_ms;
	char *reason;
	struct defer defer;
	int fd;
	int error; /* errno of what broke it */
	unsigned char phase;
	unsigned char fresh;
	bool closed; /* by the owner: no callback any more */
	bool paused; /* by the owner */
	bool eof;    /* end(CONN_EOF) was told */
	bool filled; /* the last read got all that it had room for */
	bool ending; /* its FIN is here, behind what is to be read */
	bool shut;   /* FIN when all is sent */
	bool fin_sent;
	bool told;     /* end(CONN_RESET or _REFUSED) was told */
	bool connects; /* made by conn_connect() */
	struct event in;
	struct timer look; /* when it was quiet */
};

/* What reading and writing say besides a number of bytes. */
enum { IO_EOF = 0, IO_WAIT = -1, IO_FAIL = -2 };

/*
 * Flags of its events.  A plain socket is told of when something new comes
 * only, which saves a look at it in the turn after each; with TLS nobody here
 * knows what the socket still holds.
 */
short conn_events(const struct conn *c, int what);

/* Nothing works any more: end() comes at the end of the turn. */
void conn_break(struct conn *c, int error);

/* TCP is up, or TLS is: connected(), send what waits. */
void conn_opened(struct conn *c);

/* From the outbox to the socket. */
void conn_unbox(struct conn *c, const char *p, size_t n);

/* Tell the loop that the socket should become writable. */
void conn_want_write(struct conn *c);
void conn_no_write(struct conn *c);

/* One step of the handshake: conn_opened(), conn_break(), or wait. */
void conn_tls_step(struct conn *c);

ssize_t conn_tls_read(struct conn *c, char *p, size_t n);
ssize_t conn_tls_write(struct conn *c, const struct iovec *iov, int count);
bool conn_tls_waiting(const struct conn *c);
void conn_tls_finish(struct conn *c);
void conn_tls_free(struct conn *c);
uint64_t conn_tls_bytes(const struct conn *c);

#endif

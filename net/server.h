#ifndef NET_SERVER_H
#define NET_SERVER_H

/*
 * server - the server side of HTTP/1.1 connections.
 *
 * Accepts, reads requests one at a time per connection, keeps the deadlines,
 * frames the replies, refuses what breaks the protocol.  What a request means
 * is the handler's: struct server_ops.  An exchange is one request and its
 * reply:
 *
 *   head() -> exchange_accept() -> body() -> exchange_reply()
 *                                         -> exchange_prepare(), _stream(),
 *                                            _write() ..., _end() or _cut()
 *
 * A reply may come at any point after head() began, also without accepting
 * the body, and also later from other callbacks.  exchange_reply(), _end(),
 * _cut() and _drop() finish the exchange: the pointer is dead for the handler
 * at return, and no callback for it comes any more.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/http1.h"

struct exchange;
struct loop;
struct sbuf;
struct server;
struct tls_server; /* net/tls.h */

/* ctx is struct server_settings' own.  All run in the loop's turn. */
struct server_ops {
	/*
	 * A request's head is complete; it is good until head() returns.
	 * Reply, or exchange_accept(), now or later.
	 */
	void (*head)(struct exchange *x, const struct http1_head *h, void *ctx);

	/*
	 * The whole body in one piece, once, after exchange_accept(), never
	 * inside it.  Empty when the request has none.  Good until the
	 * exchange is finished.
	 */
	void (*body)(struct exchange *x, struct slice body, void *ctx);

	/*
	 * Nobody waits for the reply any more; exchange_why() tells why.  At
	 * most once, in the turn in which it was seen.  The handler calls
	 * exchange_drop(), now or later; until then other calls do nothing.
	 */
	void (*gone)(struct exchange *x, void *ctx);

	/* Unsent bytes fell below CONN_LOW_WATER (64 KiB).  May be NULL. */
	void (*drained)(struct exchange *x, void *ctx);

	/*
	 * A refusal that no handler sees: append header lines, each with its
	 * CRLF (Content-Type ...), and the body.
	 */
	void (*refuse)(void *ctx, const struct err *e, struct sbuf *headers,
	    struct sbuf *body);

	/*
	 * The mean of server_count() over all workers, now; what it says may
	 * be used for 100 ms.  NULL: always accept.
	 */
	unsigned (*mean)(void *ctx);

	/* Does the connection limit per address not count here?  May be NULL.
	 */
	bool (*exempt)(void *ctx, const struct sockaddr *peer);

	/* One more or fewer connection, for shared counters.  May be NULL. */
	void (*count_changed)(void *ctx, unsigned count);
};

struct server_settings {
	const struct server_ops *ops;
	void *ctx;
	const struct http1_limits *limits; /* NULL: http1_request_limits */
	uint64_t handshake_ms;             /* 5 s */
	uint64_t header_ms;                /* 10 s, from its first byte */
	uint64_t body_ms;                  /* 60 s, plus body_rate */
	uint64_t body_rate;                /* bytes/s: 16 KiB */
	uint64_t idle_ms;                  /* 75 s */
	uint64_t write_ms;                 /* 30 s without progress */
	unsigned per_address;              /* connections: 100; 0 = no limit */
	unsigned requests;                 /* per connection: 10 000 */
	bool allow_half_close;
};

/* Everything that has a default, set to it. */
void server_settings_init(struct server_settings *set);

/* *set is copied, what it points to is not. */
struct server *server_new(struct loop *l, const struct server_settings *set);

/* Cuts every connection; gone() is called for each open exchange. */
void server_free(struct server **sp);

/*
 * Accept on fd, a listening socket that stays the caller's (net/listen.h).
 * tls NULL: plain.  It must outlive the server.
 */
void server_listen(struct server *s, int fd, struct tls_server *tls);

/* Serve a connected socket (tests, socketpairs).  fd is taken over. */
void server_adopt(struct server *s, int fd, struct tls_server *tls);

/*
 * Stop accepting and let connections end: idle ones may send one more request
 * for idle_ms, every reply from now on closes its connection.
 */
void server_drain(struct server *s, uint64_t idle_ms);

/* Open connections; a drained server is done at 0. */
unsigned server_count(const struct server *s);

/* Pieces that one exchange_reply(), _write() or _end() may be given. */
#define EXCHANGE_PIECES_MAX 120

enum server_pressure {
	SERVER_CALM,
	SERVER_PRESSED, /* header and idle deadlines fall to a tenth */
	SERVER_CLOSING, /* and every reply closes its connection */
};

void server_set_pressure(struct server *s, enum server_pressure pressure);

/* --- one exchange --- */

void exchange_set_data(struct exchange *x, void *data);
void *exchange_data(const struct exchange *x);

/* The client's address; AF_UNIX for local sockets. */
const struct sockaddr *exchange_peer(const struct exchange *x);
bool exchange_is_tls(const struct exchange *x);

/* now_mono_ns() when the head was complete, and since its first byte. */
uint64_t exchange_began_ns(const struct exchange *x);

/* Bytes of head and body, and of the reply so far, framing included. */
uint64_t exchange_bytes_in(const struct exchange *x);
uint64_t exchange_bytes_out(const struct exchange *x);

/*
 * Take the body, at most max_body bytes: more is refused with 413 (and
 * gone()).  Answers "Expect: 100-continue".
 */
void exchange_accept(struct exchange *x, size_t max_body);

/* The body holds a secret: it is overwritten when the exchange has ended. */
void exchange_wipe_body(struct exchange *x);

/*
 * The whole reply in one writev.  headers are "Name: value\r\n" lines; Date,
 * Content-Length and Connection are written here.  The body is left out for
 * HEAD, 204 and 304.
 */
void exchange_reply(struct exchange *x, unsigned status, struct slice headers,
    const struct iovec *body, int count);

/* exchange_reply() that closes the connection behind it. */
void exchange_refuse(struct exchange *x, unsigned status, struct slice headers,
    const struct iovec *body, int count);

/*
 * Make the head of a reply of unknown length ready while its content is waited
 * for: nothing is sent, any other reply may still be given, and a second call
 * takes the place of the first.
 */
void exchange_prepare(struct exchange *x, unsigned status,
    struct slice headers);

/*
 * Begin the reply that exchange_prepare() made ready (chunked; HTTP/1.0: up to
 * the close), headers being the lines that were not known then.  The head goes
 * out together with the first exchange_write().
 */
void exchange_stream(struct exchange *x, struct slice headers);

/*
 * Send the pieces as one chunk; count 0 sends the head alone.  1 all is with
 * the kernel; 0 some waits (see exchange_pending); -1 nobody reads any more,
 * gone() comes or came.
 */
int exchange_write(struct exchange *x, const struct iovec *iov, int count);

/* Last pieces (count may be 0) and the end of the stream, in one writev. */
void exchange_end(struct exchange *x, const struct iovec *iov, int count);

/*
 * Close after what was written, without the end of the stream: the client
 * must see that it is broken.  Before any byte of a reply: a plain close.
 */
void exchange_cut(struct exchange *x);

/* After gone(): let go.  Before it: like exchange_cut(). */
void exchange_drop(struct exchange *x);

/* Bytes of the reply that the socket has not taken yet. */
size_t exchange_pending(const struct exchange *x);

/* Has a byte of the reply been written? */
bool exchange_started(const struct exchange *x);

/*
 * In gone(): ERR_CLIENT_GONE, ERR_REQUEST_TIMEOUT (408 was sent),
 * ERR_TOO_LARGE (413), ERR_BAD_REQUEST (broken body), ERR_SHUTTING_DOWN.
 */
enum err_kind exchange_why(const struct exchange *x);

#endif

#ifndef NET_SERVER_PRIV_H
#define NET_SERVER_PRIV_H

/*
 * server_priv - sessions and exchanges as the files of net/server see them.
 *
 * server_accept.c accepts, server_session.c moves a connection from request to
 * request, server_body.c collects bodies, server_reply.c writes replies.
 */

#include <netinet/in.h>
#include <sys/un.h>

#include "base/sbuf.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/timer.h"

enum {
	LINGER_MS = 2000,
	LINGER_BYTES = 64 * 1024,
	SKIP_BYTES = 64 * 1024,      /* of a body nobody reads */
	AHEAD_BYTES = 32 * 1024,     /* of requests that wait their turn */
	BODY_KEEP_BYTES = 64 * 1024, /* buffer that an idle exchange keeps */
	ADDRESS_BUCKETS = 256,
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct listener {
	struct server *server;
	struct list link;
	struct event *ev;
	struct tls_server *tls;
	uint64_t paced_ms; /* now_mono_ms() from which on it counts */
	unsigned taken;    /* since then */
	bool deferred;     /* as this worker knows: listen_defer() */
};

struct server {
	struct loop *loop;
	struct server_settings set;
	struct list listeners;
	struct list sessions;
	struct list spare; /* exchanges that wait to be used again */
	unsigned spares;
	unsigned count;
	unsigned mean; /* over all workers, as it was at mean_ms */
	uint64_t mean_ms;
	struct timer accept_timer; /* accepting rests until then */
	int reserve; /* a descriptor for telling that there are none left */
	bool draining;
	bool ended; /* server_free() was called */
	uint64_t drain_ms;
	enum server_pressure pressure;
	int64_t date_s;
	char date[40]; /* "Date: ...\r\n" of date_s */
	struct list addresses[ADDRESS_BUCKETS];
	/* A head that comes whole, as nearly all do, is parsed here. */
	struct http1_parser parser;
	struct http1_head head;
	struct sbuf refusal_headers, refusal_body;
};

/* A head that came in pieces. */
struct partial {
	struct http1_parser parser;
	struct http1_head head;
};

enum session_state {
	SESSION_HANDSHAKE,
	SESSION_IDLE,
	SESSION_HEAD,   /* a part of a head is here */
	SESSION_BUSY,   /* there is an exchange */
	SESSION_LINGER, /* the last reply is written: wait for the peer */
	SESSION_DEAD,   /* freed at the end of the turn */
};

struct session {
	struct server *server;
	struct conn *conn;
	struct exchange *x;
	struct partial *partial;
	struct sbuf in; /* bytes that came before their turn */
	size_t in_pos;
	struct list link;
	struct timer timer;
	struct defer defer;
	uint64_t since_ms; /* of the state */
	unsigned requests;
	unsigned lingered;
	unsigned char state;
	bool running;
	bool tls;
	bool counted; /* against its address */
	bool ended;   /* nothing more comes from the peer */
	union address peer;
};

enum body_state {
	BODY_WAITS, /* exchange_accept() has not been called */
	BODY_ACCEPTED,
	BODY_READING,
	BODY_WHOLE, /* delivered, or dropped because the reply came first */
};

struct exchange {
	struct server *server;
	struct session *session; /* NULL when gone */
	union address peer;
	unsigned char minor;
	bool tls;
	bool head_only;  /* the request was HEAD */
	bool keep_alive; /* as the client wants it */
	struct list link;
	struct defer defer;
	void *data;
	uint64_t began_ns;
	uint64_t bytes_in, bytes_out;
	uint64_t content_length;
	uint64_t body_ms; /* deadline */
	size_t max_body;
	size_t received; /* bytes of the body so far */
	struct sbuf body;
	struct sbuf head_out; /* of a stream, prepared, until its first write */
	struct http1_chunks *chunks; /* of a chunked body that is read */
	enum err_kind why;
	unsigned char kind; /* of the body: enum http1_body */
	unsigned char body_state;
	bool expects;  /* waits for 100 (Continue) */
	bool no_body;  /* of the reply: HEAD, 204, 304 */
	bool chunked;  /* the reply */
	bool streams;  /* exchange_stream() was called */
	bool started;  /* bytes of the reply are written */
	bool finished; /* dead for the handler */
	bool gone;
	bool secret; /* the body */
};

/* server.c, server_address.c */
void server_changed(struct server *s, int by);
bool address_enter(struct server *s, struct session *n);
void address_leave(struct server *s, const struct session *n);

/* server_accept.c; stop: no more from now on */
void server_accept_init(struct server *s);
void server_accept_stop(struct server *s);
void server_accept_free(struct server *s);

/* server_deadline.c: now_mono_ms() at which it has waited long enough. */
uint64_t session_deadline(const struct session *n);

/* server_session.c */
void session_begin(struct server *s, int fd, const union address *peer,
    struct tls_server *tls);
void session_arm(struct session *n);
void session_run_later(struct session *n);
void session_gone(struct session *n, enum err_kind why);

/* The reply is written: close, or go on to the next request. */
void session_replied(struct session *n, bool close);

/* Close without a clean end of the stream. */
void session_cut(struct session *n);

/* server_body.c */
int body_begin(struct exchange *x, bool bytes_are_here, struct err *e);
/* Take from *in.  1 the body is complete, 0 not yet, -1 *e. */
int body_feed(struct exchange *x, struct slice *in, struct err *e);
void body_read_direct(struct exchange *x);
/* x is over: how to read the head that follows. */
void body_expect_next(const struct exchange *x);
/* May what is left of the body be read and dropped? */
bool body_can_skip(const struct exchange *x);

/* server_exchange.c */
struct exchange *exchange_new(struct session *n, const struct http1_head *h,
    size_t head_bytes);
void exchange_release(struct exchange *x);
void exchange_lose(struct exchange *x, enum err_kind why);

/* server_reply.c */
void reply_refusal(struct session *n, const struct err *e);
void reply_continue(struct exchange *x);

#endif

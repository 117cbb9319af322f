#ifndef NET_CLIENT_PRIV_H
#define NET_CLIENT_PRIV_H

/*
 * client_priv - what the files of net/client share.
 *
 *	client.c         client, target, queue
 *	client_link.c    connections, kept and busy
 *	client_dial.c    name to connection
 *	client_call.c    a call from start to end
 *	client_io.c      its bytes out and in
 *	client_time.c    its deadlines
 *	client_answer.c  the bytes of an answer
 */

#include "base/list.h"
#include "net/addr.h"
#include "net/client.h"
#include "net/client_answer.h"
#include "net/loop.h"
#include "net/timer.h"

struct client_dial;
struct conn;

struct client {
	struct loop *loop;
	struct dns *dns;
	struct list spare;      /* calls at rest */
	unsigned calls;         /* calls not at rest */
	bool dying;             /* the last call to come to rest frees us */
	struct http1_head head; /* for whichever answer is being parsed */
};

struct client_target {
	struct client *client;
	char *host;
	uint16_t port;
	struct addr unix_at; /* len 0: dial the host */
	struct tls_client *tls;
	uint32_t connect_ms, idle_ms;
	unsigned max_connections;
	bool public_only;
	bool serving; /* the defer is queued */
	bool dying;   /* the defer frees us */
	unsigned open, idle_n, waiting_n;
	uint64_t connects, reuses;
	struct list idle;    /* of struct client_link, the newest first */
	struct list waiting; /* of struct call, the oldest first */
	struct timer idle_timer;
	struct defer serve;
};

/* One connection; kept while call is NULL. */
struct client_link {
	struct list list; /* of target->idle */
	struct client_target *target;
	struct conn *conn;
	struct call *call;
	uint64_t keep_until_ms;
	bool used; /* it has carried a call */
};

enum call_state {
	CALL_WAITING, /* in the target's queue */
	CALL_DIALING,
	CALL_ACTIVE,  /* has a link */
	CALL_FAILING, /* fail() is due at the end of the turn */
	CALL_OVER,    /* to rest at the end of the turn */
};

struct call {
	struct list list; /* target->waiting or client->spare */
	struct client_target *target;
	const struct call_ops *ops;
	void *ctx;
	struct call_request req;
	enum call_state state;
	enum call_failure failure; /* of CALL_FAILING */
	struct client_dial *dial;
	struct client_link *link;
	struct timer timer;
	struct defer later;
	struct answer answer;
	size_t total, given; /* request bytes: all, and with the connection */
	uint64_t start_ms, since_ms; /* of the call, of the state */
	uint64_t connect_ms, first_byte_ms;
	uint64_t body_ms; /* the last time body bytes came, 0 = none */
	uint64_t received;
	bool reused, resumed, ready, sent, paused;
	struct err *failing; /* the reason of a failure, on the heap */
};

/* Calls that wait get what is free, at the end of the turn. */
void client_serve(struct client_target *t);

/* One connection less is open. */
void client_closed_one(struct client_target *t);

/* The connection is ready: ready() runs and the request goes out. */
void call_begin(struct call *c, struct client_link *link);
void call_dial(struct call *c);

/* Nothing of it happens any more; its memory is good until the turn ends. */
void call_over(struct call *c);

/* Report, then give back what it holds. */
void call_fail(struct call *c, enum call_failure failure, const struct err *e);

/* Has the last byte left for the kernel? */
bool call_look_sent(struct call *c);

/* Set the timer to the next deadline; it fires here. */
void call_arm(struct call *c);
void call_fire(void *call);

/* From the link: bytes, the end, room for output. */
void call_take(struct call *c, struct slice in);
void call_input_ended(struct call *c, bool clean);
void call_send(struct call *c);

/* Takes over conn. */
struct client_link *link_new(struct client_target *t, struct conn *conn);
void link_close(struct client_link *link);

/* On the idle list; what is too much is closed. */
void link_keep(struct client_link *link);

/* The last one kept, for a call; or NULL. */
struct client_link *link_take(struct client_target *t);

/* Timer of a target: close what was kept long enough. */
void link_expire(void *target);

/*
 * Name to connection.  Exactly one of conn and e is not NULL; conn is then
 * the receiver's.  Not called inside dial_start() nor after dial_cancel().
 */
typedef void (*dial_fn)(void *ctx, struct conn *conn, enum call_failure failure,
    const struct err *e);

struct client_dial *dial_start(struct client_target *t, dial_fn done,
    void *ctx);

/* NULL is fine. */
void dial_cancel(struct client_dial **dp);

#endif

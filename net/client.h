#ifndef NET_CLIENT_H
#define NET_CLIENT_H

/*
 * client - the HTTP/1.1 client side: calls to providers over kept
 * connections (rules C1 to C11).
 *
 *	client   one per worker: its loop and resolver
 *	target   one per provider: scheme, host, port; idle connections, queue
 *	call     one attempt: a request out, an answer in, or one failure
 *
 * A call is never sent twice.  When a kept connection turns out to be dead,
 * the call fails and call_info() tells all that the caller, who owns the
 * money, needs to decide (C6).  Redirects and statuses are not looked at.
 *
 * Every callback may start and cancel calls, its own included.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/slice.h"

struct dns;
struct err;
struct http1_head;
struct loop;
struct sbuf;
struct tls_client;

struct client;

/* Both outlive the client. */
struct client *client_new(struct loop *loop, struct dns *dns);

/* Targets must be gone. */
void client_free(struct client **cp);

#define CLIENT_IDLE_UNKNOWN_MS 4000 /* C7: hosts we know nothing of */
#define CLIENT_IDLE_LISTED_MS 50000 /* providers in our lists */
#define CLIENT_IDLE_MAX 128         /* C11: kept per target */
#define CLIENT_OPEN_MAX 1024        /* default of max_connections */
#define CLIENT_QUEUE_MAX 64
#define CLIENT_QUEUE_MS 1000

/* The strings are copied. */
struct client_target_options {
	const char *host; /* a name, or an IP literal without brackets */
	uint16_t port;
	const char *path; /* of a unix socket: host is only shown; or NULL */
	struct tls_client *tls;   /* NULL: plain; outlives the target */
	uint32_t connect_ms;      /* DNS, TCP and TLS together; 0: 3000 */
	uint32_t idle_ms;         /* of a kept connection; 0: 4000 */
	unsigned max_connections; /* open at once; 0: CLIENT_OPEN_MAX */
	bool public_only; /* refuse a name with one address of ours (D7) */
};

struct client_target;

struct client_target *client_target_new(struct client *c,
    const struct client_target_options *options);

/*
 * Close the kept connections; every call of it must have ended.  Sets *tp to
 * NULL and accepts NULL.
 */
void client_target_free(struct client_target **tp);

/* Close the kept connections only. */
void client_target_close_idle(struct client_target *t);

/* The field "Host" of a request to it, and its end of line. */
void client_write_host(struct sbuf *b, struct slice host, int port, bool tls);

struct client_target_counts {
	unsigned open;    /* connections, kept and busy and connecting */
	unsigned idle;    /* kept */
	unsigned waiting; /* calls in the queue */
	uint64_t connects, reuses;
};
struct client_target_counts client_target_counts(const struct client_target *t);

#define CALL_BODY_IOV_MAX 30

/*
 * A request.  All bytes stay as they are until the call ends; the struct
 * itself may go when call_start() returns.
 */
struct call_request {
	struct slice head;        /* request line to blank line, complete */
	const struct iovec *body; /* its pieces; the array too stays */
	unsigned body_n;          /* at most CALL_BODY_IOV_MAX */
	bool head_only;           /* the method is HEAD: no body follows */
	bool fresh;               /* do not use a kept connection */
	bool urgent;              /* do not wait for the end of the turn */

	/* Absolute deadlines (routing.md 8.1); 0 = none. */
	uint32_t write_ms;      /* without progress in sending */
	uint32_t first_byte_ms; /* last byte out to first body byte in */
	uint32_t idle_ms;       /* between body bytes after the first */
	uint64_t total_ms;      /* from call_start() to the end */
};

enum call_failure {
	CALL_DNS,                /* no address */
	CALL_CONNECT,            /* refused, unreachable, queue full */
	CALL_CONNECT_TIMEOUT,    /* connect_ms, or too long in the queue */
	CALL_TLS,                /* handshake or certificate */
	CALL_LOST,               /* EOF or reset, no byte of the answer yet */
	CALL_WRITE_TIMEOUT,      /* write_ms */
	CALL_FIRST_BYTE_TIMEOUT, /* first_byte_ms */
	CALL_IDLE_TIMEOUT,       /* idle_ms */
	CALL_TOTAL_TIMEOUT,      /* total_ms */
	CALL_CUT,                /* EOF or reset inside the answer */
	CALL_MALFORMED,          /* not HTTP; more than 8 interim heads */
	CALL_HEAD_TOO_LARGE,     /* over 64 KiB */
};

/* "connect_timeout", for logs and metrics. */
const char *call_failure_name(enum call_failure failure);

/*
 * What happens to a call, in this order: ready, head, data..., end; or fail
 * at any point.  After end or fail the call is gone.
 */
struct call_ops {
	/*
	 * A connection is there and the first byte of the request will be
	 * written when this returns.  May run inside call_start().
	 */
	void (*ready)(void *ctx);

	/* The final head (interim ones are skipped), good during the call. */
	void (*head)(void *ctx, const struct http1_head *head);

	/*
	 * Bytes of the body, transfer coding removed, good during the call.
	 * What came in one read in one chunk is one slice.
	 */
	void (*data)(void *ctx, struct slice bytes);

	/* The body is complete by its framing. */
	void (*end)(void *ctx);

	/* Nothing else follows.  *e lives during the call. */
	void (*fail)(void *ctx, enum call_failure failure, const struct err *e);
};

struct call;

/*
 * Begin a call.  Never fails here: failures arrive by ops->fail, not before
 * call_start() has returned.  The handle is good until end or fail has
 * returned, or until call_cancel().  *ops is static.
 */
struct call *call_start(struct client_target *t, const struct call_request *req,
    const struct call_ops *ops, void *ctx);

/*
 * End *cp without a callback, its connection closed at once; sets *cp to
 * NULL and accepts NULL.
 */
void call_cancel(struct call **cp);

/*
 * Stop reading the answer, and go on.  What one read has brought (64 KiB at
 * most) still comes after call_pause().  A paused call has no idle deadline.
 */
void call_pause(struct call *c);
void call_resume(struct call *c);

struct call_info {
	bool reused;       /* the connection was a kept one */
	bool resumed;      /* the TLS session was */
	bool ready;        /* ops->ready has been called */
	bool sent;         /* every byte was given to the kernel */
	bool acked;        /* ... and acknowledged by the peer's kernel (C6) */
	uint64_t written;  /* request bytes given to the kernel */
	uint64_t received; /* bytes of the answer, heads included */
	uint64_t body_received; /* after removing the transfer coding */
	uint64_t connect_ms;    /* DNS, TCP, TLS; 0 when reused */
	uint64_t first_byte_ms; /* call_start() to the answer's first byte */
};

/*
 * Everything known so far; also inside end and fail.  acked asks the kernel
 * (one system call), all else is at hand.
 */
void call_info(const struct call *c, struct call_info *info_r);

/* The first of these alone, which needs no system call. */
bool call_reused(const struct call *c);

#endif

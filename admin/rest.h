#ifndef ADMIN_REST_H
#define ADMIN_REST_H

/*
 * rest - one request of the platform API: who calls, what, and the answer
 * (spec/platform.md 1 to 3).  Served on the admin listener (admin/pages.c)
 * and, for keys that a worker has checked, on platform.sock.
 */

#include "admin/office.h"
#include "net/http1.h"

struct exchange;
struct faults;
struct pool;
struct server;

struct rest_caller {
	bool admin;       /* by the admin token; else by a key */
	bool throttled;   /* it came through a worker */
	struct slice key; /* its prefix */
	int32_t environment;
};

struct rest {
	struct office *office;
	struct pool *pool; /* everything here lives as long */

	struct rest_caller who; /* its environment: what the query says */

	/* What. */
	enum http1_method method;
	struct slice method_name, path, query, host, scheme;
	struct slice content_type, content_coding;
	struct slice version; /* If-Unmodified-Since-Version; p NULL */
	struct slice body;
	struct slice id; /* the last segment of the path, decoded */

	/* The answer. */
	unsigned status;
	struct sbuf headers, out;
};

/*
 * One resource and method.  1 the answer is in status and out, 0 there is no
 * such thing (404), -1 with *e, whose kind gives the status.
 */
typedef int rest_fn(struct rest *r, struct err *e);

rest_fn users_list, users_create, users_put, users_get, users_patch,
    users_delete;

/* Find the resource and let it answer. */
void rest_run(struct rest *r);

/* {"detail":...} and the status; 1, so that callers write "return". */
int rest_detail(struct rest *r, unsigned status, const char *text);

/* All faults, status 400; 1. */
int rest_faults(struct rest *r, struct faults *f);

/* The body as a checked JSON object without duplicate members: 0, or -1. */
int rest_object(struct rest *r, struct slice *object_r, struct err *e);

/* True for the paths of some resource. */
bool rest_serves(struct slice path);

/* ---- rest_server.c ------------------------------------------------------- */

/* The head has come: copy it, and the caller, and take the body. */
void rest_take(struct office *o, struct exchange *x, const struct http1_head *h,
    const struct rest_caller *who);

/* The rest of the exchange. */
void rest_body(struct exchange *x, struct slice body);
void rest_gone(struct exchange *x);

/* Serve platform.sock.  NULL with *e. */
struct server *rest_server_new(struct office *o, struct err *e);

#endif

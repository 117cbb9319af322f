/* rest_server - requests of the platform API come in and answers go out. */

#include <stdio.h>

#include "admin/rest.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "net/listen.h"
#include "net/server.h"

#define BODY_MAX ((size_t)1024 * 1024)
#define SOCKET_MODE 0600

static void
rest_reply(struct exchange *x, struct rest *r)
{
	struct iovec iov = { r->out.data, r->out.len };

	sbuf_adds(&r->headers, "Content-Type: application/json\r\n"
			       "Cache-Control: no-store\r\n");
	exchange_reply(x, r->status, sbuf_slice(&r->headers), &iov,
	    r->out.len > 0);
}

static void
rest_free(struct rest *r)
{
	struct pool *pool = r->pool;

	sbuf_free(&r->headers);
	sbuf_free(&r->out);
	pool_free(&pool);
}

static struct slice
rest_keep(struct rest *r, struct slice s)
{
	return s.p != NULL ? pool_copy(r->pool, s) : s;
}

void
rest_take(struct office *o, struct exchange *x, const struct http1_head *h,
    const struct rest_caller *who)
{
	struct pool *pool = pool_new();
	struct rest *r = pool_zalloc(pool, sizeof *r);

	r->office = o;
	r->pool = pool;
	r->who = *who;
	r->who.key = rest_keep(r, who->key);
	r->scheme = SLICE("http");
	if (who->throttled)
		r->scheme =
		    rest_keep(r, http1_find(h, SLICE("x-holdfast-scheme")));
	r->method = h->method_id;
	r->method_name = rest_keep(r, h->method);
	r->path = rest_keep(r, h->path);
	r->query = rest_keep(r, h->query);
	r->host = rest_keep(r, h->host);
	r->content_type = rest_keep(r, http1_header(h, HTTP1_CONTENT_TYPE));
	r->content_coding =
	    rest_keep(r, http1_header(h, HTTP1_CONTENT_ENCODING));
	r->version =
	    rest_keep(r, http1_find(h, SLICE("if-unmodified-since-version")));
	exchange_set_data(x, r);
	exchange_accept(x, BODY_MAX);
}

void
rest_body(struct exchange *x, struct slice body)
{
	struct rest *r = exchange_data(x);

	exchange_set_data(x, NULL);
	r->body = body;
	rest_run(r);
	rest_reply(x, r);
	rest_free(r);
}

void
rest_gone(struct exchange *x)
{
	struct rest *r = exchange_data(x);

	if (r != NULL)
		rest_free(r);
	exchange_drop(x);
}

/* ---- platform.sock ------------------------------------------------------- */

/* A worker says whose key it was; nobody else can reach its socket. */
static void
socket_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	struct rest_caller who = { .throttled = true,
		.key = http1_find(h, SLICE("x-holdfast-key")) };

	if (slice_eq(http1_find(h, SLICE("x-holdfast-environment")),
		SLICE("test")))
		who.environment = ENV_TEST;
	rest_take(ctx, x, h, &who);
}

static void
socket_body(struct exchange *x, struct slice body, void *ctx)
{
	(void)ctx;
	rest_body(x, body);
}

static void
socket_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	rest_gone(x);
}

static void
socket_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	(void)ctx;
	sbuf_adds(headers, "Content-Type: application/json\r\n");
	sbuf_adds(body, "{\"detail\":");
	sbuf_add_json(body, slice_str(e->text));
	sbuf_addc(body, '}');
}

static const struct server_ops socket_ops = {
	.head = socket_head,
	.body = socket_body,
	.gone = socket_gone,
	.refuse = socket_refuse,
};

struct server *
rest_server_new(struct office *o, struct err *e)
{
	struct server_settings set;
	struct server *s;
	char path[4096];

	snprintf(path, sizeof path, "%s/platform.sock",
	    settings_str(o->settings, o->settings->run_path).p);
	o->platform_fd = listen_unix(path, SOCKET_MODE, e);
	if (o->platform_fd < 0)
		return NULL;
	server_settings_init(&set);
	set.ops = &socket_ops;
	set.ctx = o;
	s = server_new(o->loop, &set);
	server_listen(s, o->platform_fd, NULL);
	return s;
}

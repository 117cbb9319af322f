#include "admin/pages.h"

#include "admin/figures.h"
#include "admin/gate.h"
#include "admin/metrics.h"
#include "admin/office.h"
#include "admin/rest.h"
#include "base/err.h"
#include "base/pool.h"
#include "net/server.h"
#include "proto/errbody.h"

#define TYPE_JSON                                                              \
	"Content-Type: application/json\r\nCache-Control: no-store\r\n"
#define TYPE_TEXT "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"

/* Fill the body; the status. */
typedef unsigned (*page_fn)(struct office *o, struct sbuf *body);

static unsigned
page_health(struct office *o, struct sbuf *body)
{
	(void)o;
	sbuf_adds(body, "{\"status\":\"ok\"}");
	return 200;
}

static unsigned
page_ready(struct office *o, struct sbuf *body)
{
	struct sbuf reasons = { 0 };
	struct figures f;
	bool ready;

	figures_read(o, &f);
	ready = figures_ready(&f, &reasons);
	if (ready)
		sbuf_adds(body, "{\"ready\":true}");
	else
		sbuf_addf(body, "{\"ready\":false,\"reasons\":[%s]}",
		    reasons.data);
	sbuf_free(&reasons);
	return ready ? 200 : 503;
}

static unsigned
page_metrics(struct office *o, struct sbuf *body)
{
	if (!o->settings->admin_http_metrics)
		return 404;
	metrics_write(o, body);
	return 200;
}

static const struct page {
	const char *path, *headers;
	page_fn run;
} pages[] = {
	{ "/health", TYPE_JSON, page_health },
	{ "/ready", TYPE_JSON, page_ready },
	{ "/metrics", TYPE_TEXT, page_metrics },
};

static const struct page *
page_find(struct slice path)
{
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (slice_eq(path, slice_str(pages[i].path)))
			return &pages[i];
	return NULL;
}

static void
pages_detail(struct exchange *x, unsigned status, const char *headers,
    const char *text)
{
	struct sbuf body = { 0 };
	struct iovec iov;

	sbuf_adds(&body, "{\"detail\":");
	sbuf_add_json(&body, slice_str(text));
	sbuf_addc(&body, '}');
	iov = (struct iovec){ body.data, body.len };
	exchange_reply(x, status, slice_str(headers), &iov, 1);
	sbuf_free(&body);
}

/* The names under which a browser may reach us: none of another site's. */
static bool
pages_host_ours(struct office *o, struct slice host)
{
	struct slice address =
	    settings_str(o->settings, o->settings->admin_http_address);
	const char *colon = memrchr(host.p, ':', host.n);

	if (colon != NULL &&
	    memchr(colon, ']', host.n - (size_t)(colon - host.p)) == NULL)
		host.n = (size_t)(colon - host.p);
	if (host.n >= 2 && host.p[0] == '[')
		host = (struct slice){ host.p + 1, host.n - 2 };
	return slice_eq_nocase(host, SLICE("localhost")) ||
	       slice_eq(host, address);
}

/* ---- the platform API ---------------------------------------------------- */

static void
pages_refuse_caller(struct exchange *x, const struct err *e)
{
	struct errbody b = { .status = err_status(e->kind) };
	struct sbuf body = { 0 }, headers = { 0 };
	struct iovec iov;

	if (e->kind == ERR_KEY_NOT_PERMITTED) {
		pages_detail(x, 403, TYPE_JSON, e->text);
		return;
	}
	sbuf_adds(&headers, TYPE_JSON);
	if (e->kind == ERR_RATE_LIMIT) {
		b.retry_after_s = GATE_WAIT_S;
		sbuf_addf(&headers, "Retry-After: %d\r\n", GATE_WAIT_S);
	}
	errbody_write(&b, e, &body);
	iov = (struct iovec){ body.data, body.len };
	exchange_reply(x, (unsigned)b.status, sbuf_slice(&headers), &iov, 1);
	sbuf_free(&body);
	sbuf_free(&headers);
}

/* False: there is no such API here. */
static bool
pages_platform(struct office *o, struct exchange *x, const struct http1_head *h)
{
	struct pool *pool = pool_new();
	struct rest_caller who;
	struct err e;
	int may = gate_judge(o, h, exchange_peer(x), pool, &who, &e);

	if (may == 1)
		rest_take(o, x, h, &who);
	else if (may < 0)
		pages_refuse_caller(x, &e);
	pool_free(&pool);
	return may != 0;
}

static void
pages_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	struct office *o = ctx;
	const struct page *page = page_find(h->path);
	struct sbuf body = { 0 };
	struct iovec iov;
	unsigned status;

	if (!pages_host_ours(o, h->host)) {
		pages_detail(x, 403, TYPE_JSON, "This host is not served.");
		return;
	}
	if (rest_serves(h->path) && pages_platform(o, x, h))
		return;
	if (page == NULL) {
		pages_detail(x, 404, TYPE_JSON, "Not found.");
		return;
	}
	if (h->method_id != HTTP1_GET && h->method_id != HTTP1_HEAD) {
		pages_detail(x, 405, TYPE_JSON "Allow: GET, HEAD\r\n",
		    "Only GET and HEAD are answered here.");
		return;
	}
	status = page->run(o, &body);
	iov = (struct iovec){ body.data, body.len };
	exchange_reply(x, status, slice_str(page->headers), &iov, body.len > 0);
	sbuf_free(&body);
}

/* Of the platform API only: no other request's body is accepted. */
static void
pages_body(struct exchange *x, struct slice body, void *ctx)
{
	(void)ctx;
	rest_body(x, body);
}

static void
pages_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	rest_gone(x);
}

static void
pages_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	(void)ctx;
	sbuf_adds(headers, TYPE_JSON);
	sbuf_adds(body, "{\"detail\":");
	sbuf_add_json(body, slice_str(e->text));
	sbuf_addc(body, '}');
}

static const struct server_ops pages_ops = {
	.head = pages_head,
	.body = pages_body,
	.gone = pages_gone,
	.refuse = pages_refuse,
};

struct server *
pages_new(struct office *o)
{
	struct server_settings set;
	struct server *s;

	if (o->args->http_fd < 0)
		return NULL;
	server_settings_init(&set);
	set.ops = &pages_ops;
	set.ctx = o;
	s = server_new(o->loop, &set);
	server_listen(s, o->args->http_fd, NULL);
	return s;
}

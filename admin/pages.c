#include "admin/pages.h"

#include "admin/figures.h"
#include "admin/metrics.h"
#include "admin/office.h"
#include "admin/rest.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
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

#define TOKEN_WRONG_MOST 5
#define TOKEN_WAIT_MS 60000

/* What follows "Bearer "; p NULL when it is another header, or none. */
static struct slice
pages_bearer(const struct http1_head *h)
{
	struct slice value = http1_header(h, HTTP1_AUTHORIZATION);

	if (value.n < 7 || strncasecmp(value.p, "bearer ", 7) != 0)
		return (struct slice){ NULL, 0 };
	value = slice_skip(value, 7);
	while (value.n > 0 && *value.p == ' ')
		value = slice_skip(value, 1);
	return value;
}

/* The same time whatever is wrong with it. */
static bool
pages_token_right(struct slice token, struct slice given)
{
	unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];

	digest_sha256(token.p, token.n, a);
	digest_sha256(given.p, given.n, b);
	return digest_equal(a, b, sizeof a);
}

/* The listener is on loopback: all who guess have one address. */
static bool
pages_guesses(struct office *o, bool wrong)
{
	if (now_mono_ms() >= o->token_until_ms) {
		o->token_until_ms = now_mono_ms() + TOKEN_WAIT_MS;
		o->token_wrong = 0;
	}
	o->token_wrong += wrong;
	return o->token_wrong >= TOKEN_WRONG_MOST;
}

static void
pages_refuse_token(struct exchange *x, enum err_kind kind, const char *text)
{
	struct errbody b = { .status = err_status(kind) };
	struct sbuf body = { 0 };
	struct iovec iov;
	struct err e;

	err_set(&e, kind, "%s", text);
	if (kind == ERR_RATE_LIMIT)
		b.retry_after_s = TOKEN_WAIT_MS / 1000;
	errbody_write(&b, &e, &body);
	iov = (struct iovec){ body.data, body.len };
	exchange_reply(x, (unsigned)b.status,
	    kind == ERR_RATE_LIMIT ? SLICE(TYPE_JSON "Retry-After: 60\r\n")
				   : SLICE(TYPE_JSON),
	    &iov, 1);
	sbuf_free(&body);
}

/* Without a token there is no such API here.  False: it is no path of ours. */
static bool
pages_platform(struct office *o, struct exchange *x, const struct http1_head *h)
{
	const struct settings *s = o->settings;
	struct slice token, given = pages_bearer(h);

	if (o->secrets == NULL || s->admin_http_token.len == 0)
		return false;
	token = settings_secret(o->secrets, s->admin_http_token);
	if (pages_guesses(o, false))
		pages_refuse_token(x, ERR_RATE_LIMIT, "Rate limit exceeded");
	else if (given.p == NULL)
		pages_refuse_token(x, ERR_MISSING_KEY,
		    "Authentication credentials were not provided.");
	else if (pages_token_right(token, given))
		rest_take(o, x, h, true);
	else {
		pages_guesses(o, true);
		pages_refuse_token(x, ERR_INVALID_KEY,
		    "Your API key is invalid or expired, please check your "
		    "API key.");
	}
	return true;
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

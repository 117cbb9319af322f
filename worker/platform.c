#include "worker/platform.h"

#include <stdio.h>

#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "net/addr.h"
#include "net/http1.h"
#include "net/server.h"
#include "store/defs.h"
#include "worker/answer.h"
#include "worker/keys.h"
#include "worker/worker_priv.h"

#define PLATFORM_CONNECT_MS 2000
#define PLATFORM_TOTAL_MS 15000 /* admin asks the keeper for 2 s at most */
#define PLATFORM_REPLY_MAX ((size_t)64 * 1024 * 1024)

static const char forbidden[] =
    "You do not have permission to perform this action.";
static const char unavailable[] = "The store is not available.";

/* In the request's pool, but for the two buffers. */
struct platform {
	struct req *req;
	struct slice head; /* of the call, but for its end */
	struct iovec body;
	struct call *call; /* NULL: not yet, or over */
	bool asked, answered;
	unsigned status;            /* 0: nobody answered */
	struct sbuf headers, reply; /* lines for the client; the body */
};

struct client_target *
platform_target(struct worker *w)
{
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
	struct client_target_options o = { .host = "platform",
		.path = path,
		.connect_ms = PLATFORM_CONNECT_MS };

	snprintf(path, sizeof path, "%s/platform.sock",
	    settings_str(w->settings, w->settings->run_path).p);
	return client_target_new(w->client, &o);
}

void
platform_free(struct platform **pp)
{
	struct platform *p = *pp;

	if (p == NULL)
		return;
	call_cancel(&p->call);
	sbuf_free(&p->headers);
	sbuf_free(&p->reply);
	*pp = NULL;
}

static enum step_result
platform_refuse(struct req *r, unsigned status, const char *headers,
    const char *detail)
{
	struct sbuf *b = &r->w->body;

	sbuf_clear(b);
	sbuf_adds(b, "{\"detail\":");
	sbuf_add_json(b, slice_str(detail));
	sbuf_addc(b, '}');
	answer_platform(r, status, slice_str(headers), sbuf_slice(b));
	return STEP_DONE;
}

/* ---- the call ----------------------------------------------------------- */

/* What the admin process may not be told by a client: names of our own. */
static const char *const passed[] = { "content-type", "content-encoding",
	"if-unmodified-since-version" };

static struct slice
platform_head(struct req *r)
{
	const struct http1_head *h = r->w->head;
	struct sbuf *b = &r->w->headers;

	sbuf_clear(b);
	/* The reply to HEAD is that to GET; its body goes no further. */
	sbuf_add_slice(b,
	    h->method_id == HTTP1_HEAD ? SLICE("GET") : h->method);
	sbuf_addc(b, ' ');
	sbuf_add_slice(b, h->path);
	if (h->query.n > 0) {
		sbuf_addc(b, '?');
		sbuf_add_slice(b, h->query);
	}
	sbuf_adds(b, " HTTP/1.1\r\nHost: ");
	sbuf_add_slice(b, h->host.n > 0 ? h->host : SLICE("localhost"));
	sbuf_addf(b,
	    "\r\nx-holdfast-key: %.*s\r\nx-holdfast-environment: %s\r\n"
	    "x-holdfast-scheme: %s\r\n",
	    SLICE_ARGS(r->key->def.prefix),
	    r->key->def.environment == ENV_TEST ? "test" : "prod",
	    exchange_is_tls(r->x) ? "https" : "http");
	for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
		struct slice value = http1_find(h, slice_str(passed[i]));

		if (value.p != NULL)
			sbuf_addf(b, "%s: %.*s\r\n", passed[i],
			    SLICE_ARGS(value));
	}
	return pool_copy(r->pool, sbuf_slice(b));
}

static void
platform_head_came(void *ctx, const struct http1_head *h)
{
	static const char *const back[] = { "Allow", "Retry-After" };
	struct platform *p = ctx;

	p->status = h->status;
	for (size_t i = 0; i < sizeof back / sizeof back[0]; i++) {
		struct slice value = http1_find(h, slice_str(back[i]));

		if (value.p != NULL)
			sbuf_addf(&p->headers, "%s: %.*s\r\n", back[i],
			    SLICE_ARGS(value));
	}
}

static void
platform_over(struct platform *p)
{
	p->call = NULL;
	p->answered = true;
	req_wake(p->req);
}

static void
platform_data(void *ctx, struct slice bytes)
{
	struct platform *p = ctx;

	if (p->answered)
		return;
	sbuf_add_slice(&p->reply, bytes);
	if (p->reply.len <= PLATFORM_REPLY_MAX)
		return;
	p->status = 0;
	call_cancel(&p->call);
	platform_over(p);
}

static void
platform_failed(void *ctx, enum call_failure failure, const struct err *e)
{
	struct platform *p = ctx;

	(void)failure;
	(void)e;
	p->status = 0;
	platform_over(p);
}

static void
platform_ready(void *ctx)
{
	(void)ctx;
}

static void
platform_end(void *ctx)
{
	platform_over(ctx);
}

static const struct call_ops call_ops = { platform_ready, platform_head_came,
	platform_data, platform_end, platform_failed };

/* A kept connection might be one to an admin process that died. */
static void
platform_ask(struct req *r)
{
	struct platform *p = r->platform;
	struct sbuf *b = &r->w->headers;
	struct call_request request = { .fresh = true,
		.total_ms = PLATFORM_TOTAL_MS };

	sbuf_clear(b);
	sbuf_add_slice(b, p->head);
	sbuf_addf(b, "Content-Length: %zu\r\n\r\n", r->body.n);
	request.head = pool_copy(r->pool, sbuf_slice(b));
	p->body = (struct iovec){ (void *)(uintptr_t)r->body.p, r->body.n };
	request.body = &p->body;
	request.body_n = r->body.n > 0;
	p->asked = true;
	p->call = call_start(r->w->platform, &request, &call_ops, p);
}

/* ---- the step ------------------------------------------------------------ */

static enum step_result
platform_too_large(struct req *r)
{
	char text[80];

	snprintf(text, sizeof text, "The request body exceeds %zu bytes.",
	    PLATFORM_BODY_MAX);
	return platform_refuse(r, 413, "", text);
}

RARE enum step_result
platform_begin(struct req *r, bool address_ok)
{
	const struct http1_head *h = r->w->head;

	if (!address_ok || !(r->key->def.scopes & SCOPE_PLATFORM))
		return platform_refuse(r, 403, "", forbidden);
	if (h->body == HTTP1_BODY_LENGTH &&
	    h->content_length > PLATFORM_BODY_MAX)
		return platform_too_large(r);
	r->platform = pool_zalloc(r->pool, sizeof *r->platform);
	r->platform->req = r;
	r->platform->head = platform_head(r);
	/*
	 * One whose length is not told is refused when it is here: net/server
	 * does not have the words of this API.
	 */
	exchange_accept(r->x, (size_t)r->w->settings->server_max_body_bytes);
	return STEP_WAIT;
}

RARE enum step_result
platform_run(struct req *r)
{
	struct platform *p = r->platform;

	if (r->body.p == NULL)
		return STEP_WAIT;
	if (r->body.n > PLATFORM_BODY_MAX)
		return platform_too_large(r);
	if (!p->asked)
		platform_ask(r);
	if (!p->answered)
		return STEP_WAIT;
	if (p->status == 0)
		return platform_refuse(r, 503, "Retry-After: 1\r\n",
		    unavailable);
	answer_platform(r, p->status, sbuf_slice(&p->headers),
	    sbuf_slice(&p->reply));
	return STEP_DONE;
}

#include <stdio.h>

#include "base/pool.h"
#include "base/sbuf.h"
#include "net/http1.h"
#include "net/server.h"
#include "proto/media.h"
#include "worker/answer.h"
#include "worker/headers.h"
#include "worker/pages.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define RECEIVE_OPENAI_MAX 1024

/* Headers that mean something to us and that http1 does not find itself. */
struct receive_header {
	struct slice name;
	void (*take)(struct req *r, struct slice value);
};

static void
receive_cache_control(struct req *r, struct slice value)
{
	r->no_cache |= http1_list_has(value, SLICE("no-cache"));
	r->no_store |= http1_list_has(value, SLICE("no-store"));
}

/* A proxy stands between: its address is not the client's (api.md 2.5). */
static void
receive_forwarded(struct req *r, struct slice value)
{
	(void)value;
	r->forwarded = true;
}

static void
receive_request_id(struct req *r, struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			(c >= 'a' && c <= 'z') ||
			(c != '\0' && strchr("._:-", c) != NULL)))
			return;
	}
	if (value.n > 0 && value.n <= 128)
		r->client_request_id = pool_copy(r->pool, value);
}

static void
receive_route_provider(struct req *r, struct slice value)
{
	r->route_provider = pool_copy(r->pool, value);
}

static void
receive_user_agent(struct req *r, struct slice value)
{
	if (value.n > 255)
		value.n = 255;
	r->user_agent = pool_copy(r->pool, value);
}

/* The client's word on its own account, in lines as they are sent. */
static void
receive_openai(struct req *r, const char *name, struct slice value)
{
	struct sbuf b = { 0 };

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < ' ' || value.p[i] >= 0x7f)
			return;
	if (value.n == 0 || value.n > RECEIVE_OPENAI_MAX)
		return;
	sbuf_add_slice(&b, r->openai_headers);
	headers_put(&b, slice_str(name), value);
	r->openai_headers = pool_copy(r->pool, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
receive_openai_organization(struct req *r, struct slice value)
{
	receive_openai(r, "OpenAI-Organization: ", value);
}

static void
receive_openai_project(struct req *r, struct slice value)
{
	receive_openai(r, "OpenAI-Project: ", value);
}

static void
receive_openai_beta(struct req *r, struct slice value)
{
	receive_openai(r, "OpenAI-Beta: ", value);
}

static const struct receive_header headers[] = {
	{ { "cache-control", 13 }, receive_cache_control },
	{ { "forwarded", 9 }, receive_forwarded },
	{ { "x-forwarded-for", 15 }, receive_forwarded },
	{ { "x-real-ip", 9 }, receive_forwarded },
	{ { "via", 3 }, receive_forwarded },
	{ { "x-request-id", 12 }, receive_request_id },
	{ { "user-agent", 10 }, receive_user_agent },
	{ { "openai-organization", 19 }, receive_openai_organization },
	{ { "openai-project", 14 }, receive_openai_project },
	{ { "openai-beta", 11 }, receive_openai_beta },
	{ { "x-respan-route-provider", 23 }, receive_route_provider },
};

static void
receive_header(struct req *r, const struct http1_field *f)
{
	int which;

	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		if (headers[i].name.n == f->name.n &&
		    (f->name.p[0] | 0x20) == headers[i].name.p[0] &&
		    slice_eq_nocase(headers[i].name, f->name)) {
			headers[i].take(r, f->value);
			return;
		}
	which = paramhdr_which(f->name);
	if (which >= 0 && r->raw_headers[which].p == NULL)
		r->raw_headers[which] = pool_copy(r->pool, f->value);
}

/*
 * The media type, after the key (api.md 6).  curl's default with -d is let
 * pass when the body begins with a brace; that is looked at in parse.
 */
int
receive_check_media(struct req *r, const struct http1_head *h, struct err *e)
{
	int json = media_check_json(http1_header(h, HTTP1_CONTENT_TYPE),
	    http1_header(h, HTTP1_CONTENT_ENCODING), e);

	r->form_type = json == 0;
	return json < 0 ? -1 : 0;
}

/* Gemini's streams are events only when asked: alt=sse in the query. */
static bool
receive_asks_sse(struct slice query)
{
	struct slice want = SLICE("alt=sse");
	const char *at =
	    query.n > 0 ? memmem(query.p, query.n, want.p, want.n) : NULL;

	return at != NULL && (at == query.p || at[-1] == '&') &&
	       (at + want.n == query.p + query.n || at[want.n] == '&');
}

enum step_result
step_receive_run(struct req *r)
{
	struct worker *w = r->w;
	const struct http1_head *h = w->head;

	if (routes_find(&w->bases, h->method, h->path, r->pool, &r->route,
		req_err(r)) != 0)
		return req_fail(r);
	r->alt_sse = receive_asks_sse(h->query);
	r->http_method = pool_copy(r->pool, h->method);
	r->http_path = pool_copy(r->pool, h->path);
	/* It lies in the head, which goes before the body comes. */
	r->route.rest = pool_copy(r->pool, r->route.rest);
	for (unsigned i = 0; i < h->count; i++)
		receive_header(r, &h->fields[i]);
	if (r->route.method == ROUTE_OPTIONS)
		return answer_options(r);
	return r->route.needs_key ? STEP_NEXT : pages_serve(r);
}

void
step_receive_cancel(struct req *r)
{
	(void)r;
}

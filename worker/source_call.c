/* source_call - a provider over HTTP. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "net/http1.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/usage.h"
#include "worker/attempt.h"
#include "worker/credential.h"
#include "worker/relay_whole.h"
#include "worker/req.h"
#include "worker/retry.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/upstream.h"
#include "worker/worker_priv.h"

#define CALL_HEAD_USUAL 16384

struct source_call {
	struct source base;
	struct call *call; /* NULL once it has ended */
	struct worker *worker;
	bool guest;               /* the host is one that the caller named */
	uint64_t guest_left;      /* bytes of its body that may still come */
	struct source_call *next; /* among those to be used again */
	struct defer defer;
};

static struct source_call *
source_call_new(struct worker *w)
{
	struct source_call *s = w->calls;

	if (s == NULL)
		return xcalloc(1, sizeof *s);
	w->calls = s->next;
	memset(s, 0, sizeof *s);
	return s;
}

static void
source_call_free(struct defer *d)
{
	struct source_call *s = LOOP_OWNER(d, struct source_call, defer);

	s->next = s->worker->calls;
	s->worker->calls = s;
}

void
source_call_forget(struct worker *w)
{
	struct source_call *s;

	while ((s = w->calls) != NULL) {
		w->calls = s->next;
		free(s);
	}
}

static void
source_call_end(struct source_call *s)
{
	s->base.req = NULL;
	s->call = NULL;
	loop_defer(s->worker->loop, &s->defer, source_call_free);
}

static void
call_ready(void *ctx)
{
	struct source_call *s = ctx;

	if (s->base.req != NULL)
		source_ready(s->base.req);
}

/* "ThrottlingException:http://internal.amazon.com/..." */
static struct slice
call_error_name(const struct http1_head *h)
{
	struct slice name = http1_find(h, SLICE("x-amzn-errortype"));
	size_t n = 0;

	while (n < name.n && ((name.p[n] >= 'A' && name.p[n] <= 'Z') ||
				 (name.p[n] >= 'a' && name.p[n] <= 'z')))
		n++;
	name.n = n;
	return name;
}

/* 0 for what is no count. */
static int64_t
call_count(const struct http1_head *h, struct slice name)
{
	struct slice text = http1_find(h, name);
	int64_t n = 0;

	return jnum_is(text) && jnum_int(text, &n) == 1 && n > 0 &&
	               n <= USAGE_TOKENS_MAX
	           ? n
	           : 0;
}

/* What Bedrock counted of an invocation: the bodies of some do not say it. */
static bool
call_bedrock(const struct http1_head *h, struct usage *u)
{
	usage_of_totals(u,
	    call_count(h, SLICE("x-amzn-bedrock-input-token-count")),
	    call_count(h, SLICE("x-amzn-bedrock-output-token-count")));
	u->in_cached =
	    call_count(h, SLICE("x-amzn-bedrock-cache-read-input-token-count"));
	u->in_cache_write_5m = call_count(h,
	    SLICE("x-amzn-bedrock-cache-write-input-token-count"));
	return u->in_text > 0;
}

/*
 * Only who says no says when, and in his own words why; of a host that the
 * caller named only the body is told (security.md F8).
 */
static void
call_head_error(const struct source_call *s, const struct http1_head *h,
    struct source_head *head)
{
	if (s->guest) {
		head->request_id = SLICE("");
		return;
	}
	head->retry_after_ms =
	    retry_wish_ms(http1_find(h, SLICE("retry-after-ms")),
		http1_header(h, HTTP1_RETRY_AFTER), now_real_us() / 1000000);
	head->error_name = call_error_name(h);
}

static void
call_head(void *ctx, const struct http1_head *h)
{
	struct source_call *s = ctx;
	struct slice coding = http1_header(h, HTTP1_CONTENT_ENCODING);
	struct usage told;
	struct source_head head = {
		.status = h->status,
		.content_type = http1_header(h, HTTP1_CONTENT_TYPE),
		.length = h->body == HTTP1_BODY_LENGTH
		              ? (int64_t)h->content_length
		          : h->body == HTTP1_BODY_NONE ? 0
		                                       : -1,
		.retry_after_ms = -1,
		.request_id = http1_header(h, HTTP1_X_REQUEST_ID),
		.encoded =
		    coding.n > 0 && !slice_eq_nocase(coding, SLICE("identity")),
	};

	if (s->base.req == NULL)
		return;
	s->base.req->reused = call_reused(s->call);
	if (head.request_id.n == 0)
		head.request_id = http1_find(h, SLICE("request-id"));
	if (h->status >= 400)
		call_head_error(s, h, &head);
	if (kind_auths[s->base.req->choice.kind] == AUTH_AWS &&
	    call_bedrock(h, &told))
		head.usage = &told;
	source_head(s->base.req, &head);
}

/* It sends without end: what came is no answer. */
static void
call_too_much(struct source_call *s)
{
	struct req *r = s->base.req;
	struct call_info info;
	struct err e;

	if (r == NULL) {
		call_cancel(&s->call);
		source_call_end(s);
		return;
	}
	err_set(&e, ERR_UPSTREAM_INVALID, "the answer is too large");
	call_info(s->call, &info);
	r->call_info = pool_memdup(r->pool, &info, sizeof info);
	call_cancel(&s->call);
	source_call_end(s);
	r->source = NULL;
	source_fail(r, CALL_MALFORMED, &e);
}

static void
call_data(void *ctx, struct slice bytes)
{
	struct source_call *s = ctx;

	if (s->guest && bytes.n > s->guest_left) {
		call_too_much(s);
		return;
	}
	s->guest_left -= s->guest ? bytes.n : 0;
	if (s->base.req != NULL)
		source_data(s->base.req, bytes);
}

static void
call_end(void *ctx)
{
	struct source_call *s = ctx;
	struct req *r = s->base.req;

	source_call_end(s);
	if (r != NULL) {
		r->source = NULL;
		source_end(r);
	}
}

static void
call_fail(void *ctx, enum call_failure failure, const struct err *e)
{
	struct source_call *s = ctx;
	struct req *r = s->base.req;
	struct call_info info;

	call_info(s->call, &info);
	source_call_end(s);
	if (r == NULL)
		return;
	r->source = NULL;
	r->call_info = pool_memdup(r->pool, &info, sizeof info);
	r->reused = info.reused;
	if (s->guest && failure == CALL_DNS) {
		credential_refuse_base(r);
		relay_refuse(r, "dns");
	} else {
		source_fail(r, failure, e);
	}
}

static const struct call_ops call_ops = { call_ready, call_head, call_data,
	call_end, call_fail };

static void
source_call_pause(struct source *base)
{
	struct source_call *s = (struct source_call *)base;

	if (s->call != NULL)
		call_pause(s->call);
}

static void
source_call_resume(struct source *base)
{
	struct source_call *s = (struct source_call *)base;

	if (s->call != NULL)
		call_resume(s->call);
}

static void
source_call_cancel(struct source *base)
{
	struct source_call *s = (struct source_call *)base;

	if (s->call == NULL)
		return; /* it has ended; memory goes by itself */
	call_cancel(&s->call);
	source_call_end(s);
}

static void
source_call_detach(struct source *base)
{
	base->req = NULL;
}

static void
source_call_info(const struct source *base, struct call_info *info_r)
{
	const struct source_call *s = (const struct source_call *)base;

	call_info(s->call, info_r);
}

static const struct source_ops ops = { source_call_pause, source_call_resume,
	source_call_cancel, source_call_detach, source_call_info };

/* Headers that the client asked for by extra_headers (checked by params). */
static void
head_add_extra(struct req *r, struct sbuf *b)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (!params_has(&r->params, PARAM_extra_headers))
		return;
	jscan_enter(&it, params_json(&r->params, PARAM_extra_headers));
	while (jscan_member_next(&it, &item)) {
		sbuf_add_slice(b, item.name);
		sbuf_adds(b, ": ");
		sbuf_add_slice(b, jstr_item(&item, r->pool));
		sbuf_adds(b, "\r\n");
	}
}

static struct slice
call_write_head(struct req *r)
{
	struct sbuf *b = &r->w->headers;
	struct slice head;

	sbuf_clear(b);
	/* What grows leaves a copy behind. */
	sbuf_reserve(b, CALL_HEAD_USUAL);
	upstream_write_head(r, b);
	head_add_extra(r, b);
	sbuf_adds(b, "Content-Length: ");
	sbuf_add_u64(b, r->edit.len);
	sbuf_adds(b, "\r\n\r\n");
	head = pool_secret(r->pool, sbuf_slice(b));
	if (r->choice.credential != NULL && r->choice.credential->callers)
		explicit_bzero(b->data, b->len);
	return head;
}

/* The body's pieces; many are joined into one, since a call takes few. */
static unsigned
call_body(struct req *r, struct iovec **iov_r)
{
	const struct splice_result *edit = &r->edit;
	struct iovec *iov;
	char *joined;
	size_t at = 0;

	if (edit->n > CALL_BODY_IOV_MAX) {
		iov = pool_alloc(r->pool, sizeof *iov);
		joined = pool_alloc(r->pool, edit->len);
		for (unsigned i = 0; i < edit->n; i++) {
			memcpy(joined + at, edit->pieces[i].p,
			    edit->pieces[i].n);
			at += edit->pieces[i].n;
		}
		*iov = (struct iovec){ joined, edit->len };
		*iov_r = iov;
		return 1;
	}
	iov = pool_alloc(r->pool, edit->n * sizeof *iov);
	for (unsigned i = 0; i < edit->n; i++)
		iov[i] = (struct iovec){ (void *)(uintptr_t)edit->pieces[i].p,
			edit->pieces[i].n };
	*iov_r = iov;
	return edit->n;
}

/* 0: none. */
static uint64_t
call_total_ms(const struct req *r, int64_t own)
{
	if (credential_is_guest(r->choice.credential) && !r->stream &&
	    (own <= 0 || own > CREDENTIAL_GUEST_MS))
		own = CREDENTIAL_GUEST_MS;
	return (uint64_t)own;
}

void
source_call_start(struct req *r)
{
	struct source_call *s = source_call_new(r->w);
	struct attempt_times times;
	struct iovec *iov;
	struct call_request q = {
		.head = call_write_head(r),
		.write_ms = (uint32_t)r->w->settings->server_write_timeout_ms,
		.fresh = r->fresh,
		.urgent = r->stream,
	};

	attempt_times(r, &times);
	q.total_ms = call_total_ms(r, times.total_ms);

	q.body_n = call_body(r, &iov);
	q.body = iov;
	if (r->stream) {
		q.first_byte_ms = (uint32_t)times.first_byte_ms;
		q.idle_ms = (uint32_t)times.idle_ms;
	}
	s->base.ops = &ops;
	s->base.req = r;
	s->worker = r->w;
	s->guest = credential_is_guest(r->choice.credential);
	s->guest_left = CREDENTIAL_GUEST_ANSWER_MAX;
	r->source = &s->base;
	s->call = call_start(target_pool(r->w, r->choice.target,
				 r->choice.credential),
	    &q, &call_ops, s);
}

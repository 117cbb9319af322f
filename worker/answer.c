#include "worker/answer.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "net/server.h"
#include "proto/errbody.h"
#include "proto/relay.h"
#include "shm/inflight.h"
#include "worker/client_dialect.h"
#include "worker/headers.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define ANSWER_IOV 128

int
answer_status(const struct req *r)
{
	if (r->client_gone)
		return 499;
	if (r->answer.kind == ANSWER_BODY)
		return (int)r->answer.status;
	if (r->provider_error != NULL && !r->released)
		return r->provider_error->status;
	if (r->err->kind == ERR_BUDGET_EXCEEDED)
		return r->w->settings->budgets_status;
	if (r->err->kind == ERR_UPSTREAM_STREAM)
		return 502;
	return err_status(r->err->kind);
}

bool
answer_continues_without_client(struct req *r)
{
	return r->cache.leads && r->source != NULL &&
	       inflight_followed(r->w->segment, r->cache.flight);
}

/* Take the exchange: from here on the request has none. */
static struct exchange *
answer_take(struct req *r)
{
	struct exchange *x = r->x;

	r->x = NULL;
	return x;
}

static void
answer_error_body(struct req *r, struct sbuf *b)
{
	char id[HEX_ID_SIZE];
	struct errbody body = {
		.shape = client_error_shape(r),
		.status = answer_status(r),
		.detail = r->detail,
		.retry_after_s = r->answer.retry_known
		                     ? (r->answer.retry_after_ms + 999) / 1000
		                     : 0,
	};

	hex_write(r->id, sizeof r->id, id);
	body.request_id = slice_str(id);
	/* A stream that failed before its release: the provider's words. */
	if (r->provider_error != NULL)
		errbody_write_code(&body, slice_str(r->err->text), SLICE(""),
		    r->provider_error->code, b);
	else
		errbody_write(&body, r->err, b);
}

/* What is over in a moment says so: the 503 rows of api.md 9.4. */
static void
answer_say_retry(struct req *r)
{
	enum err_kind kind = r->err->kind;

	if (r->answer.retry_known ||
	    (kind != ERR_OVERLOADED && kind != ERR_SHUTTING_DOWN &&
		kind != ERR_BUDGET_UNAVAILABLE))
		return;
	r->answer.retry_known = true;
	r->answer.retry_after_ms = 1000;
}

static void
answer_error(struct req *r)
{
	struct worker *w = r->w;
	struct iovec iov;
	unsigned status = (unsigned)answer_status(r);

	answer_say_retry(r);
	sbuf_clear(&w->body);
	answer_error_body(r, &w->body);
	headers_error(r, status, &w->headers);
	iov = (struct iovec){ w->body.data, w->body.len };
	r->bytes_sent = w->body.len;
	if (status == 413 || status == 408)
		exchange_refuse(answer_take(r), status, sbuf_slice(&w->headers),
		    &iov, 1);
	else
		exchange_reply(answer_take(r), status, sbuf_slice(&w->headers),
		    &iov, 1);
}

static void
answer_body(struct req *r)
{
	struct worker *w = r->w;
	struct iovec iov[ANSWER_PIECES];

	for (unsigned i = 0; i < r->answer.n_pieces; i++) {
		iov[i] =
		    (struct iovec){ (void *)(uintptr_t)r->answer.pieces[i].p,
			    r->answer.pieces[i].n };
		r->bytes_sent += r->answer.pieces[i].n;
	}
	headers_reply(r, &w->headers);
	exchange_reply(answer_take(r), r->answer.status,
	    sbuf_slice(&w->headers), iov, (int)r->answer.n_pieces);
}

static void
answer_prepare(struct req *r, bool asked)
{
	headers_stream(r, asked, &r->w->headers);
	exchange_prepare(r->x, 200, sbuf_slice(&r->w->headers));
	r->head_ready = true;
}

void
answer_prepare_stream(struct req *r)
{
	if (r->x != NULL)
		answer_prepare(r, true);
}

void
answer_begin_stream(struct req *r)
{
	if (!r->head_ready)
		answer_prepare(r, r->upstream_status != 0);
	headers_stream_rest(r, &r->w->headers);
	exchange_stream(r->x, sbuf_slice(&r->w->headers));
}

bool
answer_write_out(struct req *r)
{
	const struct relay_out *out = &r->w->out;
	struct iovec iov[ANSWER_IOV];
	int n = 0;

	for (size_t i = 0; i < out->n; i++) {
		iov[n++] = (struct iovec){ (void *)(uintptr_t)out->slices[i].p,
			out->slices[i].n };
		r->bytes_sent += out->slices[i].n;
		if (n < ANSWER_IOV && i + 1 < out->n)
			continue;
		if (exchange_write(r->x, iov, n) < 0)
			return false;
		n = 0;
	}
	return true;
}

/* The frames behind the last content, and the end of the coding. */
static void
answer_stream_end(struct req *r)
{
	struct iovec iov = { (void *)(uintptr_t)r->answer.pieces[0].p,
		r->answer.pieces[0].n };

	r->bytes_sent += iov.iov_len;
	exchange_end(answer_take(r), &iov, iov.iov_len > 0 ? 1 : 0);
}

/* An error event, then a close without the end: it must look broken. */
static void
answer_stream_cut(struct req *r)
{
	const struct relay_error *said = r->provider_error;
	struct relay_out *out = &r->w->out;
	const char *code = said != NULL ? said->code
	                   : r->err->kind == ERR_SHUTTING_DOWN
	                       ? "server_shutdown" /* api.md 8.6 */
	                       : err_code(r->err->kind);

	struct slice text = slice_str(r->err->text);
	struct slice type =
	    said != NULL ? slice_str(said->type) : SLICE("respan_error");

	relay_out_clear(out);
	if (r->encode != NULL)
		client_error_event(r, answer_status(r), text, type,
		    slice_str(code), out);
	else
		relay_error_frame(text, type, slice_str(code), out);
	relay_out_seal(out);
	if (answer_write_out(r))
		exchange_cut(answer_take(r));
	else
		exchange_drop(answer_take(r));
}

void
answer_send(struct req *r)
{
	if (r->x == NULL)
		return;
	switch (r->answer.kind) {
	case ANSWER_NONE:
		exchange_drop(answer_take(r));
		break;
	case ANSWER_ERROR:
		answer_error(r);
		break;
	case ANSWER_BODY:
		answer_body(r);
		break;
	case ANSWER_STREAM:
		answer_stream_end(r);
		break;
	case ANSWER_CUT:
		answer_stream_cut(r);
		break;
	}
}

void
answer_page(struct req *r, unsigned status, const char *type, struct slice body)
{
	struct iovec iov = { (void *)(uintptr_t)body.p, body.n };

	headers_page(r, type, &r->w->headers);
	exchange_reply(answer_take(r), status, sbuf_slice(&r->w->headers), &iov,
	    1);
	r->answer.kind = ANSWER_NONE;
}

void
answer_platform(struct req *r, unsigned status, struct slice headers,
    struct slice body)
{
	struct iovec iov = { (void *)(uintptr_t)body.p, body.n };
	struct sbuf *b = &r->w->headers;

	headers_page(r, "application/json", b);
	sbuf_add_slice(b, headers);
	/* Too large a body is not read: nothing follows it. */
	if (status == 413)
		exchange_refuse(answer_take(r), status, sbuf_slice(b), &iov, 1);
	else
		exchange_reply(answer_take(r), status, sbuf_slice(b), &iov, 1);
	r->answer.kind = ANSWER_NONE;
}

enum step_result
answer_options(struct req *r)
{
	struct sbuf *b = &r->w->headers;

	headers_ids(r, b);
	sbuf_adds(b, "Allow: ");
	sbuf_adds(b, r->route.allow);
	sbuf_adds(b, "\r\n");
	exchange_reply(answer_take(r), 204, sbuf_slice(b), NULL, 0);
	r->answer.kind = ANSWER_NONE;
	return STEP_DONE;
}

/*
 * source_demo - the demo provider: proto/demo, timed.
 *
 * A source like any other, so that holds, cuts and stalls can be tried
 * without a network.  Also answers for mock_response, with the text given.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proto/demo.h"
#include "worker/attempt.h"
#include "worker/req.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define DEMO_ALL_AT_ONCE INT64_MAX

struct source_demo {
	struct source base;
	struct worker *worker;
	struct demo *demo;
	struct timer timer;
	struct defer defer;
	enum demo_directive directive;
	int64_t value;
	int64_t rate; /* chunks a second; 0 = at once */
	uint64_t began_ms;
	bool streams, readied, head_sent, paused, stalled, ended;
};

static void
demo_free_later(struct defer *d)
{
	struct source_demo *s = LOOP_OWNER(d, struct source_demo, defer);

	demo_free(&s->demo);
	free(s);
}

/* Gone for the request; the memory stays to the end of the turn. */
static void
source_demo_end(struct source_demo *s)
{
	if (s->ended)
		return;
	s->ended = true;
	s->base.req = NULL;
	timer_stop(&s->timer);
	loop_defer(s->worker->loop, &s->defer, demo_free_later);
}

static void
source_demo_head(struct source_demo *s, unsigned status, int64_t length)
{
	struct source_head h = {
		.status = status,
		.content_type = s->streams && status == 200
		                    ? SLICE("text/event-stream")
		                    : SLICE("application/json"),
		.length = length,
		.retry_after_ms = -1,
	};

	s->head_sent = true;
	source_head(s->base.req, &h);
}

static void
source_demo_fail(struct source_demo *s, enum call_failure failure,
    const char *text)
{
	static const struct call_info whole = { .sent = true, .acked = true };
	struct req *r = s->base.req;
	struct err e;

	source_demo_end(s);
	if (r == NULL)
		return;
	r->source = NULL;
	r->call_info = &whole;
	err_set(&e, ERR_UPSTREAM_STREAM, "%s", text);
	source_fail(r, failure, &e);
}

static void
source_demo_finish(struct source_demo *s)
{
	struct req *r = s->base.req;

	source_demo_end(s);
	if (r == NULL)
		return;
	r->source = NULL;
	source_end(r);
}

/* A body that is no stream: all of it in one piece. */
static void
source_demo_whole(struct source_demo *s)
{
	struct sbuf body = { 0 };
	bool refused = s->directive == DEMO_STATUS;

	if (refused)
		demo_error(s->demo, &body);
	else
		demo_reply(s->demo, &body);
	source_demo_head(s, refused ? (unsigned)s->value : 200,
	    (int64_t)body.len);
	if (s->base.req != NULL)
		source_data(s->base.req, sbuf_slice(&body));
	sbuf_free(&body);
	source_demo_finish(s);
}

/* How many chunks may have been sent by now. */
static int64_t
source_demo_due(const struct source_demo *s)
{
	uint64_t passed_ms = now_mono_ms() - s->began_ms;

	if (s->rate == 0)
		return DEMO_ALL_AT_ONCE;
	return 1 + (int64_t)passed_ms * s->rate / 1000;
}

static bool
source_demo_reached(const struct source_demo *s, enum demo_directive d)
{
	return s->directive == d && demo_chunks_sent(s->demo) >= s->value;
}

/* Send what is due.  False when the source has ended. */
static bool
source_demo_chunks(struct source_demo *s)
{
	struct sbuf chunk = { 0 };
	int64_t due = source_demo_due(s);
	bool more = true;

	while (s->base.req != NULL && !s->paused &&
	       demo_chunks_sent(s->demo) < due) {
		if (source_demo_reached(s, DEMO_CUT) ||
		    source_demo_reached(s, DEMO_STALL))
			break;
		sbuf_clear(&chunk);
		more = demo_next(s->demo, &chunk) == 1;
		if (!more)
			break;
		source_data(s->base.req, sbuf_slice(&chunk));
	}
	sbuf_free(&chunk);
	return more;
}

static void
source_demo_stream(struct source_demo *s)
{
	struct attempt_times times;

	if (!s->head_sent)
		source_demo_head(s, 200, -1);
	if (!source_demo_chunks(s)) {
		source_demo_finish(s);
		return;
	}
	if (s->base.req == NULL)
		return;
	attempt_times(s->base.req, &times);
	if (source_demo_reached(s, DEMO_CUT))
		source_demo_fail(s, CALL_CUT, "the demo provider was cut");
	else if (source_demo_reached(s, DEMO_STALL) && s->stalled)
		source_demo_fail(s, CALL_IDLE_TIMEOUT,
		    "the demo provider stalled");
	else if (source_demo_reached(s, DEMO_STALL)) {
		s->stalled = true;
		timer_set(&s->timer, now_mono_ms() + (uint64_t)times.idle_ms);
	} else {
		timer_set(&s->timer, now_mono_ms() + 1);
	}
}

static void
source_demo_go(void *ctx)
{
	struct source_demo *s = ctx;

	if (s->base.req == NULL)
		return;
	if (!s->readied) {
		s->readied = true;
		source_ready(s->base.req);
		if (s->directive == DEMO_DELAY) {
			timer_set(&s->timer,
			    now_mono_ms() + (uint64_t)s->value);
			return;
		}
	}
	if (s->streams && s->directive != DEMO_STATUS)
		source_demo_stream(s);
	else
		source_demo_whole(s);
}

static void
source_demo_begin(struct defer *d)
{
	struct source_demo *s = LOOP_OWNER(d, struct source_demo, defer);

	if (s->ended)
		demo_free_later(d);
	else
		source_demo_go(s);
}

static void
source_demo_pause(struct source *base)
{
	((struct source_demo *)base)->paused = true;
}

static void
source_demo_resume(struct source *base)
{
	struct source_demo *s = (struct source_demo *)base;

	s->paused = false;
	timer_set(&s->timer, now_mono_ms());
}

static void
source_demo_cancel(struct source *base)
{
	source_demo_end((struct source_demo *)base);
}

static void
source_demo_detach(struct source *base)
{
	base->req = NULL;
}

static const struct source_ops ops = { source_demo_pause, source_demo_resume,
	source_demo_cancel, source_demo_detach, NULL };

static struct source_demo *
source_demo_new(struct req *r)
{
	struct source_demo *s = xcalloc(1, sizeof *s);

	s->base.ops = &ops;
	s->base.req = r;
	s->worker = r->w;
	s->began_ms = now_mono_ms();
	timer_init(&s->timer, r->w->loop, source_demo_go, s);
	r->source = &s->base;
	loop_next(r->w->loop, &s->defer, source_demo_begin);
	return s;
}

/* The upstream body in one piece. */
static void
demo_body(struct req *r, struct sbuf *b)
{
	for (unsigned i = 0; i < r->edit.n; i++)
		sbuf_add_slice(b, r->edit.pieces[i]);
}

static void
source_demo_open(struct req *r, struct slice model, struct slice body)
{
	struct source_demo *s = source_demo_new(r);
	char id[9 + HEX_UUID_SIZE] = "chatcmpl-";
	struct demo_opts o = {
		.model = model,
		.embeddings = r->route.route == ROUTE_EMBEDDINGS,
		.created = now_real_us() / 1000000,
		.directives = r->w->settings->demo_directives,
	};
	struct err e;

	hex_uuid(r->id, id + 9);
	o.id = slice_str(id);
	if (demo_open(&s->demo, &o, body, &e) != 0) {
		source_demo_end(s);
		r->source = NULL;
		*req_err(r) = e;
		r->done = true;
		req_fail(r);
		return;
	}
	s->directive = demo_directive(s->demo, &s->value);
	s->streams = r->stream;
	if (slice_eq(model, SLICE("lorem")))
		s->rate = r->w->settings->demo_rate;
}

RARE void
source_demo_start(struct req *r)
{
	struct sbuf body = { 0 };

	demo_body(r, &body);
	source_demo_open(r, r->choice.upstream_model, sbuf_slice(&body));
	sbuf_free(&body);
}

/* The echo of a conversation that ends with the text. */
RARE void
source_mock_start(struct req *r)
{
	struct sbuf body = { 0 };

	sbuf_adds(&body, "{\"model\":\"echo\",\"stream\":");
	sbuf_adds(&body, r->stream ? "true" : "false");
	sbuf_adds(&body, ",\"messages\":[{\"role\":\"user\",\"content\":");
	sbuf_add_json(&body, params_text(&r->params, PARAM_mock_response));
	sbuf_adds(&body, "}]}");
	source_demo_open(r, SLICE("echo"), sbuf_slice(&body));
	sbuf_free(&body);
}

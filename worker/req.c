#include "worker/req.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/pool.h"
#include "base/random.h"
#include "net/server.h"
#include "dialect/decode.h"
#include "dialect/encode.h"
#include "proto/relay.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/customers.h"
#include "worker/fetch.h"
#include "worker/keys.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/platform.h"
#include "worker/rates.h"
#include "worker/relay_stream.h"
#include "worker/source.h"
#include "worker/worker_priv.h"

static const struct {
	const char *name;
	enum step_result (*run)(struct req *r);
	void (*cancel)(struct req *r);
} steps[] = {
#define STEP(name) { #name, step_##name##_run, step_##name##_cancel },
#include "worker/steps.def"
#undef STEP
};

const char *
step_name(enum step step)
{
	return step < STEPS_END ? steps[step].name : "end";
}

/* A deadline passed: of what the step waits for, or of the whole. */
static void
req_timeout(void *ctx)
{
	struct req *r = ctx;

	if (r->deadline_ms <= now_mono_ms() && r->step < STEP_settle) {
		err_set(req_err(r), ERR_UPSTREAM_TIMEOUT,
		    "The request took longer than it may.");
		req_fail_waiting(r);
		return;
	}
	/* The step looks at the clock itself. */
	timer_set(&r->timer, r->deadline_ms);
	req_run(r);
}

struct req *
req_new(struct worker *w, struct exchange *x)
{
	struct pool *pool = pool_new();
	struct req *r = pool_alloc(pool, sizeof *r);

	memset(r, 0, offsetof(struct req, json));
	r->err = &w->no_err;

	r->w = w;
	r->pool = pool;
	r->x = x;
	r->arrived_ns = exchange_began_ns(x);
	r->arrived_us =
	    now_real_us() - (int64_t)((now_mono_ns() - r->arrived_ns) / 1000);
	r->usage_source = "none";
	r->slot = SLOT_NONE;
	for (int i = 0; i < SLOT_COUNTERS; i++)
		r->counter[i] = RATE_NONE;
	r->cost_known = true;
	r->deadline_ms = TIMER_NEVER;
	random_id(r->id);
	timer_init(&r->timer, w->loop, req_timeout, r);
	list_add_tail(&w->requests, &r->link);
	w->n_requests++;
	atomic_store_explicit(&w->seat.seat->figures.requests_inflight,
	    w->n_requests, memory_order_relaxed);
	exchange_set_data(x, r);
	return r;
}

struct sbuf *
req_held(struct req *r)
{
	if (r->held == NULL)
		r->held = pool_zalloc(r->pool, sizeof *r->held);
	return r->held;
}

static void
req_free(struct req *r)
{
	struct pool *pool = r->pool;

	relay_free(&r->relay);
	relay_free(&r->ready);
	decode_free(&r->decode);
	encode_free(&r->encode);
	fetch_free(&r->fetch);
	plan_free(r);
	if (r->raw != NULL)
		sbuf_free(r->raw);
	if (r->held != NULL)
		sbuf_free(r->held);
	key_release(&r->key);
	customer_release(&r->customer);
	pool_free(&pool);
}

/* What a turn put off: to run on, or to go when it has ended. */
static void
req_deferred(struct defer *d)
{
	struct req *r = LOOP_OWNER(d, struct req, defer);

	if (r->ended)
		req_free(r);
	else
		req_run(r);
}

/* Out of the books of the worker; memory goes at the end of the turn. */
static void
req_end(struct req *r)
{
	struct worker *w = r->w;

	assert(!r->ended);
	r->ended = true;
	source_cancel(&r->source);
	fetch_stop(r);
	platform_free(&r->platform);
	attempt_end(r);
	if (r->relay != NULL)
		relay_stream_count(w, -1);
	money_close(r);
	rates_leave(r);
	timer_stop(&r->timer);
	if (r->left != NULL)
		exchange_drop(r->left);
	list_del(&r->link);
	w->n_requests--;
	atomic_store_explicit(&w->seat.seat->figures.requests_inflight,
	    w->n_requests, memory_order_relaxed);
	/* One that is queued already finds r->ended. */
	loop_defer(w->loop, &r->defer, req_deferred);
}

static void
req_one_step(struct req *r)
{
	enum step now = r->step++;

	crash_step(steps[now].name);
	r->waiting = false;
	switch (steps[now].run(r)) {
	case STEP_NEXT:
		break;
	case STEP_WAIT:
		r->step = now;
		r->waiting = true;
		break;
	case STEP_DONE:
		/* Nobody is charged and nothing recorded without a key. */
		if (r->step <= STEP_settle)
			r->step = STEP_settle;
		break;
	}
}

void
req_run(struct req *r)
{
	if (r->ended)
		return;
	if (r->running) {
		r->again = true;
		return;
	}
	r->running = true;
	crash_request(r->id);
	do {
		r->again = false;
		r->waiting = false;
		while (!r->waiting && r->step < STEPS_END)
			req_one_step(r);
	} while (r->again && r->step < STEPS_END);
	r->running = false;
	crash_step(NULL);
	crash_request(NULL);
	if (r->step == STEPS_END)
		req_end(r);
}

void
req_wake(struct req *r)
{
	if (!r->ended)
		loop_defer(r->w->loop, &r->defer, req_deferred);
}

void
req_next_turn(struct req *r)
{
	loop_next(r->w->loop, &r->defer, req_deferred);
}

void
req_wait_until(struct req *r, uint64_t deadline_ms)
{
	timer_set(&r->timer, deadline_ms != 0 && deadline_ms < r->deadline_ms
				 ? deadline_ms
				 : r->deadline_ms);
}

struct err *
req_err(struct req *r)
{
	return &r->w->err;
}

void
req_keep_err(struct req *r)
{
	struct err *kept = pool_alloc(r->pool, sizeof *kept);

	*kept = r->w->err;
	r->err = kept;
}

enum step_result
req_fail(struct req *r)
{
	req_keep_err(r);
	r->answer.kind = r->released ? ANSWER_CUT : ANSWER_ERROR;
	return STEP_DONE;
}

/* Undo what the waiting step began, and go to settle. */
static void
req_abandon(struct req *r)
{
	if (r->waiting)
		steps[r->step].cancel(r);
	r->waiting = false;
	if (r->step < STEP_settle)
		r->step = STEP_settle;
	req_run(r);
}

void
req_fail_waiting(struct req *r)
{
	if (r->ended)
		return;
	req_fail(r);
	req_abandon(r);
}

void
req_end_now(struct req *r)
{
	if (r->x != NULL)
		exchange_drop(r->x);
	r->x = NULL;
	r->slot = SLOT_NONE;
	req_end(r);
}

void
req_gone(struct req *r)
{
	struct exchange *x = r->x;
	enum err_kind why = ERR_CLIENT_GONE;

	r->x = NULL;
	if (x != NULL) {
		why = exchange_why(x);
		r->left = x;
	}
	r->client_gone = why == ERR_CLIENT_GONE;
	if (r->ended)
		return;
	if (answer_continues_without_client(r)) {
		/* Nobody is slow any more. */
		relay_stream_drained(r);
		return;
	}
	err_set(req_err(r), why,
	    r->client_gone ? "The client closed the connection."
			   : "The request was refused while it came.");
	req_keep_err(r);
	r->answer.kind = ANSWER_NONE;
	req_abandon(r);
}

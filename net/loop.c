#include "net/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xmem.h"
#include "net/outbox.h"
#include "net/timer.h"

enum { CHECK_MS = 100, DEAD_FIRST = 256 };

/* A queue of struct defer; its last member points at the queue itself. */
struct queue {
	struct defer *first, *last;
};

struct loop {
	struct event_base *base;
	struct wheel *wheel;
	struct outbox *outbox;
	struct event *check;
	char *scratch;
	bool entered; /* the clocks were read in this turn */
	bool stop;
	struct queue now, next;
	void **dead; /* to be freed at the end of the turn */
	size_t dead_count, dead_cap;
	uint64_t checked_ms, lag_ms;
	const char *(*step)(void *ctx);
	void *step_ctx;
	void (*each)(void *ctx); /* NULL: nothing */
	void *each_ctx;
};

/* Marks the end of a queue: a queued struct defer has next != NULL. */
static struct defer end_mark;

static void
queue_add(struct queue *q, struct defer *d)
{
	d->next = &end_mark;
	if (q->first == NULL)
		q->first = d;
	else
		q->last->next = d;
	q->last = d;
}

static void
queue_run(struct queue *q)
{
	while (q->first != NULL) {
		struct defer *d = q->first;

		q->first = d->next != &end_mark ? d->next : NULL;
		d->next = NULL;
		d->run(d);
	}
}

static void
dead_free(struct loop *l)
{
	for (size_t i = 0; i < l->dead_count; i++)
		free(l->dead[i]);
	l->dead_count = 0;
}

/*
 * How late does a timer come that should come every CHECK_MS?  Measured with
 * a clock read now: the turn's figure was taken before the slow callback.
 */
static void
loop_check(int fd, short what, void *ctx)
{
	struct loop *l = ctx;
	uint64_t now_ms;

	(void)fd;
	(void)what;
	loop_enter(l);
	now_ms = now_fresh_ns() / 1000000;
	l->lag_ms = now_ms > l->checked_ms + CHECK_MS
	                ? now_ms - l->checked_ms - CHECK_MS
	                : 0;
	l->checked_ms = now_ms;
	if (l->lag_ms > LOOP_LAG_LOG_MS)
		log_warn("loop: %llu ms late, last step %s",
		    (unsigned long long)l->lag_ms,
		    l->step != NULL ? l->step(l->step_ctx) : "unknown");
}

static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_avoid_method(config, "select");
	event_config_avoid_method(config, "poll");
	base = event_base_new_with_config(config);
	event_config_free(config);
	assert(base != NULL);
	return base;
}

struct loop *
loop_new(void)
{
	struct timeval every = { 0, CHECK_MS * 1000 };
	struct loop *l = xcalloc(1, sizeof(*l));

	/* OpenSSL writes with write(2): a peer that left must not kill us. */
	signal(SIGPIPE, SIG_IGN);
	now_update();
	l->base = base_new();
	l->wheel = wheel_new(l);
	l->outbox = outbox_new();
	l->scratch = xmalloc(LOOP_SCRATCH_SIZE);
	l->checked_ms = now_mono_ms();
	l->check = event_new(l->base, -1, EV_PERSIST, loop_check, l);
	event_add(l->check, &every);
	return l;
}

void
loop_free(struct loop **lp)
{
	struct loop *l = *lp;

	if (l == NULL)
		return;
	queue_run(&l->now);
	queue_run(&l->next);
	queue_run(&l->now);
	dead_free(l);
	free(l->dead);
	event_free(l->check);
	wheel_free(&l->wheel);
	outbox_free(&l->outbox);
	event_base_free(l->base);
	free(l->scratch);
	free(l);
	*lp = NULL;
}

static void
turn_end(struct loop *l, struct queue *next)
{
	queue_run(next);
	queue_run(&l->now);
	dead_free(l);
	if (l->each != NULL)
		l->each(l->each_ctx);
}

void
loop_each_turn(struct loop *l, void (*run)(void *ctx), void *ctx)
{
	l->each = run;
	l->each_ctx = ctx;
}

void
loop_turn(struct loop *l, int timeout_ms)
{
	struct queue next = l->next;
	int flags = EVLOOP_ONCE;

	/* What was put off until this turn must not wait for an event. */
	if (next.first != NULL || timeout_ms == 0)
		flags |= EVLOOP_NONBLOCK;
	else if (timeout_ms > 0) {
		struct timeval tv = { timeout_ms / 1000,
			timeout_ms % 1000 * 1000 };

		event_base_loopexit(l->base, &tv);
	}
	l->next = (struct queue){ NULL, NULL };
	l->entered = false;
	event_base_loop(l->base, flags);
	loop_enter(l);
	turn_end(l, &next);
}

void
loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop)
		loop_turn(l, -1);
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}

struct wheel *
loop_wheel(struct loop *l)
{
	return l->wheel;
}

struct outbox *
loop_outbox(struct loop *l)
{
	return l->outbox;
}

void
loop_enter(struct loop *l)
{
	if (l->entered)
		return;
	l->entered = true;
	now_update();
}

void
loop_defer(struct loop *l, struct defer *d, void (*run)(struct defer *d))
{
	if (d->next != NULL)
		return;
	d->run = run;
	queue_add(&l->now, d);
}

void
loop_next(struct loop *l, struct defer *d, void (*run)(struct defer *d))
{
	if (d->next != NULL)
		return;
	d->run = run;
	queue_add(&l->next, d);
}

void
loop_free_later(struct loop *l, void *p)
{
	if (l->dead_count == l->dead_cap) {
		l->dead_cap = l->dead_cap == 0 ? DEAD_FIRST : l->dead_cap * 2;
		l->dead = xrealloc(l->dead, l->dead_cap * sizeof(l->dead[0]));
	}
	l->dead[l->dead_count++] = p;
}

char *
loop_scratch(struct loop *l)
{
	return l->scratch;
}

uint64_t
loop_lag_ms(const struct loop *l)
{
	return l->lag_ms;
}

void
loop_name_steps(struct loop *l, const char *(*step)(void *ctx), void *ctx)
{
	l->step = step;
	l->step_ctx = ctx;
}

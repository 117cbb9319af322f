#include "net/timer.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/loop.h"

/*
 * slots[tick % SLOTS] lists the timers to be looked at in that tick: to fire,
 * or to be filed anew when their deadline has moved or lies more than one
 * round ahead.  Every filed timer has now < tick <= now + SLOTS - 1, so a
 * slot never mixes rounds.  The event of the loop is armed for the first
 * slot in use only, and comes for nothing when that was emptied since; an idle
 * process does not wake.
 */
enum { SLOTS = 1024 };

struct wheel {
	struct loop *loop;
	struct event *ev;
	uint64_t tick;  /* the last one that was looked at */
	uint64_t armed; /* the tick that ev is set for; 0 = not set */
	uint64_t used[SLOTS / 64];
	struct list slots[SLOTS];
};

static uint64_t
tick_now(void)
{
	return now_mono_ms() / TIMER_TICK_MS;
}

/* The first tick at which deadline_ms has passed. */
static uint64_t
tick_of(uint64_t deadline_ms)
{
	return (deadline_ms + TIMER_TICK_MS - 1) / TIMER_TICK_MS;
}

static void
wheel_arm(struct wheel *w, uint64_t tick)
{
	uint64_t now_ms = now_mono_ms();
	uint64_t at_ms = tick * TIMER_TICK_MS;
	uint64_t wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	struct timeval tv = { (time_t)(wait_ms / 1000),
		(suseconds_t)(wait_ms % 1000 * 1000) };

	w->armed = tick;
	event_add(w->ev, &tv);
}

/* The first tick after w->tick whose slot is in use, or 0. */
static uint64_t
wheel_first(const struct wheel *w)
{
	uint64_t tick = w->tick + 1, last = w->tick + SLOTS;

	while (tick < last) {
		uint64_t word = w->used[tick % SLOTS / 64] >> (tick % 64);

		if (word != 0)
			return tick + (unsigned)__builtin_ctzll(word);
		tick += 64 - tick % 64;
	}
	return 0;
}

/* Off the wheel, which does not turn for a slot that is empty then. */
static void
timer_take(struct timer *t)
{
	struct wheel *w = t->wheel;
	size_t slot = t->tick % SLOTS;

	if (list_empty(&t->link))
		return;
	list_del(&t->link);
	if (list_empty(&w->slots[slot]))
		w->used[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

static void
timer_file(struct timer *t)
{
	struct wheel *w = t->wheel;
	uint64_t tick = tick_of(t->deadline_ms);
	size_t slot;

	if (w->armed == 0) /* nothing is filed: do not walk the past */
		w->tick = tick_now();
	if (tick <= w->tick)
		tick = w->tick + 1;
	if (tick > w->tick + SLOTS - 1)
		tick = w->tick + SLOTS - 1;
	slot = tick % SLOTS;
	t->tick = tick;
	list_add_tail(&w->slots[slot], &t->link);
	w->used[slot / 64] |= UINT64_C(1) << (slot % 64);
	if (w->armed == 0 || tick < w->armed)
		wheel_arm(w, tick);
}

static void
timer_look(struct timer *t)
{
	list_del(&t->link);
	if (t->deadline_ms == TIMER_NEVER)
		return;
	if (t->deadline_ms > now_mono_ms()) {
		timer_file(t);
		return;
	}
	t->deadline_ms = TIMER_NEVER;
	t->fire(t->ctx);
}

static void
wheel_look(struct wheel *w, uint64_t tick)
{
	size_t slot = tick % SLOTS;
	struct list due, *head = &w->slots[slot];

	w->used[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
	/* Onto a list of its own: a callback may file timers here. */
	list_add_tail(head, &due);
	list_del(head);
	while (!list_empty(&due))
		timer_look(LIST_OWNER(due.next, struct timer, link));
}

static void
wheel_turn(int fd, short what, void *ctx)
{
	struct wheel *w = ctx;
	uint64_t now, next;

	(void)fd;
	(void)what;
	loop_enter(w->loop);
	now = tick_now();
	w->armed = now + SLOTS; /* callbacks need not arm: it comes below */
	while ((next = wheel_first(w)) != 0 && next <= now) {
		w->tick = next;
		wheel_look(w, next);
	}
	if (w->tick < now)
		w->tick = now;
	w->armed = 0;
	next = wheel_first(w);
	if (next != 0)
		wheel_arm(w, next);
}

struct wheel *
wheel_new(struct loop *l)
{
	struct wheel *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->ev = event_new(loop_base(l), -1, 0, wheel_turn, w);
	w->tick = tick_now();
	for (size_t i = 0; i < SLOTS; i++)
		list_init(&w->slots[i]);
	return w;
}

void
wheel_free(struct wheel **wp)
{
	if (*wp == NULL)
		return;
	event_free((*wp)->ev);
	free(*wp);
	*wp = NULL;
}

void
timer_init(struct timer *t, struct loop *l, void (*fire)(void *ctx), void *ctx)
{
	list_init(&t->link);
	t->deadline_ms = TIMER_NEVER;
	t->tick = 0;
	t->wheel = loop_wheel(l);
	t->fire = fire;
	t->ctx = ctx;
}

void
timer_set(struct timer *t, uint64_t deadline_ms)
{
	t->deadline_ms = deadline_ms;
	if (!list_empty(&t->link)) {
		if (tick_of(deadline_ms) >= t->tick ||
		    deadline_ms == TIMER_NEVER)
			return;
		timer_take(t);
	}
	if (deadline_ms != TIMER_NEVER)
		timer_file(t);
}

void
timer_stop(struct timer *t)
{
	t->deadline_ms = TIMER_NEVER;
	timer_take(t);
}

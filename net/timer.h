#ifndef NET_TIMER_H
#define NET_TIMER_H

/*
 * timer - deadlines in a hashed wheel, driven by one event of the loop.
 *
 * Fires up to TIMER_TICK_MS late, never early.  Setting is O(1) and makes no
 * system call; moving a set deadline to later is one store.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct loop;
struct wheel;

#define TIMER_TICK_MS 16
#define TIMER_NEVER UINT64_MAX

/* Embedded in its owner; the fields are timer.c's own. */
struct timer {
	struct list link;
	uint64_t deadline_ms; /* TIMER_NEVER: not set */
	uint64_t tick;        /* where it is filed, when on a list */
	struct wheel *wheel;
	void (*fire)(void *ctx);
	void *ctx;
};

/* Neither set nor filed. */
void timer_init(struct timer *t, struct loop *l, void (*fire)(void *ctx),
    void *ctx);

/*
 * Call fire(ctx) once when now_mono_ms() has reached deadline_ms.  Replaces
 * an earlier setting.  TIMER_NEVER unsets cheaply: the timer may stay filed.
 */
void timer_set(struct timer *t, uint64_t deadline_ms);

/* Unset and take off the wheel; must come before the owner is freed. */
void timer_stop(struct timer *t);

static inline bool
timer_is_set(const struct timer *t)
{
	return t->deadline_ms != TIMER_NEVER;
}

/* Between loop.c and timer.c only. */
struct wheel *wheel_new(struct loop *l);
void wheel_free(struct wheel **wp);
struct wheel *loop_wheel(struct loop *l);

#endif

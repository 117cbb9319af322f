#include "tests/sim/sim.h"

#include <string.h>

/*
 * Stores that are seen late.  An actor sees its own stores at once; while it
 * does not run, those that are still in its buffer are taken out of memory
 * again, and put back when it goes on.  They leave the buffer in any order
 * but for two rules: two to one place keep theirs, and a release waits for all
 * before it.  A lock, a read-modify-write and a fence wait for all.
 *
 * Plain stores of a worker to its slots and to its money lane are found by
 * comparing these with what they were.  Loads are never early.
 */

#define PENDING_MAX 1024

struct pending {
	unsigned char *at;
	unsigned char n;
	bool release;
	unsigned char bytes[8], old[8];
};

/* What one actor alone writes: the slots and the money lane of its seat. */
struct own {
	unsigned char *at;
	unsigned char was[SEAT_SLOTS * sizeof(struct slot) + LANE_MONEY_BYTES];
};

static struct buffer {
	struct pending p[PENDING_MAX];
	unsigned n;
	bool inside; /* its view is in memory */
	struct own own;
} buffers[SIM_ACTORS];

void
sim_weak_new(void)
{
	for (unsigned i = 0; i < SIM_ACTORS; i++) {
		buffers[i].n = 0;
		buffers[i].inside = false;
		buffers[i].own.at = NULL;
	}
}

static void
weak_drop(struct buffer *b, unsigned i)
{
	memmove(&b->p[i], &b->p[i + 1], (--b->n - i) * sizeof(b->p[0]));
}

static bool
weak_overlap(const struct pending *a, const struct pending *b)
{
	return a->at < b->at + b->n && b->at < a->at + a->n;
}

/* May it be seen before those that were stored before it? */
static bool
weak_may_leave(const struct buffer *b, unsigned i)
{
	if (b->p[i].release)
		return i == 0;
	for (unsigned k = 0; k < i; k++)
		if (weak_overlap(&b->p[k], &b->p[i]))
			return false;
	return true;
}

static void
weak_add(struct buffer *b, void *at, const void *bytes, const void *old,
    unsigned n, bool release)
{
	struct pending *p;

	if (b->n == PENDING_MAX)
		weak_drop(b, 0);
	p = &b->p[b->n++];
	*p = (struct pending){ .at = at,
		.n = (unsigned char)n,
		.release = release };
	memcpy(p->bytes, bytes, n);
	memcpy(p->old, old, n);
}

/* Plain stores since the last look. */
static void
weak_collect(struct buffer *b)
{
	struct own *o = &b->own;

	if (o->at == NULL || memcmp(o->at, o->was, sizeof(o->was)) == 0)
		return;
	for (size_t i = 0; i < sizeof(o->was); i += 8) {
		if (memcmp(o->at + i, o->was + i, 8) == 0)
			continue;
		weak_add(b, o->at + i, o->at + i, o->was + i, 8, false);
		memcpy(o->was + i, o->at + i, 8);
	}
}

static void
weak_note_own(struct buffer *b, void *at, const void *bytes, unsigned n)
{
	struct own *o = &b->own;

	if (o->at != NULL && (unsigned char *)at >= o->at &&
	    (unsigned char *)at < o->at + sizeof(o->was))
		memcpy(o->was + ((unsigned char *)at - o->at), bytes, n);
}

void
sim_weak_store(void *at, const void *bytes, unsigned n, bool release)
{
	struct buffer *b;

	if (!sim.style.weak || sim.now < 0) {
		memcpy(at, bytes, n);
		return;
	}
	b = &buffers[sim.now];
	weak_collect(b);
	weak_add(b, at, bytes, at, n, release);
	memcpy(at, bytes, n);
	weak_note_own(b, at, bytes, n);
}

static void
weak_own_begin(int who)
{
	struct own *o = &buffers[who].own;
	uint32_t seat;

	if (o->at != NULL || who >= SIM_WORKERS_MAX)
		return;
	seat = sim_fleet_seat(who);
	o->at = (unsigned char *)seat_slots(sim.seg, seat);
	memcpy(o->was, o->at, sizeof(o->was));
}

void
sim_weak_enter(int who)
{
	struct buffer *b = &buffers[who];

	for (unsigned i = 0; i < b->n; i++) {
		memcpy(b->p[i].old, b->p[i].at, b->p[i].n);
		memcpy(b->p[i].at, b->p[i].bytes, b->p[i].n);
	}
	b->inside = true;
	weak_own_begin(who);
}

/* All that it stored is seen.  It is inside, or stored nothing. */
void
sim_weak_settle(int who)
{
	struct buffer *b = &buffers[who];

	sim_check(b->inside || b->n == 0, "stores of one who does not run");
	weak_collect(b);
	b->n = 0;
}

void
sim_weak_die(int who)
{
	sim_weak_settle(who);
	buffers[who].inside = false;
	buffers[who].own.at = NULL;
}

void
sim_weak_leave(int who)
{
	struct buffer *b = &buffers[who];

	if (!b->inside)
		return; /* it ended */
	weak_collect(b);
	for (unsigned tries = sim_once_in(2) ? 0
	                                     : (unsigned)sim_draw(b->n + 2u);
	     tries > 0 && b->n > 0; tries--) {
		unsigned i = (unsigned)sim_draw(b->n);

		if (weak_may_leave(b, i))
			weak_drop(b, i);
	}
	for (unsigned i = b->n; i-- > 0;)
		memcpy(b->p[i].at, b->p[i].old, b->p[i].n);
	b->inside = false;
}

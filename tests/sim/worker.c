#include "tests/sim/flight.h"

#include "shm/wake.h"
#include "tests/sim/os.h"

/*
 * A worker: some requests at a time, each with holds on its customer's
 * accounts and the organization's.  It waits as the real one does: for a bit
 * in the word of its seat, and for nothing else.
 */

static bool
worker_may_begin(const struct worker *w)
{
	return w->left > 0 && !sim.stop && !sim_fleet_drains(sim.now);
}

static void
worker_go_on(struct worker *w, struct flight *f)
{
	/* Patience ends; the slot is given back. */
	if (f->state < SENT && f->state != IDLE &&
	    (sim.stop || sim_once_in(40))) {
		flight_leave(w, f);
		return;
	}
	switch (f->state) {
	case IDLE:
		flight_begin(w, f);
		break;
	case UNKNOWN:
		flight_know(w, f);
		break;
	case WANTS:
		flight_take(w, f);
		break;
	case SENT:
		flight_relay(w, f);
		break;
	case STUCK:
		flight_settle(w, f);
	}
}

/* One that can go on, or NULL: *why_r then says what the others wait for. */
static struct flight *
worker_pick(struct worker *w, enum sim_wait *why_r, unsigned *busy_r)
{
	unsigned first = (unsigned)sim_draw(FLIGHTS);

	*why_r = SIM_WAIT_TIME;
	*busy_r = 0;
	for (unsigned i = 0; i < FLIGHTS; i++) {
		struct flight *f = &w->flights[(first + i) % FLIGHTS];

		if (f->state == IDLE ? worker_may_begin(w) : f->again)
			return f;
		if (f->state != IDLE) {
			*why_r = f->waits;
			(*busy_r)++;
		}
	}
	return NULL;
}

static void
worker_sleep(struct worker *w, enum sim_wait why)
{
	int fd = SIM_FD_SEAT + (int)w->o.index;
	uint64_t none;

	sim_park(1ull << fd, 10000000000ull, why);
	sim_read(fd, &none, sizeof(none));
	sim_tell("is woken for", wake_take(sim.seg, w->o.index), 0, 0);
	for (unsigned i = 0; i < FLIGHTS; i++)
		w->flights[i].again = true;
}

void
sim_worker(void)
{
	struct worker w = { .left = sim.style.attempts };
	enum sim_wait why;
	unsigned busy;

	seat_own(sim.seg, sim_fleet_seat(sim.now), &w.o);
	for (;;) {
		struct flight *f = worker_pick(&w, &why, &busy);

		if (f != NULL)
			worker_go_on(&w, f);
		seat_wake(&w.o);
		if (f == NULL && busy == 0 && sim_fleet_drains(sim.now))
			sim_kill(sim.now); /* it ends of itself */
		if (f == NULL)
			worker_sleep(&w, why);
	}
}

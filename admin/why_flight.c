/* why_flight - what a request in flight holds: its slot in the segment. */

#include "admin/why.h"

#include <string.h>

#include "admin/accounts.h"
#include "admin/show.h"
#include "base/clock.h"
#include "base/hex.h"
#include "shm/seat.h"

/* What a slot says, read while its worker may change it. */
struct flight {
	uint32_t seat, state;
	unsigned n;
	struct account_key keys[ACCOUNTS_PER_HOLD];
	int64_t held[ACCOUNTS_PER_HOLD];
	int64_t progress_in, progress_out, started_us;
	uint64_t price_version;
	unsigned attempt;
	unsigned char id[16];
};

static void
flight_copy(struct office *o, const struct slot *s, struct flight *f)
{
	memcpy(f->id, s->request_id, sizeof f->id);
	f->n = s->n_accounts;
	if (f->state == SLOT_OPEN || f->n > ACCOUNTS_PER_HOLD)
		f->n = 0; /* nothing is held yet */
	for (unsigned i = 0; i < f->n; i++) {
		uint32_t entry = s->entry[i];

		if (entry < segment_max_accounts(o->seg))
			f->keys[i] = account_at(o->seg, entry)->key;
		f->held[i] = atomic_load(&s->amount[i]);
	}
	f->progress_in = atomic_load(&s->progress_in);
	f->progress_out = atomic_load(&s->progress_out);
	f->started_us = s->started_us;
	f->price_version = s->price_version;
	f->attempt = s->attempt;
}

/* 1 when slot i is this request's and was so during all of the copy. */
static int
flight_read(struct office *o, const struct why_id *w, uint32_t i,
    struct flight *f)
{
	const struct slot *s = &seat_slots(o->seg, f->seat)[i];
	_Atomic uint32_t *state = &seat_states(o->seg, f->seat)[i];

	f->state = atomic_load(state);
	if (f->state == SLOT_FREE || f->state > SLOT_DONE ||
	    !why_fits(w, s->request_id))
		return 0;
	flight_copy(o, s, f);
	return why_fits(w, f->id) && atomic_load(state) == f->state;
}

/* How many slots fit; *f_r is one of them. */
static unsigned
flight_find(struct office *o, const struct why_id *w, struct flight *f_r)
{
	struct flight f = { .seat = 0 };
	unsigned n = 0;

	for (; f.seat < segment_seats(o->seg); f.seat++) {
		if (!seat_mapped(o->seg, f.seat))
			continue;
		for (uint32_t i = 0; i < SEAT_SLOTS; i++)
			if (flight_read(o, w, i, &f)) {
				*f_r = f;
				n++;
			}
	}
	return n;
}

static int
flight_show_accounts(struct office *o, const struct flight *f, struct sbuf *out,
    struct err *e)
{
	show_name(out, "accounts");
	sbuf_addc(out, '[');
	for (unsigned i = 0; i < f->n; i++) {
		struct row_key k = row_key_make(f->keys[i].hash,
		    f->keys[i].kind, f->keys[i].period_s);

		show_element(out);
		sbuf_addc(out, '{');
		if (accounts_show(o, &k, out, e) != 0)
			return -1;
		show_amount(out, "hold", f->held[i]);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
	return 0;
}

int
why_show_flight(struct office *o, struct why_id *w, struct sbuf *out,
    struct err *e)
{
	static const char *const states[] = { "free", "waiting", "held", "sent",
		"settled" };
	struct flight f;
	unsigned n = flight_find(o, w, &f);

	/* Of two that begin so, neither is meant. */
	if (n != 1)
		return 0;
	memcpy(w->id, f.id, sizeof w->id);
	w->known = true;
	show_name(out, "in_flight");
	sbuf_addc(out, '{');
	show_text(out, "state", slice_str(states[f.state]));
	show_time(out, "started", f.started_us / 1000000);
	show_int(out, "attempt", f.attempt);
	show_int(out, "price_version", (int64_t)f.price_version);
	show_int(out, "tokens_in_so_far", f.progress_in);
	show_int(out, "tokens_out_so_far", f.progress_out);
	if (flight_show_accounts(o, &f, out, e) != 0)
		return -1;
	sbuf_addc(out, '}');
	return 1;
}

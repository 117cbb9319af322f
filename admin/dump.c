/* dump - the verb debug dump: the segment as JSON, for a bug report. */

#include "admin/show.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "shm/gen.h"
#include "shm/seat.h"
#include "shm/stripe.h"
#include "shm/wake.h"

static void
dump_slots(struct office *o, uint32_t seat, struct sbuf *out)
{
	static const char *const names[] = { "free", "open", "held", "sent",
		"done" };
	_Atomic uint32_t *states = seat_states(o->seg, seat);
	uint32_t count[5] = { 0 };

	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t state = atomic_load(&states[i]);

		count[state <= SLOT_DONE ? state : SLOT_FREE]++;
	}
	show_name(out, "slots");
	sbuf_addc(out, '{');
	for (int i = SLOT_OPEN; i <= SLOT_DONE; i++)
		show_int(out, names[i], count[i]);
	sbuf_addc(out, '}');
}

static void
dump_lane(struct sbuf *out, const char *name, const struct lane_words *words)
{
	show_name(out, name);
	sbuf_addc(out, '{');
	show_int(out, "head", (int64_t)atomic_load(&words->head));
	show_int(out, "tail", (int64_t)atomic_load(&words->tail));
	show_int(out, "tail_seq", (int64_t)atomic_load(&words->tail_seq));
	show_int(out, "discarded", (int64_t)atomic_load(&words->discarded));
	sbuf_addc(out, '}');
}

static void
dump_seats(struct office *o, struct sbuf *out)
{
	static const char *const states[] = { "free", "owned", "reaped" };

	show_name(out, "seats");
	sbuf_addc(out, '[');
	for (uint32_t i = 0; i < segment_seats(o->seg); i++) {
		struct seat *s = seat_at(o->seg, i);
		uint32_t state = atomic_load(&s->state);

		if (state == SEAT_FREE || state > SEAT_REAPED)
			continue;
		show_element(out);
		sbuf_addc(out, '{');
		show_int(out, "seat", i);
		show_text(out, "state", slice_str(states[state]));
		show_int(out, "pid", atomic_load(&s->pid));
		show_int(out, "generation", atomic_load(&s->generation));
		show_int(out, "step", atomic_load(&s->figures.step));
		if (seat_mapped(o->seg, i))
			dump_slots(o, i, out);
		dump_lane(out, "money", &s->money);
		dump_lane(out, "log", &s->log);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
}

static void
dump_account(struct sbuf *out, const struct account_view *v, int64_t used_s)
{
	static const char *const states[] = { "free", "loading", "ready" };
	char hash[2 * OWNER_HASH_SIZE + 1];

	hex_write(v->key.hash, OWNER_HASH_SIZE, hash);
	sbuf_addc(out, '{');
	show_text(out, "owner", slice_str(hash));
	show_text(out, "scope", slice_str(show_account_scope(v->key.kind)));
	show_text(out, "period", slice_str(show_account_period(v->key.kind)));
	show_time(out, "period_start", v->key.period_s);
	show_text(out, "state", slice_str(states[v->state]));
	show_money(out, "limit", v->limit);
	show_money(out, "settled", v->settled);
	show_money(out, "held", v->reserved);
	show_money(out, "lease",
	    v->limit == ACCOUNT_UNLIMITED ? ACCOUNT_UNLIMITED : v->lease);
	show_money(out, "suspense", v->suspense);
	show_int(out, "idle_s", (int64_t)(now_mono_ms() / 1000) - used_s);
	sbuf_addc(out, '}');
}

static void
dump_accounts(struct office *o, struct sbuf *out)
{
	uint32_t at = 0, entry;

	show_name(out, "accounts");
	sbuf_addc(out, '[');
	while (account_each(o->seg, &at, &entry)) {
		struct account_view view;

		if (!account_view(o->seg, entry, &view))
			continue;
		show_element(out);
		dump_account(out, &view,
		    atomic_load(&account_at(o->seg, entry)->used_s));
	}
	sbuf_addc(out, ']');
}

int
verb_debug_dump(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	char id[2 * SEGMENT_ID_SIZE + 1];

	(void)args;
	(void)e;
	hex_write(segment_id(o->seg), SEGMENT_ID_SIZE, id);
	sbuf_addc(out, '{');
	show_text(out, "segment", slice_str(id));
	show_int(out, "layout", SEGMENT_LAYOUT);
	show_int(out, "epoch", (int64_t)segment_epoch(o->seg));
	show_int(out, "stripe_repairs", (int64_t)stripe_repairs(o->seg));
	show_int(out, "wake_ups_missed", (int64_t)wake_missed_count(o->seg));
	show_int(out, "generation_keys", (int64_t)gen_get(o->seg, GEN_KEYS));
	show_int(out, "generation_customers",
	    (int64_t)gen_get(o->seg, GEN_CUSTOMERS));
	dump_seats(o, out);
	dump_accounts(o, out);
	sbuf_addc(out, '}');
	return 1;
}

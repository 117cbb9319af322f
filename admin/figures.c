#include "admin/figures.h"

#include "admin/office.h"
#include "base/clock.h"
#include "shm/account.h"
#include "shm/seat.h"

#define SILENT_MS 5000 /* a beat comes each second */

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
figures_add_lanes(struct office *o, struct figures *f, const struct seat *s)
{
	f->money_permille = larger(f->money_permille,
	    lane_used_permille(&s->money, LANE_MONEY_BYTES));
	f->log_permille = larger(f->log_permille,
	    lane_used_permille(&s->log, seat_log_bytes(o->seg)));
	f->charges_wait |= !lane_empty(&s->money);
}

static void
figures_add_seat(struct office *o, struct figures *f, const struct seat *s)
{
	/* What was dropped stays counted when the seat is free again. */
	for (int i = 0; i < LANE_TYPES; i++)
		f->dropped[i] += atomic_load(&s->log.dropped[i]);
	if (atomic_load(&s->state) != SEAT_FREE)
		figures_add_lanes(o, f, s);
	if (atomic_load(&s->state) != SEAT_OWNED)
		return;
	f->workers++;
	f->draining += atomic_load(&s->figures.draining) != 0;
	f->requests_inflight += atomic_load(&s->figures.requests_inflight);
	f->streams += atomic_load(&s->figures.streams);
	f->connections += atomic_load(&s->figures.connections);
}

static void
figures_add_accounts(struct office *o, struct figures *f)
{
	uint32_t at = 0, entry;

	while (account_each(o->seg, &at, &entry)) {
		struct account_view view;

		if (!account_view(o->seg, entry, &view) ||
		    view.key.kind == ACCOUNT_KEY_USES)
			continue;
		f->held_nano += view.reserved;
		f->suspense_nano += view.suspense;
	}
	f->accounts = account_count(o->seg);
}

static uint64_t
figures_silent_ms(struct office *o, enum segment_role role)
{
	uint64_t beaten_ns = segment_beaten_ns(o->seg, role);
	uint64_t now_ns = now_mono_ns();

	return now_ns > beaten_ns ? (now_ns - beaten_ns) / 1000000 : 0;
}

void
figures_read(struct office *o, struct figures *f_r)
{
	*f_r = (struct figures){ .workers = 0 };
	for (uint32_t i = 0; i < segment_seats(o->seg); i++)
		figures_add_seat(o, f_r, seat_at(o->seg, i));
	figures_add_accounts(o, f_r);
	f_r->keeper_silent_ms = figures_silent_ms(o, ROLE_KEEPER);
	f_r->logger_silent_ms = figures_silent_ms(o, ROLE_LOGGER);
	f_r->clock_steps = segment_clock_steps(o->seg, &f_r->clock_step_s);
}

bool
figures_ready(const struct figures *f, struct sbuf *reasons)
{
	size_t before = reasons->len;

	if (f->keeper_silent_ms > SILENT_MS)
		sbuf_addf(reasons, "\"keeper silent for %llu s\"",
		    (unsigned long long)f->keeper_silent_ms / 1000);
	if (f->workers == f->draining) {
		if (reasons->len > before)
			sbuf_addc(reasons, ',');
		sbuf_adds(reasons,
		    f->workers > 0 ? "\"draining\"" : "\"no worker\"");
	}
	return reasons->len == before;
}

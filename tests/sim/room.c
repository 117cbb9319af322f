/*
 * The room shm and the keeper once more, with the hooks of hooks.h between
 * their stores and in the place of everything that waits.
 */
#include "tests/sim/hooks.h"

#include "tests/sim/heap.h"

#include "shm/account.c"
#include "shm/account_table.c"
#include "shm/account_want.c"
#include "shm/apply.c"
#include "shm/apply_publish.c"
#include "shm/audit.c"
#include "shm/gen.c"
#include "shm/health.c"
#include "shm/hold.c"
#include "shm/inflight.c"
#include "shm/lane.c"
#include "shm/lane_read.c"
#include "shm/period.c"
#include "shm/rate.c"
#include "shm/reap.c"
#include "shm/recover.c"
#include "shm/seat.c"
#include "shm/segment.c"
#include "shm/segment_map.c"
#include "shm/segment_words.c"
#include "shm/settle.c"
#include "shm/sieve.c"
#include "shm/stats.c"
#include "shm/stats_info.c"
#include "shm/stripe.c"
#include "shm/verdict.c"
#include "shm/wake.c"

#define xcalloc(n, size) heap_zeroes(n, size)
#define free(p) heap_free(p)
#define stats_resident(seg, area, name) ((void)(seg))

/* In one file, a name of one room may hide another's. */
#pragma GCC diagnostic ignored "-Wshadow"

#include "keeper/alerts.c"
#include "keeper/amounts.c"
#include "keeper/answer.c"
#include "keeper/audit.c"
#include "keeper/book.c"
#include "keeper/customers.c"
#include "keeper/evict.c"
#include "keeper/fold.c"
#include "keeper/handover.c"
#include "keeper/journal.c"
#include "keeper/keeper.c"
#include "keeper/limits.c"
#include "keeper/startstop.c"
#include "keeper/stored.c"
#include "keeper/turn.c"

#include "base/money.h"
#include "tests/snapshot.h"

pthread_mutex_t *
sim_stripe(unsigned i)
{
	return &stripe_at(sim.seg, i)->mutex;
}

pthread_mutex_t *
sim_table(void)
{
	return &sim.seg->head->table_lock.mutex;
}

/* -- the segment -- */

/* Parts of the segment that a story may change. */
struct part {
	uint64_t from, to;
	char *fresh;
};

static struct part parts[2];

static void
room_make_segment(void)
{
	static const struct segment_shape shape = { 2, SIM_ENTRIES, 4096 };
	struct err e;

	sim_check(segment_create(NULL, &shape, &sim.seg, &e) == 1, "%s",
	    e.text);
	parts[0].to = sim.seg->map.rates;
	parts[1].from = sim.seg->map.seats;
	parts[1].to = sim.seg->map.end;
	for (unsigned i = 0; i < 2; i++) {
		struct part *p = &parts[i];

		p->fresh = xmalloc(p->to - p->from);
		memcpy(p->fresh, segment_part(sim.seg, p->from),
		    p->to - p->from);
	}
}

/* One after a reboot: as just made, with an id of its own. */
void
sim_segment_new(void)
{
	static struct segment *kept;

	sim.seg = kept;
	if (kept == NULL)
		room_make_segment();
	kept = sim.seg;
	for (unsigned i = 0; i < 2; i++)
		memcpy(segment_part(sim.seg, parts[i].from), parts[i].fresh,
		    parts[i].to - parts[i].from);
	for (unsigned i = 0; i < SEGMENT_ID_SIZE; i++)
		sim.seg->head->id[i] = (unsigned char)sim_draw(256);
	segment_set_role_fd(sim.seg, ROLE_KEEPER, SIM_FD_KEEPER);
	for (uint32_t i = 0; i < SIM_SEATS; i++)
		segment_set_seat_fd(sim.seg, i, SIM_FD_SEAT + (int)i);
	sim_locks_new();
	sim_weak_new();
}

/* -- the keeper -- */

struct room_settings {
	struct settings s;
	struct settings_exporter exporter;
	int32_t alert_at[SIM_PERCENTS];
	struct snapshot_room room;
};

const int32_t sim_percents[SIM_PERCENTS] = { 50, 80, 100 };

static const struct settings *
room_settings(void)
{
	static struct room_settings w;
	struct settings *s = &w.s;

	/* Leases are short; without them a lane fills before it is read. */
	s->customers_defaults_period_budget_nano =
	    sim.style.slow ? MONEY_NONE : SIM_BUDGET;
	s->customers_defaults_total_budget_nano =
	    sim.style.slow ? MONEY_NONE : 5 * SIM_BUDGET;
	s->organization_period_budget_nano =
	    sim.style.slow ? MONEY_NONE : 4 * SIM_BUDGET;
	if (s->magic != 0)
		return s;
	s->magic = SETTINGS_MAGIC;
	s->size = sizeof(w);
	s->store_path = snapshot_text(&w, &w.room, "nowhere");
	s->customers_unknown = snapshot_text(&w, &w.room, "create");
	s->customers_defaults_budget_duration =
	    snapshot_text(&w, &w.room, "daily");
	s->organization_budget_duration = snapshot_text(&w, &w.room, "weekly");
	s->organization_credits_nano = MONEY_NONE;
	s->budgets_timezone = snapshot_text(&w, &w.room, "UTC");
	s->budgets_week_starts = snapshot_text(&w, &w.room, "monday");
	s->budgets_keep_periods = 1000;
	memcpy(w.alert_at, sim_percents, sizeof(w.alert_at));
	s->budgets_alert_at =
	    (struct slist){ offsetof(struct room_settings, alert_at),
		    SIM_PERCENTS };
	w.exporter.enabled = true;
	w.exporter.events = 1u << ALERT_CUSTOMER_LIMIT;
	s->exporters =
	    (struct slist){ offsetof(struct room_settings, exporter), 1 };
	return s;
}

void
sim_keeper(void)
{
	struct keeper_args args = { .settings = room_settings(),
		.segment = sim.seg,
		.master_fd = SIM_FD_MASTER,
		.admin_fd = SIM_FD_ADMIN,
		.logger_fd = -1 };

	sim.keeper_ended = keeper_main(&args) == 0;
	sim_tell("keeper ends", sim.keeper_ended, 0, 0);
	sim_kill(SIM_KEEPER);
}

void
sim_forget_keeper(void)
{
	heap_forget();
}

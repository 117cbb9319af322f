#include "tests/power/drive_priv.h"

#include <check.h>

#include "base/clock.h"
#include "base/sbuf.h"
#include "tests/power/draw.h"

static void
drive_record(const struct flight *f, uint64_t seq)
{
	struct past_rows *lane =
	    &past.epochs[drive_state.now.epoch].lanes[f->worker];
	struct past_row *row = past_rows_add(lane);

	ck_assert_uint_eq(lane->n, seq);
	for (unsigned i = 0; i < f->n; i++) {
		struct past_sums *s = &row->of[f->accounts[i]];

		s->settled += f->actual + i;
		s->suspense += f->suspense;
		s->requests++;
	}
}

/* A customer that nobody knows yet: its worker says who it is. */
static void
drive_create(unsigned customer, unsigned worker)
{
	struct drive *v = &drive_state;
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET |
		                                   CUSTOMER_TOTAL_BUDGET };
	struct flight nobody = { .worker = worker };
	struct sbuf packed = { 0 };
	uint64_t ticket;
	char id[WORLD_TEXT];

	change.def.identifier = world_owner(2 * customer, id).id;
	change.def.params_digest = customer + 1;
	change.def.period_budget_nano = drive_draw_limit();
	change.def.total_budget_nano = drive_draw_limit();
	drive_limit_begins(2 * customer, change.def.period_budget_nano);
	drive_limit_begins(2 * customer + 1, change.def.total_budget_nano);
	defs_change_pack(&packed, &change);
	ticket = lane_upsert(&world.workers[worker].money, packed.data,
	    (uint32_t)packed.len);
	sbuf_free(&packed);
	drive_record(&nobody, ticket);
	while (!lane_consumed(&world.workers[worker].money, ticket))
		ck_assert_int_eq(drive_turn(), 1);
	drive_limit_ends(2 * customer);
	drive_limit_ends(2 * customer + 1);
	v->known[2 * customer] = true;
	drive_tell();
}

static bool
drive_take(struct flight *f, struct seat_owner *o)
{
	struct hold_terms terms = { .n_accounts = f->n };
	struct hold_refusal why;
	enum hold_result got = HOLD_BUSY;

	for (unsigned i = 0; i < f->n; i++)
		terms.accounts[i] =
		    (struct hold_account){ world_key(f->accounts[i]),
			    f->hold + i, false };
	for (int tries = 0; tries < 5 && got != HOLD_OK; tries++) {
		got = hold_take(o, f->slot, &terms,
		    (int64_t)(now_mono_ms() / 1000), &why, NULL);
		if (got == HOLD_EXCEEDED || got == HOLD_HELD)
			return false;
		if (got != HOLD_OK)
			drive_turn();
	}
	return got == HOLD_OK;
}

/* What holds the workers is what the operator was answered. */
static void
drive_check_limits(const struct flight *f)
{
	for (unsigned i = 0; i < f->n; i++)
		ck_assert_int_eq(world_view(f->accounts[i]).limit,
		    drive_state.now.accounts[f->accounts[i]].limit[0]);
}

static struct flight *
drive_find(bool used)
{
	struct drive *v = &drive_state;
	unsigned at = (unsigned)draw(v->draw, FLIGHTS);

	for (unsigned i = 0; i < FLIGHTS; i++) {
		struct flight *f = &v->flights[(at + i) % FLIGHTS];

		if ((f->n > 0) == used)
			return f;
	}
	return NULL;
}

void
drive_request(void)
{
	static const unsigned char id[16] = "request";
	static const uint32_t none[SLOT_COUNTERS] = { UINT32_MAX, UINT32_MAX,
		UINT32_MAX, UINT32_MAX };
	struct drive *v = &drive_state;
	struct flight *f = drive_find(false);
	unsigned customer = (unsigned)draw(v->draw, WORLD_CUSTOMERS);
	unsigned key = WORLD_KEY_FIRST + (unsigned)draw(v->draw, WORLD_KEYS);

	if (f == NULL)
		return;
	*f = (struct flight){ .worker = (unsigned)draw(v->draw, WORLD_WORKERS),
		.accounts = { 2 * customer, 2 * customer + 1, key, WORLD_ORG },
		.n = 4,
		.hold = 1000 + (int64_t)draw(v->draw, 20000000) };
	if (!v->known[2 * customer])
		drive_create(customer, f->worker);
	if (!v->known[key])
		drive_change_key(key);
	f->slot = hold_open(&world.workers[f->worker], id, now_real_us(), none);
	ck_assert_uint_ne(f->slot, SLOT_NONE);
	v->counts.requests++;
	if (drive_take(f, &world.workers[f->worker])) {
		drive_check_limits(f);
		return;
	}
	hold_close(&world.workers[f->worker], f->slot);
	v->counts.refused++;
	f->n = 0;
}

/* From here on the provider may send a bill. */
static void
drive_send(struct flight *f)
{
	struct drive *v = &drive_state;

	if (f->sent)
		return;
	f->sent = true;
	f->actual = (int64_t)draw(v->draw, (uint64_t)f->hold + 1);
	f->suspense = (int64_t)draw(v->draw, (uint64_t)f->actual + 1);
	hold_sent(&world.workers[f->worker], f->slot);
	for (unsigned i = 0; i < f->n; i++)
		v->now.accounts[f->accounts[i]].billed += f->actual + i;
	drive_tell();
}

static void
drive_settle(struct flight *f)
{
	struct seat_owner *o = &world.workers[f->worker];
	struct settle_charge charge = { .cause = SETTLE_USAGE };

	drive_send(f);
	for (unsigned i = 0; i < f->n; i++) {
		charge.actual[i] = f->actual + i;
		charge.suspense[i] = f->suspense;
	}
	ck_assert_int_eq(settle_publish(o, f->slot, &charge), 1);
	drive_record(f, o->money.seq);
	drive_state.counts.settled++;
	f->n = 0;
}

void
drive_settle_some(void)
{
	struct drive *v = &drive_state;

	for (unsigned n = 1 + (unsigned)draw(v->draw, 4); n > 0; n--) {
		struct flight *f = drive_find(true);

		if (f != NULL)
			drive_settle(f);
	}
}

void
drive_send_one(void)
{
	struct flight *f = drive_find(true);

	if (f != NULL)
		drive_send(f);
}

void
drive_finish_requests(void)
{
	struct drive *v = &drive_state;

	for (unsigned i = 0; i < FLIGHTS; i++)
		if (v->flights[i].n > 0)
			drive_settle(&v->flights[i]);
	while (drive_turn() == 1)
		;
}

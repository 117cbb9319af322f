#include "tests/sim/sim.h"

#include <string.h>

#include "base/err.h"
#include "shm/stripe.h"

/*
 * What must hold between any two steps: spec/money.md 8.7.
 *
 * held: what the slots hold.  open: without those whose charge the ledger has
 * already, so that settled + open moves in one piece at a commit.
 */

struct sums {
	int64_t held[SIM_TRUTHS], open[SIM_TRUTHS];
};

static struct judge {
	struct sums sums;
	uint32_t slot[SIM_SEATS][SEAT_SLOTS]; /* states as last seen */
	uint64_t head[SIM_SEATS], seq[SIM_SEATS];
	int truth[SIM_ENTRIES]; /* of an entry, as last found */
	bool met;               /* the ledger knows this segment */
} judge;

void
sim_judge_new(void)
{
	memset(&judge, 0, sizeof(judge));
	for (unsigned i = 0; i < sim.truths; i++)
		sim.truth[i].used = INT64_MAX;
}

/* account_key_same(), for one who asks it all the time. */
static inline bool
judge_same(const struct account_key *a, const struct account_key *b)
{
	return a->period_s == b->period_s && a->kind == b->kind &&
	       memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* The number of the truth of an entry's account. */
static int
judge_entry(uint32_t entry)
{
	const struct account_key *key = &account_at(sim.seg, entry)->key;
	int at = judge.truth[entry];

	if (at < (int)sim.truths && judge_same(&sim.truth[at].key, key))
		return at;
	return judge.truth[entry] = (int)(sim_truth(key) - sim.truth);
}

/* -- slots -- */

/* What may follow what; and from DONE nobody but the keeper leads on. */
static bool
judge_may_follow(uint32_t was, uint32_t is)
{
	static const uint32_t after[] = {
		[SLOT_FREE] = 1u << SLOT_OPEN,
		[SLOT_OPEN] = 1u << SLOT_HELD | 1u << SLOT_FREE,
		[SLOT_HELD] = 1u << SLOT_SENT | 1u << SLOT_OPEN |
		              1u << SLOT_FREE | 1u << SLOT_DONE,
		[SLOT_SENT] = 1u << SLOT_DONE,
		[SLOT_DONE] = 1u << SLOT_FREE,
	};

	return was <= SLOT_DONE && (after[was] >> is & 1) != 0;
}

static void
judge_state(uint32_t seat, uint32_t i, uint32_t is)
{
	uint32_t was = judge.slot[seat][i];

	if (was == is)
		return;
	judge.slot[seat][i] = is;
	if (sim.style.weak) /* some steps may have been seen at once */
		return;
	sim_check(judge_may_follow(was, is), "slot %u of seat %u: %u after %u",
	    i, seat, is, was);
	sim_check(was != SLOT_DONE || sim.now == SIM_KEEPER,
	    "slot %u of seat %u: a charge is forgotten by %s", i, seat,
	    sim_name(sim.now));
}

static void
judge_slot(uint32_t seat, uint32_t i, uint32_t state)
{
	const struct slot *s = &seat_slots(sim.seg, seat)[i];
	uint64_t seq = atomic_load(&s->seq);
	bool applied = state == SLOT_DONE && seq != 0 && judge.met &&
	               seq <= sim_disk_cursor(seat);

	for (unsigned k = 0; k < s->n_accounts; k++) {
		int at = judge_entry(s->entry[k]);
		int64_t amount = atomic_load(&s->amount[k]);

		sim_check(atomic_load(
			      &account_at(sim.seg, s->entry[k])->state) !=
			      ACCOUNT_FREE,
		    "an account was dropped with a slot on it");
		judge.sums.held[at] += amount;
		if (!applied)
			judge.sums.open[at] += amount;
	}
}

static void
judge_seat(uint32_t seat)
{
	const _Atomic uint32_t *states = seat_states(sim.seg, seat);

	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t state = atomic_load(&states[i]);

		judge_state(seat, i, state);
		if (state >= SLOT_HELD)
			judge_slot(seat, i, state);
	}
}

/* -- lanes -- */

/* What is published follows what was published, without a gap. */
static void
judge_lane(uint32_t seat)
{
	const struct lane_words *w = &seat_at(sim.seg, seat)->money;
	uint64_t head = atomic_load(&w->head), tail = atomic_load(&w->tail);
	struct lane_reader r;
	struct lane_record rec;
	struct err e;
	int got;

	sim_check(tail <= head && head - tail <= LANE_MONEY_BYTES,
	    "lane %u: tail %llu, head %llu", seat, (unsigned long long)tail,
	    (unsigned long long)head);
	if (head == judge.head[seat])
		return;
	seat_reader(sim.seg, seat, LANE_MONEY, &r);
	r.pos = judge.head[seat];
	r.seq = judge.seq[seat];
	while ((got = lane_next(&r, &rec, &e)) == 1)
		;
	sim_check(got == 0, "lane %u: %s", seat, e.text);
	judge.head[seat] = head;
	judge.seq[seat] = r.seq;
}

/* -- accounts -- */

/* Memory, while nobody is inside the stripe or died there. */
static void
judge_memory(unsigned at, const struct account *a)
{
	const struct sim_truth *t = &sim.truth[at];
	const struct sim_row *disk = sim_disk_durable(at);
	int64_t settled = atomic_load(&a->settled);
	int64_t lease = atomic_load(&a->lease);

	sim_check(atomic_load(&a->reserved) == judge.sums.held[at],
	    "account %u: reserved %lld, the slots hold %lld (I4)", at,
	    (long long)atomic_load(&a->reserved),
	    (long long)judge.sums.held[at]);
	if (atomic_load(&a->state) != ACCOUNT_READY)
		return;
	sim_check(disk->there, "account %u: used before it is durable", at);
	if (atomic_load(&a->limit) == ACCOUNT_UNLIMITED) {
		sim_check(disk->row.limit == ACCOUNT_UNLIMITED,
		    "account %u: without a limit in memory alone", at);
		return;
	}
	sim_check(settled + judge.sums.open[at] <= lease + t->over,
	    "account %u: settled %lld and held %lld pass the lease %lld (I1)",
	    at, (long long)settled, (long long)judge.sums.open[at],
	    (long long)lease);
	sim_check(sim.ending || disk->row.limit == ACCOUNT_UNLIMITED ||
		      lease <= disk->row.lease + t->over,
	    "account %u: lease %lld, of which the disk has %lld (I1)", at,
	    (long long)lease, (long long)disk->row.lease);
}

/* More than before is used: the limit in force must carry it. */
static void
judge_growth(unsigned at, const struct account *a, int64_t used)
{
	struct sim_truth *t = &sim.truth[at];
	bool grew = used > t->used && used - t->used > t->over;

	t->used = used;
	if (!grew || a == NULL || atomic_load(&a->state) != ACCOUNT_READY ||
	    atomic_load(&a->limit) == ACCOUNT_UNLIMITED)
		return;
	sim_check(used <= atomic_load(&a->limit) + t->over,
	    "account %u: %lld used, the limit is %lld", at, (long long)used,
	    (long long)atomic_load(&a->limit));
}

static void
judge_disk(unsigned at, int64_t used)
{
	const struct sim_row *disk = sim_disk_durable(at);
	const struct sim_truth *t = &sim.truth[at];

	if (!disk->there || disk->row.limit == ACCOUNT_UNLIMITED ||
	    sim_disk_committed(at)->row.limit == ACCOUNT_UNLIMITED)
		return;
	sim_check(used <= disk->row.lease + t->over,
	    "account %u: %lld used, the durable lease is %lld (I1)", at,
	    (long long)used, (long long)disk->row.lease);
	sim_check(t->bill <= disk->row.lease + t->over,
	    "account %u: %lld billed, the durable lease is %lld", at,
	    (long long)t->bill, (long long)disk->row.lease);
}

static bool
judge_quiet(unsigned at)
{
	unsigned stripe =
	    (unsigned)__builtin_ctzll(stripe_bit(&sim.truth[at].key));

	return sim_locks_free(sim_stripe(stripe)) &&
	       sim_locks_free(sim_table());
}

/* Its entry may be NULL: it is not in the segment. */
static void
judge_account(unsigned at, const struct account *a)
{
	struct sim_truth *t = &sim.truth[at];
	const struct apply_row *row = &sim_disk_committed(at)->row;
	int64_t used = row->settled + judge.sums.open[at];

	/* Between a loss and the keeper that finds it, lease is settled. */
	if (judge.met)
		sim_check(t->bill <= used + t->over,
		    "account %u: %lld billed, %lld settled, %lld held (I2)", at,
		    (long long)t->bill, (long long)row->settled,
		    (long long)judge.sums.open[at]);
	sim_check(used >= 0, "account %u: wrapped", at);
	judge_disk(at, used);
	if (a != NULL && judge_quiet(at))
		judge_memory(at, a);
	judge_growth(at, a, used);
}

static void
judge_accounts(void)
{
	const struct account *entries[SIM_TRUTHS] = { NULL };

	for (uint32_t i = 0; i < SIM_ENTRIES; i++) {
		const struct account *a = account_at(sim.seg, i);

		if (atomic_load(&a->state) != ACCOUNT_FREE)
			entries[judge_entry(i)] = a;
	}
	for (unsigned at = 0; at < sim.truths; at++)
		judge_account(at, entries[at]);
}

void
sim_judge(void)
{
	memset(&judge.sums, 0, sizeof(judge.sums));
	judge.met = sim_disk_met();
	for (uint32_t seat = 0; seat < SIM_SEATS; seat++) {
		if (!seat_mapped(sim.seg, seat))
			continue;
		judge_seat(seat);
		judge_lane(seat);
	}
	judge_accounts();
}

/* At rest: nothing is held, nothing was lost, nothing is paid twice. */
void
sim_judge_end(void)
{
	sim_judge();
	for (unsigned at = 0; at < sim.truths; at++) {
		const struct sim_truth *t = &sim.truth[at];
		const struct apply_row *row = &sim_disk_committed(at)->row;

		sim_check(judge.sums.held[at] == 0,
		    "account %u: %lld are still held", at,
		    (long long)judge.sums.held[at]);
		sim_check(t->bill <= row->settled + t->over,
		    "account %u: %lld billed, %lld settled", at,
		    (long long)t->bill, (long long)row->settled);
		sim_check(row->settled - row->suspense - t->confirmed <=
			      t->bill,
		    "account %u: %lld settled, %lld in doubt, %lld billed", at,
		    (long long)row->settled, (long long)row->suspense,
		    (long long)t->bill);
		sim_check(t->inexact || row->settled == t->bill,
		    "account %u: %lld settled, %lld billed", at,
		    (long long)row->settled, (long long)t->bill);
	}
}

/*
 * The money protocol under a seeded scheduler: workers, a keeper and a master
 * are coroutines that switch at every store to shared memory and are dropped
 * where they stand.  One thread, no real time: a seed is a story that can be
 * told again.
 *
 * HOLDFAST_SIM_SEEDS says how many stories are told (15).
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

void sim_point(void);
int sim_lock(pthread_mutex_t *m);
int sim_trylock(pthread_mutex_t *m);
int sim_unlock(pthread_mutex_t *m);
int sim_consistent(pthread_mutex_t *m);

#define SIM_POINT() sim_point()
#define pthread_mutex_clocklock(m, clock, until) ((void)(until), sim_lock(m))
#define pthread_mutex_trylock sim_trylock
#define pthread_mutex_unlock sim_unlock
#define pthread_mutex_consistent sim_consistent

#include "shm/segment_words.c"
#include "tests/shm/torture_room.h"

#include "tests/suite.h"

#define SIM_WORKERS 3
#define SIM_KEEPER SIM_WORKERS
#define SIM_MASTER (SIM_WORKERS + 1)
#define SIM_ACTORS (SIM_WORKERS + 2)
#define SIM_ACCOUNTS 4
#define SIM_SEATS 8
#define SIM_STEPS 12000
#define SIM_STACK (256 * 1024)
#define SIM_LOCKS 256

struct sim_actor {
	ucontext_t at;
	char *stack;
	bool alive;
	uint32_t seat;
};

struct sim_book {
	struct apply_row row[SIM_ACCOUNTS];
	uint64_t cursor[SIM_SEATS];
};

static struct sim {
	struct segment *seg;
	struct sim_actor actor[SIM_ACTORS];
	ucontext_t main;
	int now; /* the actor that runs, -1 = the scheduler */
	uint64_t draw;
	uint32_t orphan; /* seat that the master is to reap, SEAT_NONE */
	unsigned dead_worker;
	bool stop, worker_died;
	struct sim_book book;
	int64_t bill[SIM_ACCOUNTS];
	uint64_t taken, kills;
	struct {
		pthread_mutex_t *m;
		int owner; /* -1 = free, -2 = its owner died */
	} lock[SIM_LOCKS];
} sim;

static uint64_t
sim_draw(uint64_t n)
{
	sim.draw ^= sim.draw << 13;
	sim.draw ^= sim.draw >> 7;
	sim.draw ^= sim.draw << 17;
	return sim.draw % n;
}

void
sim_point(void)
{
	if (sim.now >= 0)
		swapcontext(&sim.actor[sim.now].at, &sim.main);
}

/* -- robust mutexes of coroutines -- */

static int *
sim_owner(pthread_mutex_t *m)
{
	unsigned i = (unsigned)((uintptr_t)m / 64 % SIM_LOCKS);

	while (sim.lock[i].m != NULL && sim.lock[i].m != m)
		i = (i + 1) % SIM_LOCKS;
	if (sim.lock[i].m == NULL) {
		sim.lock[i].m = m;
		sim.lock[i].owner = -1;
	}
	return &sim.lock[i].owner;
}

int
sim_trylock(pthread_mutex_t *m)
{
	int *owner = sim_owner(m), was = *owner;

	if (was >= 0)
		return EBUSY;
	*owner = sim.now < 0 ? SIM_ACTORS : sim.now;
	return was == -2 ? EOWNERDEAD : 0;
}

int
sim_lock(pthread_mutex_t *m)
{
	int rc;

	while ((rc = sim_trylock(m)) == EBUSY) {
		/* The scheduler itself runs only when nobody is inside. */
		ck_assert_int_ge(sim.now, 0);
		sim_point();
	}
	return rc;
}

int
sim_unlock(pthread_mutex_t *m)
{
	*sim_owner(m) = -1;
	return 0;
}

int
sim_consistent(pthread_mutex_t *m)
{
	(void)m;
	return 0;
}

/* -- actors -- */

static struct account_key
sim_key(unsigned id)
{
	unsigned char hash[16] = { (unsigned char)(id / 2 * 5) };

	hash[8] = (unsigned char)id;
	return account_key(hash, ACCOUNT_KEY_TOTAL, 0);
}

static unsigned
sim_id(const struct account_key *key)
{
	return key->hash[8];
}

static void
sim_attempt(struct seat_owner *o, uint32_t slot, struct hold_terms *terms)
{
	struct settle_charge charge = { .cause = SETTLE_USAGE };

	hold_sent(o, slot);
	for (unsigned i = 0; i < terms->n_accounts; i++) {
		int64_t held = terms->accounts[i].amount;

		charge.actual[i] = held - (int64_t)sim_draw(3) * held / 4;
		sim.bill[sim_id(&terms->accounts[i].key)] += charge.actual[i];
		sim_point();
	}
	while (!settle_publish(o, slot, &charge))
		sim_point();
}

static void
sim_worker(struct seat_owner *o)
{
	static const uint32_t none[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
		RATE_NONE, RATE_NONE };
	static const unsigned char id[16];
	struct hold_terms terms = { .n_accounts = 3 };
	struct hold_refusal why;
	unsigned first = (unsigned)sim_draw(SIM_ACCOUNTS);
	uint32_t slot = hold_open(o, id, 1, none);

	for (unsigned i = 0; i < 3; i++) {
		terms.accounts[i].key = sim_key((first + i) % SIM_ACCOUNTS);
		terms.accounts[i].amount = (int64_t)(50 + sim_draw(100));
	}
	if (hold_take(o, slot, &terms, 1, &why, NULL) != HOLD_OK) {
		hold_close(o, slot);
		sim_point();
	} else if (sim_draw(6) == 0) {
		hold_close(o, slot);
	} else {
		sim.taken++;
		sim_attempt(o, slot, &terms);
	}
}

static void
sim_publish(const struct sim_book *book, uint32_t seat, uint64_t seq,
    const struct settle_record *r)
{
	struct apply_row rows[ACCOUNTS_PER_HOLD];

	for (unsigned i = 0; i < r->n_accounts; i++)
		rows[i] = book->row[sim_id(&r->accounts[i].key)];
	apply_publish(sim.seg, seat, seq, r, rows);
}

/* One lane: everything in it is one transaction, as with LMDB. */
static void
sim_apply_lane(uint32_t seat)
{
	struct settle_record r[64];
	uint64_t seq[64];
	struct sim_book next = sim.book;
	struct lane_reader reader;
	struct lane_record rec;
	struct err e;
	int64_t over;
	unsigned n = 0;

	if (!seat_mapped(sim.seg, seat))
		return;
	seat_reader(sim.seg, seat, LANE_MONEY, &reader);
	while (n < COUNT(r) && lane_next(&reader, &rec, &e) == 1) {
		int due = apply_due(next.cursor[seat], rec.seq, &e);

		ck_assert_msg(due >= 0, "%s", e.text);
		ck_assert_int_eq(settle_read(&rec, &r[n], &e), 1);
		for (unsigned i = 0; due == 1 && i < r[n].n_accounts; i++)
			apply_charge(&next.row[sim_id(&r[n].accounts[i].key)],
			    &r[n], i, 1, &over);
		if (due == 1)
			next.cursor[seat] = rec.seq;
		seq[n++] = rec.seq;
	}
	sim_point();
	sim.book = next;
	sim_point();
	for (unsigned i = 0; i < n; i++)
		sim_publish(&next, seat, seq[i], &r[i]);
	if (n > 0)
		lane_release(&reader);
}

static void
sim_lease(unsigned id)
{
	struct account_key key = sim_key(id);
	struct apply_row row = sim.book.row[id];
	uint32_t entry = account_find(sim.seg, &key);

	if (entry == ACCOUNT_NONE)
		return;
	apply_lease(sim.seg, entry, &row);
	sim_point();
	sim.book.row[id] = row;
	sim_point();
	apply_publish_row(sim.seg, &key, &row);
}

static void
sim_keeper_start(void)
{
	uint32_t at = 0, entry;

	recover_counters(sim.seg);
	while (account_each(sim.seg, &at, &entry) == 1)
		recover_account(sim.seg, entry,
		    &sim.book.row[sim_id(&account_at(sim.seg, entry)->key)]);
	for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
		recover_seat(sim.seg, seat, sim.book.cursor[seat]);
}

static void
sim_keeper(void)
{
	for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
		sim_apply_lane(seat);
	for (unsigned id = 0; id < SIM_ACCOUNTS; id++)
		sim_lease(id);
	sim_point();
}

/* Reap what is dead, then put a new worker into a seat. */
static void
sim_master(void)
{
	sim_point();
	if (sim.orphan != SEAT_NONE && reap_seat(sim.seg, sim.orphan))
		sim.orphan = SEAT_NONE;
	for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
		seat_return(sim.seg, seat);
}

static void
sim_body(int who)
{
	struct seat_owner o;

	if (who < SIM_WORKERS)
		seat_own(sim.seg, sim.actor[who].seat, &o);
	if (who == SIM_KEEPER)
		sim_keeper_start();
	for (;;) {
		if (who < SIM_WORKERS && sim.stop)
			sim_point();
		else if (who < SIM_WORKERS)
			sim_worker(&o);
		else if (who == SIM_KEEPER)
			sim_keeper();
		else
			sim_master();
	}
}

static void
sim_start(int who)
{
	struct sim_actor *a = &sim.actor[who];
	struct err e;

	if (who < SIM_WORKERS && seat_take(sim.seg, &a->seat, &e) != 1)
		return;
	getcontext(&a->at);
	a->at.uc_stack.ss_sp = a->stack;
	a->at.uc_stack.ss_size = SIM_STACK;
	a->at.uc_link = NULL;
	makecontext(&a->at, (void (*)(void))(uintptr_t)sim_body, 1, who);
	a->alive = true;
}

/* Its stack is dropped where it stands; what it had locked is in doubt. */
static void
sim_kill(int who)
{
	sim.kills++;
	sim.actor[who].alive = false;
	for (unsigned i = 0; i < SIM_LOCKS; i++)
		if (sim.lock[i].m != NULL && sim.lock[i].owner == who)
			sim.lock[i].owner = -2;
	if (who < SIM_WORKERS) {
		sim.orphan = sim.actor[who].seat;
		sim.worker_died = true;
	}
}

static void
sim_maybe_kill(bool workers_too)
{
	int who = (int)sim_draw(SIM_ACTORS);

	if (sim_draw(120) != 0 || !sim.actor[who].alive)
		return;
	/* One worker at a time: the master looks at one death after another. */
	if (who < SIM_WORKERS && (!workers_too || sim.orphan != SEAT_NONE))
		return;
	sim_kill(who);
}

/* -- the judge -- */

/* What the slots say, by account; open: of HELD and SENT only. */
struct sim_slots {
	int64_t all[SIM_ACCOUNTS], open[SIM_ACCOUNTS];
};

static void
sim_add_slot(struct sim_slots *sum, const struct slot *s, uint32_t state)
{
	for (unsigned k = 0; k < s->n_accounts; k++) {
		unsigned id = sim_id(&account_at(sim.seg, s->entry[k])->key);

		sum->all[id] += s->amount[k];
		if (state != SLOT_DONE)
			sum->open[id] += s->amount[k];
	}
}

static void
sim_add_slots(struct sim_slots *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
		for (uint32_t i = 0;
		     seat_mapped(sim.seg, seat) && i < SEAT_SLOTS; i++) {
			uint32_t state = seat_states(sim.seg, seat)[i];

			if (state >= SLOT_HELD)
				sim_add_slot(sum, seat_slots(sim.seg, seat) + i,
				    state);
		}
}

/* I1 and I4, while nobody is inside the stripe or died there. */
static void
sim_judge_memory(unsigned id, const struct sim_slots *slots)
{
	struct account_key key = sim_key(id);
	uint32_t entry = account_find(sim.seg, &key);
	unsigned stripe = (unsigned)__builtin_ctzll(stripe_bit(&key));
	struct account *a;

	if (entry == ACCOUNT_NONE ||
	    *sim_owner(&stripe_at(sim.seg, stripe)->mutex) != -1)
		return;
	a = account_at(sim.seg, entry);
	ck_assert_int_eq(a->reserved, slots->all[id]);
	ck_assert_int_le(sim.bill[id], a->settled + a->reserved);
	ck_assert_int_le(a->settled + slots->open[id], a->lease);
	ck_assert_int_le(a->lease, sim.book.row[id].lease);
}

static void
sim_judge(void)
{
	struct sim_slots slots;

	sim_add_slots(&slots);
	for (unsigned id = 0; id < SIM_ACCOUNTS; id++) {
		const struct apply_row *row = &sim.book.row[id];

		/* I2 */
		ck_assert_int_le(sim.bill[id], row->settled + slots.all[id]);
		ck_assert_int_le(row->settled, row->lease);
		ck_assert_int_le(row->lease, row->limit);
		sim_judge_memory(id, &slots);
	}
}

static void
sim_run_actor(int who)
{
	sim.now = who;
	swapcontext(&sim.main, &sim.actor[who].at);
	sim.now = -1;
}

static void
sim_step(bool workers_too)
{
	int who = (int)sim_draw(SIM_ACTORS);

	sim_maybe_kill(workers_too);
	if (sim.actor[who].alive)
		sim_run_actor(who);
	else if (who >= SIM_WORKERS || sim.orphan == SEAT_NONE)
		sim_start(who);
}

static void
sim_open(uint64_t seed)
{
	static const struct segment_shape shape = { 1, 16, 65536 };
	struct err e;

	for (unsigned i = 0; i < SIM_ACTORS; i++)
		free(sim.actor[i].stack);
	memset(&sim, 0, sizeof(sim));
	sim.now = -1;
	sim.orphan = SEAT_NONE;
	sim.draw = seed * 0x9e3779b97f4a7c15ull;
	ck_assert_int_eq(segment_create(NULL, &shape, &sim.seg, &e), 1);
	for (unsigned i = 0; i < SIM_ACTORS; i++) {
		sim.actor[i].stack = malloc(SIM_STACK);
		ck_assert_ptr_nonnull(sim.actor[i].stack);
	}
	for (unsigned id = 0; id < SIM_ACCOUNTS; id++)
		sim.book.row[id].limit = id == 1 ? 5000 : 100000000;
}

/* At rest: held is 0 and nothing was lost or paid twice. */
static void
sim_audit(void)
{
	for (unsigned id = 0; id < SIM_ACCOUNTS; id++) {
		const struct apply_row *row = &sim.book.row[id];
		struct account_key key = sim_key(id);
		uint32_t entry = account_find(sim.seg, &key);

		if (entry != ACCOUNT_NONE)
			ck_assert_int_eq(account_at(sim.seg, entry)->reserved,
			    0);
		ck_assert_int_le(sim.bill[id], row->settled);
		ck_assert_int_ge(sim.bill[id], row->settled - row->suspense);
		if (!sim.worker_died)
			ck_assert_int_eq(sim.bill[id], row->settled);
	}
}

static void
sim_story(uint64_t seed, bool workers_too)
{
	sim_open(seed);
	for (unsigned i = 0; i < SIM_STEPS; i++) {
		sim_step(workers_too);
		if (i % 4 == 0)
			sim_judge();
	}
	sim.stop = true;
	for (unsigned i = 0; i < SIM_STEPS; i++) {
		int who = (int)sim_draw(SIM_ACTORS);

		if (sim.actor[who].alive)
			sim_run_actor(who);
		else if (who >= SIM_WORKERS)
			sim_start(who);
	}
	sim_audit();
	ck_assert_uint_gt(sim.taken, 5);
	ck_assert_uint_gt(sim.kills, 5);
	segment_close(&sim.seg);
}

static unsigned
sim_seeds(void)
{
	const char *text = getenv("HOLDFAST_SIM_SEEDS");

	return text != NULL ? (unsigned)atoi(text) : 15;
}

START_TEST(keeper_and_master_die)
{
	for (unsigned seed = 1; seed <= sim_seeds(); seed++)
		sim_story(seed, false);
}
END_TEST

START_TEST(all_die)
{
	for (unsigned seed = 1; seed <= sim_seeds(); seed++)
		sim_story(seed, true);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("sim");
	TCase *t = tcase_create("sim");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, keeper_and_master_die);
	tcase_add_test(t, all_die);
	suite_add_tcase(s, t);
	return s;
}

/*
 * Kill workers and the keeper at any store, for some seconds, and compare the
 * ledger with what the provider really billed: spec/money.md 8.7.
 *
 * HOLDFAST_TORTURE_S says for how many seconds each mode runs (2).
 */
#include "tests/shm/torture.h"

#include "tests/shm/torture_room.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/suite.h"

uint64_t torture_seed = 88172645463325252ull;

static const struct segment_shape shape = { TORTURE_WORKERS, 64, 65536 };

/* Some are never reached, some are, one has no limit. */
static int64_t
torture_limit(unsigned id)
{
	if (id == 0)
		return ACCOUNT_UNLIMITED;
	return id % 3 == 0 ? 5000000 : 4000000000000;
}

struct account_key
torture_key(unsigned id)
{
	unsigned char hash[16] = { 0 };

	/* Not ascending in id, and two to a stripe. */
	hash[0] = (unsigned char)(id * 37 % 6 * 7);
	hash[8] = (unsigned char)id;
	return account_key(hash, ACCOUNT_CUSTOMER_PERIOD, 86400);
}

unsigned
torture_id(const struct account_key *key)
{
	return key->hash[8];
}

void
torture_fail(struct torture *t, const char *fmt, ...)
{
	va_list ap;

	if (atomic_fetch_add(&t->failures, 1) > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
}

/* -- worker -- */

#define INFLIGHT 4

struct torture_flight {
	uint32_t slot; /* SLOT_NONE = idle */
	struct hold_terms terms;
	struct settle_charge charge;
};

static void
torture_draw_terms(struct hold_terms *terms)
{
	unsigned n = 1 + (unsigned)(torture_draw() % 3);
	unsigned first = (unsigned)(torture_draw() % TORTURE_ACCOUNTS);

	memset(terms, 0, sizeof(*terms));
	for (unsigned i = 0; i < n; i++) {
		/* 5 is prime to 12: never one account twice. */
		terms->accounts[i].key =
		    torture_key((first + 5 * i) % TORTURE_ACCOUNTS);
		terms->accounts[i].amount =
		    (int64_t)(torture_draw() % TORTURE_HOLD_MAX);
	}
	terms->n_accounts = n;
	terms->in_pico = 1000;
}

/* The provider bills; from here on somebody has to pay. */
static void
torture_send(struct torture *t, struct seat_owner *o, struct torture_flight *f)
{
	int64_t least = INT64_MAX;

	hold_sent(o, f->slot);
	memset(&f->charge, 0, sizeof(f->charge));
	for (uint32_t i = 0; i < f->terms.n_accounts; i++) {
		int64_t held = f->terms.accounts[i].amount;
		int64_t bill = held - (int64_t)(torture_draw() % 4) * held / 8;

		f->charge.actual[i] = bill;
		least = bill < least ? bill : least;
		torture_point();
		atomic_fetch_add(&t->bill[torture_id(
				     &f->terms.accounts[i].key)],
		    bill);
	}
	torture_point();
	hold_progress(o, f->slot, least / 2, 0);
}

/* Wait as a worker does: for its eventfd, at most 100 ms. */
static void
torture_park(struct torture *t, struct seat_owner *o)
{
	struct pollfd p = { .fd = segment_seat_fd(t->seg, o->index),
		.events = POLLIN };
	uint64_t n;

	atomic_fetch_add(&t->waits, 1);
	if (poll(&p, 1, 100) == 1 && read(p.fd, &n, sizeof(n)) < 0)
		return;
	wake_take(t->seg, o->index);
}

/*
 * Nobody takes more than two fifths, whatever the scheduler does: of three
 * others one then has at least the fifth that torture_check_share asks for.
 */
static bool
torture_ahead(struct torture *t, unsigned who)
{
	uint64_t mine = atomic_load(&t->taken[who]);
	uint64_t all = 0;

	for (unsigned i = 0; i < TORTURE_WORKERS; i++)
		all += atomic_load(&t->taken[i]);
	return mine > 100 && mine * 5 > all * 2;
}

/* True when it has to wait: the others shall have their turn first. */
static bool
torture_begin(struct torture *t, struct seat_owner *o, struct torture_flight *f,
    unsigned who)
{
	static const uint32_t none[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
		RATE_NONE, RATE_NONE };
	static const unsigned char id[16];
	struct hold_refusal why;
	enum hold_result result;

	if (torture_ahead(t, who)) {
		sched_yield();
		return false;
	}
	torture_draw_terms(&f->terms);
	f->slot = hold_open(o, id, 1, none);
	if (f->slot == SLOT_NONE)
		return true;
	result = hold_take(o, f->slot, &f->terms, 1, &why, NULL);
	if (result == HOLD_OK && torture_draw() % 8 == 0)
		hold_release(o, f->slot), result = HOLD_BUSY;
	if (result == HOLD_OK) {
		atomic_fetch_add(&t->taken[who], 1);
		torture_send(t, o, f);
		return false;
	}
	hold_close(o, f->slot);
	f->slot = SLOT_NONE;
	if (result == HOLD_EXCEEDED)
		atomic_fetch_add(&t->refused, 1);
	return result != HOLD_EXCEEDED && result != HOLD_BUSY;
}

static void
torture_end(struct seat_owner *o, struct torture_flight *f)
{
	if (settle_publish(o, f->slot, &f->charge))
		f->slot = SLOT_NONE;
	else
		sched_yield();
}

void
torture_worker(struct torture *t, uint32_t seat, unsigned who)
{
	struct torture_flight flight[INFLIGHT];
	struct seat_owner o;
	unsigned busy = 0;
	bool wait = false;

	for (unsigned i = 0; i < INFLIGHT; i++)
		flight[i].slot = SLOT_NONE;
	seat_own(t->seg, seat, &o);
	while (!atomic_load(&t->stop) || busy > 0) {
		struct torture_flight *f = &flight[torture_draw() % INFLIGHT];
		bool idle = f->slot == SLOT_NONE;

		if (wait && busy == 0) {
			torture_park(t, &o);
			wait = false;
		}
		if (!idle)
			torture_end(&o, f);
		else if (!wait && !atomic_load(&t->stop))
			wait = torture_begin(t, &o, f, who);
		if (idle && f->slot != SLOT_NONE)
			busy++;
		if (!idle && f->slot == SLOT_NONE)
			busy--;
		seat_wake(&o);
	}
}

/* -- keeper -- */

struct torture_applied {
	uint32_t seat;
	uint64_t seq;
	struct settle_record record;
};

#define BATCH 256

struct torture_turn {
	struct torture_book *next;
	struct torture_applied done[BATCH];
	unsigned n;
	struct lane_reader reader[TORTURE_SEATS];
	bool read[TORTURE_SEATS];
	bool touched[TORTURE_ACCOUNTS];
};

static void
torture_apply(struct torture *t, struct torture_turn *turn, uint32_t seat,
    const struct lane_record *rec)
{
	struct torture_applied *a = &turn->done[turn->n];
	struct err e;
	int due = apply_due(turn->next->cursor[seat], rec->seq, &e);

	if (due < 0 || settle_read(rec, &a->record, &e) < 0) {
		torture_fail(t, "seat %u: %s", seat, e.text);
		_exit(1);
	}
	a->seat = seat;
	a->seq = rec->seq;
	turn->n++;
	for (unsigned i = 0; i < a->record.n_accounts; i++) {
		unsigned id = torture_id(&a->record.accounts[i].key);

		turn->touched[id] = true;
		if (due == 1 &&
		    !apply_charge(&turn->next->row[id], &a->record, i, 1))
			torture_fail(t, "account %u past its lease", id);
	}
	if (due == 1)
		turn->next->cursor[seat] = rec->seq;
}

static void
torture_read_lane(struct torture *t, struct torture_turn *turn, uint32_t seat)
{
	struct lane_record rec;
	struct err e;
	int rc = 0;

	if (!seat_mapped(t->seg, seat))
		return;
	seat_reader(t->seg, seat, LANE_MONEY, &turn->reader[seat]);
	while (turn->n < BATCH &&
	       (rc = lane_next(&turn->reader[seat], &rec, &e)) == 1) {
		turn->read[seat] = true;
		torture_apply(t, turn, seat, &rec);
	}
	if (rc < 0) {
		torture_fail(t, "seat %u: %s", seat, e.text);
		_exit(1);
	}
}

static void
torture_publish(struct torture *t, struct torture_turn *turn)
{
	for (unsigned i = 0; i < turn->n; i++) {
		struct torture_applied *a = &turn->done[i];
		struct apply_row rows[ACCOUNTS_PER_HOLD];

		for (unsigned k = 0; k < a->record.n_accounts; k++)
			rows[k] =
			    turn->next
				->row[torture_id(&a->record.accounts[k].key)];
		apply_publish(t->seg, a->seat, a->seq, &a->record, rows);
	}
	for (unsigned id = 0; id < TORTURE_ACCOUNTS; id++) {
		struct account_key key = torture_key(id);

		if (turn->touched[id])
			apply_publish_row(t->seg, &key, &turn->next->row[id]);
	}
	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++)
		if (turn->read[seat])
			lane_release(&turn->reader[seat]);
}

static bool
torture_turn_keeper(struct torture *t)
{
	static struct torture_turn turn;
	unsigned now = atomic_load(&t->now);
	uint32_t at = 0, entry;
	bool any = false;

	memset(&turn, 0, sizeof(turn));
	turn.next = &t->book[!now];
	*turn.next = t->book[now];
	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++)
		torture_read_lane(t, &turn, seat);
	while (account_wanted(t->seg, &at, &entry) == 1)
		turn.touched[torture_id(&account_at(t->seg, entry)->key)] =
		    true;
	for (unsigned id = 0; id < TORTURE_ACCOUNTS; id++) {
		struct account_key key = torture_key(id);

		any |= turn.touched[id];
		entry = account_find(t->seg, &key);
		if (!turn.touched[id] || entry == ACCOUNT_NONE)
			continue;
		/* Some leases are wide, some carry two holds. */
		if (id % 2 == 0)
			atomic_store(&account_at(t->seg, entry)->spend_per_s,
			    20 * TORTURE_HOLD_MAX);
		apply_lease(t->seg, entry, &turn.next->row[id]);
	}
	torture_point();
	atomic_store(&t->now, !now);
	torture_point();
	torture_publish(t, &turn);
	return any;
}

static void
torture_recover(struct torture *t)
{
	struct torture_book *book = &t->book[atomic_load(&t->now)];
	uint32_t at = 0, entry;

	recover_counters(t->seg);
	while (account_each(t->seg, &at, &entry) == 1)
		recover_account(t->seg, entry,
		    &book->row[torture_id(&account_at(t->seg, entry)->key)]);
	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++)
		recover_seat(t->seg, seat, book->cursor[seat]);
}

static bool
torture_has_work(struct torture *t)
{
	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++)
		if (seat_mapped(t->seg, seat) &&
		    !lane_empty(&seat_at(t->seg, seat)->money))
			return true;
	return account_any_wanted(t->seg);
}

void
torture_keeper(struct torture *t)
{
	struct pollfd p = { .fd = segment_role_fd(t->seg, ROLE_KEEPER),
		.events = POLLIN };
	uint64_t n;

	torture_recover(t);
	for (;;) {
		if (torture_turn_keeper(t))
			continue;
		wake_doze(t->seg, ROLE_KEEPER);
		if (!torture_has_work(t) && poll(&p, 1, 100) == 1 &&
		    read(p.fd, &n, sizeof(n)) < 0)
			return;
		wake_rise(t->seg, ROLE_KEEPER);
	}
}

/* -- master and judge -- */

struct torture_crew {
	struct torture *t;
	pid_t keeper, worker[TORTURE_WORKERS];
	uint32_t seat[TORTURE_WORKERS];
	uint64_t forks, kills;
};

static pid_t
torture_fork(struct torture_crew *c, int who)
{
	pid_t pid;

	c->forks++;
	pid = fork();
	ck_assert(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	torture_seed = 0x9e3779b97f4a7c15ull * (c->forks + 1);
	if (who < 0)
		torture_keeper(c->t);
	else
		torture_worker(c->t, c->seat[who], (unsigned)who);
	_exit(0);
}

/* Seats whose owner is gone and that are drained go back. */
static void
torture_return_seats(struct torture_crew *c)
{
	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++)
		seat_return(c->t->seg, seat);
}

static void
torture_start_worker(struct torture_crew *c, unsigned who)
{
	struct err e;

	while (seat_take(c->t->seg, &c->seat[who], &e) != 1) {
		torture_return_seats(c);
		sched_yield();
	}
	c->worker[who] = torture_fork(c, (int)who);
	seat_set_pid(c->t->seg, c->seat[who], c->worker[who]);
}

static void
torture_kill(struct torture_crew *c, pid_t *pid)
{
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	c->kills++;
}

static void
torture_kill_keeper(struct torture_crew *c)
{
	torture_kill(c, &c->keeper);
	c->keeper = torture_fork(c, -1);
}

/* A reaper that is cut short is only a reaper that runs again. */
static void
torture_kill_worker(struct torture_crew *c, unsigned who)
{
	torture_kill(c, &c->worker[who]);
	while (!reap_seat(c->t->seg, c->seat[who]))
		sched_yield();
	torture_return_seats(c);
	torture_start_worker(c, who);
}

/* Under the stripe: what requests hold that are not settled yet. */
static int64_t
torture_open_holds(const struct torture *t, uint32_t entry)
{
	int64_t sum = 0;

	for (uint32_t seat = 0; seat < TORTURE_SEATS; seat++) {
		if (!seat_mapped(t->seg, seat))
			continue;
		for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
			uint32_t state =
			    atomic_load(&seat_states(t->seg, seat)[i]);
			struct slot *s = seat_slots(t->seg, seat) + i;

			if (state != SLOT_HELD && state != SLOT_SENT)
				continue;
			for (unsigned k = 0; k < s->n_accounts; k++)
				if (s->entry[k] == entry)
					sum += atomic_load(&s->amount[k]);
		}
	}
	return sum;
}

/*
 * I1 and I4 at this instant.  A charge that is DONE may be in settled and in
 * reserved for a moment, never in neither.  The durable lease is read after
 * the one in memory.
 */
static void
torture_judge_entry(struct torture *t, unsigned id, uint32_t entry)
{
	struct account *a = account_at(t->seg, entry);
	struct account_key key = torture_key(id);
	int64_t settled, reserved, slots, open, lease, durable, bill;

	stripe_lock(t->seg, stripe_bit(&key));
	bill = atomic_load(&t->bill[id]);
	settled = atomic_load(&a->settled);
	reserved = atomic_load(&a->reserved);
	lease = atomic_load(&a->lease);
	open = torture_open_holds(t, entry);
	slots = stripe_reserved(t->seg, entry);
	stripe_unlock(t->seg, stripe_bit(&key));
	durable = t->book[atomic_load(&t->now)].row[id].lease;
	if (reserved != slots)
		torture_fail(t, "account %u: reserved %lld, slots %lld", id,
		    (long long)reserved, (long long)slots);
	if (bill > settled + reserved)
		torture_fail(t, "account %u: billed %lld, covered %lld", id,
		    (long long)bill, (long long)(settled + reserved));
	if (settled + open > lease)
		torture_fail(t, "account %u: %lld + %lld > lease %lld", id,
		    (long long)settled, (long long)open, (long long)lease);
	if (torture_limit(id) == ACCOUNT_UNLIMITED)
		return;
	if (lease > durable || durable > torture_limit(id))
		torture_fail(t, "account %u: lease %lld, durable %lld", id,
		    (long long)lease, (long long)durable);
}

static void
torture_judge(struct torture *t)
{
	unsigned id = (unsigned)(torture_draw() % TORTURE_ACCOUNTS);
	struct account_key key = torture_key(id);
	uint32_t entry = account_find(t->seg, &key);

	if (entry != ACCOUNT_NONE &&
	    atomic_load(&account_at(t->seg, entry)->state) == ACCOUNT_READY)
		torture_judge_entry(t, id, entry);
}

static uint64_t
torture_taken(struct torture *t)
{
	uint64_t taken = 0;

	for (unsigned i = 0; i < TORTURE_WORKERS; i++)
		taken += atomic_load(&t->taken[i]);
	return taken;
}

/* A busy machine gets more time, until there was something to contend. */
static bool
torture_goes_on(struct torture_crew *c, uint64_t end_ns)
{
	uint64_t now_ns = now_fresh_ns();

	if (atomic_load(&c->t->failures) != 0)
		return false;
	return now_ns < end_ns || (torture_taken(c->t) <= TORTURE_TAKEN &&
				      now_ns < end_ns + TORTURE_MORE_NS);
}

static void
torture_run_for(struct torture_crew *c, bool workers_too, double seconds)
{
	uint64_t end = now_fresh_ns() + (uint64_t)(seconds * 1e9);

	while (torture_goes_on(c, end)) {
		uint64_t until =
		    now_fresh_ns() + 2000000 + torture_draw() % 14000000;

		while (now_fresh_ns() < until)
			torture_judge(c->t), sched_yield();
		if (workers_too && torture_draw() % 4 != 0)
			torture_kill_worker(c,
			    (unsigned)(torture_draw() % TORTURE_WORKERS));
		else
			torture_kill_keeper(c);
	}
}

/* One line of a file of /proc about a process; "" when there is none. */
static void
torture_proc(pid_t pid, const char *name, char text[128])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	f = fopen(path, "re");
	if (f == NULL || fgets(text, 128, f) == NULL)
		text[0] = '\0';
	if (f != NULL)
		fclose(f);
	text[strcspn(text, "\n")] = '\0';
}

/* Somebody stands still: what he does, and what lies there. */
static void
torture_stands(struct torture_crew *c, const char *who, pid_t pid)
{
	char stat[128], call[128], keeper[128];
	char lanes[160] = "";
	size_t n = 0;

	torture_proc(pid, "stat", stat);
	torture_proc(pid, "syscall", call);
	torture_proc(c->keeper, "syscall", keeper);
	for (uint32_t i = 0; i < TORTURE_SEATS && n < sizeof(lanes) - 50; i++) {
		const struct lane_words *w = &seat_at(c->t->seg, i)->money;

		if (!lane_empty(w))
			n += (size_t)snprintf(lanes + n, sizeof(lanes) - n,
			    " %u:%llu-%llu", i,
			    (unsigned long long)atomic_load(&w->tail),
			    (unsigned long long)atomic_load(&w->head));
	}
	torture_fail(c->t, "%s stands: %.60s; %.70s; keeper %.70s; lanes%s",
	    who, stat, call, keeper, lanes);
}

/*
 * A keeper that found a fault has ended, and nobody empties the lanes: the
 * fault shall be told then, not the end of our patience.
 */
static void
torture_wait_worker(struct torture_crew *c, unsigned who, uint64_t end_ns)
{
	while (waitpid(c->worker[who], NULL, WNOHANG) == 0) {
		if (atomic_load(&c->t->failures) > 0) {
			torture_kill(c, &c->worker[who]);
			return;
		}
		if (now_fresh_ns() > end_ns)
			torture_stands(c, "a worker", c->worker[who]);
		sched_yield();
	}
}

/* Let all requests end, all charges be applied. */
static void
torture_settle_down(struct torture_crew *c)
{
	uint64_t end = now_fresh_ns() + 20000000000ull;

	atomic_store(&c->t->stop, 1);
	for (unsigned i = 0; i < TORTURE_WORKERS; i++) {
		torture_wait_worker(c, i, end);
		while (!reap_seat(c->t->seg, c->seat[i]) &&
		       atomic_load(&c->t->failures) == 0)
			sched_yield();
	}
	while (torture_has_work(c->t) && now_fresh_ns() < end &&
	       atomic_load(&c->t->failures) == 0)
		sched_yield();
	if (torture_has_work(c->t))
		torture_stands(c, "the keeper", c->keeper);
	torture_kill(c, &c->keeper);
	torture_return_seats(c);
	if (seat_count_free(c->t->seg) != TORTURE_SEATS)
		torture_fail(c->t, "%u seats came back",
		    seat_count_free(c->t->seg));
}

/* At rest: nothing held, nothing lost, nothing paid twice. */
static void
torture_audit(struct torture *t, bool exact)
{
	struct torture_book *book = &t->book[atomic_load(&t->now)];

	for (unsigned id = 0; id < TORTURE_ACCOUNTS; id++) {
		struct account_key key = torture_key(id);
		struct apply_row *row = &book->row[id];
		int64_t bill = atomic_load(&t->bill[id]);
		struct account_view v = { .reserved = -1 };
		uint32_t entry = account_find(t->seg, &key);

		if (entry != ACCOUNT_NONE)
			account_view(t->seg, entry, &v);
		if (v.reserved != 0)
			torture_fail(t, "account %u: %lld held at rest", id,
			    (long long)v.reserved);
		if (v.settled != row->settled)
			torture_fail(t, "account %u: memory %lld, book %lld",
			    id, (long long)v.settled, (long long)row->settled);
		if (bill > row->settled || bill < row->settled - row->suspense)
			torture_fail(t,
			    "account %u: bill %lld, settled %lld "
			    "of which %lld in doubt",
			    id, (long long)bill, (long long)row->settled,
			    (long long)row->suspense);
		if (exact && bill != row->settled)
			torture_fail(t, "account %u: bill %lld, settled %lld",
			    id, (long long)bill, (long long)row->settled);
		/* Refused as spent: then less than one hold was left. */
		if (exact && entry != ACCOUNT_NONE &&
		    atomic_load(&account_at(t->seg, entry)->refused) > 0 &&
		    row->limit - row->settled >= TORTURE_HOLD_MAX)
			torture_fail(t, "account %u: %lld of no use", id,
			    (long long)(row->limit - row->settled));
	}
}

/* Two workers at least must have worked, or nothing was contended. */
static void
torture_check_share(struct torture *t)
{
	uint64_t all = torture_taken(t);
	unsigned busy = 0;

	for (unsigned i = 0; i < TORTURE_WORKERS; i++)
		busy += atomic_load(&t->taken[i]) * 5 >= all;
	if (getenv("V") != NULL)
		for (unsigned i = 0; i < TORTURE_WORKERS; i++)
			fprintf(stderr, "torture: worker %u took %llu\n", i,
			    (unsigned long long)atomic_load(&t->taken[i]));
	ck_assert_uint_gt(all, TORTURE_TAKEN);
	ck_assert_uint_ge(busy, 2);
}

static double
torture_seconds(void)
{
	const char *text = getenv("HOLDFAST_TORTURE_S");

	return text != NULL ? atof(text) : 2;
}

static void
torture_set_up(struct torture_crew *c)
{
	struct torture *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct err e;

	ck_assert(t != MAP_FAILED);
	memset(c, 0, sizeof(*c));
	c->t = t;
	ck_assert_int_eq(segment_create(NULL, &shape, &t->seg, &e), 1);
	ck_assert_uint_eq(segment_seats(t->seg), TORTURE_SEATS);
	for (uint32_t i = 0; i < TORTURE_SEATS; i++)
		segment_set_seat_fd(t->seg, i, eventfd(0, EFD_NONBLOCK));
	segment_set_role_fd(t->seg, ROLE_KEEPER, eventfd(0, EFD_NONBLOCK));
	for (unsigned id = 0; id < TORTURE_ACCOUNTS; id++)
		t->book[0].row[id].limit = torture_limit(id);
}

static void
torture_mode(bool workers_too)
{
	struct torture_crew c;

	torture_set_up(&c);
	c.keeper = torture_fork(&c, -1);
	for (unsigned i = 0; i < TORTURE_WORKERS; i++)
		torture_start_worker(&c, i);
	torture_run_for(&c, workers_too, torture_seconds());
	torture_settle_down(&c);
	torture_audit(c.t, !workers_too);
	if (getenv("V") != NULL)
		fprintf(stderr,
		    "torture: %llu kills, %llu repairs, %llu holds, %llu "
		    "refused, %llu waits, %llu violations\n",
		    (unsigned long long)c.kills,
		    (unsigned long long)stripe_repairs(c.t->seg),
		    (unsigned long long)torture_taken(c.t),
		    (unsigned long long)atomic_load(&c.t->refused),
		    (unsigned long long)atomic_load(&c.t->waits),
		    (unsigned long long)atomic_load(&c.t->failures));
	ck_assert_msg(atomic_load(&c.t->failures) == 0, "%s", c.t->why);
	torture_check_share(c.t);
	segment_close(&c.t->seg);
}

START_TEST(keeper_killed)
{
	torture_mode(false);
}
END_TEST

START_TEST(all_killed)
{
	torture_mode(true);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("torture");
	TCase *t = tcase_create("torture");

	tcase_set_timeout(t, 60 + 4 * torture_seconds());
	tcase_add_test(t, keeper_killed);
	tcase_add_test(t, all_killed);
	suite_add_tcase(s, t);
	return s;
}

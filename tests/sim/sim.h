#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

/*
 * sim - the money protocol as a story that a seed tells: spec/money.md 8.
 *
 * Workers, keeper, master and operator are coroutines of one thread that
 * switch between any two stores to shared memory (sched.c).  What they run is
 * the product's own room shm and the product's own keeper, compiled once more
 * with hooks (room.c); the kernel (os.c), the mutexes (locks.c), the clock and
 * the stores (disk.c, objects.c) are stand-ins that can fail.  The judge looks
 * after every step (judge.c), the tale remembers the last of them (tale.c).
 */

#include "tests/sim/sizes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/apply.h"
#include "shm/hold.h"

#define SIM_WORKERS_MAX 6
#define SIM_SEATS 8
#define SIM_CUSTOMERS 4
#define SIM_TRUTHS 40 /* accounts that a story can touch */
#define SIM_ENTRIES 12
#define SIM_BUDGET 10000 /* nano-USD */
#define SIM_DAY_S 86400

enum sim_who {
	SIM_WORKER, /* and those behind it */
	SIM_KEEPER = SIM_WORKERS_MAX,
	SIM_MASTER,
	SIM_OPERATOR,
	SIM_ACTORS,
	SIM_NOBODY = -1, /* the scheduler itself */
};

/* What a parked actor waits for; the judge asks when nobody can go on. */
enum sim_wait {
	SIM_WAIT_TIME, /* only for time to pass */
	SIM_WAIT_WORK, /* the keeper: until somebody wants something */
	SIM_WAIT_MONEY,
	SIM_WAIT_LANE,
	SIM_WAIT_UPSERT,
	SIM_WAIT_ANSWER, /* the operator, for the keeper's */
};

/* Descriptors of the stand-in for the kernel. */
enum sim_fd {
	SIM_FD_MASTER = 10, /* the keeper's end */
	SIM_FD_ADMIN,
	SIM_FD_KEEPER,    /* the keeper's eventfd */
	SIM_FD_DEATH,     /* a child died: the master looks */
	SIM_FD_ANSWER,    /* the keeper answered, or died: the operator looks */
	SIM_FD_SEAT = 16, /* and those behind it: the seats' eventfds */
};

/* What the provider, the operator and the power know of an account. */
struct sim_truth {
	struct account_key key;
	int64_t bill;      /* what was really spent, entries by hand included */
	int64_t over;      /* by how much that may pass what was held */
	int64_t confirmed; /* suspense that the operator took as spent */
	int64_t used;      /* settled + held, when the judge last looked */
	bool inexact;      /* an orphan or a loss: settled may be more */
};

/* How a story goes; drawn from its seed. */
struct sim_style {
	unsigned workers, attempts, kills, losses, clock, fails;
	unsigned length, table; /* table: one death in so many steps inside */
	bool overruns;          /* the provider may bill more than was held */
	bool fine; /* switch at every atomic store, not only at points */
	bool weak; /* stores of one actor may be seen late by the others */
	bool slow; /* the keeper seldom has its turn; few have limits */
};

struct sim {
	struct segment *seg;
	struct sim_style style;
	uint64_t seed, draw;
	uint64_t points; /* since the story began */
	uint64_t mono_ns;
	int64_t real_us;
	uint64_t events;   /* bits of sim_fd that are ready */
	int now;           /* enum sim_who that runs */
	bool stop;         /* nothing new; come to rest */
	bool deaths;       /* somebody was killed */
	bool keeper_ready; /* it has begun, and serves */
	bool end_keeper;   /* the master says so: a clean stop */
	bool keeper_ended; /* and it did */
	bool ending;       /* a clean stop: nobody admits any more */
	struct sim_truth truth[SIM_TRUTHS];
	unsigned truths;
	uint64_t kills, taken, settled, losses, refused, full, fails;
	uint64_t taken_by[SIM_WORKERS_MAX];
	uint64_t switches;
};

extern struct sim sim;

/* -- sched.c -- */

uint64_t sim_draw(uint64_t n);
bool sim_once_in(uint64_t n); /* false for n = 0 */
void sim_point(void);
void sim_fine_point(void);
void sim_park(uint64_t events, uint64_t ns, enum sim_wait why);
void sim_block(const void *lock); /* until somebody unlocks */
void sim_unblock(const void *lock);
void sim_new_actors(void);
void sim_start(int who, void (*body)(void));
void sim_kill(int who);
void sim_kill_all(void);
bool sim_alive(int who);
enum sim_wait sim_waits(int who, bool *parked_r);
const char *sim_name(int who);
bool sim_step(void); /* false at rest, when the story is to stop */

/* -- locks.c: robust mutexes of coroutines -- */

void sim_locks_new(void);
void sim_locks_die(int who);
bool sim_locks_free(const pthread_mutex_t *m);
int sim_locks_owner(const pthread_mutex_t *m); /* SIM_NOBODY */
bool sim_locks_any(int who);
void sim_locks_no_wait(bool on); /* the running actor must not wait */
int sim_lock(pthread_mutex_t *m);
int sim_trylock(pthread_mutex_t *m);
int sim_unlock(pthread_mutex_t *m);
int sim_consistent(pthread_mutex_t *m);

/* -- room.c: the product -- */

void sim_segment_new(void);
void sim_keeper(void);
pthread_mutex_t *sim_stripe(unsigned i);
pthread_mutex_t *sim_table(void);
void sim_forget_keeper(void); /* what its heap held */

/* -- worker.c, master.c, operator.c -- */

void sim_worker(void);
void sim_master(void);
void sim_operator(void);
void sim_fleet_new(void);
void sim_fleet_died(int who);
bool sim_fleet_at_rest(void); /* no dead worker's seat is left to reap */
uint32_t sim_fleet_seat(int who);
void sim_fleet_drain(int who); /* a reload: another takes its place */
bool sim_fleet_drains(int who);
void sim_operator_new(void);
/* For the stand-in of the kernel: a message to the keeper, and its answer. */
int sim_operator_ask(char *bytes, unsigned n);
void sim_operator_answer(const char *bytes, unsigned n);
void sim_operator_lost(void); /* the keeper died with it */
int64_t sim_operator_entry(struct account_key *key_r);

/* -- truth: story.c -- */

struct sim_truth *sim_truth(const struct account_key *key);
struct sim_truth *sim_truth_find(const struct account_key *key);
void sim_customer(unsigned i, char name_r[16]);
void sim_customer_hash(unsigned i, unsigned char hash_r[16]);

/* -- objects.c -- */

struct objects;
void sim_objects_new(void);
struct objects *sim_objects(void);

/* -- disk.c -- */

struct sim_row {
	struct apply_row row;
	bool there;
};

/* What budgets.alert_at is. */
#define SIM_PERCENTS 3
extern const int32_t sim_percents[SIM_PERCENTS];

void sim_disk_new(void);
void sim_disk_cut(void); /* the power is gone */
/* By number of the truth: what is committed, and what a power cut leaves. */
const struct sim_row *sim_disk_committed(unsigned truth);
const struct sim_row *sim_disk_durable(unsigned truth);
bool sim_disk_met(void);                 /* the ledger knows this segment */
uint64_t sim_disk_cursor(uint32_t seat); /* once they have met */

/* -- weak.c: stores that are seen late -- */

void sim_weak_new(void);
void sim_weak_store(void *at, const void *bytes, unsigned n, bool release);
void sim_weak_settle(int who);
void sim_weak_leave(int who); /* the others see the old values */
void sim_weak_enter(int who);
void sim_weak_die(int who); /* what it stored is seen */

/* -- judge.c -- */

void sim_judge_new(void);
void sim_judge(void);
void sim_judge_idle(void);
void sim_judge_commit(unsigned truth, const struct apply_row *was,
    const struct apply_row *is);
void sim_judge_end(void);

/* -- tale.c -- */

void sim_tale_new(void);
void sim_tell(const char *what, int64_t a, int64_t b, int64_t c);
_Noreturn void sim_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
#define sim_check(cond, ...)                                                   \
	do {                                                                   \
		if (!(cond))                                                   \
			sim_fail(__VA_ARGS__);                                 \
	} while (0)

/* -- story.c -- */

void sim_story(uint64_t seed);

#endif

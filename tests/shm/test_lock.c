/* A lock of the segment among processes that are killed. */
#include "shm/stripe.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "shm/segment.h"
#include "tests/suite.h"

#define KILLS 800

#define LOCK 1 /* the set of one stripe */

static const struct segment_shape shape = { 1, 16, 65536 };

struct lock_bench {
	struct segment *seg;
	_Atomic uint64_t *waited; /* by who waits for it */
};

static void
work(unsigned turns)
{
	for (volatile unsigned i = 0; i < turns; i++)
		continue;
}

/* Waits for the lock, again and again. */
static void
run_waiter(struct lock_bench *b, bool counts)
{
	for (;;) {
		stripe_lock(b->seg, LOCK);
		work(500);
		atomic_fetch_add(b->waited, counts);
		stripe_unlock(b->seg, LOCK);
		work(counts ? 200 : 10);
	}
}

/* Takes it when it is free, and never waits. */
static void
run_taker(struct lock_bench *b)
{
	for (;;) {
		if (stripe_trylock(b->seg, LOCK)) {
			work(2000);
			stripe_unlock(b->seg, LOCK);
		}
		work(200);
	}
}

enum lock_role { VICTIM, WAITER, TAKER };

static pid_t
start(struct lock_bench *b, enum lock_role role)
{
	pid_t pid = fork();

	ck_assert(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (role == TAKER)
		run_taker(b);
	run_waiter(b, role == WAITER);
	_exit(1);
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* True when the waiter gets the lock within a second. */
static bool
goes_on(const struct lock_bench *b)
{
	uint64_t was = atomic_load(b->waited);
	uint64_t until = now_fresh_ns() + 1000000000u;

	while (atomic_load(b->waited) == was)
		if (now_fresh_ns() > until)
			return false;
		else
			sched_yield();
	return true;
}

/*
 * Who was woken dies before it has the lock, and who did not wait takes it:
 * then nobody wakes the one who waits on.
 */
START_TEST(a_lost_wake_up_is_made_good)
{
	struct lock_bench b;
	pid_t waiter, taker;
	bool stands = false;
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &b.seg, &e), 1);
	b.waited = mmap(NULL, sizeof(*b.waited), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(b.waited != MAP_FAILED);
	waiter = start(&b, WAITER);
	taker = start(&b, TAKER);
	srand(1);
	for (unsigned i = 0; i < KILLS && !stands; i++) {
		pid_t victim = start(&b, VICTIM);

		usleep(200 + (useconds_t)rand() % 800);
		end(victim);
		stands = !goes_on(&b);
	}
	end(waiter);
	end(taker);
	munmap(b.waited, sizeof(*b.waited));
	segment_close(&b.seg);
	ck_assert(!stands);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("lock");
	TCase *t = tcase_create("lock");

	tcase_add_test(t, a_lost_wake_up_is_made_good);
	suite_add_tcase(s, t);
	return s;
}

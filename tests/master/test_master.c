/*
 * The master with roles of a few lines: what it starts, replaces, reloads and
 * stops, and in which order.  The master runs in a child of the test; roles
 * leave what happens to them on a shared page.
 */

#include "master/master.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "shm/seat.h"
#include "shm/segment.h"
#include "tests/suite.h"

#define WORKERS 2
#define EVENTS 256
#define PATIENCE_MS 15000

/* "role letter, what": K keeper, L logger, A admin, W worker. */
struct event {
	char role, what;
	int pid;
	uint64_t generation;
};

struct page {
	_Atomic unsigned events;
	struct event event[EVENTS];
	_Atomic int ready, loads, refuse, ask_reload, keeper_status;
	_Atomic int worker_status;
};

static struct page *page;
static pid_t master;
static char dir[64];

static void
note(enum master_role role, char what, uint64_t generation)
{
	unsigned i = atomic_fetch_add(&page->events, 1);

	ck_assert_uint_lt(i, EVENTS);
	page->event[i].pid = (int)getpid();
	page->event[i].generation = generation;
	page->event[i].role = "KLAW"[role];
	page->event[i].what = what;
}

/* ---- the roles ---------------------------------------------------------- */

static void
role_beat(const struct master_child *c, struct seat_owner *owner)
{
	if (c->role == MASTER_WORKER)
		seat_beat(owner, now_fresh_ns());
	else
		segment_beat(c->segment, (enum segment_role)c->role,
		    now_fresh_ns());
}

/* True when the role is to end. */
static bool
role_hear(const struct master_child *c)
{
	enum child_message message;
	int fds[CHILD_MAX_FDS];
	size_t n = 0;

	while (child_get(c->control_fd, &message, fds, &n) == 1) {
		uint64_t generation = 0;

		if (message == MASTER_SETTINGS && n == 2)
			generation = settings_map(fds[0])->generation;
		note(c->role, (char)message, generation);
		if (message == MASTER_STOP || message == MASTER_DRAIN)
			return true;
	}
	return false;
}

static int
role_main(void *arg, const struct master_child *c)
{
	struct seat_owner owner;
	struct pollfd fd = { c->control_fd, POLLIN, 0 };

	(void)arg;
	if (c->role == MASTER_KEEPER && page->keeper_status != 0)
		return page->keeper_status;
	if (c->role == MASTER_WORKER && page->worker_status != 0)
		return page->worker_status;
	if (c->role == MASTER_WORKER)
		seat_own(c->segment, (uint32_t)c->seat, &owner);
	note(c->role, '+', c->settings->generation);
	child_send(c->control_fd, CHILD_READY, NULL, 0);
	while (!role_hear(c)) {
		role_beat(c, &owner);
		if (c->role == MASTER_ADMIN &&
		    atomic_exchange(&page->ask_reload, 0))
			child_send(c->control_fd, CHILD_RELOAD, NULL, 0);
		poll(&fd, 1, 20);
	}
	note(c->role, '-', 0);
	return 0;
}

/* ---- the master --------------------------------------------------------- */

static int
make_fd(const void *bytes, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static int
make_settings(uint64_t generation)
{
	char bytes[sizeof(struct settings) + 64] = { 0 };
	struct settings s = { .magic = SETTINGS_MAGIC,
		.size = sizeof bytes,
		.generation = generation,
		.server_workers = WORKERS,
		.drain_reload_ms = 5000,
		.drain_stop_ms = 5000,
		.budgets_max_accounts = 64,
		.logs_ring_bytes = 65536 };

	s.run_path = (struct sref){ sizeof s, (uint32_t)strlen(dir) };
	memcpy(bytes, &s, sizeof s);
	memcpy(bytes + sizeof s, dir, strlen(dir));
	return make_fd(bytes, sizeof bytes);
}

static int
load(void *arg, uint64_t generation, int *snapshot_fd, int *secrets_fd,
    struct err *e)
{
	(void)arg;
	(void)e;
	page->loads++;
	if (page->refuse)
		return 0;
	*snapshot_fd = make_settings(generation);
	*secrets_fd = make_fd("", 1);
	return 1;
}

static void
ready(void *arg, const struct settings *s)
{
	(void)arg;
	(void)s;
	page->ready++;
}

static void
begin(void)
{
	struct master_options o = { .mains = { role_main, role_main, role_main,
					role_main },
		.load = load,
		.ready = ready };

	master = fork();
	ck_assert_int_ge(master, 0);
	if (master > 0)
		return;
	o.snapshot_fd = make_settings(1);
	o.secrets_fd = make_fd("", 1);
	_exit(master_run(&o));
}

static void
setup(void)
{
	page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	strcpy(dir, "/tmp/holdfast-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char path[128];

	if (master > 0) {
		kill(master, SIGKILL);
		waitpid(master, NULL, 0);
	}
	snprintf(path, sizeof path, "%s/segment", dir);
	unlink(path);
	rmdir(dir);
	munmap(page, sizeof *page);
}

static int
end(void)
{
	int status;

	ck_assert_int_eq(waitpid(master, &status, 0), master);
	master = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- what happened ------------------------------------------------------ */

/* How often an event of a generation (0 = any) happened. */
static unsigned
count(char role, char what, uint64_t generation)
{
	unsigned n = 0;

	for (unsigned i = 0; i < page->events; i++)
		n += page->event[i].role == role &&
		     page->event[i].what == what &&
		     (generation == 0 ||
			 page->event[i].generation == generation);
	return n;
}

static unsigned
place(char role, char what)
{
	unsigned i = 0;

	while (i < page->events &&
	       !(page->event[i].role == role && page->event[i].what == what))
		i++;
	return i;
}

static int
pid_of(char role, char what, unsigned nth)
{
	for (unsigned i = 0; i < page->events; i++)
		if (page->event[i].role == role &&
		    page->event[i].what == what && nth-- == 0)
			return page->event[i].pid;
	return 0;
}

static void
wait_for(char role, char what, uint64_t generation, unsigned n)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 5) {
		if (count(role, what, generation) >= n)
			return;
		poll(NULL, 0, 5);
	}
	ck_abort_msg("%c%c happened %u times, not %u", role, what,
	    count(role, what, generation), n);
}

static void
wait_ready(void)
{
	for (int ms = 0; ms < PATIENCE_MS && !page->ready; ms += 5)
		poll(NULL, 0, 5);
	ck_assert_int_eq(page->ready, 1);
}

START_TEST(starts_in_order)
{
	begin();
	wait_ready();
	ck_assert_uint_lt(place('K', '+'), place('L', '+'));
	ck_assert_uint_lt(place('L', '+'), place('A', '+'));
	ck_assert_uint_lt(place('A', '+'), place('W', '+'));
	ck_assert_uint_eq(count('W', '+', 1), WORKERS);
}
END_TEST

START_TEST(stops_in_order)
{
	begin();
	wait_ready();
	kill(master, SIGQUIT);
	ck_assert_int_eq(end(), 0);
	ck_assert_uint_eq(count('W', MASTER_DRAIN, 0), WORKERS);
	ck_assert_uint_lt(place('W', '-'), place('K', '-'));
	ck_assert_uint_lt(place('K', '-'), place('L', '-'));
	ck_assert_uint_lt(place('L', '-'), place('A', '-'));
	ck_assert_uint_eq(count('A', '-', 0), 1);
}
END_TEST

START_TEST(stops_fast)
{
	begin();
	wait_ready();
	kill(master, SIGTERM);
	ck_assert_int_eq(end(), 0);
	ck_assert_uint_eq(count('W', MASTER_STOP, 0), WORKERS);
	ck_assert_uint_eq(count('W', MASTER_DRAIN, 0), 0);
}
END_TEST

START_TEST(replaces_a_dead_worker)
{
	begin();
	wait_ready();
	kill(pid_of('W', '+', 0), SIGKILL);
	wait_for('W', '+', 1, WORKERS + 1);
	wait_for('K', MASTER_REAPED, 0, 1);
	wait_for('L', MASTER_REAPED, 0, 1);
	ck_assert_uint_eq(count('K', '+', 0), 1);
}
END_TEST

START_TEST(replaces_a_dead_keeper)
{
	begin();
	wait_ready();
	kill(pid_of('K', '+', 0), SIGKILL);
	wait_for('K', '+', 0, 2);
	wait_for('A', MASTER_PEER, 0, 1);
	wait_for('L', MASTER_ALERTS, 0, 1);
	ck_assert_uint_eq(count('W', '+', 0), WORKERS);
}
END_TEST

START_TEST(gives_a_new_admin_a_new_peer)
{
	begin();
	wait_ready();
	kill(pid_of('A', '+', 0), SIGKILL);
	wait_for('A', '+', 0, 2);
	wait_for('K', MASTER_PEER, 0, 1);
}
END_TEST

START_TEST(gives_a_new_logger_a_new_peer)
{
	begin();
	wait_ready();
	ck_assert_uint_eq(count('K', MASTER_ALERTS, 0), 0);
	kill(pid_of('L', '+', 0), SIGKILL);
	wait_for('L', '+', 0, 2);
	wait_for('K', MASTER_ALERTS, 0, 1);
	ck_assert_uint_eq(count('A', MASTER_PEER, 0), 0);
}
END_TEST

START_TEST(kills_who_is_silent)
{
	begin();
	wait_ready();
	kill(pid_of('L', '+', 0), SIGSTOP);
	wait_for('L', '+', 0, 2);
}
END_TEST

START_TEST(reloads)
{
	begin();
	wait_ready();
	kill(master, SIGHUP);
	wait_for('W', '+', 2, WORKERS);
	wait_for('W', '-', 0, WORKERS);
	wait_for('K', MASTER_SETTINGS, 2, 1);
	wait_for('L', MASTER_SETTINGS, 2, 1);
	wait_for('A', MASTER_SETTINGS, 2, 1);
	ck_assert_uint_eq(count('W', MASTER_DRAIN, 0), WORKERS);
	ck_assert_uint_eq(count('W', MASTER_STOP, 0), 0);
	kill(master, SIGHUP);
	wait_for('W', '+', 3, WORKERS);
	kill(master, SIGQUIT);
	ck_assert_int_eq(end(), 0);
}
END_TEST

START_TEST(keeps_the_old_when_refused)
{
	begin();
	wait_ready();
	page->refuse = 1;
	page->ask_reload = 1;
	wait_for('A', MASTER_REFUSED, 0, 1);
	ck_assert_uint_eq(count('W', MASTER_DRAIN, 0), 0);
	ck_assert_uint_eq(count('W', '+', 0), WORKERS);
	page->refuse = 0;
	page->ask_reload = 1;
	wait_for('A', MASTER_LOADED, 0, 1);
	wait_for('W', '+', 2, WORKERS);
}
END_TEST

START_TEST(keeps_the_old_when_workers_fail)
{
	begin();
	wait_ready();
	page->worker_status = EX_CONFIG;
	page->ask_reload = 1;
	wait_for('A', MASTER_REFUSED, 0, 1);
	ck_assert_uint_eq(count('W', MASTER_DRAIN, 0), 0);
	ck_assert_uint_eq(count('K', MASTER_SETTINGS, 0), 0);
}
END_TEST

START_TEST(reopens)
{
	begin();
	wait_ready();
	kill(master, SIGUSR1);
	wait_for('L', MASTER_REOPEN, 0, 1);
}
END_TEST

START_TEST(ends_when_the_start_fails)
{
	page->keeper_status = EX_OSERR;
	begin();
	ck_assert_int_eq(end(), EX_OSERR);
	ck_assert_int_eq(page->ready, 0);
}
END_TEST

/* A second master finds the segment of a first that was killed. */
START_TEST(begins_again_after_a_kill)
{
	begin();
	wait_ready();
	kill(master, SIGKILL);
	waitpid(master, NULL, 0);
	page->ready = 0;
	begin();
	wait_ready();
	ck_assert_uint_eq(count('W', '+', 0), 2 * WORKERS);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("master");
	TCase *t = tcase_create("roles");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, starts_in_order);
	tcase_add_test(t, stops_in_order);
	tcase_add_test(t, stops_fast);
	tcase_add_test(t, replaces_a_dead_worker);
	tcase_add_test(t, replaces_a_dead_keeper);
	tcase_add_test(t, gives_a_new_admin_a_new_peer);
	tcase_add_test(t, gives_a_new_logger_a_new_peer);
	tcase_add_test(t, kills_who_is_silent);
	tcase_add_test(t, reloads);
	tcase_add_test(t, keeps_the_old_when_refused);
	tcase_add_test(t, keeps_the_old_when_workers_fail);
	tcase_add_test(t, reopens);
	tcase_add_test(t, ends_when_the_start_fails);
	tcase_add_test(t, begins_again_after_a_kill);
	suite_add_tcase(s, t);
	return s;
}

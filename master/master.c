#include "master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmem.h"
#include "master/master_priv.h"
#include "master/pairs.h"
#include "master/notify.h"
#include "shm/seat.h"
#include "shm/segment.h"

#define MASTER_TURN_MS 100

/* ---- start -------------------------------------------------------------- */

static int
master_signals(struct master *m, struct err *e)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	m->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0)
		return err_set(e, ERR_SYSTEM, "signalfd: %m");
	return 0;
}

static unsigned
master_workers(const struct settings *s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->server_workers > 0)
		return (unsigned)s->server_workers;
	return cpus < 1 ? 1 : cpus > 64 ? 64 : (unsigned)cpus;
}

/* Seats that an earlier run left go the way of a dead worker's. */
static void
master_inherit_seats(struct master *m)
{
	for (uint32_t i = 0; i < segment_seats(m->segment); i++) {
		uint32_t state = atomic_load(&seat_at(m->segment, i)->state);

		if (state == SEAT_OWNED)
			m->seats[i] = SEAT_WORK_REAP;
		else if (state == SEAT_REAPED)
			m->seats[i] = SEAT_WORK_RETURN;
	}
}

static int
master_eventfds(struct master *m, struct err *e)
{
	uint32_t seats = segment_seats(m->segment);

	for (uint32_t i = 0; i < seats + 2; i++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return err_set(e, ERR_SYSTEM, "eventfd: %m");
		if (i < seats)
			segment_set_seat_fd(m->segment, i, fd);
		else
			segment_set_role_fd(m->segment,
			    i == seats ? ROLE_KEEPER : ROLE_LOGGER, fd);
	}
	return 0;
}

static int
master_segment(struct master *m, struct err *e)
{
	const struct settings *s = m->now->settings;
	struct segment_shape shape = { m->workers_wanted,
		(uint32_t)s->budgets_max_accounts,
		(uint64_t)s->logs_ring_bytes };
	char path[4096];
	int found;

	snprintf(path, sizeof path, "%s/segment",
	    settings_str(s, s->run_path).p);
	found = segment_open(path, &shape, &m->segment, e);
	if (found == 0) {
		m->segment_is_new = true;
		found = segment_create(path, &shape, &m->segment, e);
	}
	if (found < 0)
		return -1;
	master_inherit_seats(m);
	return master_eventfds(m, e);
}

static int
master_begin(struct master *m, struct err *e)
{
	for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++)
		m->children[i] = (struct child){
			.role = i < MASTER_WORKER ? (enum master_role)i
			                          : MASTER_WORKER,
			.control_fd = -1,
			.seat = -1,
		};
	pairs_init(m);
	m->now = generation_new(m, m->options->snapshot_fd,
	    m->options->secrets_fd, e);
	if (m->now == NULL)
		return -1;
	m->generations = m->now->settings->generation;
	m->workers_wanted = master_workers(m->now->settings);
	if (master_signals(m, e) != 0 || master_segment(m, e) != 0)
		return -1;
	tally_begin(m);
	m->pipes = pipes_new(MASTER_WORKER + segment_seats(m->segment), e);
	if (m->pipes == NULL)
		return -1;
	m->watchdog_ns = notify_watchdog_ns();
	/* Their entries; they start after the admin is ready. */
	for (unsigned i = 0; i < m->workers_wanted; i++)
		m->children[MASTER_WORKER + i].generation = m->now;
	return 0;
}

/* ---- signals ------------------------------------------------------------ */

static void
master_reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++)
			if (m->children[i].pid == pid)
				child_ended(m, &m->children[i], status);
}

static void
master_signal(struct master *m, int signal_nr)
{
	switch (signal_nr) {
	case SIGCHLD:
		master_reap(m);
		break;
	case SIGHUP:
		m->reload_wanted = true;
		break;
	case SIGUSR1:
		m->reopen_wanted = true;
		break;
	case SIGTERM:
	case SIGINT:
		m->stop_wanted = m->stop_fast_wanted = true;
		break;
	case SIGQUIT: /* the second one means now */
		m->stop_fast_wanted =
		    m->stop_wanted || m->phase >= PHASE_ANNOUNCE;
		m->stop_wanted = true;
		break;
	default:
		break;
	}
}

static void
master_read_signals(struct master *m)
{
	struct signalfd_siginfo info;

	while (read(m->signal_fd, &info, sizeof info) == sizeof info)
		master_signal(m, (int)info.ssi_signo);
}

/* ---- the loop ----------------------------------------------------------- */

static void
master_wait(struct master *m)
{
	struct pollfd fds[1 + MASTER_MAX_CHILDREN];
	struct child *owners[1 + MASTER_MAX_CHILDREN];
	nfds_t n = 1;

	fds[0] = (struct pollfd){ m->signal_fd, POLLIN, 0 };
	for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (c->control_fd < 0)
			continue;
		owners[n] = c;
		fds[n++] = (struct pollfd){ c->control_fd, POLLIN, 0 };
	}
	if (poll(fds, n, MASTER_TURN_MS) <= 0)
		return;
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents != 0)
			child_hear(m, owners[i]);
	if (fds[0].revents != 0)
		master_read_signals(m);
}

static void
master_act(struct master *m)
{
	if (m->reopen_wanted) {
		m->reopen_wanted = false;
		child_say(&m->children[MASTER_LOGGER], MASTER_REOPEN);
	}
	if (m->stop_wanted) {
		m->stop_wanted = false;
		stop_begin(m, m->stop_fast_wanted);
	}
}

/* Once a second: we live; systemd is told while the keeper lives too. */
static void
master_beat(struct master *m, uint64_t now_ns)
{
	uint64_t keeper = segment_beaten_ns(m->segment, ROLE_KEEPER);

	segment_beat(m->segment, ROLE_MASTER, now_ns);
	if (m->watchdog_ns == 0 || now_ns < m->beat_ns + m->watchdog_ns)
		return;
	m->beat_ns = now_ns;
	if (m->phase != PHASE_RUN || now_ns < keeper + 5 * MASTER_SECOND_NS)
		notify_send("WATCHDOG=1");
}

static void
master_now_ready(struct master *m)
{
	if (m->phase != PHASE_START || !fleet_ready(m))
		return;
	m->phase = PHASE_RUN;
	notify_send("READY=1\nSTATUS=ready: %u workers, %u providers, "
		    "settings %llu",
	    m->workers_wanted, m->now->settings->providers.n,
	    (unsigned long long)m->now->settings->generation);
	if (m->options->ready != NULL)
		m->options->ready(m->options->arg, m->now->settings);
}

static void
master_watch_clock(struct master *m, uint64_t now_ns)
{
	int64_t step_s;

	if (now_ns < m->clock_ns)
		return;
	m->clock_ns = now_ns + CLOCKSTEP_EVERY_NS;
	now_update();
	step_s = clockstep_look(&m->clock, now_real_us(), now_boot_us());
	if (step_s == 0)
		return;
	segment_clock_stepped(m->segment, step_s);
	log_warn("master: the clock was set %s by %lld s: budgets go by it",
	    step_s < 0 ? "back" : "forward",
	    (long long)(step_s < 0 ? -step_s : step_s));
}

static void
master_turn(struct master *m)
{
	uint64_t now_ns;

	master_wait(m);
	master_act(m);
	now_ns = now_fresh_ns();
	fleet_turn(m, now_ns);
	generation_turn(m, now_ns);
	master_now_ready(m);
	stop_turn(m, now_ns);
	tally_turn(m, now_ns);
	master_watch_clock(m, now_ns);
	master_beat(m, now_ns);
}

int
master_run(const struct master_options *o)
{
	struct master *m = xcalloc(1, sizeof *m);
	struct err e = { 0 };
	int status;

	m->options = o;
	if (master_begin(m, &e) != 0) {
		log_error("master: %s", e.text);
		return e.kind == ERR_SETTINGS ? EX_CONFIG : EX_OSERR;
	}
	while (m->phase != PHASE_END)
		master_turn(m);
	pipes_drain(m->pipes);
	log_info("master: stopped");
	status = m->status;
	segment_close(&m->segment);
	return status;
}

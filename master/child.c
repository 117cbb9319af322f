#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "master/master_priv.h"
#include "master/pairs.h"
#include "shm/seat.h"
#include "shm/segment.h"

#define CHILD_LONG_LIFE_NS (10 * MASTER_SECOND_NS)
#define CHILD_MAX_BACKOFF_NS (30 * MASTER_SECOND_NS)

const char *
child_name(const struct child *c)
{
	static const char *const names[MASTER_ROLES] = {
		[MASTER_KEEPER] = "keeper",
		[MASTER_LOGGER] = "logger",
		[MASTER_ADMIN] = "admin",
		[MASTER_WORKER] = "worker",
	};

	return names[c->role];
}

bool
child_is_alive(const struct child *c)
{
	return c->pid > 0;
}

void
child_say(struct child *c, char message)
{
	if (c->control_fd < 0)
		return;
	if (child_send(c->control_fd, (enum child_message)message, NULL, 0) !=
	    0)
		log_warn("master: %s %d does not listen: %m", child_name(c),
		    (int)c->pid);
}

void
child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

/* ---- in the new process ------------------------------------------------- */

static void
child_signals(void)
{
	static const int ignored[] = { SIGINT, SIGHUP, SIGQUIT, SIGPIPE,
		SIGUSR1, SIGUSR2, SIGWINCH };
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors of the master and of the other children. */
static void
child_close_others(struct master *m)
{
	close(m->signal_fd);
	pairs_close(m);
	for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++)
		if (m->children[i].control_fd >= 0)
			close(m->children[i].control_fd);
}

static size_t
child_pipe(const struct child *c)
{
	return c->role == MASTER_WORKER
	           ? (size_t)MASTER_WORKER + (size_t)c->seat
	           : (size_t)c->role;
}

static void
child_harden(const struct settings *s)
{
	struct rlimit none = { 0, 0 };

	if (s->debug_dumpable)
		return;
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/* ps and top tell the processes apart by it. */
static void
child_set_title(const struct child *c)
{
	char title[16]; /* the kernel keeps no more */

	snprintf(title, sizeof title, "holdfast:%s", child_name(c));
	prctl(PR_SET_NAME, title);
}

static void __attribute__((noreturn))
child_run(struct master *m, struct child *c, int control_fd,
    const int own_fds[MASTER_PAIRS], pid_t master)
{
	const struct generation *g =
	    c->generation != NULL ? c->generation : m->now;
	struct master_child arg = {
		.role = c->role,
		.settings = g->settings,
		.secrets = g->secrets,
		.prepared = g->prepared,
		.segment = m->segment,
		.segment_is_new = m->segment_is_new,
		.seat = c->seat,
		.control_fd = control_fd,
	};

	memcpy(arg.pair_fds, own_fds, sizeof arg.pair_fds);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(EX_OSERR);
	log_role(child_name(c));
	child_set_title(c);
	child_close_others(m);
	if (c->role == MASTER_LOGGER) {
		arg.stderr_fds = pipes_readers(m->pipes);
		arg.stderr_n = MASTER_WORKER + segment_seats(m->segment);
	} else
		pipes_become_stderr(m->pipes, child_pipe(c));
	child_harden(g->settings);
	crash_init(child_name(c));
	child_signals();
	exit(m->options->mains[c->role](m->options->arg, &arg));
}

/* ---- in the master ------------------------------------------------------ */

static void
child_started(struct master *m, struct child *c, int control_fd)
{
	c->control_fd = control_fd;
	c->state = CHILD_STARTING;
	c->started_ns = now_fresh_ns();
	if (c->role == MASTER_WORKER) {
		seat_set_pid(m->segment, (uint32_t)c->seat, c->pid);
		c->generation->workers++;
	}
	log_debug("master: %s started as %d", child_name(c), (int)c->pid);
}

int
child_start(struct master *m, struct child *c)
{
	int control[2], own_fds[MASTER_PAIRS], peer_fds[MASTER_PAIRS];
	pid_t master = getpid();

	c->due_ns = now_fresh_ns() + MASTER_SECOND_NS;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, control) != 0) {
		log_error("master: socketpair: %m");
		return -1;
	}
	pairs_make(m, c, own_fds, peer_fds);
	c->pid = fork();
	if (c->pid == 0) {
		close(control[0]);
		pairs_drop(peer_fds);
		child_run(m, c, control[1], own_fds, master);
	}
	close(control[1]);
	pairs_drop(own_fds);
	if (c->pid < 0) {
		log_error("master: fork: %m");
		c->pid = 0;
		close(control[0]);
		pairs_drop(peer_fds);
		return -1;
	}
	child_started(m, c, control[0]);
	pairs_give(m, c, peer_fds);
	return 0;
}

static void
child_message(struct master *m, struct child *c, enum child_message message)
{
	switch (message) {
	case CHILD_READY:
		if (c->state == CHILD_STARTING)
			c->state = CHILD_SERVING;
		break;
	case CHILD_RELOAD:
		if (c->role == MASTER_ADMIN)
			m->reload_wanted = m->reload_asked = true;
		break;
	default: /* DRAINED and DONE are followed by what we act on */
		break;
	}
}

void
child_hear(struct master *m, struct child *c)
{
	enum child_message message;
	int fds[CHILD_MAX_FDS], got;
	size_t n;

	while ((got = child_get(c->control_fd, &message, fds, &n)) == 1) {
		while (n > 0)
			close(fds[--n]);
		child_message(m, c, message);
	}
	if (got < 0) {
		close(c->control_fd);
		c->control_fd = -1;
	}
}

/* When the next life begins: at once after a long one. */
static void
child_back_off(struct child *c, uint64_t now_ns)
{
	if (now_ns - c->started_ns >= CHILD_LONG_LIFE_NS)
		c->backoff_ns = 0;
	else if (c->backoff_ns == 0)
		c->backoff_ns = MASTER_SECOND_NS;
	else if (c->backoff_ns < CHILD_MAX_BACKOFF_NS)
		c->backoff_ns *= 2;
	if (c->backoff_ns > CHILD_MAX_BACKOFF_NS)
		c->backoff_ns = CHILD_MAX_BACKOFF_NS;
	c->due_ns = now_ns + c->backoff_ns;
}

static void
child_tell_end(const struct child *c, int status)
{
	bool wanted = c->state >= CHILD_DRAINING;

	if (WIFSIGNALED(status))
		log_error("master: %s %d ended by signal %d (%s)",
		    child_name(c), (int)c->pid, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == EX_CONFIG)
		log_error("master: %s %d refused the settings (78) and is not "
			  "started again",
		    child_name(c), (int)c->pid);
	else if (WEXITSTATUS(status) != 0 || !wanted)
		log_error("master: %s %d ended with status %d", child_name(c),
		    (int)c->pid, WEXITSTATUS(status));
}

static void
child_seat_ended(struct master *m, struct child *c)
{
	if (c->role != MASTER_WORKER)
		return;
	m->seats[c->seat] = SEAT_WORK_REAP;
	c->seat = -1;
	c->generation->workers--;
}

/* In the start and in a reload a child's end is the answer: it cannot be. */
static void
child_failed_to_start(struct master *m, const struct child *c, int status)
{
	if (m->phase == PHASE_START) {
		m->status = WIFEXITED(status) && WEXITSTATUS(status) != 0
		                ? WEXITSTATUS(status)
		                : EX_SOFTWARE;
		stop_begin(m, true);
	} else if (m->next != NULL && c->generation == m->next)
		generation_refuse(m);
}

void
child_ended(struct master *m, struct child *c, int status)
{
	enum child_state before = c->state;
	struct generation *g = c->generation;

	child_tell_end(c, status);
	if (c->control_fd >= 0)
		close(c->control_fd);
	c->control_fd = -1;
	child_seat_ended(m, c);
	if (c->role == MASTER_WORKER && before < CHILD_DRAINING)
		tally_death(m, c, status);
	c->silent = false;
	c->pid = 0;
	c->state = WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG
	               ? CHILD_REFUSED
	               : CHILD_GONE;
	child_back_off(c, now_fresh_ns());
	if (before == CHILD_STARTING)
		child_failed_to_start(m, c, status);
	if (before == CHILD_DRAINING || before == CHILD_STOPPING)
		c->generation = NULL; /* nobody takes its place */
	if (g != NULL)
		generation_release(m, g);
}

#ifndef MASTER_MASTER_PRIV_H
#define MASTER_MASTER_PRIV_H

/*
 * The state of the master, and which file does what with it:
 *
 *	master.c      the loop: signals, messages, one turn
 *	child.c       fork, messages to and from one child, its end
 *	pairs.c       sockets between two children
 *	fleet.c       which children there should be: start, respawn, seats
 *	generation.c  settings: load, prepare, take into use, retire
 *	stop.c        the order of the stop
 *	tally.c       what it counts for the metrics
 *	clockstep.c   was the wall clock set?
 *
 * A signal or a message only sets a fact here; the turn acts on it.
 */

#include <sys/types.h>

#include "master/clockstep.h"
#include "master/master.h"
#include "master/pipes.h"

#define MASTER_SECOND_NS 1000000000ull

/* The settings of one number, and what its workers share. */
struct generation {
	uint64_t number;
	int snapshot_fd, secrets_fd;
	const struct settings *settings;
	const char *secrets;
	void *prepared;
	unsigned workers; /* how many of its processes live */
};

enum child_state {
	CHILD_GONE,     /* no process; due_ns says when the next starts */
	CHILD_STARTING, /* forked, not READY yet */
	CHILD_SERVING,
	CHILD_DRAINING, /* told to finish */
	CHILD_STOPPING, /* told to end at once; killed at due_ns */
	CHILD_REFUSED,  /* exited 78; not started again */
};

struct child {
	enum master_role role;
	enum child_state state;
	pid_t pid;
	int control_fd; /* -1 when it has no process */
	int seat;       /* -1 when it has none */
	uint64_t started_ns;
	uint64_t due_ns;               /* next start, or the end of patience */
	uint64_t backoff_ns;           /* 0 when its last life was long */
	bool silent;                   /* and therefore killed */
	struct generation *generation; /* of a worker */
};

/* A seat whose worker is gone, on its way back to the free ones. */
enum seat_work { SEAT_WORK_NONE, SEAT_WORK_REAP, SEAT_WORK_RETURN };

enum master_phase {
	PHASE_START,
	PHASE_RUN,
	PHASE_ANNOUNCE, /* stopping: not ready, still accepting */
	PHASE_WORKERS,  /* stopping: workers finish */
	PHASE_KEEPER,
	PHASE_LOGGER,
	PHASE_ADMIN,
	PHASE_END
};

#define MASTER_MAX_CHILDREN (MASTER_WORKER + 256)

struct master {
	const struct master_options *options;
	struct segment *segment;
	bool segment_is_new;
	struct pipes *pipes;
	int signal_fd;
	int pair_fds[MASTER_PAIRS]; /* ends that the later role has not taken */

	/* The first MASTER_WORKER are the single roles, in their order. */
	struct child children[MASTER_MAX_CHILDREN];
	unsigned workers_wanted;
	unsigned char seats[256]; /* enum seat_work */

	struct generation *now;  /* what serves */
	struct generation *next; /* its workers are starting; or NULL */
	uint64_t generations;    /* the last number given */
	bool reload_wanted, reload_asked; /* asked: admin waits for an answer */
	bool reopen_wanted;

	enum master_phase phase;
	uint64_t phase_due_ns;
	bool stop_wanted, stop_fast_wanted;
	bool stop_fast; /* the stop that goes on */
	uint64_t beat_ns, watchdog_ns, tally_ns, clock_ns;
	struct clockstep clock;
	int status; /* exit status */
};

/* -- child.c -- */

/*
 * Fork it; its seat and generation are set.  0, or -1 when the system refused
 * (it is due again later).
 */
int child_start(struct master *m, struct child *c);
void child_say(struct child *c, char message);
/* Read all it has said. */
void child_hear(struct master *m, struct child *c);
void child_kill(struct child *c);
/* The process is gone: status as of waitpid(). */
void child_ended(struct master *m, struct child *c, int status);
const char *child_name(const struct child *c);
bool child_is_alive(const struct child *c);

/* -- fleet.c -- */

/* One turn: start what is due, kill what is silent, give seats back. */
void fleet_turn(struct master *m, uint64_t now_ns);
/* Make another worker of a generation; 0 when there is no seat. */
int fleet_add_worker(struct master *m, struct generation *g);
/* Workers of a generation in that state. */
unsigned fleet_count(const struct master *m, const struct generation *g,
    enum child_state state);
bool fleet_ready(const struct master *m);
/* No worker lives and every seat of a dead one is reaped. */
bool fleet_workers_gone(const struct master *m);

/* -- generation.c -- */

/* Map the snapshot and prepare; NULL with *e.  Takes the descriptors. */
struct generation *generation_new(struct master *m, int snapshot_fd,
    int secrets_fd, struct err *e);
/* Begin, go on with, end a reload. */
void generation_turn(struct master *m, uint64_t now_ns);
/* A worker of the coming generation could not start. */
void generation_refuse(struct master *m);
/* Release those that no worker has. */
void generation_release(struct master *m, struct generation *g);

/* -- tally.c -- */

/* The segment is there, and the settings of the start are in force. */
void tally_begin(struct master *m);
void tally_reload(struct master *m, bool ok);
/* A worker that nobody asked to end: its status as of waitpid(). */
void tally_death(struct master *m, const struct child *c, int status);
/* Once a second: the master's own memory. */
void tally_turn(struct master *m, uint64_t now_ns);

/* -- stop.c -- */

void stop_begin(struct master *m, bool fast);
void stop_turn(struct master *m, uint64_t now_ns);

#endif

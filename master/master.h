#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

/*
 * master - starts the other processes, watches them, replaces them.
 *
 * It sees bytes of no client and of no provider.  What it must know of the
 * other rooms comes as functions from main.c, so that this room includes base
 * and shm only and can be tested with roles of a few lines.
 *
 * Every child talks to the master by the one-byte messages of
 * base/childproto.h over a SEQPACKET socketpair.  The standard error of a
 * child is a pipe that the master makes once and keeps; the logger reads all
 * of them (its own goes to the master's standard error).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/settings.h"

struct segment;

/* In the order of the start; the order of the stop is in stop.c. */
enum master_role {
	MASTER_KEEPER,
	MASTER_LOGGER,
	MASTER_ADMIN,
	MASTER_WORKER,
	MASTER_ROLES
};

/* Two roles that talk past the master. */
enum master_pair {
	PAIR_ASK,    /* keeper and admin: store/ask.h */
	PAIR_ALERTS, /* keeper and logger: store/alert.h */
	MASTER_PAIRS
};

/* What the main function of a role is given, in the new process. */
struct master_child {
	enum master_role role;
	const struct settings *settings;
	const char *secrets;
	void *prepared; /* of prepare(), for these settings */
	struct segment *segment;
	bool segment_is_new;        /* nothing of an earlier run is in it */
	int seat;                   /* a worker's, else -1 */
	int control_fd;             /* SEQPACKET to the master */
	int pair_fds[MASTER_PAIRS]; /* its end of each pair, or -1 */
	/* Logger: the reading ends of the children's standard errors. */
	const int *stderr_fds;
	size_t stderr_n;
};

/*
 * main() of a role; what it returns is the exit status of the process.
 * SIGTERM has its default action, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1,
 * SIGUSR2 and SIGWINCH are ignored, none is blocked.
 */
typedef int (*master_main_fn)(void *arg, const struct master_child *c);

struct master_options {
	void *arg; /* first argument of the functions below */
	master_main_fn mains[MASTER_ROLES];

	/*
	 * Compile the settings anew under that number; two sealed memfds.  1,
	 * 0 refused (it has said why), -1 failed.
	 */
	int (*load)(void *arg, uint64_t generation, int *snapshot_fd,
	    int *secrets_fd, struct err *e);

	/*
	 * What the workers of a generation share, made before they are
	 * forked; NULL with *e when it cannot be.  May be NULL.
	 */
	void *(*prepare)(void *arg, const struct settings *s,
	    const char *secrets, struct err *e);
	void (*unprepare)(void *arg, void *prepared);

	/* A stop: keep no listener open for that; may be NULL, may repeat. */
	void (*unlisten)(void *arg, void *prepared);

	/* All children are ready for the first time; may be NULL. */
	void (*ready)(void *arg, const struct settings *s);

	/* Of the start; master_run() owns them from then on. */
	int snapshot_fd, secrets_fd;
};

/*
 * Run until a signal ends it: segment, keeper, logger, admin, workers, then
 * the loop.  The exit status of the process: 0, or one of <sysexits.h>.
 */
int master_run(const struct master_options *o);

#endif

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
 * child is a pipe that the master made at its start and keeps open; the
 * logger reads all of them (its own goes to the master's standard error).
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/settings.h"

struct segment;

enum master_role {
	MASTER_KEEPER,
	MASTER_LOGGER,
	MASTER_ADMIN,
	MASTER_WORKER,
	MASTER_ROLES
};

/* The last words of a child: the reading end of its standard error. */
struct master_pipe {
	int fd;
	enum master_role role;
	int seat; /* of a worker, else -1 */
};

/* What the main function of a role is given, in the new process. */
struct master_child {
	enum master_role role;
	const struct settings *settings;
	const char *secrets;
	struct segment *segment;
	int seat;       /* a worker's, else -1 */
	int control_fd; /* SEQPACKET to the master */
	/* The ends of the socketpairs between children; -1 when not theirs. */
	int admin_fd;  /* keeper: from admin */
	int keeper_fd; /* admin: to the keeper */
	int alert_fd;  /* keeper: to the logger; logger: from the keeper */
	int patch_fd;  /* admin: to the logger; logger: from admin */
	/* Workers accept on listen_fds, admin on admin_listen_fd (or -1). */
	const int *listen_fds;
	size_t listen_n;
	int admin_listen_fd;
	/* Logger: all pipes. */
	const struct master_pipe *pipes;
	size_t pipes_n;
	bool foreground; /* the logger writes for people, to stderr */
};

/*
 * main() of a role.  Signals are unblocked and have their default action;
 * what it returns is the exit status of the process.
 */
typedef int (*master_main_fn)(const struct master_child *c);

struct master_options {
	master_main_fn mains[MASTER_ROLES];

	/*
	 * Compile the settings anew under that number; descriptors as
	 * setup_load() gives them.  1, 0 refused, -1 failed.
	 */
	int (*load)(void *arg, uint64_t generation, int *snapshot_fd,
	    int *secrets_fd, struct err *e);
	void *load_arg;

	int snapshot_fd, secrets_fd; /* of the start; master_run takes them */
	int lock_fd;                 /* kept open */
	const int *listen_fds;
	size_t listen_n;
	int admin_listen_fd; /* or -1 */
	bool foreground;

	/* Called once when all children are ready; may be NULL. */
	void (*ready)(void *arg, const struct settings *s);
	void *ready_arg;
};

/*
 * Run until a signal ends it: the start order of the design, then the loop.
 * The exit status of the process: 0, or one of <sysexits.h>.
 */
int master_run(const struct master_options *o);

#endif

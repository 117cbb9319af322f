#ifndef BASE_CHILDPROTO_H
#define BASE_CHILDPROTO_H

/*
 * childproto - what the master and a child say to each other.
 *
 * Each child has a SOCK_SEQPACKET socketpair with the master: one message is
 * one byte, a few carry descriptors (SCM_RIGHTS).  The child also learns from
 * it that the master is gone: child_get() returns -1 at its end.
 */

#include <stddef.h>

enum child_message {
	/* up, from a child */
	CHILD_READY = 'R',   /* its start is done, it serves */
	CHILD_DRAINED = 'D', /* nothing in flight is left; it ends now */
	CHILD_RELOAD = 'L',  /* admin: reload the settings, please */
	CHILD_DONE = 'Y',    /* MASTER_SETTINGS was taken */

	/* down, from the master */
	MASTER_ANNOUNCE = 'a', /* worker: a stop comes; serve, but not ready */
	MASTER_DRAIN = 'd',    /* take nothing new, finish what runs, end */
	MASTER_STOP = 's',     /* end at once, but in order */
	MASTER_REOPEN = 'r',   /* logger: open the files again */
	MASTER_SETTINGS = 'c', /* 2 descriptors: snapshot, secrets */
	MASTER_PEER = 'p',    /* 1 descriptor: keeper and admin: a new socket */
	MASTER_ALERTS = 'o',  /* the same for keeper and logger */
	MASTER_REAPED = 'w',  /* a worker died: check readers and lanes */
	MASTER_LOADED = 'l',  /* admin: the reload succeeded */
	MASTER_REFUSED = 'n', /* admin: the reload was refused */
};

#define CHILD_MAX_FDS 2

/* 0, or -1 with errno; EAGAIN when the peer does not read. */
int child_send(int fd, enum child_message message, const int *fds, size_t n);

/*
 * Read one message without waiting.  1 with *message_r and *n_r descriptors
 * in fds (now the caller's, close-on-exec); 0 when there is none; -1 when the
 * other side is gone.
 */
int child_get(int fd, enum child_message *message_r, int fds[CHILD_MAX_FDS],
    size_t *n_r);

#endif

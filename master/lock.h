#ifndef MASTER_LOCK_H
#define MASTER_LOCK_H

/*
 * lock - one master for one run.path, and its process id for "-s".
 *
 * The lock is the kernel's: it ends with the process, however that ends.
 */

struct err;

/*
 * Take the lock in a directory, which is made when it is missing.  1 with the
 * descriptor (close-on-exec, kept for life); 0 when another master has it (*e
 * names it); -1.
 */
int lock_take(const char *dir, int *fd_r, struct err *e);

/* The process id of the master that has the lock; 0 when there is none. */
int lock_holder(const char *dir);

#endif

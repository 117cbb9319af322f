#ifndef LOGGER_LOGGER_H
#define LOGGER_LOGGER_H

/*
 * logger - the process that writes down what the workers tell.
 *
 * It empties the log lanes, joins bodies, writes the files of "logs.files",
 * the log store and the answer cache, hands cached answers to the requests
 * that wait for them, and copies the children's last words to its own
 * stderr.  It never makes anybody wait: what it cannot write is counted.
 */

#include <stddef.h>

struct settings;
struct shm;

struct logger_args {
	const struct settings *settings;
	struct shm *shm;     /* the mapped segment */
	int wake_fd;         /* own eventfd: a lane has something */
	const int *seat_fds; /* eventfd of each seat, to wake followers */
	size_t n_seats;
	int master_fd; /* SEQPACKET, base/childproto.h */
	const int
	    *stderr_fds; /* read ends of the children's pipes; -1 = none */
	size_t n_stderr;
	int unclean_boot; /* the cache is emptied first */
};

/*
 * Runs until the master says stop (0), or the process cannot work at all
 * (an exit status of sysexits.h).  READY is sent once files are open.
 */
int logger_main(const struct logger_args *args);

#endif

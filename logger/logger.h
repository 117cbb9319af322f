#ifndef LOGGER_LOGGER_H
#define LOGGER_LOGGER_H

/*
 * logger - the process that writes down what the workers tell.
 *
 * It empties the log lanes, joins bodies, writes the files of "logs.files",
 * the log store and the answer cache, hands cached answers to the requests
 * that wait for them, copies the children's last words to its own stderr, and
 * brings the keeper's alerts to the exporters.  It never makes anybody wait:
 * what it cannot write is counted.
 */

#include <stddef.h>

struct segment;
struct settings;

struct logger_args {
	const struct settings *settings;
	struct segment *segment; /* mapped; with all eventfds set */
	const char *secrets;     /* mapped */
	int master_fd;           /* SEQPACKET, base/childproto.h */
	int keeper_fd;           /* SEQPACKET, store/alert.h; -1 none */
	const int *stderr_fds;   /* read ends of the pipes, -1 = none */
	size_t n_stderr;
};

/*
 * Runs until the master says stop (0), or the process cannot work at all
 * (an exit status of sysexits.h).  READY is sent once files are open.
 */
int logger_main(const struct logger_args *args);

#endif

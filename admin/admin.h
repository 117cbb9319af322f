#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

/*
 * admin - the process that answers the administrator: the control socket of
 * holdfastctl, and the HTTP listener with health, readiness and metrics.
 *
 * It reads the segment and the stores and writes neither: it asks the keeper.
 * The control socket (admin.socket) is made here, anew at each start.
 */

#include <stdint.h>

struct segment;
struct settings;

struct admin_args {
	const struct settings *settings;
	struct segment *segment;
	const char *settings_path; /* shown by status and config */
	int master_fd;             /* SEQPACKET, base/childproto.h */
	int keeper_fd;             /* SEQPACKET to the keeper, store/ask.h */
	int http_fd;               /* listening on loopback; -1 = none */
	int64_t started_us;        /* of the master, wall clock */
	const char *secrets;       /* that settings name; NULL: none */
};

/* Run until the master says stop or drain; the exit status. */
int admin_main(const struct admin_args *args);

#endif

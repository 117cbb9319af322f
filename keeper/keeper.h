#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

/*
 * keeper - the process that keeps the book: the only writer of "ledger" and
 * "objects".
 *
 * It applies what the workers settled, grants leases, creates and changes
 * customers and keys.  Nothing in it can block but its own commit.
 */

struct segment;
struct settings;

struct keeper_args {
	const struct settings *settings;
	struct segment *segment; /* mapped; with the seats' eventfds */
	int master_fd;           /* SEQPACKET, base/childproto.h */
	int admin_fd;            /* SEQPACKET to admin, store/ask.h; -1 none */
	int logger_fd;           /* the same to the logger, store/alert.h */
};

/*
 * Run until the master says stop; the process' exit status: 0, 71 when the
 * store or the segment failed.  Says CHILD_READY once the ledger is recovered.
 */
int keeper_main(const struct keeper_args *args);

#endif

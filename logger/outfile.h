#ifndef LOGGER_OUTFILE_H
#define LOGGER_OUTFILE_H

/*
 * outfile - a log file that whole lines are appended to, many at once.
 *
 * Lines gather in a buffer and go out in one write.  What cannot be written
 * (disk full) is dropped and counted, never waited for, and no line is ever
 * split: a partial write is cut off again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "base/slice.h"

struct outfile {
	struct slice path;  /* "-" = standard output; NUL-terminated */
	struct sbuf buf;    /* lines that are not written yet */
	unsigned lines;     /* in buf */
	int fd;             /* -1: could not be opened */
	uint64_t dropped;   /* lines since the last one written */
	int64_t dropped_us; /* when the first of them went */
};

/* Opens at once; a file that cannot be opened drops, and tries at reopen. */
void outfile_init(struct outfile *f, struct slice path);
void outfile_fini(struct outfile *f);

/* After the file was moved away (MASTER_REOPEN). */
void outfile_reopen(struct outfile *f);

bool outfile_is_stdout(const struct outfile *f);

/*
 * Write the buffer.  room false: drop it instead (the disk is nearly full).
 * The number of lines that were dropped.
 */
unsigned outfile_flush(struct outfile *f, bool room);

#endif

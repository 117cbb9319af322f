#ifndef SETUP_SETUP_H
#define SETUP_SETUP_H

/*
 * setup - from text files to the snapshot of base/settings.h.
 *
 * Everything that touches libconfig, secrets or text of the administrator
 * runs in a throw-away child: a parser that crashes is an error of the
 * settings, not the end of the master.  Only master/main.c calls this.
 *
 * Messages have the form of a compiler's: file:line:column, severity, the
 * line, a caret, a help.  All faults of all files come in one run.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct setup_options {
	const char *path;    /* the main file; conf.d lies beside it */
	const char *text;    /* instead of a file, when not NULL */
	uint64_t generation; /* the number that the snapshot gets */
	int messages_fd;     /* where the messages go: 2, or a file */
	bool quiet;          /* errors only, no closing line */
	bool strict;         /* a warning refuses the settings too */
	bool print;          /* the merged settings on standard output */
	bool colour;         /* of the messages */
};

/* Two sealed memfds, close-on-exec; the caller closes them. */
struct setup_result {
	int snapshot_fd;
	int secrets_fd;
};

/*
 * Check the settings and compile them.  1 with *r; 0 when they are refused
 * (the messages say why); -1 with *e when the system refused (fork, memory).
 */
int setup_load(const struct setup_options *o, struct setup_result *r,
    struct err *e);

#endif

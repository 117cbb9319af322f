#ifndef MASTER_OPTIONS_H
#define MASTER_OPTIONS_H

/* options - the command line of the daemon. */

#include <stdbool.h>

enum options_verb {
	VERB_SERVE,
	VERB_CHECK,   /* -t */
	VERB_PRINT,   /* -T */
	VERB_SIGNAL,  /* -s */
	VERB_VERSION, /* -V */
	VERB_HELP
};

struct options {
	enum options_verb verb;
	const char *path; /* -c; with a default */
	int signal_nr;    /* of VERB_SIGNAL */
	bool quiet, strict, demo, foreground;
};

/* 1; 0 after a message on standard error (wrong usage). */
int options_read(int argc, char **argv, struct options *o);

void options_help(void);

#endif

#ifndef SETUP_SOURCE_H
#define SETUP_SOURCE_H

/*
 * source - a file of settings as text, so that a message can show the line.
 *
 * Sources live as long as the setup child.
 */

#include <stddef.h>

#include "base/slice.h"

struct source {
	const char *path;
	unsigned order; /* of reading; messages come in this order */
	struct slice text;
};

/* A stretch of one line: line and column count from 1, in bytes. */
struct place {
	const struct source *source;
	unsigned line, column, len; /* len 0: no caret is drawn */
};

/* NULL with errno when the file cannot be read. */
const struct source *source_read(const char *path);

/* Text that came from elsewhere; both are borrowed. */
const struct source *source_text(const char *path, const char *text);

/* The line without its end; empty behind the last one. */
struct slice source_line(const struct source *s, unsigned line);

#endif

#ifndef SETUP_SCAN_H
#define SETUP_SCAN_H

/*
 * scan - where the names and values of a libconfig file stand.
 *
 * libconfig keeps the line of a setting (of a string often that of the token
 * behind it) and no column.  This scanner gives the tokens of the same text
 * in the same order, included files too; tree.c walks both side by side.  It
 * also finds what libconfig accepts and we do not.
 */

#include <stdbool.h>

#include "setup/source.h"

struct report;

enum token_kind {
	TOKEN_END,
	TOKEN_WORD, /* a name, a number, true, false */
	TOKEN_STRING,
	TOKEN_OPEN,  /* { ( [ */
	TOKEN_CLOSE, /* } ) ] */
	TOKEN_OTHER, /* = : ; , */
};

struct token {
	enum token_kind kind;
	struct slice text; /* a string's without its quotes */
	struct place at;
};

struct scan;

/* Faults that the scanner sees itself go to r.  include_dir is borrowed. */
struct scan *scan_new(const struct source *s, const char *include_dir,
    struct report *r);
void scan_free(struct scan **sp);

/* The next token; TOKEN_END again and again behind the last. */
struct token scan_next(struct scan *s);

#endif

#ifndef PROTO_RELAY_EDIT_H
#define PROTO_RELAY_EDIT_H

/*
 * relay_edit - a JSON text copied with some of it left out or replaced.
 *
 * Edits come in the order of the text.  Nothing is written before the first
 * one, so that a text without edits costs nothing and can be sent as it lies.
 */

#include <stdbool.h>

#include "base/slice.h"

struct sbuf;

#define RELAY_CUTS_MAX 3

/* Bytes left out, as offsets into the text. */
struct relay_cut {
	unsigned at, n;
};

struct relay_edit {
	struct slice text;
	struct sbuf *b;
	struct slice before; /* put in front at the first edit */
	const char *from;    /* what lies before it has been dealt with */
	bool begun;
	/* The edits again, when all of them leave something out. */
	bool only_cuts;
	unsigned ncuts;
	struct relay_cut cuts[RELAY_CUTS_MAX];
};

void relay_edit_start(struct relay_edit *ed, struct slice text, struct sbuf *b,
    struct slice before);

void relay_edit_replace(struct relay_edit *ed, struct slice span,
    struct slice by);
void relay_edit_insert(struct relay_edit *ed, const char *at,
    struct slice text);

/*
 * Leave out a member or an element that spans from start to end, and a comma:
 * the one before it, or the one behind when nothing is kept before it
 * (kept_end NULL; else where the last one that is kept ends).
 */
void relay_edit_remove(struct relay_edit *ed, const char *kept_end,
    const char *start, const char *end);

/* Copy the rest when there was an edit.  True then. */
bool relay_edit_end(struct relay_edit *ed);

#endif

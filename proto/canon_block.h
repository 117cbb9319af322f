#ifndef PROTO_CANON_BLOCK_H
#define PROTO_CANON_BLOCK_H

/*
 * canon_block - the text of a string brought into its canonical form 64 bytes
 * at a time.  For proto/canon and its tests only.
 */

#include "proto/canon_priv.h"

/* How far the text was read, and where its form ends. */
struct canon_at {
	const char *p;
	char *out;
};

/*
 * From p within a checked string, up to its closing quote, to an escape of an
 * UTF-16 unit, or to where too little is left before end or room.
 */
typedef struct canon_at canon_block_fn(const char *p, const char *end,
    char *out, const char *room);

/* The form for this processor; without vectors it stays at p. */
extern canon_block_fn *canon_block;

#endif

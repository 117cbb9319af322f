#ifndef PROTO_ROUTES_PATH_H
#define PROTO_ROUTES_PATH_H

/*
 * routes_path - paths as text: their normal form, and which known one an
 * unknown one resembles.
 */

#include "base/slice.h"

struct pool;

/*
 * One trailing slash off, percent escapes decoded once (into the pool).  An
 * escaped slash becomes ROUTES_PATH_SLASH, so that it divides nothing.  1, or
 * 0 for a path that names nothing: "//", ".", "..", bad escapes, control
 * bytes.
 */
#define ROUTES_PATH_SLASH '\x01'

int routes_path_normal(struct slice *path, struct pool *pool);

/* Make the escaped slashes real ones, in place. */
void routes_path_slashes(struct slice *path);

#define ROUTES_GUESS_SIZE 128

struct routes_guess {
	char text[ROUTES_GUESS_SIZE];
};

/*
 * Whether base + rest is meant by path: the prefix is missing or doubled, or
 * at most two edits lie between.  1 with guess->text, else 0.
 */
int routes_guess_try(struct routes_guess *guess, struct slice path,
    struct slice base, struct slice rest);

#endif

#ifndef LOGGER_DRAIN_H
#define LOGGER_DRAIN_H

/*
 * drain - empties the log lanes into the sinks.
 *
 * A lane's records are handed back to its worker only after the batch that
 * holds them is committed, so that a logger that is killed loses none: the
 * next one reads them again, and the store ignores those it has.
 */

#include <stdbool.h>

struct drain;
struct orphan;
struct segment;
struct settings;

struct drain *drain_new(const struct settings *s, struct segment *seg);

/* Commits what is pending. */
void drain_free(struct drain **dp);

/*
 * One turn: read what the lanes hold, a bounded share of it, and write the
 * files.  True when it found anything.
 */
bool drain_turn(struct drain *d);

/* Commit the store's batch if it is due, or now; hand the lanes back. */
void drain_commit(struct drain *d, bool now);

/* Write the row of a request whose worker died, and commit. */
void drain_orphan(struct drain *d, const struct orphan *o);

/* Periodic work: retention, sweep, free space.  Call each 100 ms or so. */
void drain_tend(struct drain *d);

/* True when some lane holds a record that was not read. */
bool drain_has_more(const struct drain *d);

/* Other settings: files and store are opened anew. */
void drain_apply(struct drain *d, const struct settings *s);

void drain_reopen(struct drain *d);
void drain_reaped(struct drain *d); /* a worker died */

#endif

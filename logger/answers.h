#ifndef LOGGER_ANSWERS_H
#define LOGGER_ANSWERS_H

/*
 * answers - the only writer of the answer cache, and the end of the keys in
 * flight: whoever waits for an answer is woken after its commit, or at once
 * when there will be none.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/record.h"

struct answers;
struct segment;
struct settings;

/*
 * Never NULL: without a cache that can be opened every answer fails.  The
 * environment is emptied when the machine went down uncleanly.
 */
struct answers *answers_new(const struct settings *s, struct segment *seg);

/* Clean: the next start may keep what is stored. */
void answers_free(struct answers **ap);

/* Other settings: the bounds of what is stored. */
void answers_apply(struct answers *a, const struct settings *s);

/* Store it with the next commit; body p NULL or room false: fail. */
void answers_put(struct answers *a, const struct record_cache *c,
    struct slice body, bool room);

/* An answer was used: 64 hex digits. */
void answers_hit(struct answers *a, struct slice key_hex);

/* True when this turn has written its share (design/stack.md 9.1). */
bool answers_full(const struct answers *a);

/* Commit, wake who waits, begin a new share. */
void answers_commit(struct answers *a);

/* Hits, expired entries, dead readers; every 100 ms or so. */
void answers_tend(struct answers *a);

/* A worker died. */
void answers_check_readers(struct answers *a);

/*
 * After the first drain of all lanes: keys that were being stored when the
 * last logger died, whose record is lost.
 */
void answers_fail_lost(struct answers *a);

#endif

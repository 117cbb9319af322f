#ifndef LOGGER_JOIN_H
#define LOGGER_JOIN_H

/*
 * join - the bodies of requests, put together from their fragments.
 *
 * A join lives from the first fragment of a message until its ACCESS record,
 * or until the worker that owns the lane is gone.  Streams are assembled as
 * they come.  Memory is bounded: what is beyond is dropped.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/sbuf.h"
#include "proto/record.h"

struct join;
struct joins;
struct usage;

struct joins *joins_new(void);
void joins_free(struct joins **jp);

/*
 * Take a fragment, of any source but RECORD_KEY.  False: it was dropped, the
 * body will miss.
 */
bool joins_add(struct joins *j, uint32_t lane, const struct record_body *b);

/* Of the text of a key only the key is kept. */
void joins_add_key(struct joins *j, uint32_t lane, uint64_t message,
    const unsigned char key[DIGEST_SIZE]);

/* NULL: this message has no bodies. */
struct join *joins_find(struct joins *j, uint32_t lane, uint64_t message);

/* Its request has ended. */
void joins_drop(struct joins *j, struct join *join);

/* Its worker is gone: all of its lane. */
void joins_drop_lane(struct joins *j, uint32_t lane);

/*
 * The client's body, or p NULL: none, not for the log, or a piece is missing.
 * Lives until the join is dropped.
 */
struct slice join_request(const struct join *join);

/* What joins_add_key() was given, or NULL. */
const unsigned char *join_key(const struct join *join);

/*
 * The answer; of a stream: assembled into *scratch.  for_cache: only what may
 * be cached, and only when it is complete.
 */
struct slice join_response(const struct join *join, bool for_cache,
    const struct usage *usage, struct sbuf *scratch);

#endif

#ifndef PROTO_ASSEMBLE_H
#define PROTO_ASSEMBLE_H

/*
 * assemble - a stream's chunks joined into the reply that would have come
 * without "stream": spec/cache.md 5, spec/logs.md.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* The shape of the reply, as a cache entry names it. */
enum assemble_family { ASSEMBLE_CHAT };

struct assemble;
struct sbuf;
struct usage;

/* max: bytes of text kept; what is beyond is dropped (assemble_is_whole). */
struct assemble *assemble_new(size_t max);
void assemble_free(struct assemble **ap);

/*
 * One chunk's JSON, in order.  1, 0 when it is no chunk (an error, a
 * breakdown), -1 when it is not JSON.
 */
int assemble_chunk(struct assemble *a, struct slice json);

/*
 * Frames as they were sent with the usual framing ("data: …\n\n"), in any
 * cutting.  0, or -1 when malformed.
 */
int assemble_frames(struct assemble *a, struct slice bytes);

/* False when text was dropped, or a choice has no finish reason. */
bool assemble_is_whole(const struct assemble *a);

/*
 * Append the chat.completion.  usage stands in for the usage chunk that the
 * client did not ask for; NULL: only what was seen.
 */
void assemble_write(const struct assemble *a, const struct usage *usage,
    struct sbuf *b);

/* Append the first choice's message only. */
void assemble_message(const struct assemble *a, struct sbuf *b);

#endif

#ifndef LOGGER_FORGET_H
#define LOGGER_FORGET_H

/*
 * forget - the records and statistics of customers that were deleted go
 * (money.md 6.2).  Who they are stands in the objects; a word of the segment
 * tells when to look.
 */

#include <stdbool.h>

struct forget;
struct segment;
struct settings;
struct sink_store;

struct forget *forget_new(void);
void forget_free(struct forget **fp);

/* Is there anything to do? */
bool forget_is_due(const struct forget *f, const struct segment *seg);

/* A small step; no batch of the store may be open. */
void forget_tend(struct forget *f, const struct segment *seg,
    const struct settings *s, struct sink_store *store);

#endif

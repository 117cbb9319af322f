#ifndef MASTER_DIFFERENCE_PRIV_H
#define MASTER_DIFFERENCE_PRIV_H

/* difference_priv - what scalars and lists have in common. */

#include <stdbool.h>
#include <stddef.h>

#include "base/sbuf.h"
#include "base/settings.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct difference {
	struct sbuf *out;
	const struct settings *old, *now;
	unsigned n; /* told or counted */
};

/* Where the next one goes; false when enough was told. */
bool difference_next(struct difference *d);

enum difference_kind {
	BOOL,
	INT,
	STR,
	MSEC,
	BYTES,
	NANO,
	STRS,
	INTS,
	SECRET,   /* not compared: only its place is known */
	RAW,      /* compared, not shown */
	PROVIDER, /* an index */
};

struct difference_field {
	const char *name; /* NULL: of an element */
	enum difference_kind kind;
	size_t offset, size;
};

/* Whether the field has one value in both structs. */
bool difference_same(const struct difference *d,
    const struct difference_field *f, const void *old, const void *now);

/* The text behind a struct sref of s. */
struct slice difference_str(const struct settings *s, const void *at);

/* An amount in USD, or "none". */
void difference_money(struct sbuf *out, int64_t nano);

/* What changed in all lists. */
void difference_lists(struct difference *d);

#endif

#ifndef STORE_FIELDS_PRIV_H
#define STORE_FIELDS_PRIV_H

/*
 * fields - records as bytes: every member in the order of its table, numbers
 * as they lie in memory (LMDB files do not move between machines either),
 * text as a 32-bit length and the bytes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct sbuf;

enum field_type { FIELD_TEXT, FIELD_I64, FIELD_I32, FIELD_DIGEST };

struct field {
	enum field_type type;
	size_t offset;
};

/* Append n members of a record. */
void fields_pack(struct sbuf *b, const struct field *f, size_t n,
    const void *record);

/* 1, or 0 when in is not just these members.  Slices point into in. */
int fields_unpack(struct slice in, const struct field *f, size_t n,
    void *record);

/* The same for members with others behind them: *in is left at those. */
bool fields_take(struct slice *in, const struct field *f, size_t n,
    void *record);

/* Cut n bytes off *in.  False when there are fewer. */
bool bytes_take(struct slice *in, size_t n, struct slice *out_r);

#endif

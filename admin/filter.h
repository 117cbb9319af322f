#ifndef ADMIN_FILTER_H
#define ADMIN_FILTER_H

/*
 * filter - the conditions of a list: those of its body and the quick ones of
 * its URL (spec/logs.md 6), over fields that the list names.
 */

#include "base/slice.h"

#include <stdint.h>

struct faults;
struct filter;
struct pool;
struct sbuf;

enum filter_type { FILTER_TEXT, FILTER_NUMBER };

struct filter_field {
	const char *name;
	enum filter_type type;
};

/* What a row has in a field: text, or a number times 10^9. */
struct filter_value {
	struct slice text;
	int64_t nano;
	bool null; /* an empty text counts as null too */
};

/* The value of field i of a row. */
typedef void filter_get_fn(const void *row, unsigned field,
    struct filter_value *value_r);

/* A filter of no conditions, in the pool; the fields outlive it. */
struct filter *filter_new(struct pool *pool, const struct filter_field *fields,
    unsigned n);

/*
 * Add the members "filters" and "connector" of a checked object, and one
 * "name=value" of a URL.  What is wrong goes to *f.
 */
void filter_add_body(struct filter *filter, struct slice object,
    struct faults *f);
void filter_add_quick(struct filter *filter, struct slice name,
    struct slice value, struct faults *f);

/* After the last one: the quick ones that came in parts. */
void filter_end(struct filter *filter, struct faults *f);

bool filter_passes(const struct filter *filter, filter_get_fn *get,
    const void *row);

/* Is there any condition; is there one on this field? */
bool filter_has(const struct filter *filter, unsigned field);

/* All that was understood, in body form: {"name":{...}}. */
void filter_show(const struct filter *filter, struct sbuf *out);

#endif

#ifndef PROTO_JSCAN_READ_H
#define PROTO_JSCAN_READ_H

/*
 * jscan_read - the scan of proto/jscan one value at a time, for readers who
 * know what they look for: checking and reading are the same pass.
 *
 *	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s))
 *		if (jscan_read_item(s, &item) != 0)
 *			return -1;
 *	return more;
 *
 * walks an object or an array; instead of reading an item whole, a reader may
 * open it and walk it in the same way.  What was read before a fault has
 * passed the scan, but the text as a whole is no JSON: forget it.
 */

#include <stdint.h>

#include "proto/jscan.h"
#include "proto/jstr.h"

/*
 * There is no stack but one bit for each open bracket: depth is at most
 * JSCAN_DEPTH, so that they fit in a word.
 */
struct jscan_reader {
	const char *p, *end;
	const char *reason; /* of the first fault; it lies at p */
	uint64_t in_object; /* bit 0: the innermost open bracket is a brace */
	unsigned depth;
	bool escaped, zero; /* the last string had a backslash, had U+0000 */
	bool ask;           /* a request: names are held to our limits */
	/* Of the member whose value is at p, when inside an object. */
	bool name_escaped;
	struct slice name;
};

void jscan_read_start(struct jscan_reader *s, struct slice text);

/*
 * At a container: 1 with its first value (or member) at hand, 0 when it is
 * empty and now lies behind, -1.
 */
int jscan_read_open(struct jscan_reader *s);

/* Behind a value: 1 with the next at hand, 0 when that was the last, -1. */
static inline int jscan_read_next(struct jscan_reader *s);
int jscan_read_any_next(struct jscan_reader *s); /* the same, out of line */

/* The value at hand, whole.  0 with *item_r (its name too), or -1. */
int jscan_read_item(struct jscan_reader *s, struct jscan_item *item_r);

/* At a string, for the value of a member of that name: as above. */
int jscan_read_string(struct jscan_reader *s, struct slice name,
    struct jscan_item *item_r);

/*
 * Whoever knows the first bytes of an object, since another began with them at
 * the same depth, may move s->p over them to a value of it, and say so when
 * he has read that.
 */
void jscan_read_enter(struct jscan_reader *s);

/* Nothing but white space may follow.  0 or -1. */
int jscan_read_end(struct jscan_reader *s);

/* After a -1: ERR_INVALID_JSON as jscan_value() tells it. */
int jscan_read_fail(const struct jscan_reader *s, struct slice text,
    struct err *e);

/*
 * A member of the top level that is read on the way: read() is called at a
 * value that begins with first, and moves behind it; 0 with *item_r, or -1.
 */
struct jscan_hook {
	struct slice name;
	char first;
	int (*read)(struct jscan_reader *s, struct jscan_item *item_r,
	    void *arg);
	void *arg;
	bool used; /* read() was called */
};

/* jscan_object() and jscan_body() with a hook (NULL: none). */
int jscan_object_hooked(struct slice text, struct jscan_hook *hook,
    struct jscan_item *members, unsigned max, unsigned *n_r, struct err *e);
int jscan_body_hooked(struct slice text, struct jscan_hook *hook,
    struct pool *pool, struct jscan_body *body_r, struct err *e);

static inline int
jscan_read_next(struct jscan_reader *s)
{
	const char *p = s->p;

	/* Between elements most write a comma and at most one blank. */
	if ((s->in_object & 1) == 0 && s->end - p > 2 && *p == ',') {
		p += 1 + (p[1] == ' ');
		if ((unsigned char)*p > ' ') {
			s->p = p;
			return 1;
		}
	}
	return jscan_read_any_next(s);
}

/* What the value at hand can only be, by its first byte. */
static inline bool
jscan_read_sees(const struct jscan_reader *s, char first)
{
	return s->p < s->end && *s->p == first;
}

/* Whether the member at hand bears that name. */
static inline bool
jscan_read_is(const struct jscan_reader *s, struct slice name)
{
	return s->name_escaped ? jstr_equal(s->name, name)
	                       : slice_eq(s->name, name);
}

#endif

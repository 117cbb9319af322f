#ifndef PROTO_JSCAN_H
#define PROTO_JSCAN_H

/*
 * jscan - is it JSON, and where do its members lie.
 *
 * RFC 8259 to the letter, UTF-8 checked, in one pass and without memory.
 * Nothing is decoded: results are slices of the text and live as long as it.
 * Lone surrogates, a byte order mark and nesting above JSCAN_DEPTH count as
 * malformed; in requests also a member name above JSCAN_NAME_MAX bytes or with
 * U+0000 in it.
 */

#include <stdint.h>

#include "base/slice.h"

struct err;
struct params_messages;
struct pool;

#define JSCAN_DEPTH 64
#define JSCAN_NAME_MAX 1024
#define JSCAN_MEMBERS_MAX 256 /* at the top level of a request body */

enum jscan_type {
	JSCAN_NULL,
	JSCAN_BOOL,
	JSCAN_NUMBER,
	JSCAN_STRING,
	JSCAN_ARRAY,
	JSCAN_OBJECT,
};

/* A member of an object, an element of an array, or a lone value. */
struct jscan_item {
	struct slice name;  /* raw, without its quotes; p NULL: no member */
	struct slice value; /* raw; a string with its quotes */
	enum jscan_type type;
	bool name_escaped; /* the name holds a backslash: see jstr_equal() */
	bool escaped;      /* so does the string that is the value */
};

/* The members of an object in the order of the text. */
struct jscan_body {
	struct slice text; /* all of it, blanks around it too */
	struct jscan_item *members;
	unsigned n;
	/* Read on the way by params_body(); NULL: not. */
	const struct params_messages *messages;
};

/*
 * Any one JSON value with nothing but white space around it.  Duplicate
 * members are let pass.  0 with *item_r, or -1: ERR_INVALID_JSON, text
 * "{reason} at byte {n}" (a caller says what the text was).
 */
int jscan_value(struct slice text, struct jscan_item *item_r, struct err *e);

/*
 * The same for an object, whose members go into the caller's array of max.
 * 0 with *n_r.  -1 as above, or when it is no object or has more than max
 * members: ERR_INVALID_REQUEST_BODY.  Duplicates are let pass.
 */
int jscan_object(struct slice text, struct jscan_item *members, unsigned max,
    unsigned *n_r, struct err *e);

/*
 * A request body: one object without duplicate members; its member list is
 * copied to the pool, the text is not.  0, or -1 with the error of api.md 3.
 */
int jscan_body(struct slice text, struct pool *pool, struct jscan_body *body_r,
    struct err *e);

/*
 * Walk an object or an array that has passed one of the above (or is part of
 * a text that has).  Never call these with unchecked text.
 */
struct jscan_iter {
	const char *p, *end;
};

void jscan_enter(struct jscan_iter *it, struct slice value);

/* 1 with *item_r, 0 at the end. */
int jscan_member_next(struct jscan_iter *it, struct jscan_item *item_r);
int jscan_element_next(struct jscan_iter *it, struct jscan_item *item_r);

/* How many elements; 0 when it is no array. */
unsigned jscan_count(struct slice array);

/*
 * The first member of that name in a checked object.  1 with *item_r, 0 when
 * there is none.
 */
int jscan_find(struct slice object, struct slice name,
    struct jscan_item *item_r);

/* The same through nested objects: "usage", "prompt_tokens", then NULL. */
int jscan_dig(struct slice object, struct jscan_item *item_r, ...)
    __attribute__((sentinel));

/*
 * Refuse a checked object with two members of one (unescaped) name.  0, or
 * -1: ERR_DUPLICATE_PARAMETER with param "where.name" (where may be "").
 */
int jscan_unique(struct slice object, const char *where, struct err *e);

/* The raw text between the quotes of a string value. */
static inline struct slice
jscan_text(const struct jscan_item *item)
{
	return (struct slice){ item->value.p + 1, item->value.n - 2 };
}

extern const unsigned char jscan_types[128];

/* The type of a value by its first byte, which begins a valid one. */
static inline enum jscan_type
jscan_type_of(char first)
{
	return (enum jscan_type)jscan_types[first & 127];
}

/* "null", "boolean", "integer", "number", "string", "array", "object". */
const char *jscan_type_name(const struct jscan_item *item);

static inline bool
jscan_true(const struct jscan_item *item)
{
	return item->type == JSCAN_BOOL && item->value.n == 4;
}

#endif

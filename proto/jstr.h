#ifndef PROTO_JSTR_H
#define PROTO_JSTR_H

/*
 * jstr - the text that a JSON string stands for.
 *
 * "Raw" is what stands between the quotes, and has passed proto/jscan: its
 * escapes are well formed and its surrogates paired.
 */

#include "proto/jscan.h"

struct pool;
struct sbuf;

/* Unescape into out, which has room for raw.n bytes; the bytes written. */
size_t jstr_unescape(struct slice raw, char *out);

/* The code point behind "\\u"; *used_r bytes of p were read. */
unsigned jstr_unicode(const char *p, size_t *used_r);

/* The text: raw itself when it has no escape, else a copy in the pool. */
struct slice jstr_decode(struct slice raw, struct pool *pool);

/* The text of an item of type JSCAN_STRING, in the same way. */
struct slice jstr_item(const struct jscan_item *item, struct pool *pool);

/* The text of an item's name, in the same way. */
struct slice jstr_name(const struct jscan_item *item, struct pool *pool);

/* Append the text to a buffer. */
void jstr_add(struct sbuf *b, struct slice raw);

/* How many characters (code points) that text has. */
size_t jstr_chars(struct slice raw);

/* Whether raw stands for that text; nothing is copied. */
bool jstr_equal(struct slice raw, struct slice text);

/* Whether two raw strings stand for the same text. */
bool jstr_same(struct slice a, struct slice b);

/* Whether this item's name is that text. */
static inline bool
jstr_is(const struct jscan_item *item, struct slice name)
{
	return item->name_escaped ? jstr_equal(item->name, name)
	                          : slice_eq(item->name, name);
}

/* Whether the item is a string of that text. */
static inline bool
jstr_says(const struct jscan_item *item, struct slice text)
{
	if (item->type != JSCAN_STRING)
		return false;
	return item->escaped ? jstr_equal(jscan_text(item), text)
	                     : slice_eq(jscan_text(item), text);
}

#endif

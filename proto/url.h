#ifndef PROTO_URL_H
#define PROTO_URL_H

/* url - the parts of a URL as text: percent escapes and queries. */

#include "base/slice.h"

struct pool;

/*
 * Escapes decoded once, into the pool; plus: "+" is a blank, as in queries.
 * 1, or 0 when an escape is broken or the text is no UTF-8 then.
 */
int url_decode(struct slice raw, bool plus, struct pool *pool,
    struct slice *text_r);

/*
 * The next "name=value" of a query, decoded; *query moves behind it.  1, 0 at
 * the end, -1 when it cannot be decoded.  raw_r, or NULL, is all of it as
 * written.
 */
int url_query_next(struct slice *query, struct pool *pool, struct slice *name_r,
    struct slice *value_r, struct slice *raw_r);

#endif

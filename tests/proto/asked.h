#ifndef TESTS_PROTO_ASKED_H
#define TESTS_PROTO_ASKED_H

/* asked - a request body and headers read into params, for the tests. */

#include <check.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/edit.h"
#include "proto/paramhdr.h"
#include "proto/params.h"

struct asked {
	struct pool *pool;
	struct jscan_body body, headers[PARAMHDR_COUNT];
	struct params params;
	struct err err;
};

/* header: a value of the first parameter header, or NULL. */
static inline int
asked_read_as(struct asked *a, enum params_dialect dialect, struct slice text,
    const char *header)
{
	struct params_source source = { .dialect = dialect,
		.body = &a->body,
		.headers = a->headers };

	a->pool = pool_new();
	a->err = (struct err){ .kind = ERR_NONE };
	if (params_body(text, a->pool, &a->body, &a->err) != 0)
		return -1;
	if (header != NULL && paramhdr_read(0, slice_str(header), a->pool,
				  &a->headers[0], &a->err) != 0)
		return -1;
	source.n_headers = header != NULL;
	return params_read(&source, a->pool, &a->params, &a->err);
}

static inline int
asked_read(struct asked *a, struct slice text, const char *header)
{
	return asked_read_as(a, DIALECT_CHAT, text, header);
}

static inline void
asked_end(struct asked *a)
{
	pool_free(&a->pool);
}

/* The pieces of a body as one text, in the pool. */
static inline struct slice
asked_join(struct asked *a, const struct splice_result *r)
{
	char *out = pool_alloc(a->pool, r->len + 1);
	size_t n = 0;

	for (unsigned i = 0; i < r->n; i++) {
		memcpy(out + n, r->pieces[i].p, r->pieces[i].n);
		n += r->pieces[i].n;
	}
	ck_assert_uint_eq(n, r->len);
	out[n] = '\0';
	return (struct slice){ out, n };
}

#endif

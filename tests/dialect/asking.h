#ifndef TESTS_DIALECT_ASKING_H
#define TESTS_DIALECT_ASKING_H

/* asking - a chat request put to a dialect. */

#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "tests/dialect/quotes.h"
#include "tests/proto/asked.h"

struct asking {
	struct asked asked;
	struct ask ask;
	struct sbuf body;
	char warnings[512]; /* names, each with a blank behind it */
	int done;           /* of dialect->ask(), or of what came before */
};

/* json is the caller's, and lives as long. */
static inline void
asking_read(struct asking *q, struct slice json)
{
	struct asked *d = &q->asked;

	memset(q, 0, sizeof *q);
	ck_assert_msg(asked_read(d, json, NULL) == 0, "%s: %.*s", d->err.text,
	    SLICE_ARGS(json));
	q->ask.params = &d->params;
	q->ask.pool = d->pool;
	q->ask.model = SLICE("m");
	q->ask.max_tokens = params_max_tokens(&d->params);
	q->ask.stream = params_bool(&d->params, PARAM_stream);
	q->done = chat_read(&d->params, d->pool, &q->ask.chat, &d->err);
}

static inline void
asking_put(struct asking *q, const struct dialect *dialect)
{
	struct params *p = &q->asked.params;

	if (q->done == 0)
		q->done = dialect->ask(&q->ask, &q->body, &q->asked.err);
	for (unsigned i = 0; i < p->n_warnings && i < PARAMS_WARNINGS; i++) {
		strncat(q->warnings, p->warnings[i].p, p->warnings[i].n);
		strcat(q->warnings, " ");
	}
}

static inline void
asking_end(struct asking *q)
{
	sbuf_free(&q->body);
	asked_end(&q->asked);
}

#endif

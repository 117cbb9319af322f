#ifndef TESTS_DIALECT_ASKING_ROWS_H
#define TESTS_DIALECT_ASKING_ROWS_H

/* asking - a chat request as a dialect writes it, for the tests. */

#include <json-c/json.h>

#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "tests/proto/asked.h"

struct asking {
	struct asked asked;
	struct ask ask;
	struct sbuf body;
	struct err err;
};

#define ASKING_USER "{\"role\":\"user\",\"content\":\"Hi\"}"

/* What has passed the check of parameters. */
static inline int
asking_write(struct asking *k, enum provider_kind kind, uint32_t features)
{
	const struct dialect *d = dialect_find(kind, SLICE("m"), features);
	struct ask *a = &k->ask;

	*a = (struct ask){ .params = &k->asked.params,
		.pool = k->asked.pool,
		.model = SLICE("m"),
		.features = features,
		.max_tokens = params_max_tokens(&k->asked.params),
		.stream = params_bool(&k->asked.params, PARAM_stream) };
	if (chat_read(a->params, a->pool, &a->chat, &k->err) != 0)
		return -1;
	return d->ask(a, &k->body, &k->err);
}

/* 0 with the body, or -1 with the error.  body: a whole request. */
static inline int
asking_read(struct asking *k, enum provider_kind kind, const char *body,
    uint32_t features)
{
	memset(k, 0, sizeof *k);
	ck_assert_msg(asked_read(&k->asked, slice_str(body), NULL) == 0,
	    "%s: %s", body, k->asked.err.text);
	return asking_write(k, kind, features);
}

/* The same of any request: it may fail the check of parameters. */
static inline int
asking_try(struct asking *k, enum provider_kind kind, const char *body)
{
	memset(k, 0, sizeof *k);
	if (asked_read(&k->asked, slice_str(body), NULL) == 0)
		return asking_write(k, kind, 0);
	k->err = k->asked.err;
	return -1;
}

static inline void
asking_end(struct asking *k)
{
	sbuf_free(&k->body);
	asked_end(&k->asked);
}

/* The warnings, separated by blanks. */
static inline void
asking_warnings(const struct asking *k, struct sbuf *b)
{
	const struct params *p = &k->asked.params;

	for (unsigned i = 0; i < p->n_warnings && i < PARAMS_WARNINGS; i++) {
		if (i > 0)
			sbuf_addc(b, ' ');
		sbuf_add_slice(b, p->warnings[i]);
	}
}

/*
 * A row: members beside model and messages (or "messages" among them), the
 * members that are sent (behind {"model":"m",), or the parameter that is
 * refused, and what is warned of.
 */
struct asking_row {
	const char *title, *asked, *sent, *refused, *warned;
	uint32_t features;
};

static inline void
asking_check(enum provider_kind kind, const struct asking_row *row)
{
	bool whole = strstr(row->asked, "\"messages\"") != NULL;
	struct sbuf body = { 0 }, want = { 0 }, warned = { 0 };
	struct asking k;
	json_object *o;
	int done;

	sbuf_addf(&body, "{\"model\":\"x\",%s%s%s}",
	    whole ? "" : "\"messages\":[" ASKING_USER "]",
	    !whole && *row->asked != '\0' ? "," : "", row->asked);
	sbuf_addf(&want, "{\"model\":\"m\",%s}",
	    row->sent != NULL ? row->sent : "");
	done = asking_read(&k, kind, body.data, row->features);
	if (row->refused != NULL) {
		ck_assert_msg(done == -1, "%s: not refused", row->title);
		ck_assert_int_eq(k.err.kind, ERR_UNSUPPORTED_PARAMETER);
		ck_assert_msg(strcmp(k.err.param, row->refused) == 0,
		    "%s: param %s", row->title, k.err.param);
	} else {
		ck_assert_msg(done == 0, "%s: %s", row->title, k.err.text);
		ck_assert_msg(slice_eq(sbuf_slice(&k.body), sbuf_slice(&want)),
		    "%s:\nsent %s\nwant %s", row->title, k.body.data,
		    want.data);
		o = json_tokener_parse(k.body.data);
		ck_assert_msg(o != NULL, "%s: no JSON", row->title);
		json_object_put(o);
		asking_warnings(&k, &warned);
		sbuf_addc(&warned, '\0');
		ck_assert_msg(strcmp(warned.data,
				  row->warned != NULL ? row->warned : "") == 0,
		    "%s: warned of %s", row->title, warned.data);
	}
	sbuf_free(&body);
	sbuf_free(&want);
	sbuf_free(&warned);
	asking_end(&k);
}

#endif

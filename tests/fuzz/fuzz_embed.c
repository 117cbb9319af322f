/*
 * Any bytes as a request for embeddings, and as its answer: what is sent to a
 * provider of any kind is a JSON object; what an answer becomes is JSON, with
 * a vector for each text.  The first byte chooses the kind and the form.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/embed.h"
#include "proto/embeddings.h"
#include "proto/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct pool *pool;
	struct jscan_body body;
	struct params params;
	struct ask ask;
};

static int
fuzz_request(struct fuzz *f, struct slice text)
{
	struct params_source source = { .dialect = DIALECT_EMBEDDINGS,
		.body = &f->body };
	struct err e;

	f->ask = (struct ask){ .params = &f->params,
		.pool = f->pool,
		.model = SLICE("m\"") };
	if (params_body(text, f->pool, &f->body, &e) != 0)
		return -1;
	return params_read(&source, f->pool, &f->params, &e);
}

static void
fuzz_is_json(struct slice text, enum jscan_type type)
{
	struct jscan_item item;
	struct err e;

	assert(jscan_value(text, &item, &e) == 0 && item.type == type);
}

static void
fuzz_ask(struct fuzz *f, const struct embed *x, struct slice text)
{
	struct sbuf b = { 0 };
	struct err e;

	if (fuzz_request(f, text) != 0)
		return;
	if (embed_ask(x, &f->ask, &b, &e) == 0) {
		fuzz_is_json(sbuf_slice(&b), JSCAN_OBJECT);
		sbuf_clear(&b);
		x->path(&f->ask, &b);
		assert(b.len > 0 && memchr(b.data, ' ', b.len) == NULL);
	}
	sbuf_free(&b);
}

static void
fuzz_tell(struct fuzz *f, const struct embed *x, struct slice text, bool base64)
{
	struct sbuf b = { 0 };
	struct embed_list list = { .b = &b, .base64 = base64 };
	struct relay_error error;
	struct err e;

	assert(fuzz_request(f, SLICE("{\"input\":[\"a\",\"b\"]}")) == 0);
	if (embed_tell(x, &f->ask, text, &list, &error, &e) == 1) {
		assert(list.n == 2);
		fuzz_is_json(sbuf_slice(&b), JSCAN_ARRAY);
	}
	sbuf_free(&b);
}

static void
fuzz_plain(struct slice text)
{
	struct slice pieces[EMBEDDINGS_SLICES];
	struct sbuf b = { 0 }, joined = { 0 };
	struct embeddings r;
	struct usage usage;
	struct err e;
	size_t n;

	usage_of_totals(&usage, 1, 0);
	if (embeddings_read(text, &r, &e) != 1)
		return;
	n = embeddings_slices(&r, &usage, &b, pieces);
	for (size_t i = 0; i < n; i++)
		sbuf_add_slice(&joined, pieces[i]);
	fuzz_is_json(sbuf_slice(&joined), JSCAN_OBJECT);
	sbuf_free(&b);
	sbuf_free(&joined);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum provider_kind kinds[] = { KIND_GEMINI,
		KIND_VERTEX_GEMINI, KIND_COHERE, KIND_BEDROCK, KIND_OLLAMA };
	struct fuzz f = { .pool = pool_new() };
	const struct embed *x;
	struct slice text;
	char *copy;

	if (size > 0) {
		x = embed_find(kinds[data[0] % 5], SLICE("m"));
		copy = malloc(size);
		memcpy(copy, data + 1, size - 1);
		text = (struct slice){ copy, size - 1 };
		fuzz_ask(&f, x, text);
		fuzz_tell(&f, x, text, data[0] & 128);
		fuzz_plain(text);
		free(copy);
	}
	pool_free(&f.pool);
	return 0;
}

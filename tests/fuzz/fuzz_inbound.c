/*
 * A body of another dialect: what it becomes in chat is one JSON object
 * without duplicates that proto/params can read, and what goes to its own kind
 * is JSON without a Respan member or a null.
 */

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/inbound.h"
#include "dialect/native.h"
#include "proto/jstr.h"
#include "proto/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_chat(struct slice chat, struct pool *pool)
{
	struct jscan_body body;
	struct params_source source = { .body = &body };
	struct params params;
	struct err e;

	assert(params_body(chat, pool, &body, &e) == 0);
	if (params_read(&source, pool, &params, &e) != 0)
		assert(e.param[0] != '\0');
}

static void
check_native(const struct jscan_body *body, enum provider_kind kind,
    struct pool *pool)
{
	struct native_opts opts = { .kind = kind,
		.model = SLICE("up"),
		.put_max_tokens = body->text.n % 2 == 0 ? 77 : 0,
		.betas = SLICE("a, b") };
	struct splice_result r;
	struct sbuf out = { 0 };
	struct jscan_item item;
	struct jscan_iter it;
	struct err e;

	assert(native_body(body, &opts, pool, &r, &e) == 0);
	for (unsigned i = 0; i < r.n; i++)
		sbuf_add_slice(&out, r.pieces[i]);
	assert(out.len == r.len);
	assert(jscan_value(sbuf_slice(&out), &item, &e) == 0);
	assert(item.type == JSCAN_OBJECT);
	jscan_enter(&it, item.value);
	while (jscan_member_next(&it, &item)) {
		assert(item.type != JSCAN_NULL);
		assert(!params_is_ours(params_find(jstr_name(&item, pool))));
	}
	sbuf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		inbound_fn *fn;
		enum provider_kind kind;
	} cases[] = {
		{ inbound_anthropic, KIND_ANTHROPIC },
		{ inbound_anthropic, KIND_VERTEX_CLAUDE },
		{ inbound_anthropic, KIND_BEDROCK_INVOKE },
		{ inbound_gemini, KIND_GEMINI },
	};
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct inbound in = { .body = &body, .pool = pool };
	struct sbuf chat = { 0 };
	struct err e;
	size_t i = size > 0 ? data[0] % 4 : 0;

	if (size > 1 &&
	    jscan_body((struct slice){ (const char *)data + 1, size - 1 }, pool,
		&body, &e) == 0) {
		if (cases[i].fn(&in, &chat, &e) == 0) {
			check_chat(sbuf_slice(&chat), pool);
			check_native(&body, cases[i].kind, pool);
		}
	}
	sbuf_free(&chat);
	pool_free(&pool);
	return 0;
}

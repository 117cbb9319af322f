/*
 * A body through scan, parameters and edit: what goes upstream is JSON, holds
 * no Respan member, and every untouched member lies in it byte for byte.
 */

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/edit.h"
#include "proto/jstr.h"
#include "proto/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
join(const struct splice_result *r, struct sbuf *out)
{
	sbuf_clear(out);
	for (unsigned i = 0; i < r->n; i++)
		sbuf_add_slice(out, r->pieces[i]);
	assert(out->len == r->len);
}

static void
compare(const struct params *p, struct slice sent, struct pool *pool)
{
	struct jscan_item item;
	struct jscan_iter it;
	struct err e;

	assert(jscan_value(sent, &item, &e) == 0 && item.type == JSCAN_OBJECT);
	assert(jscan_unique(item.value, "", &e) == 0);
	jscan_enter(&it, item.value);
	while (jscan_member_next(&it, &item)) {
		assert(item.type != JSCAN_NULL);
		assert(!params_is_ours(params_find(jstr_name(&item, pool))));
	}
	for (unsigned i = 0; i < p->body->n; i++) {
		const struct jscan_item *m = &p->body->members[i];

		if (p->body_ids[i] != PARAM_UNKNOWN || m->type == JSCAN_NULL)
			continue;
		assert(memmem(sent.p, sent.n, m->name.p - 1,
			   (size_t)(m->value.p + m->value.n - m->name.p) + 1) !=
		       NULL);
	}
}

static void
edit(const struct params *p, uint8_t flags, struct pool *pool)
{
	struct edit_options options = {
		.model = SLICE("up"),
		.use_max_completion_tokens = flags & 1,
		.add_usage = flags & 2,
		.put_max_tokens = flags & 4 ? 77 : 0,
		.quirks = flags & 8 ? QUIRK_ANY_TOOL | QUIRK_NO_USER |
		                          QUIRK_ID9 | QUIRK_PREFIX
		                    : QUIRK_REASONING_BACK,
		.reasoning = (enum provider_reasoning)(
		    (flags >> 4) % (REASONING_NONE + 1)),
		.schema = (enum provider_schema)(flags % 3),
	};
	struct splice_result r;
	struct sbuf out = { 0 };

	edit_body(p, &options, pool, &r);
	join(&r, &out);
	compare(p, sbuf_slice(&out), pool);
	edit_plain(p, pool, &r);
	join(&r, &out);
	compare(p, sbuf_slice(&out), pool);
	sbuf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct params_source source = { .body = &body };
	struct params params;
	struct err e;
	struct slice text = { (const char *)data, size };

	if (size > 1 &&
	    params_body(slice_skip(text, 1), pool, &body, &e) == 0 &&
	    params_read(&source, pool, &params, &e) == 0) {
		params_last_user_text(&params, pool);
		edit(&params, data[0], pool);
	}
	pool_free(&pool);
	return 0;
}

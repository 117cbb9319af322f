#include "proto/embeddings.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan_read.h"

/* Of members read twice the last one counts. */
struct embeddings_reader {
	struct embeddings *r;
	bool has_data, is_error;
};

/* Whatever a provider counts beside it, there is no output: money.md 4. */
static void
embeddings_take_usage(struct embeddings *r, const struct jscan_item *item)
{
	struct usage *u = &r->usage;

	r->usage_json = item->value;
	r->has_usage = usage_read(item->value, 0, u) == 1;
	if (r->has_usage)
		u->out_text = u->out_reasoning = u->out_audio = 0;
}

static void
embeddings_take(struct embeddings_reader *t, const struct jscan_item *item)
{
	if (jstr_is(item, SLICE("data")))
		t->has_data = item->type == JSCAN_ARRAY;
	else if (jstr_is(item, SLICE("usage")))
		embeddings_take_usage(t->r, item);
	else if (jstr_is(item, SLICE("model")))
		t->r->model =
		    item->type == JSCAN_STRING ? jscan_text(item) : SLICE("");
	else if (jstr_is(item, SLICE("error")))
		t->is_error |= item->type != JSCAN_NULL;
	else if (jstr_is(item, SLICE("object")))
		t->is_error |= jstr_says(item, SLICE("error"));
}

static int
embeddings_read_members(struct jscan_reader *s, struct embeddings_reader *t)
{
	struct jscan_item item;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (jscan_read_item(s, &item) != 0)
			return -1;
		embeddings_take(t, &item);
	}
	return more;
}

int
embeddings_read(struct slice body, struct embeddings *r, struct err *e)
{
	struct embeddings_reader t = { .r = r };
	struct jscan_reader s;
	struct err why;

	*r = (struct embeddings){ .model = SLICE("") };
	jscan_read_start(&s, body);
	if (!jscan_read_sees(&s, '{'))
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "embeddings: no object");
	r->body.p = s.p;
	if (embeddings_read_members(&s, &t) == 0)
		r->body.n = (size_t)(s.p - r->body.p);
	if (r->body.n == 0 || jscan_read_end(&s) != 0) {
		jscan_read_fail(&s, body, &why);
		return err_set(e, ERR_UPSTREAM_INVALID, "embeddings: %s",
		    why.text);
	}
	if (t.is_error) {
		relay_error_read(r->body, 200, &r->error);
		return 0;
	}
	return t.has_data ? 1
	                  : err_set(e, ERR_UPSTREAM_INVALID,
				"embeddings: data that is no array");
}

size_t
embeddings_slices(const struct embeddings *r, const struct usage *usage,
    struct sbuf *b, struct slice out[EMBEDDINGS_SLICES])
{
	const char *end = r->body.p + r->body.n;
	struct slice cut = { end - 1, 0 };
	size_t from = b->len;

	if (r->usage_json.n > 0)
		cut = r->usage_json;
	else
		sbuf_adds(b, ",\"usage\":");
	usage_write(b, usage);
	out[0] = (struct slice){ r->body.p, (size_t)(cut.p - r->body.p) };
	out[1] = slice_skip(sbuf_slice(b), from);
	out[2].p = cut.p + cut.n;
	out[2].n = (size_t)(end - out[2].p);
	return 3;
}

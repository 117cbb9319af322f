/* relay_mend - the members of a delta or a message that proto/mend changes. */
#include <stdio.h>

#include "base/sbuf.h"
#include "proto/mend.h"
#include "proto/relay_delta.h"
#include "proto/relay_edit.h"

static struct slice
relay_mend_span(const struct jscan_item *item)
{
	const char *start = item->name.p - 1;
	const char *end = item->value.p + item->value.n;

	return (struct slice){ start, (size_t)(end - start) };
}

static void
relay_mend_put(struct relay_edit *ed, const struct jscan_item *item,
    const struct mend_words *words)
{
	struct sbuf b = { 0 };

	mend_write(&b, words);
	relay_edit_replace(ed, relay_mend_span(item), sbuf_slice(&b));
	sbuf_free(&b);
}

static void
relay_mend_content(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *item)
{
	struct mend_words words = { 0 };

	if (item->type == JSCAN_ARRAY) {
		mend_parts(item->value, &words);
		relay_mend_put(ed, item, &words);
		mend_words_free(&words);
	} else if (d->words != NULL) {
		relay_mend_put(ed, item, d->words);
	}
}

/* Pieces of a stream are joined; a whole call has at least an object. */
static void
relay_mend_function(struct relay_edit *ed, struct slice function, bool whole)
{
	struct slice none = whole ? SLICE("\"{}\"") : SLICE("\"\"");
	struct jscan_item item;
	struct sbuf b = { 0 };

	if (jscan_find(function, SLICE("arguments"), &item) == 0) {
		if (whole)
			relay_edit_insert(ed, function.p + 1,
			    function.n > 2 ? SLICE("\"arguments\":\"{}\",")
					   : SLICE("\"arguments\":\"{}\""));
		return;
	}
	if (!mend_is_odd(&item) && !(whole && item.value.n == 2))
		return;
	mend_arguments(&item, none, &b);
	relay_edit_replace(ed, item.value, sbuf_slice(&b));
	sbuf_free(&b);
}

/* {"index":n,"function":{"arguments":"{}"}} for each that had none. */
static void
relay_mend_missing(uint64_t missing, struct sbuf *b)
{
	bool any = false;

	for (; missing != 0; missing &= missing - 1, any = true)
		sbuf_addf(b,
		    "%s{\"index\":%d,\"function\":{\"arguments\":\"{}\"}}",
		    any ? "," : "", __builtin_ctzll(missing));
}

/* Mistral leaves the index of a call out: its position counts. */
static void
relay_mend_index(struct relay_edit *ed, struct slice call, unsigned position)
{
	struct jscan_item item;
	char index[24];

	if (call.n == 2 || jscan_find(call, SLICE("index"), &item) == 1)
		return;
	snprintf(index, sizeof index, "\"index\":%u,", position);
	relay_edit_insert(ed, call.p + 1, slice_str(index));
}

static void
relay_mend_call(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *call, unsigned position, bool whole)
{
	struct jscan_item function;

	if (call->type != JSCAN_OBJECT)
		return;
	if (d->lacks_index && !whole)
		relay_mend_index(ed, call->value, position);
	if (jscan_find(call->value, SLICE("function"), &function) == 1 &&
	    function.type == JSCAN_OBJECT)
		relay_mend_function(ed, function.value, whole);
}

static void
relay_mend_calls(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *calls, bool whole)
{
	const char *end = calls->value.p + calls->value.n - 1;
	struct jscan_iter it;
	struct jscan_item call;
	struct sbuf b = { 0 };

	jscan_enter(&it, calls->value);
	for (unsigned i = 0; jscan_element_next(&it, &call) == 1; i++)
		relay_mend_call(d, ed, &call, i, whole);
	if (d->missing == 0)
		return;
	if (d->tool_calls)
		sbuf_addc(&b, ',');
	relay_mend_missing(d->missing, &b);
	relay_edit_insert(ed, end, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
relay_mend_no_calls(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *item)
{
	struct sbuf b = { 0 };

	if (d->missing == 0)
		return;
	sbuf_addc(&b, '[');
	relay_mend_missing(d->missing, &b);
	sbuf_addc(&b, ']');
	relay_edit_replace(ed, item->value, sbuf_slice(&b));
	sbuf_free(&b);
}

void
relay_mend_member(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *item, bool whole)
{
	if (slice_eq(item->name, SLICE("content")))
		relay_mend_content(d, ed, item);
	else if (!slice_eq(item->name, SLICE("tool_calls")))
		return;
	else if (item->type == JSCAN_ARRAY)
		relay_mend_calls(d, ed, item, whole);
	else
		relay_mend_no_calls(d, ed, item);
}

void
relay_mend_extra(const struct relay_delta *d, struct sbuf *b)
{
	if (d->words != NULL && !d->has_content_member &&
	    d->words->reasoning.len + d->words->content.len > 0) {
		if (b->len > 0 && b->data[b->len - 1] == '"')
			sbuf_addc(b, ',');
		mend_write(b, d->words);
	}
	if (d->missing == 0 || d->has_calls_member)
		return;
	if (b->len > 0 && b->data[b->len - 1] == '"')
		sbuf_addc(b, ',');
	sbuf_adds(b, "\"tool_calls\":[");
	relay_mend_missing(d->missing, b);
	sbuf_addc(b, ']');
}

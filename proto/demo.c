#include "proto/demo.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/xmem.h"
#include "proto/demo_priv.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/relay.h"
#include "proto/utf8.h"

#define LOREM_WORDS 50 /* unless max_tokens says otherwise */
#define LOREM_WORDS_MAX 1000000

/*
 * No word has more than three letters: with its blank it is one token by the
 * rule of four bytes, so that max_tokens words are max_tokens tokens at most.
 */
static const char *const demo_lorem[] = { "Sed", "ut", "qui", "in", "hac", "vi",
	"est", "non", "se", "sit", "ad", "ea", "aut", "ex", "re", "sit", "nec",
	"id", "si", "eo", "vel", "et", "hic", "mos", "a", "me", "tot", "per",
	"quo", "ac", "tum", "lex" };

void
demo_free(struct demo **dp)
{
	struct demo *d = *dp;

	if (d == NULL)
		return;
	sbuf_free(&d->model);
	sbuf_free(&d->id);
	sbuf_free(&d->text);
	sbuf_free(&d->vectors);
	sbuf_free(&d->tool);
	sbuf_free(&d->arguments);
	free(d);
	*dp = NULL;
}

/* The text of a message: a string, or its parts of type text joined. */
static void
demo_add_text(struct sbuf *b, const struct jscan_item *content)
{
	struct jscan_iter it;
	struct jscan_item part, text;

	if (content->type == JSCAN_STRING)
		jstr_add(b, jscan_text(content));
	if (content->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, content->value);
	while (jscan_element_next(&it, &part) == 1)
		if (part.type == JSCAN_OBJECT &&
		    jscan_find(part.value, SLICE("text"), &text) == 1 &&
		    text.type == JSCAN_STRING)
			jstr_add(b, jscan_text(&text));
}

/* Count all messages and leave the text of the last user's in *last. */
static void
demo_read_messages(struct demo *d, const struct jscan_item *messages,
    struct sbuf *last)
{
	struct sbuf text = { 0 };
	struct jscan_iter it;
	struct jscan_item message, item;

	if (messages->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, messages->value);
	while (jscan_element_next(&it, &message) == 1) {
		sbuf_clear(&text);
		if (message.type != JSCAN_OBJECT)
			continue;
		if (jscan_find(message.value, SLICE("content"), &item) == 1)
			demo_add_text(&text, &item);
		d->prompt_tokens += demo_tokens(text.len);
		if (jscan_find(message.value, SLICE("role"), &item) == 0 ||
		    !slice_eq(item.value, SLICE("\"user\"")))
			continue;
		sbuf_clear(last);
		sbuf_add_slice(last, sbuf_slice(&text));
	}
	sbuf_free(&text);
}

static int64_t
demo_read_int(struct slice body, const char *name, int64_t absent)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(body, slice_str(name), &item) == 0 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &n) != 1)
		return absent;
	return n;
}

static bool
demo_read_bool(struct slice body, const char *name)
{
	struct jscan_item item;

	return jscan_find(body, slice_str(name), &item) == 1 &&
	       jscan_true(&item);
}

static void
demo_make_lorem(struct demo *d, int64_t words)
{
	size_t n = sizeof demo_lorem / sizeof demo_lorem[0];
	int64_t i;

	d->cut = words >= 0;
	if (words < 0)
		words = LOREM_WORDS;
	if (words > LOREM_WORDS_MAX)
		words = LOREM_WORDS_MAX;
	for (i = 0; i < words; i++) {
		if (i > 0)
			sbuf_addc(&d->text, ' ');
		sbuf_adds(&d->text, demo_lorem[(size_t)i % n]);
	}
}

/* Keep what max_tokens pays for, whole characters only. */
static void
demo_cut_tokens(struct demo *d, int64_t max)
{
	const char *p = d->text.data, *end, *limit;
	size_t step;

	if (max < 0 || demo_tokens(d->text.len) <= max)
		return;
	end = p + d->text.len;
	limit = p + max * 4;
	while ((step = utf8_step(p, end)) > 0 && p + step <= limit)
		p += step;
	d->text.len = (size_t)(p - d->text.data);
	d->cut = true;
}

static void
demo_cut_at(struct demo *d, const struct jscan_item *stop)
{
	struct sbuf word = { 0 };
	const char *at = NULL;

	if (stop->type != JSCAN_STRING)
		return;
	jstr_add(&word, jscan_text(stop));
	if (word.len > 0 && d->text.len > 0)
		at = memmem(d->text.data, d->text.len, word.data, word.len);
	if (at != NULL) {
		d->text.len = (size_t)(at - d->text.data);
		d->cut = false;
	}
	sbuf_free(&word);
}

static void
demo_cut_stops(struct demo *d, const struct jscan_item *stop)
{
	struct jscan_iter it;
	struct jscan_item item;

	demo_cut_at(d, stop);
	if (stop->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, stop->value);
	while (jscan_element_next(&it, &item) == 1)
		demo_cut_at(d, &item);
}

/* "lorem" of "demo/lorem". */
static struct slice
demo_base_name(struct slice model)
{
	const char *slash = memrchr(model.p, '/', model.n);

	return slash == NULL ? model
	                     : slice_skip(model, (size_t)(slash + 1 - model.p));
}

static void
demo_make_text(struct demo *d, struct slice body, const struct sbuf *last,
    bool lorem)
{
	int64_t max = demo_read_int(body, "max_completion_tokens",
	    demo_read_int(body, "max_tokens", -1));
	struct jscan_item item;

	if (lorem)
		demo_make_lorem(d, max);
	else
		sbuf_add_slice(&d->text, sbuf_slice(last));
	demo_cut_tokens(d, max);
	if (jscan_find(body, SLICE("stop"), &item) == 1)
		demo_cut_stops(d, &item);
}

static void
demo_read_body(struct demo *d, struct slice body, const struct demo_opts *opts,
    bool lorem)
{
	struct jscan_item item;
	struct sbuf last = { 0 };
	int64_t n = demo_read_int(body, "n", 1);

	d->n = n < 1                   ? 1
	       : n > RELAY_CHOICES_MAX ? RELAY_CHOICES_MAX
	                               : (unsigned)n;
	d->stream = demo_read_bool(body, "stream");
	if (jscan_find(body, SLICE("stream_options"), &item) == 1 &&
	    item.type == JSCAN_OBJECT)
		d->include_usage = demo_read_bool(item.value, "include_usage");
	if (jscan_find(body, SLICE("messages"), &item) == 1)
		demo_read_messages(d, &item, &last);
	if (opts->directives)
		demo_read_directive(d, sbuf_slice(&last));
	demo_make_text(d, body, &last, lorem);
	sbuf_free(&last);
}

/* The texts instead of messages; a directive may stand in the last one. */
static int
demo_read_texts(struct demo *d, struct slice body, const struct demo_opts *opts,
    struct err *e)
{
	struct sbuf last = { 0 };
	int done = demo_read_embeddings(d, body, &last, e);

	if (opts->directives)
		demo_read_directive(d, sbuf_slice(&last));
	sbuf_free(&last);
	return done;
}

static bool
demo_has(struct slice name, const struct demo_opts *opts)
{
	if (opts->embeddings)
		return slice_eq(name, SLICE("embed"));
	return slice_eq(name, SLICE("echo")) || slice_eq(name, SLICE("lorem"));
}

int
demo_open(struct demo **dp, const struct demo_opts *opts, struct slice body,
    struct err *e)
{
	struct slice name = demo_base_name(opts->model);
	bool lorem = slice_eq(name, SLICE("lorem"));
	struct jscan_item whole;
	struct demo *d;
	int done = 0;

	if (!demo_has(name, opts))
		return err_param(e, ERR_MODEL_NOT_FOUND, "model",
		    "Requested model %.*s is not available in the model list",
		    SLICE_ARGS(opts->model));
	if (jscan_value(body, &whole, e) == -1)
		return -1;
	if (whole.type != JSCAN_OBJECT)
		return err_set(e, ERR_INVALID_REQUEST_BODY,
		    "demo: the body is no object");
	d = xcalloc(1, sizeof *d);
	sbuf_add_slice(&d->model, opts->model);
	sbuf_add_slice(&d->id, opts->id);
	d->created = opts->created;
	if (opts->embeddings)
		done = demo_read_texts(d, whole.value, opts, e);
	else
		demo_read_body(d, whole.value, opts, lorem);
	if (done != 0)
		demo_free(&d);
	*dp = d;
	return done;
}

enum demo_directive
demo_directive(const struct demo *d, int64_t *value_r)
{
	*value_r = d->value;
	return d->directive;
}

bool
demo_streams(const struct demo *d)
{
	return d->stream;
}

int64_t
demo_chunks_sent(const struct demo *d)
{
	return d->sent;
}

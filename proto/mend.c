#include "proto/mend.h"

#include "proto/jstr.h"

#define THINK_OPEN SLICE("<think>")
#define THINK_CLOSE SLICE("</think>")

void
mend_words_clear(struct mend_words *w)
{
	sbuf_clear(&w->reasoning);
	sbuf_clear(&w->content);
}

void
mend_words_free(struct mend_words *w)
{
	sbuf_free(&w->reasoning);
	sbuf_free(&w->content);
}

static void
mend_texts(struct slice array, struct sbuf *b)
{
	struct jscan_iter it;
	struct jscan_item part, text;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &part) == 1)
		if (part.type == JSCAN_OBJECT &&
		    jscan_find(part.value, SLICE("text"), &text) == 1 &&
		    text.type == JSCAN_STRING)
			sbuf_add_slice(b, jscan_text(&text));
}

/* Lists of texts that are thoughts: Mistral's, Databricks'. */
static bool
mend_thoughts(struct slice part, struct jscan_item *list_r)
{
	return (jscan_find(part, SLICE("thinking"), list_r) == 1 ||
		   jscan_find(part, SLICE("summary"), list_r) == 1) &&
	       list_r->type == JSCAN_ARRAY;
}

void
mend_parts(struct slice array, struct mend_words *w)
{
	struct jscan_iter it;
	struct jscan_item part, item;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &part) == 1) {
		if (part.type == JSCAN_STRING)
			sbuf_add_slice(&w->content, jscan_text(&part));
		if (part.type != JSCAN_OBJECT)
			continue;
		if (mend_thoughts(part.value, &item))
			mend_texts(item.value, &w->reasoning);
		else if (jscan_find(part.value, SLICE("text"), &item) == 1 &&
			 item.type == JSCAN_STRING)
			sbuf_add_slice(&w->content, jscan_text(&item));
	}
}

/* The length of the longest end of text that a tag begins with. */
static size_t
mend_tag_begun(struct slice text, struct slice tag)
{
	size_t n = text.n < tag.n ? text.n : tag.n - 1;

	while (n > 0 && memcmp(text.p + text.n - n, tag.p, n) != 0)
		n--;
	return n;
}

static struct slice
mend_past_blanks(struct slice text)
{
	while (text.n > 0 && strchr(" \t\r\n", *text.p) != NULL)
		text = slice_skip(text, 1);
	return text;
}

/* Keep what may turn out to be a tag.  False: it is too much, or the end. */
static bool
mend_hold(struct mend_think *t, struct slice text, bool last)
{
	if (last || text.n > sizeof t->held)
		return false;
	memcpy(t->held, text.p, text.n);
	t->n = (unsigned)text.n;
	return true;
}

static void
mend_inside(struct mend_think *t, struct slice text, bool last,
    struct mend_words *w)
{
	const char *end =
	    text.n > 0 ? memmem(text.p, text.n, THINK_CLOSE.p, THINK_CLOSE.n)
		       : NULL;
	size_t held = mend_tag_begun(text, THINK_CLOSE);
	struct slice thought = text;

	if (end != NULL) {
		t->state = THINK_BEHIND;
		thought.n = (size_t)(end - text.p);
		sbuf_add_json_part(&w->content,
		    slice_skip(text, thought.n + THINK_CLOSE.n));
	} else if (mend_hold(t, slice_skip(text, text.n - held), last)) {
		thought.n -= held;
	}
	sbuf_add_json_part(&w->reasoning, thought);
}

static void
mend_before(struct mend_think *t, struct slice text, bool last,
    struct mend_words *w)
{
	struct slice rest = mend_past_blanks(text);

	if (slice_starts(rest, THINK_OPEN)) {
		t->state = THINK_INSIDE;
		mend_inside(t, slice_skip(rest, THINK_OPEN.n), last, w);
		return;
	}
	if (slice_starts(THINK_OPEN, rest) && mend_hold(t, text, last))
		return;
	t->state = THINK_BEHIND;
	sbuf_add_json_part(&w->content, text);
}

void
mend_think(struct mend_think *t, struct slice raw, bool last,
    struct mend_words *w)
{
	struct sbuf text = { 0 };

	if (t->state == THINK_BEHIND) {
		sbuf_add_slice(&w->content, raw);
		return;
	}
	sbuf_add(&text, t->held, t->n);
	t->n = 0;
	jstr_add(&text, raw);
	if (t->state == THINK_INSIDE)
		mend_inside(t, sbuf_slice(&text), last, w);
	else
		mend_before(t, sbuf_slice(&text), last, w);
	sbuf_free(&text);
}

bool
mend_may_think(struct slice raw)
{
	size_t n = raw.n < 64 ? raw.n : 64;

	return n > 0 && memmem(raw.p, n, "think", 5) != NULL;
}

void
mend_write(struct sbuf *b, const struct mend_words *w)
{
	if (w->reasoning.len > 0) {
		sbuf_adds(b, "\"reasoning_content\":\"");
		sbuf_add_slice(b, sbuf_slice(&w->reasoning));
		sbuf_addc(b, '"');
		if (w->content.len == 0)
			return;
		sbuf_addc(b, ',');
	}
	sbuf_adds(b, "\"content\":\"");
	sbuf_add_slice(b, sbuf_slice(&w->content));
	sbuf_addc(b, '"');
}

bool
mend_is_odd(const struct jscan_item *arguments)
{
	return arguments->type != JSCAN_STRING ||
	       slice_eq(arguments->value, SLICE("\"null\""));
}

void
mend_arguments(const struct jscan_item *arguments, struct slice none,
    struct sbuf *b)
{
	if (arguments->type == JSCAN_NULL || arguments->type == JSCAN_STRING)
		sbuf_add_slice(b, none);
	else
		sbuf_add_json(b, arguments->value);
}

#include "proto/relay_walk.h"

#include "base/err.h"
#include "base/settings.h"
#include "base/xmem.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SEEN_OBJECT (1u << RELAY_NAMES)

int
relay_malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_STREAM, "relay: %s", what);
}

static void
relay_walk_name(struct relay_walk *w, const struct jscan_item *item,
    enum relay_name which)
{
	struct relay *r = w->r;
	struct slice known = relay_name(r, which);

	w->seen |= 1u << which;
	if (known.n == 0 && relay_name_is_good(which, item)) {
		relay_set_name(r, which, item->value);
		return;
	}
	if (known.n == 0) {
		relay_make_name(r, which);
		known = relay_name(r, which);
	}
	if (!slice_eq(known, item->value))
		relay_edit_replace(&w->ed, item->value, known);
}

static void
relay_walk_object(struct relay_walk *w, const struct jscan_item *item)
{
	w->seen |= SEEN_OBJECT;
	if (!slice_eq(item->value, relay_object))
		relay_edit_replace(&w->ed, item->value, relay_object);
}

/* False: these are none, and what was told before holds. */
static bool
relay_walk_figures(struct relay *r, struct slice json)
{
	if (usage_read(json, r->opts.quirks, relay_usage(r)) != 1)
		return false;
	r->state.usage = r->usage;
	return true;
}

/* 1 when the member stays, 0 when it has to go. */
static int
relay_walk_usage(struct relay_walk *w, const struct jscan_item *item)
{
	struct sbuf b = { 0 };

	if (item->type != JSCAN_OBJECT)
		return w->r->opts.include_usage && item->type == JSCAN_NULL;
	relay_walk_figures(w->r, item->value);
	w->usage = *item;
	if (!w->is_usage)
		return 0;
	if (!w->r->opts.usage_as_is && w->r->state.usage != NULL) {
		usage_write(&b, w->r->state.usage);
		relay_edit_replace(&w->ed, item->value, sbuf_slice(&b));
		sbuf_free(&b);
	}
	return 1;
}

/* Groq says it here first. */
static void
relay_walk_groq(struct relay_walk *w, const struct jscan_item *item)
{
	struct jscan_item usage;

	if (item->type == JSCAN_OBJECT &&
	    jscan_find(item->value, SLICE("usage"), &usage) == 1 &&
	    relay_walk_figures(w->r, usage.value))
		w->usage = usage;
}

/* The part of a finish chunk that its content is split from. */
static void
relay_walk_split(struct relay_walk *w, const struct relay_delta *d)
{
	struct sbuf *b = &w->split;

	sbuf_adds(b, b->len > 0 ? ",{\"index\":" : "{\"index\":");
	sbuf_add_u64(b, d->index);
	sbuf_adds(b, ",\"delta\":{},\"finish_reason\":");
	sbuf_add_slice(b, d->finish_word);
	sbuf_addc(b, '}');
}

static void
relay_walk_note(struct relay *r, const struct relay_delta *d)
{
	r->state.text_bytes += d->text_bytes;
	r->state.has_content =
	    r->state.has_content || d->has_content || d->finish != 0;
	r->state.tool_calls = r->state.tool_calls || d->tool_calls;
	r->state.refusal = r->state.refusal || d->refusal;
	r->state.finish |= d->finish;
	if (d->finish != 0)
		relay_delta_native(d, r->state.native_finish,
		    sizeof r->state.native_finish);
}

/* At the end of a choice: its calls that have had no arguments. */
static void
relay_walk_calls(struct relay *r, struct relay_delta *d)
{
	struct relay_calls *c;

	if (d->index >= RELAY_CALLERS_MAX)
		return;
	if (d->calls == 0 && (d->finish == 0 || r->calls == NULL))
		return;
	if (r->calls == NULL)
		r->calls = xcalloc(RELAY_CALLERS_MAX, sizeof *r->calls);
	c = &r->calls[d->index];
	c->begun |= d->calls;
	c->argued |= d->argued;
	if (d->finish != 0)
		d->missing = c->begun & ~c->argued;
}

/* Thoughts in tags.  False when nothing of the delta is left for now. */
static bool
relay_walk_think(struct relay *r, struct relay_delta *d)
{
	struct mend_think *t = &r->thoughts->choices[d->index];
	struct mend_words *words = &r->thoughts->words;
	bool fresh = t->n == 0;

	if (t->state == THINK_BEHIND || (d->content.n == 0 && d->finish == 0))
		return true;
	fresh = fresh && t->state == THINK_BEFORE;
	mend_words_clear(words);
	mend_think(t, d->content, d->finish != 0, words);
	if (fresh && t->state == THINK_BEHIND && words->reasoning.len == 0 &&
	    words->content.len == d->content.n)
		return true;
	d->words = words;
	return words->reasoning.len + words->content.len > 0 ||
	       d->finish != 0 || d->tool_calls ||
	       d->text_bytes > d->content.n || !relay_bit(r->opened, d->index);
}

/* 1 when the choice stays, 0 when nothing of it may be sent, -1. */
static int
relay_walk_choice(struct relay_walk *w, const struct jscan_item *item,
    unsigned position, struct err *e)
{
	struct relay *r = w->r;
	struct relay_delta d;
	bool split;

	if (relay_delta_read(item, position, &d) == -1)
		return relay_malformed(e, "a choice that is no choice");
	if (relay_bit(r->finished, d.index)) {
		r->state.text_bytes += d.text_bytes;
		return 0;
	}
	relay_walk_note(r, &d);
	relay_walk_calls(r, &d);
	if (r->thoughts != NULL && !relay_walk_think(r, &d))
		return 0;
	split = d.finish != 0 &&
	        ((d.has_content && r->opts.quirks & QUIRK_FINISH_HAS_CONTENT) ||
		    d.missing != 0);
	if (split)
		relay_walk_split(w, &d);
	relay_delta_edit(&d, &w->ed,
	    (relay_bit(r->opened, d.index) ? RELAY_DROP_ROLE
					   : RELAY_NEED_ROLE) |
		(split ? RELAY_HOLD_FINISH : 0) |
		(r->opts.quirks & QUIRK_MSG_REPEAT ? RELAY_DROP_MESSAGE : 0));
	w->last = d;
	w->last.first = !relay_bit(r->opened, d.index);
	relay_set_bit(r->opened, d.index);
	if (d.finish != 0) {
		relay_set_bit(r->finished, d.index);
		/* More text of this choice must not be recognised. */
		relay_shape_forget(&r->shape);
	}
	return 1;
}

static int
relay_walk_choices(struct relay_walk *w, const struct jscan_item *item,
    struct err *e)
{
	struct jscan_iter it;
	struct jscan_item choice;
	const char *kept_end = NULL;
	unsigned position = 0;
	int keep;

	if (item->type != JSCAN_ARRAY)
		return relay_malformed(e, "choices that are no array");
	w->has_choices = true;
	jscan_enter(&it, item->value);
	while (jscan_element_next(&it, &choice) == 1) {
		keep = relay_walk_choice(w, &choice, position++, e);
		if (keep == -1)
			return -1;
		if (keep == 1) {
			w->kept++;
			kept_end = choice.value.p + choice.value.n;
			continue;
		}
		w->dropped++;
		relay_edit_remove(&w->ed, kept_end, choice.value.p,
		    choice.value.p + choice.value.n);
	}
	return 0;
}

enum relay_member {
	MEMBER_ID = RELAY_NAME_ID,
	MEMBER_CREATED = RELAY_NAME_CREATED,
	MEMBER_MODEL = RELAY_NAME_MODEL,
	MEMBER_OBJECT,
	MEMBER_CHOICES,
	MEMBER_USAGE,
	MEMBER_GROQ,
	MEMBER_PADDING,
	MEMBER_OTHER,
};

static const struct {
	struct slice name;
	enum relay_member which;
} relay_members[] = {
	{ SLICE("id"), MEMBER_ID },
	{ SLICE("created"), MEMBER_CREATED },
	{ SLICE("model"), MEMBER_MODEL },
	{ SLICE("object"), MEMBER_OBJECT },
	{ SLICE("choices"), MEMBER_CHOICES },
	{ SLICE("usage"), MEMBER_USAGE },
	{ SLICE("x_groq"), MEMBER_GROQ },
	{ SLICE("obfuscation"), MEMBER_PADDING },
	{ SLICE("p"), MEMBER_PADDING },
};

static enum relay_member
relay_member(const struct jscan_item *item)
{
	size_t i;

	for (i = 0; i < COUNT(relay_members); i++)
		if (slice_eq(item->name, relay_members[i].name))
			return relay_members[i].which;
	return MEMBER_OTHER;
}

/* 1 when the member stays, 0 when it has to go, -1. */
static int
relay_walk_member(struct relay_walk *w, const struct jscan_item *item,
    struct err *e)
{
	enum relay_member which = relay_member(item);

	switch (which) {
	case MEMBER_ID:
	case MEMBER_CREATED:
	case MEMBER_MODEL:
		relay_walk_name(w, item, (enum relay_name)which);
		return 1;
	case MEMBER_OBJECT:
		relay_walk_object(w, item);
		return 1;
	case MEMBER_CHOICES:
		return relay_walk_choices(w, item, e) == -1 ? -1 : 1;
	case MEMBER_USAGE:
		return relay_walk_usage(w, item);
	case MEMBER_GROQ:
		relay_walk_groq(w, item);
		return 1;
	case MEMBER_PADDING:
		if (item->type == JSCAN_STRING)
			w->padding = item->value;
		return 1;
	case MEMBER_OTHER:
		break;
	}
	return 1;
}

/* Members that a chunk must have and this one has not. */
static void
relay_walk_missing(struct relay_walk *w)
{
	static const char *const before[] = { ",\"id\":", ",\"created\":",
		",\"model\":" };
	const char *end = w->ed.text.p + w->ed.text.n - 1;
	struct sbuf b = { 0 };
	unsigned i;

	for (i = 0; i < RELAY_NAMES; i++) {
		if (w->seen & 1u << i)
			continue;
		if (relay_name(w->r, i).n == 0)
			relay_make_name(w->r, i);
		sbuf_adds(&b, before[i]);
		sbuf_add_slice(&b, relay_name(w->r, i));
	}
	if (!(w->seen & SEEN_OBJECT)) {
		sbuf_adds(&b, ",\"object\":");
		sbuf_add_slice(&b, relay_object);
	}
	if (!w->r->greeted && w->r->opts.prompt_message.n > 0 && !w->is_usage) {
		sbuf_adds(&b, ",\"prompt_message\":");
		sbuf_add_slice(&b, w->r->opts.prompt_message);
	}
	if (b.len > 0)
		relay_edit_insert(&w->ed, end, sbuf_slice(&b));
	sbuf_free(&b);
}

int
relay_walk_members(struct relay_walk *w, struct err *e)
{
	const struct jscan_item *item = w->members->items, *last;
	const char *kept_end = NULL, *end;
	int keep;

	for (last = item + w->members->n; item != last; item++) {
		end = item->value.p + item->value.n;
		keep = relay_walk_member(w, item, e);
		if (keep == -1)
			return -1;
		if (keep == 1)
			kept_end = end;
		else
			relay_edit_remove(&w->ed, kept_end, item->name.p - 1,
			    end);
	}
	if (!w->has_choices && w->usage.value.n == 0)
		return relay_malformed(e, "a chunk without choices");
	relay_walk_missing(w);
	return 0;
}

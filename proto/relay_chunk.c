#include "proto/relay_priv.h"

#include "base/err.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "proto/relay_delta.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One chunk on its way through: what was found, what is being written. */
struct relay_walk {
	struct relay *r;
	struct relay_edit ed;
	bool is_usage; /* choices is empty and usage is there */
	bool has_choices;
	bool anonymous; /* no id of its own, and none known yet */
	unsigned kept, dropped;
	struct jscan_item usage; /* an object; value.n 0: none */
	struct slice padding;    /* a string that means nothing */
	unsigned seen;           /* bits of enum relay_name, and object */
	struct sbuf split;       /* choices of the finish chunk to come */
	struct relay_delta last; /* of the last choice that was kept */
};

#define SEEN_OBJECT (1u << RELAY_NAMES)

static const struct slice relay_object = { "\"chat.completion.chunk\"", 23 };

static int
relay_malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_STREAM, "relay: %s", what);
}

struct slice
relay_name(const struct relay *r, enum relay_name which)
{
	size_t at = 0;
	unsigned i;

	for (i = 0; i < (unsigned)which; i++)
		at += r->name_len[i];
	return (struct slice){ r->names.len > 0 ? r->names.data + at : "",
		r->name_len[which] };
}

/* The names are kept in a row; a new one goes to its place. */
static void
relay_set_name(struct relay *r, enum relay_name which, struct slice raw)
{
	struct sbuf names = { 0 };
	unsigned i;

	for (i = 0; i < RELAY_NAMES; i++)
		sbuf_add_slice(&names,
		    i == (unsigned)which ? raw : relay_name(r, i));
	sbuf_free(&r->names);
	r->names = names;
	r->name_len[which] = (unsigned)raw.n;
}

/* What stands in for a name that the provider does not give. */
static void
relay_make_name(struct relay *r, enum relay_name which)
{
	struct sbuf b = { 0 };

	if (which == RELAY_NAME_ID)
		sbuf_add_json(&b, r->opts.id);
	else if (which == RELAY_NAME_MODEL)
		sbuf_add_json(&b, r->opts.model);
	else
		sbuf_add_u64(&b, (uint64_t)r->opts.created);
	relay_set_name(r, which, sbuf_slice(&b));
	sbuf_free(&b);
}

static bool
relay_name_is_good(enum relay_name which, const struct jscan_item *item)
{
	if (which == RELAY_NAME_CREATED)
		return item->type == JSCAN_NUMBER;
	return item->type == JSCAN_STRING && item->value.n > 2;
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

/* 1 when the member stays, 0 when it has to go. */
static int
relay_walk_usage(struct relay_walk *w, const struct jscan_item *item)
{
	struct sbuf b = { 0 };

	if (item->type != JSCAN_OBJECT)
		return w->r->opts.include_usage && item->type == JSCAN_NULL;
	if (usage_read(item->value, w->r->opts.quirks, &w->r->state.usage))
		w->r->state.has_usage = true;
	w->usage = *item;
	if (!w->is_usage)
		return 0;
	if (!w->r->opts.usage_as_is && w->r->state.has_usage) {
		usage_write(&b, &w->r->state.usage);
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
	    usage_read(usage.value, w->r->opts.quirks, &w->r->state.usage)) {
		w->r->state.has_usage = true;
		w->usage = usage;
	}
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
	split = d.finish != 0 && d.has_content &&
	        r->opts.quirks & QUIRK_FINISH_HAS_CONTENT;
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

static bool
relay_is_empty_array(const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item first;

	if (item->type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, item->value);
	return jscan_element_next(&it, &first) == 0;
}

/* Look ahead at what decides how the members are treated. */
static void
relay_walk_survey(struct relay_walk *w, struct slice json)
{
	struct jscan_item item;
	bool empty;

	if (w->r->greeted && memmem(json.p, json.n, "\"usage\"", 7) == NULL)
		return;
	empty = jscan_find(json, SLICE("choices"), &item) == 0 ||
	        relay_is_empty_array(&item);
	w->is_usage = empty && jscan_find(json, SLICE("usage"), &item) == 1 &&
	              item.type == JSCAN_OBJECT;
	w->anonymous = empty && !w->is_usage &&
	               relay_name(w->r, RELAY_NAME_ID).n == 0 &&
	               (jscan_find(json, SLICE("id"), &item) == 0 ||
			   !relay_name_is_good(RELAY_NAME_ID, &item));
}

static int
relay_walk_members(struct relay_walk *w, struct slice json, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;
	const char *kept_end = NULL, *end;
	int keep;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item) == 1) {
		end = item.value.p + item.value.n;
		keep = relay_walk_member(w, &item, e);
		if (keep == -1)
			return -1;
		if (keep == 1)
			kept_end = end;
		else
			relay_edit_remove(&w->ed, kept_end, item.name.p - 1,
			    end);
	}
	if (!w->has_choices && w->usage.value.n == 0)
		return relay_malformed(e, "a chunk without choices");
	relay_walk_missing(w);
	return 0;
}

/* A frame of one line: line ends between tokens become blanks. */
static void
relay_flatten(struct sbuf *b, size_t from, size_t to)
{
	char *p = b->data + from, *end = b->data + to;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL)
		*p++ = ' ';
}

/* Send json, edited or not. */
static void
relay_walk_send(struct relay_walk *w, const struct sse_event *ev,
    struct relay_out *out)
{
	const struct relay_framing *f = w->r->opts.framing;
	struct sbuf *b = w->ed.b;
	size_t start = out->mark + f->field.n;
	bool edited = relay_edit_end(&w->ed);

	w->r->greeted = true;
	if (!edited && ev->plain && ev->borrowed && relay_framing_is_sse(f)) {
		relay_out_borrow(out, ev->raw);
		return;
	}
	if (!edited) {
		sbuf_add_slice(b, f->field);
		sbuf_add_slice(b, w->ed.text);
	}
	if (!ev->plain)
		relay_flatten(b, start, b->len);
	sbuf_add_slice(b, f->delimiter);
	relay_out_end(out);
}

/* What was written of this chunk is not to be sent now. */
static void
relay_walk_unwrite(struct relay_walk *w, struct relay_out *out)
{
	w->ed.b->len = out->mark;
}

/* The chunk that only has usage goes out last, if at all. */
static void
relay_walk_keep_usage(struct relay_walk *w, const struct relay_out *out)
{
	struct relay *r = w->r;
	size_t start = out->mark + r->opts.framing->field.n;

	r->state.has_content = true;
	sbuf_clear(&r->tail);
	if (relay_edit_end(&w->ed))
		sbuf_add(&r->tail, w->ed.b->data + start, w->ed.b->len - start);
	else
		sbuf_add_slice(&r->tail, w->ed.text);
	relay_flatten(&r->tail, 0, r->tail.len);
}

static void
relay_add_names(const struct relay *r, struct sbuf *b)
{
	sbuf_adds(b, "{\"id\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_ID));
	sbuf_adds(b, ",\"object\":");
	sbuf_add_slice(b, relay_object);
	sbuf_adds(b, ",\"created\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_CREATED));
	sbuf_adds(b, ",\"model\":");
	sbuf_add_slice(b, relay_name(r, RELAY_NAME_MODEL));
}

void
relay_build_usage(struct relay *r, struct slice usage_json)
{
	struct sbuf *b = &r->tail;
	unsigned i;

	for (i = 0; i < RELAY_NAMES; i++)
		if (relay_name(r, i).n == 0)
			relay_make_name(r, i);
	sbuf_clear(b);
	relay_add_names(r, b);
	sbuf_adds(b, ",\"choices\":[],\"usage\":");
	if (usage_json.n > 0)
		sbuf_add_slice(b, usage_json);
	else
		usage_write(b, &r->state.usage);
	sbuf_addc(b, '}');
	relay_flatten(b, 0, b->len);
}

static void
relay_send_split(struct relay_walk *w, struct relay_out *out)
{
	struct sbuf *b = relay_out_begin(out);

	sbuf_add_slice(b, w->r->opts.framing->field);
	relay_add_names(w->r, b);
	sbuf_adds(b, ",\"choices\":[");
	sbuf_add_slice(b, sbuf_slice(&w->split));
	sbuf_adds(b, "]}");
	sbuf_add_slice(b, w->r->opts.framing->delimiter);
	relay_out_end(out);
}

/* Only text, told like the text before: the next one will look the same. */
static void
relay_walk_learn(struct relay_walk *w, const struct sse_event *ev)
{
	const struct relay_delta *d = &w->last;

	if (ev->plain && w->kept == 1 && w->dropped == 0 && d->hole.n > 0 &&
	    !d->first && d->finish == 0 && !d->tool_calls && !d->refusal &&
	    w->usage.value.n == 0 && w->ed.only_cuts)
		relay_shape_learn(&w->r->shape, &w->ed, d->hole, w->padding);
}

static void
relay_walk_finish(struct relay_walk *w, const struct sse_event *ev,
    struct relay_out *out)
{
	struct relay *r = w->r;
	bool wants_usage = r->opts.include_usage && w->usage.value.n > 0;

	if (w->is_usage) {
		if (wants_usage)
			relay_walk_keep_usage(w, out);
		r->state.has_content = true;
		relay_walk_unwrite(w, out);
		return;
	}
	if (wants_usage && r->state.has_usage)
		relay_build_usage(r,
		    r->opts.usage_as_is ? w->usage.value : SLICE(""));
	if (w->kept == 0 && w->dropped > 0) {
		relay_walk_unwrite(w, out);
		return;
	}
	relay_walk_send(w, ev, out);
	if (w->split.len > 0)
		relay_send_split(w, out);
	relay_walk_learn(w, ev);
}

static int
relay_walk(struct relay *r, const struct sse_event *ev, struct relay_out *out,
    struct err *e)
{
	struct relay_walk w = { .r = r };
	int done;

	relay_walk_survey(&w, ev->data);
	if (w.anonymous) {
		/* Azure's filter results come before the stream has an id. */
		sbuf_clear(&r->held);
		sbuf_add_slice(&r->held, ev->data);
		return 0;
	}
	relay_edit_start(&w.ed, ev->data, relay_out_begin(out),
	    r->opts.framing->field);
	done = relay_walk_members(&w, ev->data, e);
	if (done == -1)
		relay_walk_unwrite(&w, out);
	else
		relay_walk_finish(&w, ev, out);
	sbuf_free(&w.split);
	return done;
}

/* The stream's names are known from json: the held chunk can go first. */
static int
relay_send_held(struct relay *r, struct slice json, struct relay_out *out,
    struct err *e)
{
	static const struct slice names[] = { SLICE("id"), SLICE("created"),
		SLICE("model") };
	struct sse_event ev = { .plain = false };
	struct sbuf held = r->held;
	struct jscan_item item;
	unsigned i;
	int done;

	r->held = (struct sbuf){ 0 };
	for (i = 0; i < RELAY_NAMES; i++) {
		if (jscan_find(json, names[i], &item) == 1 &&
		    relay_name_is_good(i, &item))
			relay_set_name(r, i, item.value);
		else
			relay_make_name(r, i);
	}
	ev.data = sbuf_slice(&held);
	done = relay_walk(r, &ev, out, e);
	sbuf_free(&held);
	return done;
}

void
relay_take_error(struct relay *r, struct slice json)
{
	if (r->error == NULL)
		r->error = xcalloc(1, sizeof *r->error);
	relay_error_read(json, 200, r->error);
	r->state.has_error = true;
}

/* {"error":…}, and {"object":"error"} as Mistral writes it. */
static bool
relay_is_error(const struct sse_event *ev, struct slice json)
{
	struct jscan_item item;

	if (slice_eq(ev->name, SLICE("error")))
		return true;
	if (jscan_find(json, SLICE("error"), &item) == 1 &&
	    item.type != JSCAN_NULL)
		return true;
	return jscan_find(json, SLICE("object"), &item) == 1 &&
	       slice_eq(item.value, SLICE("\"error\""));
}

int
relay_chunk(struct relay *r, const struct sse_event *ev, struct relay_out *out,
    struct err *e)
{
	struct sse_event chunk = *ev;
	struct jscan_item item;
	struct err why;

	if (relay_shape_match(r, ev, out))
		return 0;
	if (jscan_value(ev->data, &item, &why) == -1) {
		if (!slice_eq(ev->name, SLICE("error")))
			return relay_malformed(e, why.text);
		relay_take_error(r, ev->data);
		return 0;
	}
	if (item.type != JSCAN_OBJECT)
		return relay_malformed(e, "an event that is no object");
	if (relay_is_error(ev, item.value)) {
		relay_take_error(r, item.value);
		return 0;
	}
	if (ev->bare)
		return relay_malformed(e, "JSON outside an event");
	if (item.value.n != ev->data.n)
		chunk.plain = false; /* padding blanks around it */
	chunk.data = item.value;
	if (r->held.len > 0 && relay_send_held(r, item.value, out, e) == -1)
		return -1;
	return relay_walk(r, &chunk, out, e);
}

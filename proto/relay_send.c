#include "proto/relay_walk.h"

#include "proto/assemble.h"

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
	struct sbuf *b = w->ed.b;
	size_t start = out->mark + RELAY_FIELD.n;
	bool edited = relay_edit_end(&w->ed);

	w->r->greeted = true;
	if (w->r->message != NULL)
		assemble_chunk(w->r->message,
		    edited ? (struct slice){ b->data + start, b->len - start }
			   : w->ed.text);
	if (!edited && ev->plain && ev->borrowed) {
		relay_out_borrow(out, ev->raw);
		return;
	}
	if (!edited) {
		sbuf_add_slice(b, RELAY_FIELD);
		sbuf_add_slice(b, w->ed.text);
	}
	if (!ev->plain)
		relay_flatten(b, start, b->len);
	sbuf_add_slice(b, RELAY_DELIMITER);
	relay_out_end(out);
}

void
relay_walk_unwrite(struct relay_walk *w, struct relay_out *out)
{
	w->ed.b->len = out->mark;
}

/* The chunk that only has usage goes out last, if at all. */
static void
relay_walk_keep_usage(struct relay_walk *w, const struct relay_out *out)
{
	struct relay *r = w->r;
	size_t start = out->mark + RELAY_FIELD.n;

	r->state.has_content = true;
	sbuf_clear(&r->tail);
	if (relay_edit_end(&w->ed))
		sbuf_add(&r->tail, w->ed.b->data + start, w->ed.b->len - start);
	else
		sbuf_add_slice(&r->tail, w->ed.text);
	relay_flatten(&r->tail, 0, r->tail.len);
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
		usage_write(b, r->usage);
	sbuf_addc(b, '}');
	relay_flatten(b, 0, b->len);
}

static void
relay_send_split(struct relay_walk *w, struct relay_out *out)
{
	struct sbuf *b = relay_out_begin(out);

	sbuf_add_slice(b, RELAY_FIELD);
	relay_add_names(w->r, b);
	sbuf_adds(b, ",\"choices\":[");
	sbuf_add_slice(b, sbuf_slice(&w->split));
	sbuf_adds(b, "]}");
	sbuf_add_slice(b, RELAY_DELIMITER);
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

void
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
	if (wants_usage && r->state.usage != NULL)
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

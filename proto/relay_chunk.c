#include "proto/relay_walk.h"

#include "base/err.h"
#include "base/xmem.h"

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
	done = relay_walk_members(&w, e);
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

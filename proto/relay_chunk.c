#include "proto/relay_walk.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/xmem.h"
#include "proto/jscan_read.h"

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

/* The first member of that name, or NULL. */
static const struct jscan_item *
relay_find(const struct relay_members *m, struct slice name)
{
	for (unsigned i = 0; i < m->n; i++)
		if (jstr_is(&m->items[i], name))
			return &m->items[i];
	return NULL;
}

static void
relay_members_begin(struct relay_members *m)
{
	m->n = 0;
	m->cap = RELAY_FEW_MEMBERS;
	m->items = m->few;
}

static void
relay_members_end(struct relay_members *m)
{
	if (m->items != m->few)
		free(m->items);
}

static void
relay_members_grow(struct relay_members *m)
{
	struct jscan_item *items = xmalloc(2 * m->cap * sizeof *items);

	memcpy(items, m->items, m->n * sizeof *items);
	relay_members_end(m);
	m->items = items;
	m->cap *= 2;
}

static int
relay_members_scan(struct jscan_reader *s, struct relay_members *m)
{
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (m->n == m->cap)
			relay_members_grow(m);
		if (jscan_read_item(s, &m->items[m->n++]) != 0)
			return -1;
	}
	return more;
}

/* The scan of a chunk.  0 with *whole_r (members of an object), or -1. */
static int
relay_members_read(struct slice text, struct relay_members *m,
    struct jscan_item *whole_r, struct err *e)
{
	struct jscan_reader s;
	const char *at;

	jscan_read_start(&s, text);
	if (!jscan_read_sees(&s, '{'))
		return jscan_value(text, whole_r, e);
	at = s.p;
	if (relay_members_scan(&s, m) != 0)
		return jscan_read_fail(&s, text, e);
	*whole_r = (struct jscan_item){ .type = JSCAN_OBJECT,
		.value = { at, (size_t)(s.p - at) } };
	return jscan_read_end(&s) == 0 ? 0 : jscan_read_fail(&s, text, e);
}

/* Look ahead at what decides how the members are treated. */
static void
relay_walk_survey(struct relay_walk *w)
{
	const struct jscan_item *usage, *choices, *id;
	bool empty;

	usage = relay_find(w->members, SLICE("usage"));
	if (w->r->greeted && usage == NULL)
		return;
	choices = relay_find(w->members, SLICE("choices"));
	empty = choices == NULL || relay_is_empty_array(choices);
	w->is_usage = empty && usage != NULL && usage->type == JSCAN_OBJECT;
	id = relay_find(w->members, SLICE("id"));
	w->anonymous = empty && !w->is_usage &&
	               relay_name(w->r, RELAY_NAME_ID).n == 0 &&
	               (id == NULL || !relay_name_is_good(RELAY_NAME_ID, id));
}

static int
relay_walk(struct relay *r, const struct sse_event *ev,
    const struct relay_members *members, struct relay_out *out, struct err *e)
{
	struct relay_walk w = { .r = r, .members = members };
	int done;

	relay_walk_survey(&w);
	if (w.anonymous) {
		/* Azure's filter results come before the stream has an id. */
		sbuf_clear(&r->held);
		sbuf_add_slice(&r->held, ev->data);
		return 0;
	}
	relay_edit_start(&w.ed, ev->data, relay_out_begin(out), RELAY_FIELD);
	done = relay_walk_members(&w, e);
	if (done == -1)
		relay_walk_unwrite(&w, out);
	else
		relay_walk_finish(&w, ev, out);
	sbuf_free(&w.split);
	return done;
}

/* The chunk that was held goes out under the stream's names. */
static int
relay_walk_held(struct relay *r, struct slice json, struct relay_out *out,
    struct err *e)
{
	struct sse_event ev = { .plain = false, .data = json };
	struct relay_members members;
	struct jscan_item whole;
	int done;

	relay_members_begin(&members);
	done = relay_members_read(json, &members, &whole, e);
	if (done == 0)
		done = relay_walk(r, &ev, &members, out, e);
	relay_members_end(&members);
	return done;
}

/* The stream's names are known from a chunk: the held one can go first. */
static int
relay_send_held(struct relay *r, const struct relay_members *members,
    struct relay_out *out, struct err *e)
{
	static const struct slice names[] = { SLICE("id"), SLICE("created"),
		SLICE("model") };
	struct sbuf held = r->held;
	const struct jscan_item *item;
	unsigned i;
	int done;

	r->held = (struct sbuf){ 0 };
	for (i = 0; i < RELAY_NAMES; i++) {
		item = relay_find(members, names[i]);
		if (item != NULL && relay_name_is_good(i, item))
			relay_set_name(r, i, item->value);
		else
			relay_make_name(r, i);
	}
	done = relay_walk_held(r, sbuf_slice(&held), out, e);
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
relay_is_error(const struct sse_event *ev, const struct relay_members *m)
{
	const struct jscan_item *item;

	if (slice_eq(ev->name, SLICE("error")))
		return true;
	item = relay_find(m, SLICE("error"));
	if (item != NULL && item->type != JSCAN_NULL)
		return true;
	item = relay_find(m, SLICE("object"));
	return item != NULL && slice_eq(item->value, SLICE("\"error\""));
}

static int
relay_chunk_read(struct relay *r, const struct sse_event *ev,
    struct relay_members *members, struct relay_out *out, struct err *e)
{
	struct sse_event chunk = *ev;
	struct jscan_item item;
	struct err why;

	if (relay_members_read(ev->data, members, &item, &why) == -1) {
		if (!slice_eq(ev->name, SLICE("error")))
			return relay_malformed(e, why.text);
		relay_take_error(r, ev->data);
		return 0;
	}
	if (item.type != JSCAN_OBJECT)
		return relay_malformed(e, "an event that is no object");
	if (relay_is_error(ev, members)) {
		relay_take_error(r, item.value);
		return 0;
	}
	if (ev->bare)
		return relay_malformed(e, "JSON outside an event");
	if (item.value.n != ev->data.n)
		chunk.plain = false; /* padding blanks around it */
	chunk.data = item.value;
	if (r->held.len > 0 && relay_send_held(r, members, out, e) == -1)
		return -1;
	return relay_walk(r, &chunk, members, out, e);
}

int
relay_chunk(struct relay *r, const struct sse_event *ev, struct relay_out *out,
    struct err *e)
{
	struct relay_members members;
	int done;

	if (relay_shape_match(r, ev, out))
		return 0;
	relay_members_begin(&members);
	done = relay_chunk_read(r, ev, &members, out, e);
	relay_members_end(&members);
	return done;
}

#include "proto/relay_priv.h"

#include "base/err.h"
#include "proto/assemble.h"

/*
 * The pieces of an event around its holes:
 *
 *   {"id":"x","choices":[{"delta":{"content":  "text"  }}],"p":  "abc"  }
 *   |<------------- head ------------------->| hole |<-middle->| pad |tail|
 */

void
relay_shape_forget(struct relay_shape *s)
{
	sbuf_free(&s->text);
	*s = (struct relay_shape){ .ncuts = 0 };
}

static const char *
relay_shape_past(struct slice s)
{
	return s.p + s.n;
}

/* Where a place of the event lies in the text without the holes. */
static bool
relay_shape_place(const struct relay_edit *ed, struct relay_cut cut,
    struct slice hole, struct slice padding, unsigned *at_r)
{
	const char *start = ed->text.p + cut.at, *end = start + cut.n;
	unsigned at = cut.at;

	if (end > hole.p && start < relay_shape_past(hole))
		return false;
	if (start >= relay_shape_past(hole))
		at -= (unsigned)hole.n;
	if (padding.n > 0 && end > padding.p) {
		if (start < relay_shape_past(padding))
			return false;
		at -= (unsigned)padding.n;
	}
	*at_r = at;
	return true;
}

void
relay_shape_learn(struct relay_shape *s, const struct relay_edit *ed,
    struct slice hole, struct slice padding)
{
	const char *end = relay_shape_past(ed->text);
	const char *tail = relay_shape_past(hole);
	unsigned i;

	sbuf_clear(&s->text);
	s->head = s->middle = s->ncuts = 0;
	if (padding.n > 0 && padding.p < tail)
		return;
	for (i = 0; i < ed->ncuts; i++) {
		s->cuts[i].n = ed->cuts[i].n;
		if (!relay_shape_place(ed, ed->cuts[i], hole, padding,
			&s->cuts[i].at))
			return;
	}
	s->ncuts = ed->ncuts;
	s->head = (unsigned)(hole.p - ed->text.p);
	sbuf_add(&s->text, ed->text.p, s->head);
	if (padding.n > 0) {
		s->middle = (unsigned)(padding.p - tail);
		sbuf_add(&s->text, tail, s->middle);
		tail = relay_shape_past(padding);
	}
	s->tail = (unsigned)(end - tail);
	sbuf_add(&s->text, tail, s->tail);
}

static bool
relay_shape_is_string(struct slice raw)
{
	struct jscan_item item;
	struct err e;

	return raw.n >= 2 && raw.p[0] == '"' &&
	       jscan_value(raw, &item, &e) == 0 && raw.p[raw.n - 1] == '"';
}

/* Find the holes of data.  False when it has another shape. */
static bool
relay_shape_fit(const struct relay_shape *s, struct slice data,
    struct slice *hole_r, struct slice *padding_r)
{
	const char *text = s->text.data, *middle;
	struct slice hole;

	if (s->head == 0 || data.n < s->text.len + 2 ||
	    memcmp(data.p, text, s->head) != 0 ||
	    memcmp(data.p + data.n - s->tail, text + s->head + s->middle,
		s->tail) != 0)
		return false;
	hole = (struct slice){ data.p + s->head, data.n - s->head - s->tail };
	*padding_r = (struct slice){ NULL, 0 };
	if (s->middle > 0) {
		middle = memmem(hole.p, hole.n, text + s->head, s->middle);
		if (middle == NULL)
			return false;
		*padding_r =
		    slice_skip(hole, (size_t)(middle - hole.p) + s->middle);
		hole.n = (size_t)(middle - hole.p);
	}
	*hole_r = hole;
	return relay_shape_is_string(hole) &&
	       (s->middle == 0 || relay_shape_is_string(*padding_r));
}

/* A stretch of the shape's text, without what is cut. */
static void
relay_shape_put(const struct relay_shape *s, struct sbuf *b, unsigned from,
    unsigned n)
{
	unsigned i, end = from + n;

	for (i = 0; i < s->ncuts; i++) {
		if (s->cuts[i].at < from || s->cuts[i].at >= end)
			continue;
		sbuf_add(b, s->text.data + from, s->cuts[i].at - from);
		from = s->cuts[i].at + s->cuts[i].n;
	}
	sbuf_add(b, s->text.data + from, end - from);
}

static void
relay_shape_write(struct relay *r, struct slice hole, struct slice padding,
    struct relay_out *out)
{
	const struct relay_shape *s = &r->shape;
	struct sbuf *b = relay_out_begin(out);

	sbuf_add_slice(b, RELAY_FIELD);
	relay_shape_put(s, b, 0, s->head);
	sbuf_add_slice(b, hole);
	if (s->middle > 0) {
		relay_shape_put(s, b, s->head, s->middle);
		sbuf_add_slice(b, padding);
	}
	relay_shape_put(s, b, s->head + s->middle, s->tail);
	sbuf_add_slice(b, RELAY_DELIMITER);
	relay_out_end(out);
}

bool
relay_shape_match(struct relay *r, const struct sse_event *ev,
    struct relay_out *out)
{
	struct slice hole, padding;

	if (!relay_shape_fit(&r->shape, ev->data, &hole, &padding))
		return false;
	if (r->shape.ncuts == 0 && ev->plain && ev->borrowed)
		relay_out_borrow(out, ev->raw);
	else
		relay_shape_write(r, hole, padding, out);
	if (r->message != NULL)
		assemble_chunk(r->message, ev->data);
	r->state.text_bytes += hole.n - 2;
	r->state.has_content = r->state.has_content || hole.n > 2;
	return true;
}

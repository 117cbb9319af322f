#include "proto/relay_frame.h"

#include <stdlib.h>

#include "base/xmem.h"

void
relay_out_init(struct relay_out *o)
{
	*o = (struct relay_out){ 0 };
}

void
relay_out_fini(struct relay_out *o)
{
	free(o->slices);
	sbuf_free(&o->buf);
	*o = (struct relay_out){ 0 };
}

void
relay_out_clear(struct relay_out *o)
{
	o->n = 0;
	o->bytes = 0;
	o->sealed = false;
	sbuf_clear(&o->buf);
}

/*
 * While frames are written, slices of buf have no address yet: they follow
 * one another in buf, so that relay_out_seal() finds them by their lengths.
 */
static void
relay_out_push(struct relay_out *o, struct slice s)
{
	struct slice *last = o->n > 0 ? &o->slices[o->n - 1] : NULL;

	o->bytes += s.n;
	if (last != NULL &&
	    (s.p == NULL ? last->p == NULL
			 : last->p != NULL && last->p + last->n == s.p)) {
		last->n += s.n;
		return;
	}
	if (o->n == o->cap) {
		o->cap = o->cap > 0 ? 2 * o->cap : 16;
		o->slices = xrealloc(o->slices, o->cap * sizeof *o->slices);
	}
	o->slices[o->n++] = s;
}

static void
relay_out_unseal(struct relay_out *o)
{
	struct slice own = sbuf_slice(&o->buf);
	size_t i;

	if (!o->sealed)
		return;
	o->sealed = false;
	for (i = 0; i < o->n; i++)
		if (o->slices[i].p >= own.p && o->slices[i].p < own.p + own.n)
			o->slices[i].p = NULL;
}

void
relay_out_seal(struct relay_out *o)
{
	size_t i, at = 0;

	relay_out_unseal(o);
	o->sealed = true;
	for (i = 0; i < o->n; i++) {
		if (o->slices[i].p != NULL)
			continue;
		o->slices[i].p = o->buf.data + at;
		at += o->slices[i].n;
	}
}

void
relay_out_borrow(struct relay_out *o, struct slice s)
{
	relay_out_unseal(o);
	if (s.n > 0)
		relay_out_push(o, s);
}

struct sbuf *
relay_out_begin(struct relay_out *o)
{
	relay_out_unseal(o);
	o->mark = o->buf.len;
	return &o->buf;
}

void
relay_out_end(struct relay_out *o)
{
	if (o->buf.len > o->mark)
		relay_out_push(o, (struct slice){ NULL, o->buf.len - o->mark });
}

void
relay_frame_write(struct sbuf *b, struct slice json)
{
	sbuf_add_slice(b, RELAY_FIELD);
	sbuf_add_slice(b, json);
	sbuf_add_slice(b, RELAY_DELIMITER);
}

void
relay_frame_done(struct sbuf *b)
{
	relay_frame_write(b, SLICE("[DONE]"));
}

void
relay_frame_error(struct sbuf *b, struct slice message, struct slice type,
    struct slice code)
{
	sbuf_adds(b, "{\"error\":{\"message\":");
	sbuf_add_json(b, message);
	sbuf_adds(b, ",\"type\":");
	sbuf_add_json(b, type);
	sbuf_adds(b, ",\"param\":null,\"code\":");
	if (code.n > 0)
		sbuf_add_json(b, code);
	else
		sbuf_adds(b, "null");
	sbuf_adds(b, "}}");
}

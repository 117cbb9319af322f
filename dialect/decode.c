#include "dialect/decode.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "dialect/dialect.h"
#include "dialect/frames.h"
#include "proto/assemble.h"
#include "proto/jscan.h"

struct decode {
	const struct dialect *dialect;
	struct frames frames;
	struct tell tell;
	struct sbuf *raw; /* of the caller, or NULL */
	bool raw_array;
	unsigned raw_events;
	bool broken; /* malformed: nothing more is read */
	bool ended;  /* [DONE] was written */
};

struct decode *
decode_new(const struct decode_opts *opts)
{
	struct decode *d = xcalloc(1, sizeof *d);
	struct tell *t = &d->tell;

	d->dialect = opts->dialect;
	frames_init(&d->frames, opts->dialect->frames);
	d->raw = opts->raw;
	d->raw_array = opts->raw_array;
	t->dialect = opts->dialect;
	t->in_tokens = -1;
	t->quirks = opts->quirks;
	usage_init(&t->usage);
	t->out.id = opts->id;
	t->out.model = opts->model;
	t->out.created_s = opts->created_s;
	t->out.forced = opts->forced;
	memcpy(t->out.seed, opts->seed, sizeof t->out.seed);
	if (opts->dialect->state_size > 0)
		t->state = xcalloc(1, opts->dialect->state_size);
	return d;
}

void
decode_free(struct decode **dp)
{
	struct decode *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	frames_fini(&d->frames);
	chatout_fini(&d->tell.out);
	sbuf_free(&d->tell.kept);
	free(d->tell.state);
	free(d);
}

static bool
decode_is_over(const struct decode *d)
{
	return d->broken || d->ended || d->tell.failed;
}

/* What the dialect calls complete, chat ends with [DONE]. */
static void
decode_check_complete(struct decode *d)
{
	if (!d->tell.complete || d->ended)
		return;
	d->ended = true;
	if (d->raw_array)
		sbuf_addc(d->raw, ']');
	chatout_end(&d->tell.out);
}

static void
decode_raw_element(struct decode *d, struct slice data)
{
	sbuf_adds(d->raw, d->raw_events > 0 ? ",\r\n" : "[");
	sbuf_add_slice(d->raw, data);
}

/* As it came; it ends with the CR of its empty line: nobody waits for LF. */
static void
decode_raw_event(struct decode *d, struct slice raw)
{
	sbuf_add_slice(d->raw, raw);
	if (raw.n > 1 && memcmp(raw.p + raw.n - 2, "\n\r", 2) == 0)
		sbuf_addc(d->raw, '\n');
}

/* An event as a client of the dialect wants it; an error is told by us. */
static void
decode_raw(struct decode *d, const struct dialect_event *ev)
{
	if (d->raw == NULL || d->tell.failed)
		return;
	if (d->raw_array)
		decode_raw_element(d, ev->data);
	else if (d->dialect->native != NULL)
		d->dialect->native(ev, d->raw);
	else
		decode_raw_event(d, ev->raw);
	d->raw_events++;
}

static int
decode_event(struct decode *d, struct dialect_event *ev, struct err *e)
{
	struct jscan_item item;

	/* Some end in OpenAI's word too, behind their own. */
	if (ev->data.n == 0 || slice_eq(ev->data, SLICE("[DONE]")))
		return 0;
	if (jscan_value(ev->data, &item, e) != 0)
		return -1;
	if (item.type != JSCAN_OBJECT)
		return err_set(e, ERR_UPSTREAM_STREAM, "event is no object");
	ev->data = item.value;
	if (d->dialect->event(&d->tell, ev, e) != 0)
		return -1;
	decode_raw(d, ev);
	decode_check_complete(d);
	return 0;
}

int
decode_feed(struct decode *d, struct slice in, struct sbuf *chat, struct err *e)
{
	struct dialect_event ev;
	int more = 1;

	d->tell.out.b = chat;
	while (!decode_is_over(d)) {
		more = frames_next(&d->frames, &in, &ev, e);
		if (more == 1)
			more = decode_event(d, &ev, e) == 0 ? 1 : -1;
		if (more != 1)
			break;
	}
	d->broken |= more == -1;
	return more == -1 ? -1 : 0;
}

int
decode_end(struct decode *d, struct sbuf *chat, struct err *e)
{
	struct dialect_event ev;

	d->tell.out.b = chat;
	if (decode_is_over(d))
		return 0;
	/* An event may lack its last empty line; a cut one is no JSON. */
	if (frames_end(&d->frames, &ev) == 1 && decode_event(d, &ev, e) != 0) {
		d->broken = true;
		return -1;
	}
	if (frames_is_cut(&d->frames))
		return 0;
	if (!decode_is_over(d) && d->dialect->end != NULL)
		d->dialect->end(&d->tell);
	decode_check_complete(d);
	return 0;
}

/* Take the data of the first frame off *frames; false at the end. */
static bool
decode_line(struct slice *frames, struct slice *data_r)
{
	static const struct slice head = { "data: ", 6 };
	const char *at = memmem(frames->p, frames->n, head.p, head.n), *end;

	if (at == NULL)
		return false;
	*frames = slice_skip(*frames, (size_t)(at - frames->p) + head.n);
	end = memchr(frames->p, '\n', frames->n);
	*data_r = (struct slice){ frames->p, (size_t)(end - frames->p) };
	*frames = slice_skip(*frames, data_r->n + 1);
	return true;
}

/*
 * The chunks of a reply, as one.  They are lines of our own, of any length:
 * a whole text is one of them.
 */
static int
decode_join(struct decode *d, struct slice chunks, struct sbuf *chat,
    struct err *e)
{
	struct assemble *a = assemble_new(SIZE_MAX);
	struct slice data;
	int done = 0;

	while (done != -1 && decode_line(&chunks, &data))
		done = assemble_chunk(a, data);
	if (done != -1)
		assemble_write(a, d->tell.has_usage ? &d->tell.usage : NULL,
		    chat);
	assemble_free(&a);
	return done != -1
	           ? 1
	           : err_set(e, ERR_UPSTREAM_INVALID, "reply is no JSON");
}

/*
 * The JSON of the error that was told last; words may stand before it.  What
 * failed without a word of its reader speaks for itself.
 */
static void
decode_add_error(struct slice chunks, struct slice body, struct sbuf *chat)
{
	struct slice data;

	if (chunks.n == 0)
		sbuf_add_slice(chat, body);
	while (decode_line(&chunks, &data))
		if (chunks.n <= 1)
			sbuf_add_slice(chat, data);
}

int
decode_whole(struct decode *d, struct slice body, struct sbuf *chat,
    struct err *e)
{
	struct sbuf chunks = { 0 };
	struct jscan_item item;
	int done;

	if (jscan_value(body, &item, e) != 0 || item.type != JSCAN_OBJECT)
		return err_set(e, ERR_UPSTREAM_INVALID, "reply is no object");
	d->tell.out.b = &chunks;
	done = d->dialect->reply(&d->tell, item.value, e);
	if (done == 0 && d->tell.failed) {
		decode_add_error(sbuf_slice(&chunks), item.value, chat);
	} else if (done == 0) {
		done = decode_join(d, sbuf_slice(&chunks), chat, e);
	}
	sbuf_free(&chunks);
	return done;
}

void
decode_state(const struct decode *d, struct decode_state *state_r)
{
	const struct tell *t = &d->tell;

	*state_r = (struct decode_state){ .usage = t->usage,
		.has_usage = t->has_usage,
		.in_tokens = t->in_tokens,
		.text_bytes = t->out.text_bytes,
		.raw_events = d->raw_events,
		.native_finish = t->out.native_finish };
}

#include "proto/relay.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "proto/assemble.h"
#include "proto/relay_priv.h"

#define RELAY_NAMES_USUAL 127 /* bytes: an id, a model, a second */

struct relay *
relay_new(const struct relay_opts *opts)
{
	struct relay *r = xcalloc(1, sizeof *r);

	r->opts = *opts;
	sse_init(&r->sse);
	/* Not while the first event is waited for. */
	sbuf_reserve_exact(&r->names, RELAY_NAMES_USUAL);
	if (opts->quirks & QUIRK_THINK_TAG)
		r->thoughts = xcalloc(1, sizeof *r->thoughts);
	if (opts->keep_message)
		r->message = assemble_new(RELAY_TEXT_MAX);
	return r;
}

void
relay_free(struct relay **rp)
{
	struct relay *r = *rp;

	if (r == NULL)
		return;
	sse_fini(&r->sse);
	sbuf_free(&r->names);
	sbuf_free(&r->shape.text);
	sbuf_free(&r->held);
	sbuf_free(&r->tail);
	free(r->error);
	assemble_free(&r->message);
	if (r->thoughts != NULL)
		mend_words_free(&r->thoughts->words);
	free(r->thoughts);
	free(r->calls);
	free(r->usage);
	free(r);
	*rp = NULL;
}

const struct relay_state *
relay_state(const struct relay *r)
{
	return &r->state;
}

const struct relay_error *
relay_error_of(const struct relay *r)
{
	return r->error;
}

struct usage *
relay_usage(struct relay *r)
{
	if (r->usage == NULL)
		r->usage = xmalloc(sizeof *r->usage);
	return r->usage;
}

/* A raw JSON string without its quotes. */
static struct slice
relay_text(const struct relay *r, enum relay_name which)
{
	struct slice raw = relay_name(r, which);

	return raw.n >= 2 ? (struct slice){ raw.p + 1, raw.n - 2 } : SLICE("");
}

struct slice
relay_id(const struct relay *r)
{
	return relay_text(r, RELAY_NAME_ID);
}

struct slice
relay_model(const struct relay *r)
{
	return relay_text(r, RELAY_NAME_MODEL);
}

void
relay_message(struct relay *r, struct sbuf *b)
{
	if (r->message != NULL)
		assemble_message(r->message, b);
}

static int
relay_event(struct relay *r, const struct sse_event *ev, struct relay_out *out,
    struct err *e)
{
	r->state.events++;
	if (slice_eq(ev->data, SLICE("[DONE]"))) {
		r->state.done = true;
		return 0;
	}
	if (ev->data.n == 0)
		return 0;
	return relay_chunk(r, ev, out, e);
}

static bool
relay_is_over(const struct relay *r)
{
	return r->broken || r->state.done || r->state.has_error;
}

int
relay_feed(struct relay *r, struct slice in, struct relay_out *out,
    struct err *e)
{
	struct sse_event ev;
	int more = 1;

	while (!relay_is_over(r)) {
		more = sse_next(&r->sse, &in, &ev, e);
		if (more != 1)
			break;
		if (relay_event(r, &ev, out, e) == -1) {
			more = -1;
			break;
		}
	}
	if (more == -1)
		r->broken = true;
	relay_out_seal(out);
	return more == -1 ? -1 : 0;
}

static bool
relay_is_complete(const struct relay *r, bool body_ended)
{
	size_t i;
	uint64_t any = 0;

	for (i = 0; i < RELAY_CHOICES_MAX / 64; i++) {
		any |= r->opened[i];
		if (r->opened[i] & ~r->finished[i])
			return false;
	}
	return any != 0 &&
	       (r->state.done || (r->opts.end == END_OPTIONAL && body_ended));
}

enum relay_end
relay_finish(struct relay *r, bool body_ended, struct relay_out *out)
{
	struct sse_event ev;
	struct err e;

	/* An event may lack its last empty line; a cut one is no JSON. */
	if (!relay_is_over(r) && sse_end(&r->sse, &ev) == 1 &&
	    relay_event(r, &ev, out, &e) == -1)
		r->broken = true;
	if (!r->state.has_error && !r->broken &&
	    relay_is_complete(r, body_ended)) {
		if (r->tail.len > 0) {
			relay_frame_write(relay_out_begin(out),
			    sbuf_slice(&r->tail));
			relay_out_end(out);
		}
		relay_out_seal(out);
		return RELAY_COMPLETE;
	}
	relay_out_seal(out);
	return r->state.has_error ? RELAY_ERROR : RELAY_CUT;
}

void
relay_set_usage(struct relay *r, const struct usage *u, bool known)
{
	*relay_usage(r) = *u;
	r->state.usage = known ? r->usage : NULL;
	if (r->opts.include_usage)
		relay_build_usage(r, SLICE(""));
}

void
relay_close(struct slice breakdown, struct relay_out *out)
{
	struct sbuf *b = relay_out_begin(out);

	if (breakdown.n > 0)
		relay_frame_write(b, breakdown);
	relay_frame_done(b);
	relay_out_end(out);
	relay_out_seal(out);
}

void
relay_error_frame(struct slice message, struct slice type, struct slice code,
    struct relay_out *out)
{
	struct sbuf *b = relay_out_begin(out);

	sbuf_add_slice(b, RELAY_FIELD);
	relay_frame_error(b, message, type, code);
	sbuf_add_slice(b, RELAY_DELIMITER);
	relay_out_end(out);
	relay_out_seal(out);
}

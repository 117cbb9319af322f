#include "worker/log_body.h"

#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/record.h"
#include "proto/relay_frame.h"
#include "shm/inflight.h"
#include "shm/lane.h"
#include "worker/client_dialect.h"
#include "worker/counters.h"
#include "worker/worker_priv.h"

/* So much of the log lane is in use. */
#define LOG_BUSY_PERMILLE 250
#define LOG_BEHIND_PERMILLE 500

bool
log_body_wanted(const struct req *r)
{
	return r->w->bodies_logged && r->parsed && !client_counts(r) &&
	       !params_bool(&r->params, PARAM_disable_log) && !r->log_omitted;
}

static bool
log_lane_is_below(const struct req *r, uint32_t permille)
{
	const struct lane *l = &r->w->seat.log;

	return lane_used_permille(l->words, l->size) < permille;
}

bool
log_body_is_idle(const struct req *r)
{
	return log_lane_is_below(r, LOG_BUSY_PERMILLE);
}

/*
 * A logger that is behind is to keep up with its records: rather than one of
 * them is lost, an answer goes uncached.  Decided at its first fragment.
 */
static void
log_body_spare(struct req *r)
{
	if (!r->cache.store || r->log_message != 0 ||
	    log_lane_is_below(r, LOG_BEHIND_PERMILLE))
		return;
	/* But those who wait for it are not to ask by themselves. */
	if (r->cache.leads && inflight_followed(r->w->segment, r->cache.flight))
		return;
	r->cache.spared = true;
	counters_add(r->w->counters, COUNTER_CACHE_SPARED, 1);
}

unsigned
log_body_flags(const struct req *r)
{
	unsigned flags = 0;

	if (log_body_wanted(r))
		flags |= RECORD_FOR_LOG;
	if (r->cache.store && !r->cache.spared)
		flags |= RECORD_FOR_CACHE;
	return flags;
}

/* One fragment of at most RECORD_FRAGMENT_MAX bytes, made of many pieces. */
static void
body_put(struct req *r, enum record_source source, unsigned flags,
    const struct slice *pieces, size_t n, size_t total)
{
	struct record_body b = {
		.message = r->log_message,
		.index = r->log_index[source]++,
		.source = (uint8_t)source,
		.flags = (uint8_t)flags,
		.bytes = { NULL, total },
	};
	char *to = lane_reserve_or_drop(&r->w->seat.log, LANE_BODY,
	    (uint32_t)(RECORD_BODY_HEAD + total));

	if (to == NULL) {
		r->log_broken = true;
		return;
	}
	record_body_encode_head(&b, to);
	to += RECORD_BODY_HEAD;
	for (size_t i = 0; i < n; i++) {
		memcpy(to, pieces[i].p, pieces[i].n);
		to += pieces[i].n;
	}
	lane_commit(&r->w->seat.log, LANE_BODY, 0,
	    (uint32_t)(RECORD_BODY_HEAD + total));
}

static void
body_begin(struct req *r)
{
	if (r->log_message == 0)
		r->log_message = ++r->w->log_message;
}

/* Any length: cut where the fragments end. */
static void
body_put_pieces(struct req *r, enum record_source source, unsigned flags,
    const struct slice *pieces, size_t n)
{
	struct slice part[16], rest;
	size_t k = 0, total = 0;

	body_begin(r);
	for (size_t i = 0; i < n; i++)
		for (rest = pieces[i]; rest.n > 0;) {
			size_t room = RECORD_FRAGMENT_MAX - total;
			size_t take = rest.n < room ? rest.n : room;

			part[k++] = (struct slice){ rest.p, take };
			total += take;
			rest = slice_skip(rest, take);
			if (total < RECORD_FRAGMENT_MAX && k < 16)
				continue;
			body_put(r, source, flags, part, k, total);
			k = total = 0;
		}
	if (k > 0)
		body_put(r, source, flags, part, k, total);
}

void
log_body_stream(struct req *r, const struct relay_out *out)
{
	unsigned flags;

	log_body_spare(r);
	flags = log_body_flags(r);
	if (flags != 0 && out->n > 0)
		body_put_pieces(r, RECORD_STREAM, flags, out->slices, out->n);
}

void
log_body_request(struct req *r)
{
	struct slice body = r->body;
	struct sbuf hidden = { 0 };

	if (!log_body_wanted(r))
		return;
	if (record_redact(body, &hidden))
		body = sbuf_slice(&hidden);
	body_put_pieces(r, RECORD_REQUEST, RECORD_FOR_LOG | RECORD_LAST, &body,
	    1);
	sbuf_free(&hidden);
}

void
log_body_plain(struct req *r, const struct slice *pieces, size_t n)
{
	unsigned flags;

	log_body_spare(r);
	flags = log_body_flags(r);
	/* Of another dialect the client's own bytes are stored. */
	if (r->inbound != NULL)
		flags &= ~(unsigned)RECORD_FOR_CACHE;
	if (flags != 0)
		body_put_pieces(r, RECORD_RESPONSE, flags | RECORD_LAST, pieces,
		    n);
}

void
log_body_native(struct req *r, struct slice body)
{
	if (log_body_flags(r) & RECORD_FOR_CACHE)
		body_put_pieces(r, RECORD_NATIVE,
		    RECORD_FOR_CACHE | RECORD_LAST, &body, 1);
}

void
log_body_reply(struct req *r)
{
	/* What log_body_plain() has put already is not put again. */
	if (r->answer.kind == ANSWER_BODY && r->log_index[RECORD_RESPONSE] == 0)
		log_body_plain(r, r->answer.pieces, r->answer.n_pieces);
}

bool
log_body_key(struct req *r, struct slice text)
{
	if (text.n == 0 || !log_lane_is_below(r, LOG_BEHIND_PERMILLE))
		return false;
	body_put_pieces(r, RECORD_KEY, RECORD_LAST, &text, 1);
	return !r->log_broken;
}

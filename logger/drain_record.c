#include "logger/drain_priv.h"

#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "dialect/encode.h"
#include "proto/record.h"
#include "proto/usage.h"
#include "shm/segment.h"

/* More than this was never dropped between two records: a wild figure. */
#define DROPPED_MAX ((uint64_t)1 << 40)

/*
 * The payload of a record, away from a producer that may be wild and change
 * it while we look.
 */
static struct slice
drain_copy(struct drain *d, const struct lane_record *rec)
{
	sbuf_clear(&d->copy);
	sbuf_add(&d->copy, rec->payload, rec->len);
	return sbuf_slice(&d->copy);
}

static void
drain_refuse(struct drain *d, uint32_t lane, const char *type,
    const struct err *e)
{
	log_error("logger: seat %u: %s", lane, e->text);
	drain_count_lost(d, type, "lane", 1);
}

void
drain_put(struct drain *d, struct sink_record *out)
{
	sbuf_clear(&d->line);
	record_json(out->record, &out->origin, &d->line);
	out->line = sbuf_slice(&d->line);
	sink_files_add(d->files, out);
	if (d->store != NULL && !sink_store_add(d->store, out, d->room))
		drain_count_lost(d, "access", "store", 1);
}

/* Its key, when that was left to us; hex_r must last as long as record. */
static void
drain_fill_key(const struct join *join, struct record *record,
    char hex_r[2 * DIGEST_SIZE + 1])
{
	const unsigned char *key = join_key(join);

	if (record->cache_key.n > 0 || key == NULL)
		return;
	hex_write(key, DIGEST_SIZE, hex_r);
	record->cache_key = slice_str(hex_r);
}

static void
drain_access(struct drain *d, uint32_t lane, const struct lane_record *rec)
{
	struct record record;
	struct sink_record out = {
		.record = &record,
		.origin = { lane, rec->seq },
		.epoch = segment_id(d->seg),
	};
	char hex[2 * DIGEST_SIZE + 1];
	struct join *join;
	struct err e;

	if (record_decode(drain_copy(d, rec), &record, &e) == -1) {
		drain_refuse(d, lane, "access", &e);
		return;
	}
	join = joins_find(d->joins, lane, record.message);
	if (join != NULL) {
		out.request = join_request(join);
		out.response = join_response(join, false, NULL, &d->body);
		drain_fill_key(join, &record, hex);
	}
	record_json_count(out.request, out.response, &record);
	drain_put(d, &out);
	if (record.cache_hit)
		answers_hit(d->answers, record.cache_key);
	if (join != NULL)
		joins_drop(d->joins, join);
}

static void
drain_body(struct drain *d, uint32_t lane, const struct lane_record *rec)
{
	const struct slice bytes = { rec->payload, rec->len };
	struct record_body body;
	struct err e;

	if (record_body_decode(bytes, &body, &e) == -1)
		drain_refuse(d, lane, "body", &e);
	else if (body.source == RECORD_KEY)
		return; /* drain_keys() has it */
	else if (!joins_add(d->joins, lane, &body))
		drain_count_lost(d, "body", "join", 1);
}

/* A stream's usage stands in for the chunk that its client did not want. */
static void
drain_usage(const struct record_cache *c, struct usage *u)
{
	usage_init(u);
	u->in_cached = c->cached_tokens;
	u->in_text = c->prompt_tokens - c->cached_tokens;
	u->out_reasoning = c->reasoning_tokens;
	u->out_text = c->completion_tokens - c->reasoning_tokens;
}

/*
 * A stream is joined as chat; what is stored of it is what a client of its
 * family would have got whole.
 */
static struct slice
drain_encode(struct drain *d, const struct record_cache *c, struct slice chat)
{
	static const enum encode_family families[] = {
		[FAMILY_ANTHROPIC] = ENCODE_ANTHROPIC,
		[FAMILY_GEMINI] = ENCODE_GEMINI,
		[FAMILY_RESPONSES] = ENCODE_RESPONSES,
	};
	struct encode_opts o = { .created_s = c->created_s, .model = c->model };
	struct encode *x;
	struct err e;

	if (c->source != RECORD_STREAM || c->family == FAMILY_CHAT ||
	    c->family > FAMILY_RESPONSES)
		return chat;
	o.family = families[c->family];
	/* The same answer has the same name, whoever asks again. */
	memcpy(o.id, c->key, sizeof o.id);
	x = encode_new(&o);
	sbuf_clear(&d->encoded);
	if (encode_whole(x, chat, &d->encoded, &e) != 0)
		sbuf_clear(&d->encoded);
	encode_free(&x);
	return sbuf_slice(&d->encoded);
}

/* False: nobody says what it is the answer to. */
static bool
drain_know_key(const struct join *join, struct record_cache *answer)
{
	const unsigned char *key = join_key(join);

	if (answer->keyed)
		return true;
	if (key != NULL)
		memcpy(answer->key, key, sizeof answer->key);
	return key != NULL;
}

static void
drain_answer(struct drain *d, uint32_t lane, const struct lane_record *rec)
{
	struct record_cache answer;
	struct slice body = { NULL, 0 };
	struct usage usage;
	struct join *join;
	struct err e;

	if (record_cache_decode(drain_copy(d, rec), &answer, &e) == -1) {
		drain_refuse(d, lane, "cache", &e);
		return;
	}
	join = joins_find(d->joins, lane, answer.message);
	drain_usage(&answer, &usage);
	if (join != NULL && drain_know_key(join, &answer))
		body = join_response(join, true, &usage, &d->body);
	if (body.p != NULL)
		body = drain_encode(d, &answer, body);
	if (body.p == NULL || !d->room)
		drain_count_lost(d, "cache", "cache", 1);
	answers_put(d->answers, &answer, body, d->room);
}

/* The producer says what found no room in its lane. */
static void
drain_dropped(struct drain *d, uint32_t lane, const struct lane_record *rec)
{
	static const struct {
		unsigned type;
		const char *name, *label;
	} types[] = {
		{ LANE_ACCESS, "ACCESS", "access" },
		{ LANE_BODY, "BODY", "body" },
		{ LANE_CACHE, "CACHE", "cache" },
	};
	struct lane_dropped dropped;

	if (rec->len < sizeof dropped)
		return;
	memcpy(&dropped, rec->payload, sizeof dropped);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct sink_loss loss = {
			.type = types[i].name,
			.count = dropped.count[types[i].type],
			.lane = lane,
			.from_us = d->lanes[lane].last_us,
			.to_us = now_real_us(),
		};

		if (loss.count == 0 || loss.count > DROPPED_MAX)
			continue;
		drain_count_lost(d, types[i].label, "lane", loss.count);
		sink_files_tell(d->files, &loss);
	}
}

void
drain_record(struct drain *d, uint32_t lane, const struct lane_record *rec)
{
	switch (rec->type) {
	case LANE_ACCESS:
		drain_access(d, lane, rec);
		break;
	case LANE_BODY:
		drain_body(d, lane, rec);
		break;
	case LANE_CACHE:
		drain_answer(d, lane, rec);
		break;
	case LANE_DROPPED:
		drain_dropped(d, lane, rec);
		break;
	default:
		log_error("logger: seat %u: a record of type %u", lane,
		    rec->type);
	}
	d->lanes[lane].last_us = now_real_us();
}

#include "logger/join.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/xmem.h"
#include "proto/assemble.h"

#define BUCKETS 1024
#define BODY_MAX ((size_t)16 * 1024 * 1024)
#define JOINS_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define PARTS RECORD_KEY /* of which no text is kept */
#define KEEP_FREE 64     /* ended joins that are used again */
#define KEEP_BYTES 65536 /* with buffers up to this size */

struct part {
	struct sbuf text;
	uint32_t next;      /* index of the fragment to come */
	uint8_t flags;      /* that all fragments so far have in common */
	bool broken, whole; /* a fragment is missing; the last one came */
};

struct join {
	struct list link; /* of its bucket, or of the free ones */
	uint32_t lane;
	uint64_t message;
	struct part parts[PARTS];
	struct assemble *stream;
	bool keyed;
	unsigned char key[DIGEST_SIZE];
};

struct joins {
	struct list buckets[BUCKETS];
	struct list free;
	unsigned n_free;
	size_t bytes; /* of all texts */
};

struct joins *
joins_new(void)
{
	struct joins *j = xcalloc(1, sizeof *j);

	for (size_t i = 0; i < BUCKETS; i++)
		list_init(&j->buckets[i]);
	list_init(&j->free);
	return j;
}

static struct join *
join_of(struct list *link)
{
	return LIST_OWNER(link, struct join, link);
}

static void
join_destroy(struct join *join)
{
	list_del(&join->link);
	for (int i = 0; i < PARTS; i++)
		sbuf_free(&join->parts[i].text);
	assemble_free(&join->stream);
	free(join);
}

void
joins_free(struct joins **jp)
{
	struct joins *j = *jp;

	if (j == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (!list_empty(&j->buckets[i]))
			join_destroy(join_of(j->buckets[i].next));
	}
	while (!list_empty(&j->free))
		join_destroy(join_of(j->free.next));
	free(j);
	*jp = NULL;
}

static struct list *
joins_bucket(struct joins *j, uint32_t lane, uint64_t message)
{
	return &j->buckets[(message * 31 + lane) % BUCKETS];
}

struct join *
joins_find(struct joins *j, uint32_t lane, uint64_t message)
{
	struct list *bucket = joins_bucket(j, lane, message);

	for (struct list *l = bucket->next; l != bucket; l = l->next) {
		struct join *join = join_of(l);

		if (join->message == message && join->lane == lane)
			return join;
	}
	return NULL;
}

static struct join *
joins_make(struct joins *j, uint32_t lane, uint64_t message)
{
	struct join *join;

	if (list_empty(&j->free)) {
		join = xcalloc(1, sizeof *join);
		list_init(&join->link);
	} else {
		join = join_of(j->free.next);
		list_del(&join->link);
		j->n_free--;
	}
	join->lane = lane;
	join->message = message;
	join->keyed = false;
	list_add_head(joins_bucket(j, lane, message), &join->link);
	return join;
}

static void
part_reset(struct joins *j, struct part *part)
{
	struct sbuf text = part->text;

	j->bytes -= text.len;
	if (text.cap > KEEP_BYTES)
		sbuf_free(&text);
	sbuf_clear(&text);
	*part = (struct part){ .text = text };
}

void
joins_drop(struct joins *j, struct join *join)
{
	for (int i = 0; i < PARTS; i++)
		part_reset(j, &join->parts[i]);
	assemble_free(&join->stream);
	list_del(&join->link);
	if (j->n_free >= KEEP_FREE) {
		join_destroy(join);
		return;
	}
	list_add_head(&j->free, &join->link);
	j->n_free++;
}

void
joins_drop_lane(struct joins *j, uint32_t lane)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct list *bucket = &j->buckets[i];
		struct list *next;

		for (struct list *l = bucket->next; l != bucket; l = next) {
			next = l->next;
			if (join_of(l)->lane == lane)
				joins_drop(j, join_of(l));
		}
	}
}

static bool
join_add_text(struct joins *j, struct part *part, struct slice bytes)
{
	if (part->text.len + bytes.n > BODY_MAX ||
	    j->bytes + bytes.n > JOINS_MAX_BYTES)
		return false;
	sbuf_add_slice(&part->text, bytes);
	j->bytes += bytes.n;
	return true;
}

static bool
join_add_stream(struct join *join, struct slice bytes)
{
	if (join->stream == NULL)
		join->stream = assemble_new(BODY_MAX);
	return assemble_frames(join->stream, bytes) == 0;
}

static struct join *
joins_get(struct joins *j, uint32_t lane, uint64_t message)
{
	struct join *join = joins_find(j, lane, message);

	return join != NULL ? join : joins_make(j, lane, message);
}

void
joins_add_key(struct joins *j, uint32_t lane, uint64_t message,
    const unsigned char key[DIGEST_SIZE])
{
	struct join *join = joins_get(j, lane, message);

	memcpy(join->key, key, sizeof join->key);
	join->keyed = true;
}

bool
joins_add(struct joins *j, uint32_t lane, const struct record_body *b)
{
	struct join *join = joins_get(j, lane, b->message);
	struct part *part;

	assert(b->source < PARTS);
	part = &join->parts[b->source];
	if (part->next == 0)
		part->flags = b->flags;
	if (part->broken || b->index != part->next) {
		part->broken = true;
		return false;
	}
	part->next++;
	part->flags &= b->flags | RECORD_LAST;
	part->whole = (b->flags & RECORD_LAST) != 0;
	part->broken = b->source == RECORD_STREAM
	                   ? !join_add_stream(join, b->bytes)
	                   : !join_add_text(j, part, b->bytes);
	return !part->broken;
}

static bool
part_is_usable(const struct part *part, uint8_t flag)
{
	return part->next > 0 && !part->broken && (part->flags & flag) != 0;
}

const unsigned char *
join_key(const struct join *join)
{
	return join->keyed ? join->key : NULL;
}

struct slice
join_request(const struct join *join)
{
	const struct part *part = &join->parts[RECORD_REQUEST];

	if (!part_is_usable(part, RECORD_FOR_LOG) || !part->whole)
		return (struct slice){ NULL, 0 };
	return sbuf_slice(&part->text);
}

struct slice
join_response(const struct join *join, bool for_cache,
    const struct usage *usage, struct sbuf *scratch)
{
	uint8_t flag = for_cache ? RECORD_FOR_CACHE : RECORD_FOR_LOG;
	const struct part *text =
	    &join->parts[for_cache && join->parts[RECORD_NATIVE].next > 0
			     ? RECORD_NATIVE
			     : RECORD_RESPONSE];
	const struct part *stream = &join->parts[RECORD_STREAM];

	if (part_is_usable(text, flag) && text->whole)
		return sbuf_slice(&text->text);
	if (!part_is_usable(stream, flag) ||
	    (for_cache && !assemble_is_whole(join->stream)))
		return (struct slice){ NULL, 0 };
	sbuf_clear(scratch);
	assemble_write(join->stream, usage, scratch);
	return sbuf_slice(scratch);
}

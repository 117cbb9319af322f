#include "keeper/book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "keeper/alerts.h"
#include "keeper/limits.h"
#include "shm/gen.h"

#define PLACES (2u * BATCH_ROWS) /* a power of two */

int64_t
book_now_s(void)
{
	return now_real_us() / 1000000;
}

int
book_open(struct book *b, struct err *e)
{
	const struct settings *s = b->settings;
	const char *path = settings_str(s, s->store_path).p;

	b->rows = xcalloc(PLACES, sizeof *b->rows);
	b->ledger =
	    ledger_open_writer(path, (uint64_t)s->store_ledger_size_bytes, e);
	if (b->ledger == NULL)
		return -1;
	b->objects =
	    objects_open_writer(path, (uint64_t)s->store_objects_size_bytes, e);
	return b->objects == NULL ? -1 : 0;
}

void
book_close(struct book *b)
{
	objects_close(&b->objects);
	ledger_close(&b->ledger);
	sbuf_free(&b->owner);
	sbuf_free(&b->def);
	free(b->rows);
	b->rows = NULL;
}

struct row_key
book_row_key(const struct account_key *key)
{
	return row_key_make(key->hash, key->kind, key->period_s);
}

struct account_key
book_account_key(const struct row_key *k)
{
	return account_key(row_key_hash(k), (enum account_kind)row_key_kind(k),
	    row_key_start(k));
}

void
book_row_unpack(const struct ledger_row *from, struct apply_row *row_r)
{
	*row_r = (struct apply_row){ .settled = from->settled,
		.lease = from->lease,
		.suspense = from->suspense,
		.limit = from->limit,
		.alert_bits = from->alert_bits,
		.version = from->ver,
		.first_us = from->first_us,
		.last_us = from->last_us,
		.requests = from->requests };
}

void
book_row_pack(const struct apply_row *from, struct ledger_row *row_r)
{
	*row_r = (struct ledger_row){ .settled = from->settled,
		.lease = from->lease,
		.suspense = from->suspense,
		.limit = from->limit,
		.alert_bits = from->alert_bits,
		.ver = from->version,
		.first_us = from->first_us,
		.last_us = from->last_us,
		.requests = from->requests };
}

int
book_begin(struct book *b, struct err *e)
{
	b->batch++;
	b->used_n = 0;
	b->customers_changed = b->customers_deleted = b->keys_changed = false;
	b->groups_changed = b->credentials_changed = false;
	return ledger_begin(b->ledger, e);
}

bool
book_has_room(const struct book *b)
{
	return b->used_n + ACCOUNTS_PER_HOLD <= BATCH_ROWS;
}

int
book_objects(struct book *b, struct err *e)
{
	if (b->objects_open)
		return 0;
	if (objects_begin(b->objects, e) != 0)
		return -1;
	b->objects_open = true;
	return 0;
}

/* The place of a key: its own, or the free one where it belongs. */
static struct batch_row *
book_place(struct book *b, const struct account_key *key)
{
	uint32_t at = (uint32_t)hash_bytes(key, sizeof *key, 0);

	for (;; at++) {
		struct batch_row *r = &b->rows[at & (PLACES - 1)];

		if (r->batch != b->batch || account_key_same(&r->key, key))
			return r;
	}
}

static void
book_take_place(struct book *b, struct batch_row *r,
    const struct account_key *key)
{
	assert(b->used_n < BATCH_ROWS);
	b->used[b->used_n++] = (uint32_t)(r - b->rows);
	r->key = *key;
	r->batch = b->batch;
	r->dirty = r->publish = r->overran = false;
}

int
book_row_find(struct book *b, const struct account_key *key,
    struct batch_row **row_r, struct err *e)
{
	struct batch_row *r = book_place(b, key);
	struct row_key k = book_row_key(key);
	struct ledger_row stored;
	int got;

	*row_r = r;
	if (r->batch == b->batch)
		return 1;
	got = ledger_row_get(b->ledger, &k, &stored, e);
	if (got != 1)
		return got;
	book_take_place(b, r, key);
	book_row_unpack(&stored, &r->row);
	return 1;
}

struct batch_row *
book_row(struct book *b, const struct account_key *key, struct err *e)
{
	struct batch_row *r;
	int64_t limit;
	int got = book_row_find(b, key, &r, e);

	if (got != 0)
		return got == 1 ? r : NULL;
	got = limits_find(b, key, &limit, e);
	if (got < 0)
		return NULL;
	book_take_place(b, r, key);
	/* Of nobody we know: nothing may be spent. */
	r->row = (struct apply_row){ .limit = got == 1 ? limit : 0 };
	r->dirty = true;
	return r;
}

int
book_tell(struct book *b, struct slice packed, struct err *e)
{
	uint64_t seq = 0;
	int done = ledger_alert_add(b->ledger, packed, &seq, e);

	if (b->told_seq == 0)
		b->told_seq = seq;
	return done;
}

void
book_abort(struct book *b)
{
	if (b->objects_open)
		objects_abort(b->objects);
	b->objects_open = false;
	ledger_abort(b->ledger);
	b->batch++;
}

static int
book_write_rows(struct book *b, struct err *e)
{
	for (uint32_t i = 0; i < b->used_n; i++) {
		struct batch_row *r = &b->rows[b->used[i]];
		struct row_key k = book_row_key(&r->key);
		struct ledger_row stored;

		if (!r->dirty)
			continue;
		if (alerts_look(b, &r->key, &r->row, r->overran, e) != 0)
			return -1;
		book_row_pack(&r->row, &stored);
		if (ledger_row_put(b->ledger, &k, &stored, e) != 0)
			return -1;
	}
	return 0;
}

static int
book_commit_objects(struct book *b, struct err *e)
{
	if (!b->objects_open)
		return 0;
	b->objects_open = false;
	return objects_commit(b->objects, e);
}

int
book_commit_charges(struct book *b, struct err *e)
{
	assert(!b->objects_open);
	if (book_write_rows(b, e) != 0)
		return -1;
	return ledger_commit_lazily(b->ledger, e);
}

int
book_sync(struct book *b, struct err *e)
{
	return ledger_sync(b->ledger, e);
}

/* Every worker looks again. */
static void
book_raise(struct book *b)
{
	const struct {
		bool changed;
		enum gen_kind gen;
	} kinds[] = {
		{ b->customers_changed, GEN_CUSTOMERS },
		{ b->customers_deleted, GEN_DELETED },
		{ b->keys_changed, GEN_KEYS },
		{ b->groups_changed, GEN_GROUPS },
		{ b->credentials_changed, GEN_CREDENTIALS },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].changed)
			gen_raise(b->seg, kinds[i].gen);
}

int
book_commit(struct book *b, struct err *e)
{
	/*
	 * Objects first: a change is found again in the lane when the ledger
	 * does not follow, and doing it twice changes nothing.
	 */
	if (book_commit_objects(b, e) != 0 || book_write_rows(b, e) != 0 ||
	    ledger_commit(b->ledger, e) != 0)
		return -1;
	for (uint32_t i = 0; i < b->used_n; i++) {
		struct batch_row *r = &b->rows[b->used[i]];

		if (r->publish)
			apply_publish_row(b->seg, &r->key, &r->row);
	}
	book_raise(b);
	return 0;
}

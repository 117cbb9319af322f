#include "store/cache_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

static const char *const cache_tables[] = { "meta", "body", "exp", "fifo" };

#define CACHE_TABLES (sizeof cache_tables / sizeof cache_tables[0])

static struct env *
cache_open_env(const char *dir, enum cache_mode mode, uint64_t max_bytes,
    struct err *e)
{
	const struct env_options options = {
		.path = dir,
		.name = "cache",
		.tables = cache_tables,
		.tables_n = CACHE_TABLES,
		.size_bytes = max_bytes,
		.flags = mode == CACHE_READ ? 0 : MDB_NOSYNC,
		.writer = mode != CACHE_READ,
	};

	return env_open(&options, e);
}

struct cache *
cache_open(const char *dir, enum cache_mode mode, uint64_t max_bytes,
    struct err *e)
{
	struct cache *c = xcalloc(1, sizeof *c);

	if (mode == CACHE_RESET && cache_remove_files(dir, e) == -1) {
		free(c);
		return NULL;
	}
	c->env = cache_open_env(dir, mode, max_bytes, e);
	c->max_bytes = max_bytes;
	c->writer = mode != CACHE_READ;
	if (c->env == NULL || (c->writer && cache_start(c, mode, e) == -1))
		cache_close(&c);
	return c;
}

void
cache_close(struct cache **cp)
{
	struct cache *c = *cp;

	if (c == NULL)
		return;
	env_close(&c->env);
	sbuf_free(&c->scratch);
	free(c);
	*cp = NULL;
}

void
cache_check_readers(struct cache *c)
{
	env_check_readers(c->env);
}

struct cache_body_key
cache_body_key(uint64_t gen, uint32_t index)
{
	struct cache_body_key k;

	cache_be64(gen, k.bytes);
	cache_be32(index, k.bytes + 8);
	return k;
}

/* 1, or 0 when it is of another version. */
static int
cache_take_head(MDB_val value, struct cache_head *head)
{
	if (value.mv_size < sizeof *head)
		return 0;
	memcpy(head, value.mv_data, sizeof *head);
	return head->version == CACHE_VERSION;
}

int
cache_unpack(MDB_val value, struct cache_head *head, struct cache_entry *entry)
{
	struct slice *text[CACHE_TEXTS] = CACHE_TEXTS_OF(entry);
	const char *at;
	size_t left;

	if (!cache_take_head(value, head))
		return 0;
	at = (const char *)value.mv_data + sizeof *head;
	left = value.mv_size - sizeof *head;
	for (size_t i = 0; i < CACHE_TEXTS; i++) {
		if (head->lens[i] > left)
			return 0;
		*text[i] = (struct slice){ at, head->lens[i] };
		at += head->lens[i];
		left -= head->lens[i];
	}
	entry->gen = head->gen;
	entry->created_s = head->created_s;
	entry->expires_s = head->expires_s;
	entry->cost_nano = head->cost_nano;
	entry->latency_us = head->latency_us;
	entry->prompt_tokens = head->prompt_tokens;
	entry->completion_tokens = head->completion_tokens;
	entry->total_tokens = head->total_tokens;
	entry->cached_tokens = head->cached_tokens;
	entry->reasoning_tokens = head->reasoning_tokens;
	entry->hits = head->hits;
	entry->mark = head->mark;
	entry->body_len = head->body_len;
	entry->family = head->family;
	return 1;
}

/* The value of a key, copied, so that its texts outlive the transaction. */
int
cache_read_meta(struct cache *c, MDB_txn *txn, const unsigned char *key,
    struct cache_head *head, struct cache_entry *entry, struct err *e)
{
	MDB_val name = { CACHE_KEY_SIZE, (void *)(uintptr_t)key };
	MDB_val value;
	int rc = env_get(c->env, txn, CACHE_META, name, &value, e);

	if (rc != 1)
		return rc;
	sbuf_clear(&c->scratch);
	sbuf_add(&c->scratch, value.mv_data, value.mv_size);
	value.mv_data = c->scratch.data;
	memcpy(entry->key, key, CACHE_KEY_SIZE);
	return cache_unpack(value, head, entry);
}

/* Join the chunks.  1; 0 when one is gone or the sum is wrong; -1. */
static int
cache_read_body(struct cache *c, MDB_txn *txn, const struct cache_head *head,
    struct sbuf *body, struct err *e)
{
	unsigned char sum[DIGEST_SIZE];
	size_t start = body->len;

	sbuf_reserve(body, head->body_len);
	for (uint32_t i = 0; body->len - start < head->body_len; i++) {
		struct cache_body_key k = cache_body_key(head->gen, i);
		MDB_val value;
		int rc = env_get(c->env, txn, CACHE_BODY,
		    (MDB_val){ sizeof k.bytes, k.bytes }, &value, e);

		if (rc != 1 || value.mv_size == 0)
			return rc == 1 ? 0 : rc;
		sbuf_add(body, value.mv_data, value.mv_size);
	}
	digest_sha256(body->data + start, body->len - start, sum);
	return body->len - start == head->body_len &&
	       memcmp(sum, head->sha256, sizeof sum) == 0;
}

static int
cache_get_in(struct cache *c, MDB_txn *txn, const unsigned char *key,
    int64_t now_s, struct cache_entry *entry_r, struct sbuf *body,
    struct err *e)
{
	struct cache_head head;
	size_t start = body->len;
	int rc = cache_read_meta(c, txn, key, &head, entry_r, e);

	if (rc != 1)
		return rc;
	if (now_s < head.created_s || now_s >= head.expires_s)
		return 0;
	rc = cache_read_body(c, txn, &head, body, e);
	if (rc != 1)
		body->len = start;
	return rc;
}

int
cache_get(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    int64_t now_s, struct cache_entry *entry_r, struct sbuf *body,
    struct err *e)
{
	MDB_txn *txn = env_read(c->env, e);
	int rc;

	if (txn == NULL)
		return -1;
	rc = cache_get_in(c, txn, key, now_s, entry_r, body, e);
	env_read_end(c->env);
	return rc;
}

/* To the row of fifo before gen, of 0 the last one.  As mdb_cursor_get(). */
static int
cache_seek_before(MDB_cursor *cursor, uint64_t gen, MDB_val *gen_r,
    MDB_val *key_r)
{
	unsigned char bytes[8];
	int rc = MDB_NOTFOUND;

	*gen_r = (MDB_val){ sizeof bytes, bytes };
	cache_be64(gen, bytes);
	if (gen != 0)
		rc = mdb_cursor_get(cursor, gen_r, key_r, MDB_SET_RANGE);
	return mdb_cursor_get(cursor, gen_r, key_r,
	    rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

/* The head of the first entry from before *gen_r on.  1, 0 none, -1. */
static int
cache_walk(struct cache *c, MDB_txn *txn, MDB_cursor *cursor, uint64_t *gen_r,
    struct cache_head *head_r, struct err *e)
{
	MDB_val gen, key, value;
	int rc = cache_seek_before(cursor, *gen_r, &gen, &key);

	for (; rc == 0; rc = mdb_cursor_get(cursor, &gen, &key, MDB_PREV)) {
		int got;

		if (gen.mv_size != 8 || key.mv_size != CACHE_KEY_SIZE)
			return err_set(e, ERR_DAMAGED, "cache: fifo");
		*gen_r = cache_read_be64(gen.mv_data);
		got = env_get(c->env, txn, CACHE_META, key, &value, e);
		if (got == -1 || (got == 1 && cache_take_head(value, head_r)))
			return got;
	}
	return rc == MDB_NOTFOUND ? 0 : env_fail(c->env, "walk", rc, e);
}

int
cache_next_mark(struct cache *c, uint64_t *gen_r, uint64_t *mark_r,
    struct err *e)
{
	MDB_txn *txn = env_read(c->env, e);
	struct cache_head head;
	MDB_cursor *cursor;
	int rc;

	if (txn == NULL)
		return -1;
	rc = mdb_cursor_open(txn, env_table(c->env, CACHE_FIFO), &cursor);
	if (rc != 0) {
		rc = env_fail(c->env, "walk", rc, e);
	} else {
		rc = cache_walk(c, txn, cursor, gen_r, &head, e);
		mdb_cursor_close(cursor);
	}
	env_read_end(c->env);
	if (rc == 1)
		*mark_r = head.mark;
	return rc;
}

int
cache_used_bytes(struct cache *c, MDB_txn *txn, uint64_t *used_r,
    uint64_t *entries_r, struct err *e)
{
	*used_r = 0;
	for (unsigned i = 0; i < CACHE_TABLES; i++) {
		MDB_stat stat;
		int rc = mdb_stat(txn, env_table(c->env, i), &stat);

		if (rc != 0)
			return env_fail(c->env, "stat", rc, e);
		*used_r +=
		    stat.ms_psize * (stat.ms_branch_pages + stat.ms_leaf_pages +
					stat.ms_overflow_pages);
		if (i == CACHE_FIFO)
			*entries_r = stat.ms_entries;
	}
	return 0;
}

int
cache_stats(struct cache *c, struct cache_stats *stats_r, struct err *e)
{
	MDB_txn *txn = env_read(c->env, e);
	int rc;

	if (txn == NULL)
		return -1;
	stats_r->bytes_max = c->max_bytes;
	stats_r->evicted = c->evicted;
	stats_r->swept = c->swept;
	rc = cache_used_bytes(c, txn, &stats_r->bytes_used, &stats_r->entries,
	    e);
	env_read_end(c->env);
	return rc;
}

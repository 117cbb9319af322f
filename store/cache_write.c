#include "store/cache_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define FILL_PERCENT 80

/* Kept in meta beside the entries, whose keys are longer. */
static const char root_name[] = "gen";

struct cache_root {
	uint64_t version, next_gen;
};

int
cache_remove_files(const char *dir, struct err *e)
{
	static const char *const files[] = { "data.mdb", "lock.mdb" };
	char path[4096];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/cache/%s", dir, files[i]);
		if (unlink(path) == -1 && errno != ENOENT)
			return err_set(e, ERR_STORE, "cache: %s: %s", path,
			    strerror(errno));
	}
	return 0;
}

/* 1, 0 not there, -1.  Another version's is all zero. */
static int
cache_read_root(struct cache *c, struct cache_root *root, struct err *e)
{
	const MDB_val name = { sizeof root_name, (void *)(uintptr_t)root_name };
	MDB_txn *txn = env_read(c->env, e);
	MDB_val value;
	int rc;

	*root = (struct cache_root){ 0 };
	if (txn == NULL)
		return -1;
	rc = env_get(c->env, txn, CACHE_META, name, &value, e);
	if (rc == 1 && value.mv_size == sizeof *root)
		memcpy(root, value.mv_data, sizeof *root);
	if (root->version != CACHE_VERSION)
		*root = (struct cache_root){ 0 };
	env_read_end(c->env);
	return rc;
}

int
cache_start(struct cache *c, enum cache_mode mode, struct err *e)
{
	struct cache_root root;
	int rc = cache_read_root(c, &root, e);
	bool stale = rc == 1 && root.version == 0;

	c->next_gen = rc == 1 ? root.next_gen : 1;
	if (stale || mode == CACHE_RESET) /* above all that goes, or went */
		c->next_gen = (uint64_t)now_real_us() / 1000;
	if (stale && cache_clear(c, e) == -1)
		return -1;
	return rc == -1 ? -1 : 0;
}

int
cache_sync(struct cache *c, struct err *e)
{
	return env_sync(c->env, e);
}

int
cache_begin(struct cache *c, struct err *e)
{
	assert(c->writer && !c->batch);
	if (env_begin(c->env, e) == -1)
		return -1;
	c->batch = true;
	return 0;
}

void
cache_abort(struct cache *c)
{
	env_abort(c->env);
	c->batch = false;
}

int
cache_commit(struct cache *c, struct err *e)
{
	const MDB_val name = { sizeof root_name, (void *)(uintptr_t)root_name };
	struct cache_root root = { CACHE_VERSION, c->next_gen };
	const MDB_val value = { sizeof root, &root };

	assert(c->batch);
	if (env_put(c->env, CACHE_META, name, value, e) == -1) {
		cache_abort(c);
		return -1;
	}
	c->batch = false;
	return env_commit(c->env, e);
}

/* One change on its own is a batch of one. */
static int
cache_enter(struct cache *c, bool *own_r, struct err *e)
{
	*own_r = !c->batch;
	return *own_r ? cache_begin(c, e) : 0;
}

static int
cache_leave(struct cache *c, bool own, int rc, struct err *e)
{
	if (rc == -1)
		cache_abort(c);
	else if (own && cache_commit(c, e) == -1)
		rc = -1;
	return rc;
}

/* Gone already is as good as deleted. */
static int
cache_del_row(struct cache *c, unsigned table, void *key, size_t n,
    struct err *e)
{
	MDB_val name = { n, key };
	int rc =
	    mdb_del(env_write(c->env), env_table(c->env, table), &name, NULL);

	return rc == 0 || rc == MDB_NOTFOUND
	           ? 0
	           : env_fail(c->env, "delete", rc, e);
}

static struct cache_body_key
cache_exp_key(int64_t expires_s, uint64_t gen)
{
	struct cache_body_key k;

	cache_be32(expires_s < UINT32_MAX ? (uint32_t)expires_s : UINT32_MAX,
	    k.bytes);
	cache_be64(gen, k.bytes + 4);
	return k;
}

static int
cache_del_entry(struct cache *c, unsigned char *key,
    const struct cache_head *head, struct err *e)
{
	struct cache_body_key exp = cache_exp_key(head->expires_s, head->gen);
	unsigned char gen[8];

	cache_be64(head->gen, gen);
	for (uint32_t i = 0; (uint64_t)i * CACHE_CHUNK < head->body_len; i++) {
		struct cache_body_key k = cache_body_key(head->gen, i);

		if (cache_del_row(c, CACHE_BODY, k.bytes, sizeof k, e) == -1)
			return -1;
	}
	if (cache_del_row(c, CACHE_EXP, exp.bytes, sizeof exp, e) == -1 ||
	    cache_del_row(c, CACHE_FIFO, gen, sizeof gen, e) == -1)
		return -1;
	return cache_del_row(c, CACHE_META, key, CACHE_KEY_SIZE, e);
}

/* 1 removed, 0 was not there. */
static int
cache_del_key(struct cache *c, const unsigned char *key, struct err *e)
{
	unsigned char copy[CACHE_KEY_SIZE];
	struct cache_entry entry;
	struct cache_head head;
	int rc;

	memcpy(copy, key, sizeof copy);
	rc = cache_read_meta(c, env_write(c->env), copy, &head, &entry, e);
	if (rc == 1 && cache_del_entry(c, copy, &head, e) == -1)
		return -1;
	return rc;
}

int
cache_del(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    struct err *e)
{
	bool own;

	if (cache_enter(c, &own, e) == -1)
		return -1;
	return cache_leave(c, own, cache_del_key(c, key, e), e);
}

static void
cache_pack(const struct cache_entry *entry, struct slice body, struct sbuf *out)
{
	const struct slice *text[CACHE_TEXTS] = CACHE_TEXTS_OF(entry);
	struct cache_head head = {
		.version = CACHE_VERSION,
		.family = entry->family,
		.gen = entry->gen,
		.hits = entry->hits,
		.mark = entry->mark,
		.created_s = entry->created_s,
		.expires_s = entry->expires_s,
		.cost_nano = entry->cost_nano,
		.latency_us = entry->latency_us,
		.prompt_tokens = entry->prompt_tokens,
		.completion_tokens = entry->completion_tokens,
		.total_tokens = entry->total_tokens,
		.cached_tokens = entry->cached_tokens,
		.reasoning_tokens = entry->reasoning_tokens,
		.body_len = (uint32_t)body.n,
	};

	digest_sha256(body.p, body.n, head.sha256);
	for (size_t i = 0; i < CACHE_TEXTS; i++)
		head.lens[i] = (uint32_t)text[i]->n;
	sbuf_add(out, &head, sizeof head);
	for (size_t i = 0; i < CACHE_TEXTS; i++)
		sbuf_add_slice(out, *text[i]);
}

static int
cache_put_chunks(struct cache *c, uint64_t gen, struct slice body,
    struct err *e)
{
	for (uint32_t i = 0; body.n > 0; i++) {
		struct cache_body_key k = cache_body_key(gen, i);
		size_t n = body.n < CACHE_CHUNK ? body.n : CACHE_CHUNK;

		if (env_put(c->env, CACHE_BODY,
			(MDB_val){ sizeof k.bytes, k.bytes },
			(MDB_val){ n, (void *)(uintptr_t)body.p }, e) == -1)
			return -1;
		body = slice_skip(body, n);
	}
	return 0;
}

static int
cache_put_rows(struct cache *c, const struct cache_entry *entry,
    struct slice body, struct err *e)
{
	struct cache_body_key exp = cache_exp_key(entry->expires_s, entry->gen);
	const MDB_val key = { CACHE_KEY_SIZE, (void *)(uintptr_t)entry->key };
	struct sbuf packed = { 0 };
	unsigned char gen[8];
	int rc;

	cache_be64(entry->gen, gen);
	cache_pack(entry, body, &packed);
	rc = env_put(c->env, CACHE_META, key,
	    (MDB_val){ packed.len, packed.data }, e);
	sbuf_free(&packed);
	if (rc == 0)
		rc = env_put(c->env, CACHE_EXP,
		    (MDB_val){ sizeof exp.bytes, exp.bytes }, key, e);
	if (rc == 0)
		rc = env_put(c->env, CACHE_FIFO, (MDB_val){ sizeof gen, gen },
		    key, e);
	return rc == 0 ? cache_put_chunks(c, entry->gen, body, e) : rc;
}

/* Drop the oldest entry.  1, 0 when there is none, -1. */
static int
cache_drop_oldest(struct cache *c, struct err *e)
{
	unsigned char first[8] = { 0 };
	MDB_val gen = { sizeof first, first }, key;
	int rc = env_next(c->env, env_write(c->env), CACHE_FIFO, true, &gen,
	    &key, e);

	if (rc != 1)
		return rc;
	c->evicted++;
	memcpy(first, gen.mv_data, sizeof first);
	if (key.mv_size != CACHE_KEY_SIZE)
		return err_set(e, ERR_DAMAGED, "cache: fifo");
	rc = cache_del_key(c, key.mv_data, e);
	/* A row whose entry is gone would come up for ever. */
	if (rc == 0 &&
	    cache_del_row(c, CACHE_FIFO, first, sizeof first, e) == -1)
		return -1;
	return rc == -1 ? -1 : 1;
}

static int
cache_make_room(struct cache *c, uint64_t need, struct err *e)
{
	uint64_t bound = c->max_bytes / 100 * FILL_PERCENT;
	uint64_t used, entries;
	int rc = 1;

	while (rc == 1) {
		if (cache_used_bytes(c, env_write(c->env), &used, &entries,
			e) == -1)
			return -1;
		if (used + need <= bound)
			return 0;
		rc = cache_drop_oldest(c, e);
	}
	return rc;
}

int
cache_put(struct cache *c, struct cache_entry *entry, struct slice body,
    struct err *e)
{
	bool own;
	int rc;

	if (body.n == 0 || body.n > c->max_bytes / 8)
		return err_set(e, ERR_STORE, "cache: an answer of %zu bytes",
		    body.n);
	if (cache_enter(c, &own, e) == -1)
		return -1;
	entry->gen = c->next_gen++;
	rc = cache_del_key(c, entry->key, e);
	if (rc != -1)
		rc = cache_make_room(c, body.n, e);
	if (rc != -1)
		rc = cache_put_rows(c, entry, body, e);
	return cache_leave(c, own, rc, e);
}

/* Remove what the first row of exp names.  1, 0 nothing expired, -1. */
static int
cache_sweep_one(struct cache *c, int64_t now_s, struct err *e)
{
	struct cache_body_key first = { { 0 } };
	MDB_val name = { sizeof first.bytes, first.bytes }, key;
	int rc = env_next(c->env, env_write(c->env), CACHE_EXP, true, &name,
	    &key, e);

	if (rc != 1)
		return rc;
	if (name.mv_size != sizeof first.bytes || key.mv_size != CACHE_KEY_SIZE)
		return err_set(e, ERR_DAMAGED, "cache: exp");
	memcpy(first.bytes, name.mv_data, sizeof first.bytes);
	if ((int64_t)(cache_read_be64(first.bytes) >> 32) > now_s)
		return 0;
	rc = cache_del_key(c, key.mv_data, e);
	if (rc == 0)
		rc = cache_del_row(c, CACHE_EXP, first.bytes,
		    sizeof first.bytes, e);
	c->swept++;
	return rc == -1 ? -1 : 1;
}

int
cache_sweep(struct cache *c, int64_t now_s, unsigned max, struct err *e)
{
	unsigned n = 0;
	bool own;
	int rc = 0;

	if (cache_enter(c, &own, e) == -1)
		return -1;
	while (n < max && (rc = cache_sweep_one(c, now_s, e)) == 1)
		n++;
	if (n == 0 && own && rc == 0) {
		cache_abort(c); /* nothing to write */
		return 0;
	}
	return cache_leave(c, own, rc == -1 ? -1 : (int)n, e);
}

int
cache_count_hits(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    uint64_t n, struct err *e)
{
	struct cache_entry entry;
	struct cache_head head;
	bool own;
	int rc;

	if (cache_enter(c, &own, e) == -1)
		return -1;
	rc = cache_read_meta(c, env_write(c->env), key, &head, &entry, e);
	if (rc == 1) {
		head.hits += n;
		memcpy(c->scratch.data, &head, sizeof head);
		rc = env_put(c->env, CACHE_META,
		    (MDB_val){ CACHE_KEY_SIZE, (void *)(uintptr_t)key },
		    (MDB_val){ c->scratch.len, c->scratch.data }, e);
	}
	return cache_leave(c, own, rc, e);
}

int64_t
cache_clear(struct cache *c, struct err *e)
{
	uint64_t used, entries = 0;
	bool own;
	int rc;

	if (cache_enter(c, &own, e) == -1)
		return -1;
	rc = cache_used_bytes(c, env_write(c->env), &used, &entries, e);
	for (unsigned i = CACHE_META; rc == 0 && i <= CACHE_FIFO; i++) {
		rc = mdb_drop(env_write(c->env), env_table(c->env, i), 0);
		if (rc != 0)
			rc = env_fail(c->env, "clear", rc, e);
	}
	return cache_leave(c, own, rc, e) == -1 ? -1 : (int64_t)entries;
}

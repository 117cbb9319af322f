#ifndef STORE_CACHE_PRIV_H
#define STORE_CACHE_PRIV_H

/* cache_priv - what cache.c (reading) and cache_write.c share. */

#include <stdint.h>

#include "base/digest.h"
#include "base/sbuf.h"
#include "store/cache.h"
#include "store/env.h"

#define CACHE_VERSION 3 /* raised when struct cache_head or a mark does */
#define CACHE_TEXTS 6

enum { CACHE_META, CACHE_BODY, CACHE_EXP, CACHE_FIFO };

struct cache {
	struct env *env;
	struct sbuf scratch; /* the texts of the last entry */
	uint64_t max_bytes;
	uint64_t next_gen;
	uint64_t evicted, swept;
	bool writer, batch; /* batch: cache_begin() was called */
};

/* The value of meta; the texts follow. */
struct cache_head {
	uint32_t version, family;
	uint64_t gen, hits, mark;
	int64_t created_s, expires_s;
	int64_t cost_nano, latency_us;
	int64_t prompt_tokens, completion_tokens, total_tokens;
	int64_t cached_tokens, reasoning_tokens;
	uint32_t body_len;
	uint32_t lens[CACHE_TEXTS];
	unsigned char sha256[DIGEST_SIZE];
	uint32_t zero;
};

#define CACHE_TEXTS_OF(entry)                                                  \
	{                                                                      \
		&(entry)->organization, &(entry)->environment,                 \
		    &(entry)->model, &(entry)->provider, &(entry)->customer,   \
		    &(entry)->prompt                                           \
	}

struct cache_body_key {
	unsigned char bytes[12];
};

static inline void
cache_be32(uint32_t n, unsigned char *out)
{
	for (int i = 3; i >= 0; i--, n >>= 8)
		out[i] = (unsigned char)n;
}

static inline void
cache_be64(uint64_t n, unsigned char *out)
{
	cache_be32((uint32_t)(n >> 32), out);
	cache_be32((uint32_t)n, out + 4);
}

static inline uint64_t
cache_read_be64(const void *p)
{
	const unsigned char *in = p;
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | in[i];
	return n;
}

struct cache_body_key cache_body_key(uint64_t gen, uint32_t index);

/* 1, or 0 when the value is none of ours; texts point into it. */
int cache_unpack(MDB_val value, struct cache_head *head,
    struct cache_entry *entry);

/* 1, 0 absent, -1.  The texts lie in c->scratch. */
int cache_read_meta(struct cache *c, MDB_txn *txn, const unsigned char *key,
    struct cache_head *head, struct cache_entry *entry, struct err *e);

int cache_used_bytes(struct cache *c, MDB_txn *txn, uint64_t *used_r,
    uint64_t *entries_r, struct err *e);

/* Find the number of the next entry; what another version left goes. */
int cache_start(struct cache *c, enum cache_mode mode, struct err *e);

/* Unlink the files of the environment. */
int cache_remove_files(const char *dir, struct err *e);

#endif

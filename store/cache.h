#ifndef STORE_CACHE_H
#define STORE_CACHE_H

/*
 * cache - complete answers, kept in the LMDB environment "cache".
 *
 * The logger is the only writer; workers and admin read.  Each process opens
 * it once, after its fork (design/stack.md M5).  Nothing here decides what
 * may be cached: a key of 32 bytes finds an entry (spec/cache.md 2).
 *
 *   meta  key                -> struct of the entry, texts
 *   body  gen BE, index BE   -> at most 16,368 bytes
 *   exp   expiry BE, gen BE  -> key
 *   fifo  gen BE             -> key
 *
 * A gen is never used twice, so that a reader that finds an entry half gone
 * has a miss.  The environment is opened with MDB_NOSYNC: after an unclean
 * stop of the machine it must be emptied.  What another version has written
 * goes when it is opened to be written.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct cache;
struct sbuf;

#define CACHE_KEY_SIZE 32
#define CACHE_CHUNK 16368

struct cache_entry {
	unsigned char key[CACHE_KEY_SIZE];
	uint64_t gen; /* also its id; given by cache_put() */
	int64_t created_s, expires_s;
	int64_t cost_nano, latency_us;
	int64_t prompt_tokens, completion_tokens, total_tokens;
	int64_t cached_tokens, reasoning_tokens;
	uint64_t hits;
	uint64_t mark; /* whatever the writer gave, as is the family */
	uint32_t body_len;
	uint32_t family;
	struct slice organization, environment, model, provider, customer;
	struct slice prompt;
};

enum cache_mode {
	CACHE_READ,  /* worker, admin */
	CACHE_WRITE, /* logger */
	CACHE_RESET, /* logger after an unclean boot: emptied first */
};

/*
 * Open dir/cache (made when mode is not CACHE_READ) with a map of max_bytes.
 * NULL with *e: ERR_UNAVAILABLE-like; a reader whose writer has not made it
 * yet tries again later.
 */
struct cache *cache_open(const char *dir, enum cache_mode mode,
    uint64_t max_bytes, struct err *e);
void cache_close(struct cache **cp);

/* Bring all to the disk: before a clean end.  0, or -1. */
int cache_sync(struct cache *c, struct err *e);

/*
 * 1: *entry_r is filled and the body is appended to *body; texts of the entry
 * live until the next call.  0: a miss (absent, expired at now_s, stored in
 * the future, half evicted, or its hash does not match).  -1: the store
 * failed; the caller goes on as with a miss and counts.
 */
int cache_get(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    int64_t now_s, struct cache_entry *entry_r, struct sbuf *body,
    struct err *e);

/*
 * Store or replace the entry with this body; evicts the oldest ones above 80
 * percent.  created_s and expires_s are the caller's.  0, or -1.
 */
int cache_put(struct cache *c, struct cache_entry *entry, struct slice body,
    struct err *e);

/*
 * Several puts in one commit: begin, put ..., commit.  After a failed commit
 * or put nothing of the batch is stored.
 */
int cache_begin(struct cache *c, struct err *e);
int cache_commit(struct cache *c, struct err *e);
void cache_abort(struct cache *c);

/* 1 removed, 0 was not there, -1. */
int cache_del(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    struct err *e);

/* Remove up to max entries that expired before now_s; how many, or -1. */
int cache_sweep(struct cache *c, int64_t now_s, unsigned max, struct err *e);

/* Add n hits to an entry that is there.  0, or -1. */
int cache_count_hits(struct cache *c, const unsigned char key[CACHE_KEY_SIZE],
    uint64_t n, struct err *e);

/* Remove all.  The number of entries that went, or -1. */
int64_t cache_clear(struct cache *c, struct err *e);

/*
 * Walk the marks of the entries, newest first: gen_r starts as 0 and is the
 * place of the one found.  1, 0 at the end, -1.
 */
int cache_next_mark(struct cache *c, uint64_t *gen_r, uint64_t *mark_r,
    struct err *e);

struct cache_stats {
	uint64_t entries, bytes_used, bytes_max, evicted, swept;
};
int cache_stats(struct cache *c, struct cache_stats *stats_r, struct err *e);

/* Slots of readers that died are cleared (design/stack.md M8). */
void cache_check_readers(struct cache *c);

#endif

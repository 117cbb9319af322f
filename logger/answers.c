#include "logger/answers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "shm/inflight.h"
#include "shm/sieve.h"
#include "shm/stats.h"
#include "store/cache.h"

#define SHARE_BYTES (2 * 1024 * 1024)
#define SHARE_NS 5000000
#define SWEEP_ROWS 64
#define HITS 256 /* keys counted between two turns of answers_tend() */
#define READERS_MS 5000
#define SIEVE_MARKS 2048 /* passed to a new sieve between two turns */

struct hit {
	unsigned char key[CACHE_KEY_SIZE];
	uint64_t n;
};

struct answers {
	struct cache *cache; /* NULL: there is none */
	struct segment *seg;
	const struct settings *settings;
	struct inflight_ref *waiting; /* for the commit */
	unsigned n_waiting;
	struct inflight_ref *lost; /* were STORING when we started */
	unsigned n_lost;
	struct hit hits[HITS];
	unsigned n_hits;
	bool batch; /* a transaction is open */
	bool told;  /* the figures show what was committed last */
	size_t share_bytes;
	uint64_t share_start_ns, checked_ms;
	uint64_t evicted_told;
	bool sieving;        /* a sieve is filled */
	uint64_t sieved_gen; /* from here on */
};

static void
answers_count(struct answers *a, enum stats_metric metric, int64_t n)
{
	static const uint16_t labels[STATS_LABELS];

	stats_add(a->seg, stats_area_of_role(a->seg, ROLE_LOGGER),
	    stats_cell(a->seg, metric, labels), n);
}

static void
answers_gauge(struct answers *a, enum stats_metric metric, uint64_t n)
{
	static const uint16_t labels[STATS_LABELS];

	stats_set(a->seg, stats_area_of_role(a->seg, ROLE_LOGGER),
	    stats_cell(a->seg, metric, labels), (int64_t)n);
}

static void
answers_error(struct answers *a, const struct err *e)
{
	log_error("logger: %s", e->text);
	answers_count(a, METRIC_CACHE_ERRORS, 1);
}

/*
 * The file "cache.boot" holds the id of the segment under which the cache was
 * last written, or "clean".  Another id means that /run went away with a
 * cache that was not brought to the disk: pages of it may be missing.
 */
#define BOOT_TEXT 33

static void
answers_boot_path(const struct settings *s, char *path, size_t size)
{
	snprintf(path, size, "%s/cache.boot", settings_str(s, s->store_path).p);
}

static bool
answers_boot_is(const struct settings *s, const char *text)
{
	char path[4096], found[BOOT_TEXT] = "";
	int fd;
	ssize_t n;

	answers_boot_path(s, path, sizeof path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, found, sizeof found - 1);
	close(fd);
	return n == (ssize_t)strlen(text) &&
	       memcmp(found, text, (size_t)n) == 0;
}

static bool
answers_boot_write(const struct settings *s, const char *text)
{
	char path[4096];
	size_t n = strlen(text);
	bool ok;
	int fd;

	answers_boot_path(s, path, sizeof path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd == -1)
		return false;
	ok = write(fd, text, n) == (ssize_t)n && fdatasync(fd) == 0;
	close(fd);
	return ok;
}

/* What is stored; a look at each commit would cost the burst of them. */
static void
answers_tell(struct answers *a)
{
	struct cache_stats stats = { 0 };
	struct err e;

	if (a->cache != NULL && cache_stats(a->cache, &stats, &e) == -1)
		return;
	a->told = true;
	answers_gauge(a, METRIC_CACHE_BYTES, stats.bytes_used);
	answers_gauge(a, METRIC_CACHE_ENTRIES, stats.entries);
	answers_count(a, METRIC_CACHE_EVICTIONS,
	    (int64_t)(stats.evicted - a->evicted_told));
	a->evicted_told = stats.evicted;
}

static struct cache *
answers_open(struct answers *a, enum cache_mode mode)
{
	const struct settings *s = a->settings;
	struct err e;
	struct cache *c = cache_open(settings_str(s, s->store_path).p, mode,
	    (uint64_t)s->cache_max_size_bytes, &e);

	if (c == NULL)
		answers_error(a, &e);
	return c;
}

static void
answers_note_lost(struct answers *a)
{
	struct inflight_ref ref;
	uint32_t at = 0;

	a->lost = xcalloc(INFLIGHT_SLOTS, sizeof a->lost[0]);
	while (a->n_lost < INFLIGHT_SLOTS &&
	       inflight_each_storing(a->seg, &at, &ref))
		a->lost[a->n_lost++] = ref;
}

static void
answers_sieve(struct answers *a)
{
	a->sieving = true;
	a->sieved_gen = 0;
	sieve_fill_begin(a->seg);
}

/* A share of the entries; the last one completes the sieve. */
static void
answers_sieve_more(struct answers *a)
{
	struct err e;
	uint64_t mark;
	int got = 1;

	for (unsigned n = 0; n < SIEVE_MARKS; n++) {
		got = cache_next_mark(a->cache, &a->sieved_gen, &mark, &e);
		if (got != 1)
			break;
		sieve_fill(a->seg, mark);
	}
	if (got == 1)
		return;
	a->sieving = false;
	if (got == 0) {
		sieve_fill_end(a->seg);
	} else {
		answers_error(a, &e);
		sieve_off(a->seg);
	}
}

struct answers *
answers_new(const struct settings *s, struct segment *seg)
{
	struct answers *a = xcalloc(1, sizeof *a);
	char id[BOOT_TEXT];
	bool keep;

	a->settings = s;
	a->seg = seg;
	a->waiting = xcalloc(INFLIGHT_SLOTS, sizeof a->waiting[0]);
	answers_note_lost(a);
	hex_write(segment_id(seg), SEGMENT_ID_SIZE, id);
	keep = answers_boot_is(s, id) || answers_boot_is(s, "clean");
	if (!keep)
		log_info("logger: the answer cache starts empty");
	/* Without the note a later start could trust a torn file. */
	if (answers_boot_write(s, id))
		a->cache = answers_open(a, keep ? CACHE_WRITE : CACHE_RESET);
	else
		log_error("logger: no cache: %s/cache.boot: cannot write",
		    settings_str(s, s->store_path).p);
	if (a->cache != NULL)
		answers_sieve(a);
	answers_tell(a);
	return a;
}

void
answers_free(struct answers **ap)
{
	struct answers *a = *ap;
	struct err e;

	if (a == NULL)
		return;
	answers_commit(a);
	answers_fail_lost(a);
	if (a->cache != NULL && cache_sync(a->cache, &e) == 0)
		answers_boot_write(a->settings, "clean");
	cache_close(&a->cache);
	free(a->waiting);
	free(a->lost);
	free(a);
	*ap = NULL;
}

void
answers_apply(struct answers *a, const struct settings *s)
{
	a->settings = s;
}

/* Nothing of the open batch was stored: all who wait look elsewhere. */
static void
answers_fail_batch(struct answers *a, const struct err *e)
{
	answers_error(a, e);
	for (unsigned i = 0; i < a->n_waiting; i++)
		inflight_failed(a->seg, a->waiting[i]);
	a->n_waiting = 0;
	a->batch = false;
}

static bool
answers_begin(struct answers *a)
{
	struct err e;

	if (a->cache == NULL)
		return false;
	if (a->batch)
		return true;
	if (cache_begin(a->cache, &e) == -1) {
		answers_fail_batch(a, &e);
		return false;
	}
	a->batch = true;
	a->share_bytes = 0;
	a->share_start_ns = now_fresh_ns();
	return true;
}

static void
answers_entry(const struct record_cache *c, struct cache_entry *entry)
{
	*entry = (struct cache_entry){
		.created_s = c->created_s,
		.expires_s = c->created_s + c->ttl_s,
		.cost_nano = c->cost_nano,
		.latency_us = c->latency_us,
		.prompt_tokens = c->prompt_tokens,
		.completion_tokens = c->completion_tokens,
		.total_tokens = c->total_tokens,
		.cached_tokens = c->cached_tokens,
		.mark = c->mark,
		.reasoning_tokens = c->reasoning_tokens,
		.family = c->family,
		.organization = c->organization,
		.environment = c->environment,
		.model = c->model,
		.provider = c->provider,
		.customer = c->customer,
		.prompt = c->prompt,
	};
	memcpy(entry->key, c->key, sizeof entry->key);
}

static bool
answers_store(struct answers *a, const struct record_cache *c,
    struct slice body)
{
	struct cache_entry entry;
	struct err e;

	if (body.p == NULL || c->ttl_s <= 0 ||
	    (int64_t)body.n > a->settings->cache_max_value_bytes ||
	    !answers_begin(a))
		return false;
	answers_entry(c, &entry);
	if (!sieve_add(a->seg, entry.mark) && !a->sieving)
		answers_sieve(a);
	if (cache_put(a->cache, &entry, body, &e) == -1) {
		answers_fail_batch(a, &e);
		cache_abort(a->cache);
		return false;
	}
	a->share_bytes += body.n;
	return true;
}

/* Its record was found: it is lost no more. */
static void
answers_found(struct answers *a, struct inflight_ref ref)
{
	for (unsigned i = 0; i < a->n_lost; i++) {
		if (a->lost[i].slot == ref.slot)
			a->lost[i] = a->lost[--a->n_lost];
	}
}

void
answers_put(struct answers *a, const struct record_cache *c, struct slice body,
    bool room)
{
	struct inflight_ref ref = { c->flight, c->flight_generation };
	bool stored;

	if (a->n_waiting == INFLIGHT_SLOTS)
		answers_commit(a);
	stored = room && answers_store(a, c, body);
	if (c->flight >= INFLIGHT_SLOTS)
		return;
	answers_found(a, ref);
	if (stored)
		a->waiting[a->n_waiting++] = ref;
	else
		inflight_failed(a->seg, ref);
}

bool
answers_full(const struct answers *a)
{
	return a->batch && (a->share_bytes > SHARE_BYTES ||
			       now_fresh_ns() - a->share_start_ns > SHARE_NS);
}

void
answers_commit(struct answers *a)
{
	struct err e;

	if (!a->batch)
		return;
	a->told = false;
	if (cache_commit(a->cache, &e) == -1) {
		answers_fail_batch(a, &e);
		cache_close(&a->cache);
		a->evicted_told = 0;
		a->cache = answers_open(a, CACHE_WRITE);
		return;
	}
	a->batch = false;
	for (unsigned i = 0; i < a->n_waiting; i++)
		inflight_stored(a->seg, a->waiting[i]);
	a->n_waiting = 0;
}

void
answers_hit(struct answers *a, struct slice key_hex)
{
	unsigned char key[CACHE_KEY_SIZE];

	if (key_hex.n != 2 * sizeof key ||
	    !hex_read(key_hex.p, key, sizeof key))
		return;
	for (unsigned i = 0; i < a->n_hits; i++) {
		if (memcmp(a->hits[i].key, key, sizeof key) == 0) {
			a->hits[i].n++;
			return;
		}
	}
	if (a->n_hits == HITS)
		answers_tend(a);
	if (a->n_hits == HITS)
		return;
	memcpy(a->hits[a->n_hits].key, key, sizeof key);
	a->hits[a->n_hits++].n = 1;
}

static int
answers_write_hits(struct answers *a, struct err *e)
{
	unsigned n = a->n_hits;

	a->n_hits = 0;
	if (n == 0 || !answers_begin(a))
		return 0;
	for (unsigned i = 0; i < n; i++) {
		if (cache_count_hits(a->cache, a->hits[i].key, a->hits[i].n,
			e) == -1)
			return -1;
	}
	return 0;
}

static void
answers_sweep(struct answers *a)
{
	struct err e;
	int n = cache_sweep(a->cache, now_real_us() / 1000000, SWEEP_ROWS, &e);

	if (n == -1)
		answers_error(a, &e);
	if (n > 0)
		a->told = false;
}

void
answers_tend(struct answers *a)
{
	struct err e;

	if (!a->told)
		answers_tell(a);
	if (a->cache == NULL)
		return;
	if (answers_write_hits(a, &e) == -1) {
		answers_fail_batch(a, &e);
		return;
	}
	answers_commit(a);
	if (a->cache != NULL)
		answers_sweep(a);
	if (a->cache != NULL && a->sieving)
		answers_sieve_more(a);
	if (a->cache == NULL || now_mono_ms() - a->checked_ms < READERS_MS)
		return;
	a->checked_ms = now_mono_ms();
	cache_check_readers(a->cache);
}

void
answers_check_readers(struct answers *a)
{
	if (a->cache != NULL)
		cache_check_readers(a->cache);
}

void
answers_fail_lost(struct answers *a)
{
	for (unsigned i = 0; i < a->n_lost; i++)
		inflight_failed(a->seg, a->lost[i]);
	a->n_lost = 0;
}

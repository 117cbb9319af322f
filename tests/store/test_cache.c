#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "store/cache.h"
#include "store/env.h"
#include "tests/store/scratch.h"

#define MAP_BYTES (16 * 1024 * 1024)
#define NOW 1000000

static struct err e;
static struct cache *cache; /* open to write, unless a test closed it */
static struct sbuf body;    /* what get() found */

static struct cache *
open_cache(enum cache_mode mode)
{
	struct cache *c = cache_open(scratch_dir, mode, MAP_BYTES, &e);

	ck_assert_msg(c != NULL, "%s", e.text);
	return c;
}

static void
setup(void)
{
	scratch_make();
	cache = open_cache(CACHE_WRITE);
}

static void
teardown(void)
{
	sbuf_free(&body);
	cache_close(&cache);
	scratch_remove();
}

/* Closed and opened again. */
static void
reopen(enum cache_mode mode)
{
	cache_close(&cache);
	cache = open_cache(mode);
}

static struct cache_entry
entry_of(unsigned number)
{
	struct cache_entry entry = {
		.created_s = NOW,
		.expires_s = NOW + 100,
		.cost_nano = 7,
		.mark = 1000 + number,
		.model = SLICE("gpt-4o"),
		.organization = SLICE("default"),
	};

	memcpy(entry.key, &number, sizeof number);
	return entry;
}

static char *
body_of(size_t n, unsigned seed)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 31 + seed);
	return p;
}

static void
put(unsigned number, size_t n)
{
	struct cache_entry entry = entry_of(number);
	char *text = body_of(n, number);

	ck_assert_msg(cache_put(cache, &entry, (struct slice){ text, n }, &e) ==
			  0,
	    "%s", e.text);
	free(text);
}

static int
get(unsigned number, int64_t now_s)
{
	struct cache_entry want = entry_of(number), found;

	sbuf_clear(&body);
	return cache_get(cache, want.key, now_s, &found, &body, &e);
}

static const size_t sizes[] = { 1, 100, CACHE_CHUNK - 1, CACHE_CHUNK,
	CACHE_CHUNK + 1, 5 * CACHE_CHUNK, 1000000 };

START_TEST(what_is_put_is_got)
{
	size_t n = sizes[_i];
	struct cache_entry want = entry_of(5), found;
	char *text = body_of(n, 5);

	put(5, n);
	sbuf_adds(&body, "head");
	ck_assert_int_eq(cache_get(cache, want.key, NOW, &found, &body, &e), 1);
	ck_assert_uint_eq(body.len, n + 4);
	ck_assert_mem_eq(body.data + 4, text, n);
	ck_assert_int_eq(found.cost_nano, 7);
	ck_assert(slice_eq(found.model, SLICE("gpt-4o")));
	ck_assert(slice_eq(found.organization, SLICE("default")));
	ck_assert_uint_gt(found.gen, 0);
	free(text);
}
END_TEST

static const struct {
	const char *title;
	int64_t now_s;
	int want;
} age_cases[] = {
	{ "stored now", NOW, 1 },
	{ "its last second", NOW + 99, 1 },
	{ "expired", NOW + 100, 0 },
	{ "stored in the future", NOW - 1, 0 },
};

START_TEST(an_entry_has_its_time)
{
	put(1, 100);
	ck_assert_msg(get(1, age_cases[_i].now_s) == age_cases[_i].want, "%s",
	    age_cases[_i].title);
	ck_assert_uint_eq(body.len, age_cases[_i].want ? 100 : 0);
	ck_assert_int_eq(get(2, NOW), 0);
}
END_TEST

START_TEST(a_put_replaces)
{
	struct cache_stats stats;

	put(1, 50000);
	put(1, 20);
	ck_assert_int_eq(get(1, NOW), 1);
	ck_assert_uint_eq(body.len, 20);
	ck_assert_int_eq(cache_stats(cache, &stats, &e), 0);
	ck_assert_uint_eq(stats.entries, 1);
}
END_TEST

START_TEST(the_oldest_go_above_80_percent)
{
	struct cache_stats stats;

	for (unsigned i = 0; i < 300; i++)
		put(i, 100000);
	ck_assert_int_eq(cache_stats(cache, &stats, &e), 0);
	ck_assert_uint_gt(stats.evicted, 100);
	ck_assert_uint_le(stats.bytes_used, MAP_BYTES / 100 * 82);
	ck_assert_int_eq(get(0, NOW), 0);
	ck_assert_int_eq(get(299, NOW), 1);
}
END_TEST

START_TEST(expired_entries_are_swept)
{
	struct cache_stats stats;

	for (unsigned i = 0; i < 10; i++)
		put(i, 100);
	ck_assert_int_eq(cache_sweep(cache, NOW + 99, 64, &e), 0);
	ck_assert_int_eq(cache_sweep(cache, NOW + 100, 4, &e), 4);
	ck_assert_int_eq(cache_sweep(cache, NOW + 100, 64, &e), 6);
	ck_assert_int_eq(cache_stats(cache, &stats, &e), 0);
	ck_assert_uint_eq(stats.entries, 0);
}
END_TEST

/* Change one byte of a row, or remove the row. */
static void
damage(const char *table, MDB_val key, int remove)
{
	const char *const tables[] = { table };
	MDB_val value;
	char copy[CACHE_CHUNK];
	struct env *env = env_open(
	    &(struct env_options){
		.path = scratch_dir,
		.name = "cache",
		.tables = tables,
		.tables_n = 1,
		.size_bytes = MAP_BYTES,
		.writer = true,
	    },
	    &e);

	ck_assert_int_eq(env_begin(env, &e), 0);
	ck_assert_int_eq(env_get(env, env_write(env), 0, key, &value, &e), 1);
	memcpy(copy, value.mv_data, value.mv_size);
	copy[0] ^= 1;
	value.mv_data = copy;
	if (remove)
		mdb_del(env_write(env), env_table(env, 0), &key, NULL);
	else
		ck_assert_int_eq(env_put(env, 0, key, value, &e), 0);
	ck_assert_int_eq(env_commit(env, &e), 0);
	env_close(&env);
}

START_TEST(a_damaged_entry_is_a_miss)
{
	unsigned char chunk[12] = { [7] = 1, [11] = (unsigned char)(_i % 3) };

	put(1, 3 * CACHE_CHUNK);
	ck_assert_int_eq(get(1, NOW), 1);
	cache_close(&cache);
	damage("body", (MDB_val){ sizeof chunk, chunk }, _i >= 3);
	cache = open_cache(CACHE_WRITE);
	ck_assert_int_eq(get(1, NOW), 0);
	ck_assert_uint_eq(body.len, 0);
	put(1, 10);
	ck_assert_int_eq(get(1, NOW), 1);
}
END_TEST

START_TEST(hits_are_counted)
{
	struct cache_entry want = entry_of(1), found;

	put(1, 10);
	ck_assert_int_ge(cache_count_hits(cache, want.key, 3, &e), 0);
	ck_assert_int_ge(cache_count_hits(cache, want.key, 2, &e), 0);
	ck_assert_int_eq(cache_get(cache, want.key, NOW, &found, &body, &e), 1);
	ck_assert_uint_eq(found.hits, 5);
}
END_TEST

START_TEST(a_number_is_never_used_twice)
{
	struct cache_entry entry = entry_of(1);
	uint64_t first;

	ck_assert_int_eq(cache_put(cache, &entry, SLICE("a"), &e), 0);
	first = entry.gen;
	ck_assert_int_eq(cache_clear(cache, &e), 1);
	reopen(CACHE_WRITE);
	ck_assert_int_eq(cache_put(cache, &entry, SLICE("a"), &e), 0);
	ck_assert_uint_gt(entry.gen, first);
	ck_assert_int_eq(cache_del(cache, entry.key, &e), 1);
	ck_assert_int_eq(cache_del(cache, entry.key, &e), 0);
}
END_TEST

START_TEST(an_aborted_batch_leaves_nothing)
{
	ck_assert_int_eq(cache_begin(cache, &e), 0);
	put(1, 10);
	cache_abort(cache);
	ck_assert_int_eq(get(1, NOW), 0);
	ck_assert_int_eq(cache_begin(cache, &e), 0);
	put(1, 10);
	put(2, 10);
	ck_assert_int_eq(cache_commit(cache, &e), 0);
	ck_assert_int_eq(get(2, NOW), 1);
}
END_TEST

START_TEST(a_reset_forgets)
{
	put(1, 10);
	reopen(CACHE_WRITE);
	ck_assert_int_eq(get(1, NOW), 1);
	reopen(CACHE_RESET);
	ck_assert_int_eq(get(1, NOW), 0);
}
END_TEST

START_TEST(marks_are_walked_newest_first)
{
	uint64_t at = 0, mark;

	for (unsigned i = 0; i < 5; i++)
		put(i, 10);
	for (unsigned i = 5; i > 0; i--) {
		ck_assert_int_eq(cache_next_mark(cache, &at, &mark, &e), 1);
		ck_assert_uint_eq(mark, 1000 + i - 1);
	}
	ck_assert_int_eq(cache_next_mark(cache, &at, &mark, &e), 0);
}
END_TEST

/* Of an entry and of all, the version comes first. */
START_TEST(another_version_is_a_miss)
{
	struct cache_entry entry = entry_of(2);
	uint64_t at = 0, mark;

	for (unsigned i = 1; i <= 3; i++)
		put(i, 10);
	cache_close(&cache);
	damage("meta", (MDB_val){ sizeof entry.key, entry.key }, 0);
	cache = open_cache(CACHE_WRITE);
	ck_assert_int_eq(get(2, NOW), 0);
	ck_assert_int_eq(get(3, NOW), 1);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(cache_next_mark(cache, &at, &mark, &e), 1);
		ck_assert_uint_eq(mark, i == 0 ? 1003 : 1001);
	}
	ck_assert_int_eq(cache_next_mark(cache, &at, &mark, &e), 0);
}
END_TEST

START_TEST(what_another_version_left_goes)
{
	char root[] = "gen";
	struct cache_stats stats;

	for (unsigned i = 1; i <= 3; i++)
		put(i, 10 * CACHE_CHUNK);
	cache_close(&cache);
	damage("meta", (MDB_val){ sizeof root, root }, 0);
	for (unsigned turn = 0; turn < 2; turn++) {
		reopen(CACHE_WRITE);
		ck_assert_int_eq(get(1, NOW), 0);
		ck_assert_int_eq(cache_stats(cache, &stats, &e), 0);
		ck_assert_uint_eq(stats.entries, turn);
		put(2, 10);
		ck_assert_int_eq(get(2, NOW), 1);
	}
}
END_TEST

START_TEST(another_process_reads)
{
	int status;
	pid_t pid;

	put(1, 40000);
	cache_close(&cache);
	pid = fork();
	if (pid == 0) {
		cache = open_cache(CACHE_READ);
		_exit(get(1, NOW) == 1 && body.len == 40000 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("store/cache");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_is_put_is_got, 0, COUNT(sizes));
	tcase_add_loop_test(t, an_entry_has_its_time, 0, COUNT(age_cases));
	tcase_add_test(t, a_put_replaces);
	tcase_add_test(t, the_oldest_go_above_80_percent);
	tcase_add_test(t, expired_entries_are_swept);
	tcase_add_loop_test(t, a_damaged_entry_is_a_miss, 0, 6);
	tcase_add_test(t, hits_are_counted);
	tcase_add_test(t, a_number_is_never_used_twice);
	tcase_add_test(t, an_aborted_batch_leaves_nothing);
	tcase_add_test(t, a_reset_forgets);
	tcase_add_test(t, marks_are_walked_newest_first);
	tcase_add_test(t, another_version_is_a_miss);
	tcase_add_test(t, what_another_version_left_goes);
	tcase_add_test(t, another_process_reads);
	suite_add_tcase(s, t);
	return s;
}

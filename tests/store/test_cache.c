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

static struct cache *
open_cache(enum cache_mode mode)
{
	struct cache *c = cache_open(scratch_dir, mode, MAP_BYTES, &e);

	ck_assert_msg(c != NULL, "%s", e.text);
	return c;
}

static struct cache_entry
entry_of(unsigned number)
{
	struct cache_entry entry = {
		.created_s = NOW,
		.expires_s = NOW + 100,
		.cost_nano = 7,
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
put(struct cache *c, unsigned number, size_t n)
{
	struct cache_entry entry = entry_of(number);
	char *body = body_of(n, number);

	ck_assert_msg(cache_put(c, &entry, (struct slice){ body, n }, &e) == 0,
	    "%s", e.text);
	free(body);
}

static int
get(struct cache *c, unsigned number, int64_t now_s, struct sbuf *body)
{
	struct cache_entry want = entry_of(number), found;

	return cache_get(c, want.key, now_s, &found, body, &e);
}

static const size_t sizes[] = { 1, 100, CACHE_CHUNK - 1, CACHE_CHUNK,
	CACHE_CHUNK + 1, 5 * CACHE_CHUNK, 1000000 };

START_TEST(what_is_put_is_got)
{
	size_t n = sizes[_i];
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_entry want = entry_of(5), found;
	struct sbuf body = { 0 };
	char *text = body_of(n, 5);

	put(c, 5, n);
	sbuf_adds(&body, "head");
	ck_assert_int_eq(cache_get(c, want.key, NOW, &found, &body, &e), 1);
	ck_assert_uint_eq(body.len, n + 4);
	ck_assert_mem_eq(body.data + 4, text, n);
	ck_assert_int_eq(found.cost_nano, 7);
	ck_assert(slice_eq(found.model, SLICE("gpt-4o")));
	ck_assert(slice_eq(found.organization, SLICE("default")));
	ck_assert_uint_gt(found.gen, 0);
	sbuf_free(&body);
	free(text);
	cache_close(&c);
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
	struct cache *c = open_cache(CACHE_WRITE);
	struct sbuf body = { 0 };

	put(c, 1, 100);
	ck_assert_msg(get(c, 1, age_cases[_i].now_s, &body) ==
			  age_cases[_i].want,
	    "%s", age_cases[_i].title);
	ck_assert_uint_eq(body.len, age_cases[_i].want ? 100 : 0);
	ck_assert_int_eq(get(c, 2, NOW, &body), 0);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(a_put_replaces)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_stats stats;
	struct sbuf body = { 0 };

	put(c, 1, 50000);
	put(c, 1, 20);
	ck_assert_int_eq(get(c, 1, NOW, &body), 1);
	ck_assert_uint_eq(body.len, 20);
	ck_assert_int_eq(cache_stats(c, &stats, &e), 0);
	ck_assert_uint_eq(stats.entries, 1);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(the_oldest_go_above_80_percent)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_stats stats;
	struct sbuf body = { 0 };

	for (unsigned i = 0; i < 300; i++)
		put(c, i, 100000);
	ck_assert_int_eq(cache_stats(c, &stats, &e), 0);
	ck_assert_uint_gt(stats.evicted, 100);
	ck_assert_uint_le(stats.bytes_used, MAP_BYTES / 100 * 82);
	ck_assert_int_eq(get(c, 0, NOW, &body), 0);
	ck_assert_int_eq(get(c, 299, NOW, &body), 1);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(expired_entries_are_swept)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_stats stats;

	for (unsigned i = 0; i < 10; i++)
		put(c, i, 100);
	ck_assert_int_eq(cache_sweep(c, NOW + 99, 64, &e), 0);
	ck_assert_int_eq(cache_sweep(c, NOW + 100, 4, &e), 4);
	ck_assert_int_eq(cache_sweep(c, NOW + 100, 64, &e), 6);
	ck_assert_int_eq(cache_stats(c, &stats, &e), 0);
	ck_assert_uint_eq(stats.entries, 0);
	cache_close(&c);
}
END_TEST

/* Change one byte of the first entry's chunk, or remove the chunk. */
static void
damage(unsigned char chunk, int remove)
{
	static const char *const tables[] = { "body" };
	unsigned char name[12] = { [7] = 1, [11] = chunk };
	MDB_val key = { sizeof name, name }, value;
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
	struct cache *c = open_cache(CACHE_WRITE);
	struct sbuf body = { 0 };

	put(c, 1, 3 * CACHE_CHUNK);
	ck_assert_int_eq(get(c, 1, NOW, &body), 1);
	sbuf_clear(&body);
	cache_close(&c);
	damage((unsigned char)(_i % 3), _i >= 3);
	c = open_cache(CACHE_WRITE);
	ck_assert_int_eq(get(c, 1, NOW, &body), 0);
	ck_assert_uint_eq(body.len, 0);
	put(c, 1, 10);
	ck_assert_int_eq(get(c, 1, NOW, &body), 1);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(hits_are_counted)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_entry want = entry_of(1), found;
	struct sbuf body = { 0 };

	put(c, 1, 10);
	ck_assert_int_ge(cache_count_hits(c, want.key, 3, &e), 0);
	ck_assert_int_ge(cache_count_hits(c, want.key, 2, &e), 0);
	ck_assert_int_eq(cache_get(c, want.key, NOW, &found, &body, &e), 1);
	ck_assert_uint_eq(found.hits, 5);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(a_number_is_never_used_twice)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct cache_entry entry = entry_of(1);
	uint64_t first;

	ck_assert_int_eq(cache_put(c, &entry, SLICE("a"), &e), 0);
	first = entry.gen;
	ck_assert_int_eq(cache_clear(c, &e), 1);
	cache_close(&c);
	c = open_cache(CACHE_WRITE);
	ck_assert_int_eq(cache_put(c, &entry, SLICE("a"), &e), 0);
	ck_assert_uint_gt(entry.gen, first);
	ck_assert_int_eq(cache_del(c, entry.key, &e), 1);
	ck_assert_int_eq(cache_del(c, entry.key, &e), 0);
	cache_close(&c);
}
END_TEST

START_TEST(an_aborted_batch_leaves_nothing)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct sbuf body = { 0 };

	ck_assert_int_eq(cache_begin(c, &e), 0);
	put(c, 1, 10);
	cache_abort(c);
	ck_assert_int_eq(get(c, 1, NOW, &body), 0);
	ck_assert_int_eq(cache_begin(c, &e), 0);
	put(c, 1, 10);
	put(c, 2, 10);
	ck_assert_int_eq(cache_commit(c, &e), 0);
	ck_assert_int_eq(get(c, 2, NOW, &body), 1);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(a_reset_forgets)
{
	struct cache *c = open_cache(CACHE_WRITE);
	struct sbuf body = { 0 };

	put(c, 1, 10);
	cache_close(&c);
	c = open_cache(CACHE_WRITE);
	ck_assert_int_eq(get(c, 1, NOW, &body), 1);
	cache_close(&c);
	c = open_cache(CACHE_RESET);
	ck_assert_int_eq(get(c, 1, NOW, &body), 0);
	sbuf_free(&body);
	cache_close(&c);
}
END_TEST

START_TEST(keys_are_walked_newest_first)
{
	struct cache *c = open_cache(CACHE_WRITE);
	unsigned char key[CACHE_KEY_SIZE];
	uint64_t at = 0;
	unsigned number;

	for (unsigned i = 0; i < 5; i++)
		put(c, i, 10);
	for (unsigned i = 5; i > 0; i--) {
		ck_assert_int_eq(cache_next_key(c, &at, key, &e), 1);
		memcpy(&number, key, sizeof number);
		ck_assert_uint_eq(number, i - 1);
	}
	ck_assert_int_eq(cache_next_key(c, &at, key, &e), 0);
	cache_close(&c);
}
END_TEST

START_TEST(another_process_reads)
{
	struct cache *c = open_cache(CACHE_WRITE);
	int status;
	pid_t pid;

	put(c, 1, 40000);
	cache_close(&c);
	pid = fork();
	if (pid == 0) {
		struct sbuf body = { 0 };
		struct cache *reader = open_cache(CACHE_READ);
		int ok = get(reader, 1, NOW, &body) == 1 && body.len == 40000;

		sbuf_free(&body);
		cache_close(&reader);
		_exit(ok ? 0 : 1);
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

	tcase_add_checked_fixture(t, scratch_make, scratch_remove);
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
	tcase_add_test(t, keys_are_walked_newest_first);
	tcase_add_test(t, another_process_reads);
	suite_add_tcase(s, t);
	return s;
}

/* Groups and provider keys: what comes out is what went in, or nothing. */

#include "tests/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "store/ask.h"
#include "store/env.h"
#include "store/objects.h"
#include "tests/store/scratch.h"

#define MAP_SIZE (16u << 20)

static struct objects *objects;
static struct sbuf buf;
static struct err e;

static void
setup(void)
{
	scratch_make();
	objects = objects_open_writer(scratch_dir, MAP_SIZE, &e);
	ck_assert_msg(objects != NULL, "%s", e.text);
}

static void
teardown(void)
{
	objects_close(&objects);
	sbuf_free(&buf);
	scratch_remove();
}

static const struct integration_def key = {
	.id = SLICE("int_4f0c2a"),
	.provider = SLICE("openai"),
	.name = SLICE("main"),
	.available_models = SLICE("a\0b\0"),
	.exclude_models = SLICE("c\0"),
	.sealed = SLICE("sealed\0bytes"),
	.environment = ENV_BOTH,
	.enabled = 1,
	.weight_nano = 1,
	.created_s = 2,
	.updated_s = 3,
	.version = 7,
};

static void
check_key(const struct integration_def *d, uint64_t version)
{
	ck_assert(slice_eq(d->id, key.id));
	ck_assert(slice_eq(d->provider, key.provider));
	ck_assert(slice_eq(d->name, key.name));
	ck_assert(slice_eq(d->available_models, key.available_models));
	ck_assert(slice_eq(d->exclude_models, key.exclude_models));
	ck_assert(slice_eq(d->sealed, key.sealed));
	ck_assert_int_eq(d->environment, ENV_BOTH);
	ck_assert_int_eq(d->enabled, 1);
	ck_assert_int_eq(d->weight_nano, 1);
	ck_assert_int_eq(d->created_s, 2);
	ck_assert_int_eq(d->updated_s, 3);
	ck_assert_uint_eq(d->version, version);
}

START_TEST(test_integration)
{
	struct integration_def d;

	for (uint64_t version = 1; version < 3; version++) {
		ck_assert_int_eq(objects_begin(objects, &e), 0);
		ck_assert_int_eq(objects_integration_put(objects, &key, &e), 0);
		ck_assert_int_eq(objects_commit(objects, &e), 0);
		ck_assert_int_eq(objects_integration_get(objects, key.id, &buf,
				     &d, &e),
		    1);
		check_key(&d, version);
	}
	ck_assert_int_eq(objects_integration_next(objects, SLICE(""), &buf, &d,
			     &e),
	    1);
	check_key(&d, 2);
	ck_assert_int_eq(objects_integration_next(objects, d.id, &buf, &d, &e),
	    0);
	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_integration_del(objects, key.id, &e), 1);
	ck_assert_int_eq(objects_integration_del(objects, key.id, &e), 0);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
	ck_assert_int_eq(objects_integration_get(objects, key.id, &buf, &d, &e),
	    0);
}
END_TEST

/* A store that an older version made is read as one without any. */
START_TEST(test_older_store)
{
	static const char *const tables[] = { "organizations", "keys",
		"customers", "counters" };
	char path[96];
	struct integration_def d;
	struct group_def g;
	struct objects *old;
	struct env *env;

	snprintf(path, sizeof path, "%s/old", scratch_dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	env = env_open(&(struct env_options){ .path = path,
			   .name = "objects",
			   .tables = tables,
			   .tables_n = COUNT(tables),
			   .size_bytes = MAP_SIZE,
			   .writer = true },
	    &e);
	ck_assert_msg(env != NULL, "%s", e.text);
	env_close(&env);
	old = objects_open_reader(path, &e);
	ck_assert_msg(old != NULL, "%s", e.text);
	ck_assert_int_eq(objects_integration_next(old, SLICE(""), &buf, &d, &e),
	    0);
	ck_assert_int_eq(objects_group_get(old, SLICE("g"), &buf, &g, &e), 0);
	ck_assert_int_eq(objects_keys_count(old, &e), 0);
	objects_close(&old);
	old = objects_open_writer(path, MAP_SIZE, &e);
	ck_assert_msg(old != NULL, "%s", e.text);
	ck_assert_int_eq(objects_begin(old, &e), 0);
	ck_assert_int_eq(objects_integration_put(old, &key, &e), 0);
	ck_assert_int_eq(objects_commit(old, &e), 0);
	ck_assert_int_eq(objects_integration_get(old, key.id, &buf, &d, &e), 1);
	objects_close(&old);
}
END_TEST

/* A group of n models, each with so many sealed bytes. */
static struct group_def
group_of(const char *id, unsigned n, size_t sealed_n, struct sbuf *entries)
{
	static char bytes[STORED_MAX];
	struct group_entry one = { .model = SLICE("gpt-4o"),
		.sealed = { bytes, sealed_n } };

	sbuf_clear(entries);
	for (unsigned i = 0; i < n; i++) {
		one.weight_nano = i + 1;
		group_entry_pack(entries, &one);
	}
	return (struct group_def){ .id = slice_str(id),
		.name = SLICE("chat-default"),
		.entries = sbuf_slice(entries),
		.fallback_models = SLICE("x\0"),
		.created_s = 5,
		.updated_s = 6 };
}

START_TEST(test_group)
{
	struct sbuf entries = { 0 };
	struct group_def g = group_of("lbg_1", STORED_MODELS, 9, &entries), d;
	struct group_entry one;
	struct slice rest;
	unsigned n = 0;

	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_group_put(objects, &g, &e), 0);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
	ck_assert_int_eq(objects_group_get(objects, g.id, &buf, &d, &e), 1);
	ck_assert(slice_eq(d.name, g.name));
	ck_assert(slice_eq(d.fallback_models, g.fallback_models));
	ck_assert_int_eq(d.created_s, 5);
	ck_assert_int_eq(d.updated_s, 6);
	ck_assert_uint_eq(d.version, 1);
	rest = d.entries;
	while (group_entry_next(&rest, &one)) {
		ck_assert(slice_eq(one.model, SLICE("gpt-4o")));
		ck_assert_uint_eq(one.sealed.n, 9);
		ck_assert_int_eq(one.weight_nano, ++n);
	}
	ck_assert_uint_eq(n, STORED_MODELS);
	ck_assert_int_eq(objects_group_next(objects, SLICE(""), &buf, &d, &e),
	    1);
	ck_assert_int_eq(objects_group_next(objects, d.id, &buf, &d, &e), 0);
	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_group_del(objects, g.id, &e), 1);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
	ck_assert_int_eq(objects_group_next(objects, SLICE(""), &buf, &d, &e),
	    0);
	sbuf_free(&entries);
}
END_TEST

START_TEST(test_too_large)
{
	struct sbuf entries = { 0 };
	struct group_def g = group_of("lbg_1", 64, 500, &entries);

	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_group_put(objects, &g, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID_VALUE);
	g = group_of("lbg_1", 64, 400, &entries);
	ck_assert_int_eq(objects_group_put(objects, &g, &e), 0);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
	sbuf_clear(&buf);
	group_pack(&buf, &g);
	ck_assert_uint_lt(buf.len + 5, ASK_MAX);
	sbuf_free(&entries);
}
END_TEST

/* Every record that is cut short, or has more, is none. */
START_TEST(test_cut)
{
	struct sbuf entries = { 0 }, b = { 0 };
	struct group_def g = group_of("lbg_1", 2, 3, &entries), got;
	struct integration_def d;

	integration_pack(&b, &key);
	for (size_t n = 0; n < b.len; n++)
		ck_assert(!integration_unpack((struct slice){ b.data, n }, &d));
	ck_assert(integration_unpack(sbuf_slice(&b), &d));
	sbuf_addc(&b, 'x');
	ck_assert(!integration_unpack(sbuf_slice(&b), &d));
	sbuf_clear(&b);
	group_pack(&b, &g);
	for (size_t n = 0; n < b.len; n++)
		ck_assert(!group_unpack((struct slice){ b.data, n }, &got));
	ck_assert(group_unpack(sbuf_slice(&b), &got));
	b.data[0] = 9;
	ck_assert(!group_unpack(sbuf_slice(&b), &got));
	sbuf_free(&b);
	sbuf_free(&entries);
}
END_TEST

#define WRONG(title, member, value)                                            \
	{                                                                      \
		title,                                                         \
		{                                                              \
			.id = SLICE("i"), .provider = SLICE("p"),              \
			.sealed = SLICE("s"), .weight_nano = 1,                \
			.member = value                                        \
		}                                                              \
	}

static const struct {
	const char *title;
	struct integration_def def;
} wrong_keys[] = {
	WRONG("environment below", environment, -1),
	WRONG("environment above", environment, 3),
	WRONG("neither on nor off", enabled, 2),
	WRONG("a list without its end", available_models, SLICE("a")),
	WRONG("the other list", exclude_models, SLICE("a\0b")),
	{ "no weight", { .id = SLICE("i"),
			   .provider = SLICE("p"),
			   .sealed = SLICE("s") } },
	{ "no credentials",
	    { .id = SLICE("i"), .provider = SLICE("p"), .weight_nano = 1 } },
	{ "no provider",
	    { .id = SLICE("i"), .sealed = SLICE("s"), .weight_nano = 1 } },
	{ "no id", { .provider = SLICE("p"),
		       .sealed = SLICE("s"),
		       .weight_nano = 1 } },
	{ "an id with a blank", { .id = SLICE("a b"),
				    .provider = SLICE("p"),
				    .sealed = SLICE("s"),
				    .weight_nano = 1 } },
};

START_TEST(test_wrong_keys)
{
	struct integration_def d;

	integration_pack(&buf, &wrong_keys[_i].def);
	ck_assert_msg(!integration_unpack(sbuf_slice(&buf), &d), "%s",
	    wrong_keys[_i].title);
	sbuf_free(&buf);
}
END_TEST

START_TEST(test_wrong_groups)
{
	struct sbuf entries = { 0 };
	struct group_def g = group_of("lbg_1", 0, 0, &entries), d;

	group_pack(&buf, &g);
	ck_assert(!group_unpack(sbuf_slice(&buf), &d));
	g = group_of("lbg_1", STORED_MODELS + 1, 0, &entries);
	sbuf_clear(&buf);
	group_pack(&buf, &g);
	ck_assert(!group_unpack(sbuf_slice(&buf), &d));
	g = group_of("lbg_1", 2, 0, &entries);
	g.entries.n--;
	sbuf_clear(&buf);
	group_pack(&buf, &g);
	ck_assert(!group_unpack(sbuf_slice(&buf), &d));
	sbuf_clear(&entries);
	group_entry_pack(&entries, &(struct group_entry){ .weight_nano = 1 });
	g.entries = sbuf_slice(&entries);
	sbuf_clear(&buf);
	group_pack(&buf, &g);
	ck_assert(!group_unpack(sbuf_slice(&buf), &d));
	sbuf_free(&entries);
}
END_TEST

START_TEST(test_places)
{
	struct integration_def other = key;
	struct sbuf b = { 0 };

	stored_place_integration(&b, &key);
	ck_assert_str_eq(b.data, "integration/int_4f0c2a/openai");
	other.provider = SLICE("xai");
	sbuf_clear(&b);
	stored_place_integration(&b, &other);
	ck_assert_str_eq(b.data, "integration/int_4f0c2a/xai");
	sbuf_clear(&b);
	stored_place_entry(&b, SLICE("lbg_1"), SLICE("azure/gpt-4o"));
	ck_assert_str_eq(b.data, "group/lbg_1/azure/gpt-4o");
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("store/defs_stored");
	TCase *tc = tcase_create("stored");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_integration);
	tcase_add_test(tc, test_older_store);
	tcase_add_test(tc, test_group);
	tcase_add_test(tc, test_too_large);
	tcase_add_test(tc, test_cut);
	tcase_add_loop_test(tc, test_wrong_keys, 0, COUNT(wrong_keys));
	tcase_add_test(tc, test_wrong_groups);
	tcase_add_test(tc, test_places);
	suite_add_tcase(s, tc);
	return s;
}

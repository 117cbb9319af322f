/* Changes of groups and provider keys, asked of a living keeper. */

#include "tests/suite.h"

#include "shm/gen.h"
#include "tests/keeper/world.h"

/* What is there: "lbg_1", named "one", version 2; "int_1", version 1. */
static char
put_group(const char *id, const char *name, uint64_t version)
{
	struct group_entry entry = { .model = SLICE("gpt-4o"),
		.weight_nano = 1 };
	struct sbuf entries = { 0 }, body = { 0 };
	struct group_def d = { .id = slice_str(id),
		.name = slice_str(name),
		.version = version };
	char code;

	group_entry_pack(&entries, &entry);
	d.entries = sbuf_slice(&entries);
	group_pack(&body, &d);
	code = world_ask(ASK_GROUP_PUT, sbuf_slice(&body));
	sbuf_free(&entries);
	sbuf_free(&body);
	return code;
}

static char
put_key(const char *id, uint64_t version, size_t sealed_n)
{
	static char sealed[STORED_MAX];
	struct integration_def d = { .id = slice_str(id),
		.provider = SLICE("openai"),
		.sealed = { sealed, sealed_n },
		.weight_nano = 1,
		.version = version };
	struct sbuf body = { 0 };
	char code;

	integration_pack(&body, &d);
	code = world_ask(ASK_INTEGRATION_PUT, sbuf_slice(&body));
	sbuf_free(&body);
	return code;
}

static void
begin(void)
{
	world_start();
	ck_assert_int_eq(put_group("lbg_1", "one", 0), ASK_DONE);
	ck_assert_int_eq(put_group("lbg_1", "one", 1), ASK_DONE);
	ck_assert_int_eq(put_key("int_1", 0, 40), ASK_DONE);
}

static const struct {
	const char *title, *id, *name;
	uint64_t version;
	char answer;
} groups[] = {
	{ "a second one", "lbg_2", "two", 0, ASK_DONE },
	{ "without a name", "lbg_2", "", 0, ASK_DONE },
	{ "the same again", "lbg_1", "one", 2, ASK_DONE },
	{ "another name", "lbg_1", "eins", 2, ASK_DONE },
	{ "new, but it is there", "lbg_1", "one", 0, ASK_CHANGED },
	{ "changed since", "lbg_1", "one", 1, ASK_CHANGED },
	{ "gone since", "lbg_2", "two", 1, ASK_CHANGED },
	{ "a name of another", "lbg_2", "one", 0, ASK_FAILED },
	{ "a name of the file", "lbg_2", "File", 0, ASK_FAILED },
	{ "an id of the file", "filegroup", "two", 0, ASK_FAILED },
	{ "an id that is none", "a b", "two", 0, ASK_FAILED },
};

START_TEST(test_groups)
{
	uint64_t generation;
	char answer = groups[_i].answer;

	begin();
	generation = gen_get(world.seg, GEN_GROUPS);
	ck_assert_msg(put_group(groups[_i].id, groups[_i].name,
			  groups[_i].version) == answer,
	    "%s", groups[_i].title);
	ck_assert_uint_eq(gen_get(world.seg, GEN_GROUPS) - generation,
	    answer == ASK_DONE ? 1 : 0);
}
END_TEST

static const struct {
	const char *title, *id;
	uint64_t version;
	size_t sealed_n;
	char answer;
} keys[] = {
	{ "a second one", "int_2", 0, 40, ASK_DONE },
	{ "the same again", "int_1", 1, 40, ASK_DONE },
	{ "new, but it is there", "int_1", 0, 40, ASK_CHANGED },
	{ "changed since", "int_1", 2, 40, ASK_CHANGED },
	{ "gone since", "int_2", 1, 40, ASK_CHANGED },
	{ "nothing sealed", "int_2", 0, 0, ASK_FAILED },
	{ "too long", "int_2", 0, STORED_MAX - 60, ASK_FAILED },
};

START_TEST(test_keys)
{
	uint64_t generation;
	char answer = keys[_i].answer;

	begin();
	generation = gen_get(world.seg, GEN_CREDENTIALS);
	ck_assert_msg(put_key(keys[_i].id, keys[_i].version,
			  keys[_i].sealed_n) == answer,
	    "%s", keys[_i].title);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CREDENTIALS) - generation,
	    answer == ASK_DONE ? 1 : 0);
}
END_TEST

START_TEST(test_delete)
{
	uint64_t keys_at, groups_at;

	begin();
	keys_at = gen_get(world.seg, GEN_CREDENTIALS);
	groups_at = gen_get(world.seg, GEN_GROUPS);
	ck_assert_int_eq(world_ask(ASK_INTEGRATION_DELETE, SLICE("int_2")),
	    ASK_NONE);
	ck_assert_int_eq(world_ask(ASK_INTEGRATION_DELETE, SLICE("")),
	    ASK_NONE);
	ck_assert_int_eq(world_ask(ASK_GROUP_DELETE, SLICE("one")), ASK_NONE);
	ck_assert_int_eq(world_ask(ASK_GROUP_DELETE, SLICE("filegroup")),
	    ASK_FAILED);
	ck_assert_int_eq(world_ask(ASK_INTEGRATION_PUT, SLICE("junk")),
	    ASK_FAILED);
	ck_assert_int_eq(world_ask(ASK_GROUP_PUT, SLICE("junk")), ASK_FAILED);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CREDENTIALS), keys_at);
	ck_assert_uint_eq(gen_get(world.seg, GEN_GROUPS), groups_at);
	ck_assert_int_eq(world_ask(ASK_INTEGRATION_DELETE, SLICE("int_1")),
	    ASK_DONE);
	ck_assert_int_eq(world_ask(ASK_GROUP_DELETE, SLICE("lbg_1")), ASK_DONE);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CREDENTIALS), keys_at + 1);
	ck_assert_uint_eq(gen_get(world.seg, GEN_GROUPS), groups_at + 1);
	ck_assert_int_eq(put_group("lbg_2", "one", 0), ASK_DONE);
}
END_TEST

/* What was acknowledged is there after a death, what was refused is not. */
START_TEST(test_killed)
{
	begin();
	ck_assert_int_eq(put_key("int_1", 7, 40), ASK_CHANGED);
	world_kill();
	world_start();
	ck_assert_int_eq(put_group("lbg_1", "one", 2), ASK_DONE);
	ck_assert_int_eq(put_key("int_1", 1, 40), ASK_DONE);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("stored");
	TCase *t = tcase_create("stored");

	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_loop_test(t, test_groups, 0, COUNT(groups));
	tcase_add_loop_test(t, test_keys, 0, COUNT(keys));
	tcase_add_test(t, test_delete);
	tcase_add_test(t, test_killed);
	suite_add_tcase(s, t);
	return s;
}

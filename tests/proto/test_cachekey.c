/* The golden vectors of spec/cache.md 2, and which requests share a key. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/sbuf.h"
#include "proto/cachekey.h"
#include "proto/jscan.h"

#define BODY                                                                   \
	"{\"temperature\":1.0,\"messages\":[{\"role\":\"user\","               \
	"\"content\":\"Hello\"}]}"

static const struct row {
	const char *title, *body, *model, *customer, *key;
} rows[] = {
	{ "no option", BODY, "", "",
	    "fc0f8d0bee09d9c013dc5887d4b66ae3fa1c8e645816d1f99e60eb2bf94d20b"
	    "e" },
	{ "by model", BODY, "gpt-4o-mini", "",
	    "13af7f7b609a10d20e23e37848724e480884920ccc0e991e663f00162fa95cf"
	    "c" },
	{ "by customer", BODY, "", "user_123",
	    "452c24b56e2494734976196f6f41dc6ec85ba2318a734544828d372cc562867"
	    "7" },
	{ "by both", BODY, "gpt-4o-mini", "user_123",
	    "e10b3225b6a8fb6428268ae07b4dfa07a792deaf783b40d3f77f72d5c31b73b"
	    "5" },
	{ "what does not change the answer",
	    "{\"model\":\"x\",\"stream\":true,\"user\":\"u\",\"metadata\":{},"
	    "\"stream_options\":{\"include_usage\":true},\"store\":false,"
	    "\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\","
	    "\"prompt_cache_retention\":\"24h\",\"timeout\":5,"
	    "\"extra_headers\":{},"
	    "\"service_tier\":\"auto\",\"messages\":[{\"content\":"
	    "\"\\u0048ello\",\"role\":\"user\"}],\"temperature\":1e0}",
	    "", "",
	    "fc0f8d0bee09d9c013dc5887d4b66ae3fa1c8e645816d1f99e60eb2bf94d20b"
	    "e" },
};

static void
make(const char *body, const char *model, const char *customer, char *hex)
{
	struct jscan_item members[16];
	struct cachekey k = { .organization = SLICE("default"),
		.environment = SLICE("prod"),
		.family = SLICE("chat"),
		.members = members,
		.model = slice_str(model),
		.customer = slice_str(customer) };
	unsigned char key[DIGEST_SIZE];
	struct sbuf scratch = { 0 };
	struct err e;
	unsigned n;

	ck_assert_int_eq(jscan_object(slice_str(body), members, COUNT(members),
			     &n, &e),
	    0);
	k.n_members = n;
	cachekey_write(&k, &scratch);
	digest_sha256(scratch.data, scratch.len, key);
	hex_write(key, sizeof key, hex);
	sbuf_free(&scratch);
}

START_TEST(test_row)
{
	const struct row *r = &rows[_i];
	char hex[2 * DIGEST_SIZE + 1];

	make(r->body, r->model, r->customer, hex);
	ck_assert_msg(strcmp(hex, r->key) == 0, "%s: %s", r->title, hex);
}
END_TEST

static const char *const others[] = {
	"{\"temperature\":1,\"max_tokens\":5,\"messages\":[{\"role\":\"user\","
	"\"content\":\"Hello\"}]}",
	"{\"temperature\":0.5,\"messages\":[{\"role\":\"user\","
	"\"content\":\"Hello\"}]}",
	"{\"temperature\":1,\"messages\":[{\"role\":\"user\","
	"\"content\":\"hello\"}]}",
	"{\"temperature\":1,\"unknown\":1,\"messages\":[{\"role\":\"user\","
	"\"content\":\"Hello\"}]}",
};

START_TEST(test_other)
{
	char hex[2 * DIGEST_SIZE + 1];

	make(others[_i], "", "", hex);
	ck_assert_str_ne(hex, rows[0].key);
}
END_TEST

START_TEST(test_one_name)
{
	char a[2 * DIGEST_SIZE + 1], b[2 * DIGEST_SIZE + 1];

	make("{\"max_tokens\":5}", "", "", a);
	make("{\"max_completion_tokens\":5.0}", "", "", b);
	ck_assert_str_eq(a, b);
	make("{\"max\\u005fcompletion_tokens\":5,\"mod\\u0065l\":1}", "", "",
	    b);
	ck_assert_str_eq(a, b);
	make("{\"max_tokens\":5,\"max_completion_tokens\":6}", "", "", b);
	ck_assert_str_eq(a, b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/cachekey");
	TCase *tc = tcase_create("cachekey");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_other, 0, COUNT(others));
	tcase_add_test(tc, test_one_name);
	suite_add_tcase(s, tc);
	return s;
}

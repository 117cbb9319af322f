/* JSON in one spelling: spec/cache.md 2. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/canon.h"

static const struct row {
	const char *title, *json, *canon;
} rows[] = {
	{ "members sorted, blanks gone", " { \"b\" : 1 , \"a\" : [ 1 , 2 ] } ",
	    "{\"a\":[1,2],\"b\":1}" },
	{ "at every level", "[{\"z\":{\"y\":1,\"x\":2},\"a\":0}]",
	    "[{\"a\":0,\"z\":{\"x\":2,\"y\":1}}]" },
	{ "by bytes, the shorter first", "{\"ab\":1,\"a\":2,\"B\":3,\"\":4}",
	    "{\"\":4,\"B\":3,\"a\":2,\"ab\":1}" },
	{ "by UTF-8 bytes, not by UTF-16",
	    "{\"\\ud83d\\ude00\":1,\"\\uffee\":2}",
	    "{\"\xef\xbf\xae\":2,\"\xf0\x9f\x98\x80\":1}" },
	{ "an escaped name sorts as its text",
	    "{\"b\":1,\"\\u0061\":2,\"c\\n\":3}",
	    "{\"a\":2,\"b\":1,\"c\\u000a\":3}" },
	{ "escapes", "\"\\u0061\\/\\\"\\\\\\b\\f\\n\\r\\t\\u001f\\u007f\"",
	    "\"a/\\\"\\\\\\u0008\\u000c\\u000a\\u000d\\u0009\\u001f\x7f\"" },
	{ "text beyond ASCII", "\"\\u00e9\xc3\xa9\"", "\"\xc3\xa9\xc3\xa9\"" },
	{ "a whole double", "[1.0,1,1e0,10e-1,-0,-0.0,0]", "[1,1,1,1,0,0,0]" },
	{ "a fraction", "[0.1,1e-1,0.10,-2.5]", "[0.1,0.1,0.1,-2.5]" },
	{ "seventeen digits", "0.30000000000000004", "0.30000000000000004" },
	{ "the last exact integers", "[9007199254740991,9007199254740991.0]",
	    "[9007199254740991,9007199254740991]" },
	{ "beyond them digits stay", "123456789012345678901234567890",
	    "123456789012345678901234567890" },
	{ "a large double", "[1e100,10e99]", "[1e+100,1e+100]" },
	{ "words", "[true,false,null]", "[true,false,null]" },
	{ "empty", "{\"a\":{},\"b\":[]}", "{\"a\":{},\"b\":[]}" },
};

START_TEST(test_row)
{
	const struct row *r = &rows[_i];
	struct sbuf b = { 0 }, again = { 0 };

	canon_write(&b, slice_str(r->json));
	ck_assert_msg(strcmp(b.data, r->canon) == 0, "%s: %s", r->title,
	    b.data);
	canon_write(&again, sbuf_slice(&b));
	ck_assert_str_eq(again.data, b.data);
	sbuf_free(&b);
	sbuf_free(&again);
}
END_TEST

START_TEST(test_members)
{
	static const struct slice object =
	    SLICE("{\"n\":1,\"d\\u0065ep\":{\"z\":[],\"y\":2},\"max\":5,"
		  "\"max\":6,\"\":\"\\/\"}");
	struct jscan_item items[8];
	struct sbuf b = { 0 };
	struct err e;
	unsigned n;

	ck_assert_int_eq(jscan_object(object, items, 8, &n, &e), 0);
	canon_write_members(&b, items, n);
	ck_assert_str_eq(b.data,
	    "{\"\":\"/\",\"deep\":{\"y\":2,\"z\":[]},\"max\":5,\"n\":1}");
	sbuf_clear(&b);
	canon_write_members(&b, items, 0);
	ck_assert_str_eq(b.data, "{}");
	sbuf_free(&b);
}
END_TEST

/* Found in the members, below them, and by any spelling of the name. */
static const struct {
	struct slice object;
	bool secret;
} naming[] = {
	{ SLICE("{\"a\":\"api_key\",\"b\":[\"authorization\"]}"), false },
	{ SLICE("{\"my_api_key\":1,\"api_keys\":2}"), false },
	{ SLICE("{\"api_key\":\"S\"}"), true },
	{ SLICE("{\"API_Key\":\"S\"}"), true },
	{ SLICE("{\"\\u0061pi_key\":\"S\"}"), true },
	{ SLICE("{\"a\":[1,{\"b\":{\"Authorization\":null}}]}"), true },
	{ SLICE("{\"a\":{\"b\":\"c\",\"api_key\":\"d\"},\"padding\":"
		"\"so that one look at a name does not end behind all\"}"),
	    true },
	{ SLICE("{\"a\":{\"authorizatio\\u006e\":{}}}"), true },
	{ SLICE("{\"a\":[{\"role\":\"a\",\"content\":\"b\"},{\"role\":\"a\","
		"\"content\":\"b\",\"api_key\":\"c\"},{\"role\":\"a\","
		"\"content\":\"a longer text, far beyond one look\"}]}"),
	    true },
};

START_TEST(test_naming)
{
	struct jscan_item items[8];
	struct sbuf b = { 0 };
	struct err e;
	unsigned n;

	ck_assert_int_eq(jscan_object(naming[_i].object, items, 8, &n, &e), 0);
	ck_assert(canon_write_members(&b, items, n) == naming[_i].secret);
	sbuf_free(&b);
}
END_TEST

/* Objects that begin alike, and end in many ways. */
static const char *const alike[] = {
	"{\"role\": \"user\", \"content\": \"a\"}",
	"{\"role\": \"user\", \"content\": \"\\u0061\\n\" }",
	"{\"role\": \"user\", \"content\": \"a text that is longer than a block"
	" of the scan and then some more\"}",
	"{\"role\": \"user\", \"content\": \"a\", \"name\": \"n\"}",
	"{\"role\": \"user\", \"content\": \"a\", \"role\": \"z\"}",
	"{\"role\": \"user\", \"content\": [\"a\"]}",
	"{\"role\": \"user\", \"content\": 1}",
	"{\"role\":\"tool\",\"content\":\"b\"}",
	"{\"role\":\"tool\",\"content\":\"\"}",
	"{\"content\": \"c\", \"role\": \"user\"}",
	"{\"content\": \"d\", \"role\": \"user\"}",
	"{\"type\": \"text\", \"text\": \"e\"}",
	"{\"type\": \"text\", \"text\": \"f\"}",
	"{\"b\": \"x\", \"b\": \"y\"}",
	"{\"b\": \"x\", \"b\": \"z\"}",
	"{\"b\": \"x\", \"a\": \"y\"}",
	"{\"b\": \"x\", \"a\": {\"b\": \"x\", \"a\": \"y\"}}",
	"{\"b\": \"x\", \"a\\n\": \"y\"}",
	"{\"b\": \"x\\n\", \"a\": \"y\"}",
	"{\"z-a name that is longer than one look of the scan\": \"x\","
	" \"a\": \"y\"}",
	"{\"b\": \"x\"}",
	"[]",
	"1",
};

/* An array is written as its elements are, whatever came before them. */
START_TEST(test_alike)
{
	struct sbuf all = { 0 }, one = { 0 }, text = { 0 }, want = { 0 };
	unsigned seed = 1;

	for (unsigned turn = 0; turn < 20000; turn++) {
		sbuf_clear(&all);
		sbuf_clear(&text);
		sbuf_clear(&want);
		for (unsigned i = 0; i < 2 + turn % 6; i++) {
			const char *element;

			seed = seed * 1103515245 + 12345;
			element = alike[(seed >> 16) % COUNT(alike)];
			sbuf_addf(&text, "%s%s", i > 0 ? ", " : "[", element);
			sbuf_clear(&one);
			canon_write(&one, slice_str(element));
			sbuf_addf(&want, "%s%s", i > 0 ? "," : "[", one.data);
		}
		sbuf_adds(&text, "]");
		sbuf_adds(&want, "]");
		canon_write(&all, sbuf_slice(&text));
		ck_assert_str_eq(all.data, want.data);
	}
	sbuf_free(&all);
	sbuf_free(&one);
	sbuf_free(&text);
	sbuf_free(&want);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/canon");
	TCase *tc = tcase_create("canon");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_members);
	tcase_add_loop_test(tc, test_naming, 0, COUNT(naming));
	tcase_add_test(tc, test_alike);
	suite_add_tcase(s, tc);
	return s;
}

/* Vectors as floats and as base64, and RFC 4648's own examples. */

#include "tests/suite.h"

#include "base/sbuf.h"
#include "proto/base64.h"
#include "proto/vector.h"

static const struct {
	const char *bytes, *text;
} examples[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/" },
};

START_TEST(writes_the_examples)
{
	struct sbuf b = { 0 };

	sbuf_adds(&b, "=");
	base64_write(&b, slice_str(examples[_i].bytes));
	ck_assert(slice_eq(slice_skip(sbuf_slice(&b), 1),
	    slice_str(examples[_i].text)));
	sbuf_free(&b);
}
END_TEST

/* 1.0 is 0000803f, -2 is 000000c0, 0.1 rounds to cdcccc3d. */
static const struct {
	const char *title, *array, *floats, *base64;
} rows[] = {
	{ "none", "[]", "[]", "\"\"" },
	{ "one", "[1]", "[1]", "\"AACAPw==\"" },
	{ "its own bytes stay", "[ 1.0 ,\n-2e0,0.1]", "[ 1.0 ,\n-2e0,0.1]",
	    "\"AACAPwAAAMDNzMw9\"" },
	{ "to the nearest float", "[0.10000000149011612]",
	    "[0.10000000149011612]", "\"zczMPQ==\"" },
	{ "the last bit", "[0.100000009]", "[0.100000009]", "\"zszMPQ==\"" },
	{ "too small is nothing", "[1e-99,-0]", "[1e-99,-0]",
	    "\"AAAAAAAAAIA=\"" },
	{ "the largest", "[3.4028234663852886e38]", "[3.4028234663852886e38]",
	    "\"//9/fw==\"" },
	{ "too large", "[1e39]", NULL, NULL },
	{ "a text", "[1,\"2\"]", NULL, NULL },
	{ "a vector in a vector", "[[1]]", NULL, NULL },
	{ "null", "[null]", NULL, NULL },
};

START_TEST(writes_both_forms)
{
	const char *wanted[] = { rows[_i].floats, rows[_i].base64 };
	struct sbuf b = { 0 };
	int got;

	for (int base64 = 0; base64 < 2; base64++) {
		sbuf_clear(&b);
		got = vector_write(slice_str(rows[_i].array), base64, &b);
		ck_assert_msg(got == (wanted[base64] != NULL), "%s",
		    rows[_i].title);
		if (got)
			ck_assert_msg(slice_eq(sbuf_slice(&b),
					  slice_str(wanted[base64])),
			    "%s: %.*s", rows[_i].title,
			    SLICE_ARGS(sbuf_slice(&b)));
	}
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("vector");
	TCase *t = tcase_create("vector");

	tcase_add_loop_test(t, writes_the_examples, 0, (int)COUNT(examples));
	tcase_add_loop_test(t, writes_both_forms, 0, (int)COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}

#include "proto/paramhdr.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/base64.h"
#include "tests/suite.h"

#define FAULT(why)                                                             \
	"Header X-Data-Respan-Params is not base64-encoded JSON: " why "."

static const struct {
	const char *title, *value, *json, *fault;
} cases[] = {
	{ "padded", "eyJjdXN0b21lcl9pZGVudGlmaWVyIjoidXNlcl8xMjMifQ==",
	    "{\"customer_identifier\":\"user_123\"}", NULL },
	{ "padding left out", "eyJjdXN0b21lcl9pZGVudGlmaWVyIjoidXNlcl8xMjMifQ",
	    "{\"customer_identifier\":\"user_123\"}", NULL },
	{ "blanks around", "  eyJhIjoxfQ== ", "{\"a\":1}", NULL },
	{ "JSON itself", "{\"a\":1}", "{\"a\":1}", NULL },
	{ "standard alphabet",
	    "eyJhIjoiw7/Dvz4ifQ==", "{\"a\":\"\xc3\xbf\xc3\xbf>\"}", NULL },
	{ "URL-safe alphabet",
	    "eyJhIjoiw7_Dvz4ifQ==", "{\"a\":\"\xc3\xbf\xc3\xbf>\"}", NULL },
	{ "both alphabets", "eyJhIjoiw7/Dv_4ifQ==", NULL,
	    FAULT("invalid character at position 13") },
	{ "a bad character", "eyJhIjo!fQ==", NULL,
	    FAULT("invalid character at position 7") },
	{ "white space inside", "eyJh IjoxfQ==", NULL,
	    FAULT("invalid padding at position 13") },
	{ "white space inside, no padding", "eyJh IjoxfQ", NULL,
	    FAULT("invalid character at position 4") },
	{ "half a padding", "eyJhIjoxfQ=", NULL,
	    FAULT("invalid padding at position 11") },
	{ "unused bits", "eyJhIjoxfR==", NULL,
	    FAULT("unused bits are set at position 9") },
	{ "empty", "", NULL, FAULT("empty value at position 0") },
	{ "an array", "W10=", NULL, FAULT("not a JSON object") },
	{ "no JSON", "aGVsbG8=", NULL, FAULT("unexpected byte at byte 0") },
	{ "cut JSON", "{\"a\":", NULL, FAULT("unexpected end at byte 5") },
	{ "twice the same", "{\"a\":1,\"a\":2}", NULL,
	    "Duplicate parameter: 'a'." },
};

START_TEST(decodes)
{
	struct pool *pool = pool_new();
	struct jscan_body object;
	struct err e = { .kind = ERR_NONE };
	int rc =
	    paramhdr_read(0, slice_str(cases[_i].value), pool, &object, &e);

	if (cases[_i].json != NULL) {
		ck_assert_msg(rc == 0, "%s: %s", cases[_i].title, e.text);
		ck_assert(slice_eq(object.text, slice_str(cases[_i].json)));
		ck_assert_uint_eq(object.n, 1);
	} else {
		ck_assert_int_eq(rc, -1);
		ck_assert_str_eq(e.text, cases[_i].fault);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(names_the_header)
{
	struct pool *pool = pool_new();
	struct jscan_body object;
	struct err e;

	ck_assert_int_eq(paramhdr_which(SLICE("x-data-respan-params")), 0);
	ck_assert_int_eq(paramhdr_which(SLICE("X-RESPAN-PARAMS")), 1);
	ck_assert_int_eq(paramhdr_which(SLICE("X-Data-Keywordsai-Params")), 2);
	ck_assert_int_eq(paramhdr_which(SLICE("X-Data-Respan-Param")), -1);
	ck_assert_int_eq(paramhdr_read(2, SLICE("?"), pool, &object, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID_PARAMS_HEADER);
	ck_assert_str_eq(e.param, "X-Data-Keywordsai-Params");
	pool_free(&pool);
}
END_TEST

START_TEST(limits_the_size)
{
	static char value[30000];
	struct pool *pool = pool_new();
	struct jscan_body object;
	struct err e;

	memset(value, ' ', sizeof value);
	value[0] = '{';
	value[PARAMHDR_DECODED_MAX - 1] = '}';
	ck_assert_int_eq(paramhdr_read(0,
			     (struct slice){ value, PARAMHDR_DECODED_MAX },
			     pool, &object, &e),
	    0);
	value[PARAMHDR_DECODED_MAX] = '}';
	ck_assert_int_eq(paramhdr_read(0,
			     (struct slice){ value, PARAMHDR_DECODED_MAX + 1 },
			     pool, &object, &e),
	    -1);
	memset(value, 'A', sizeof value);
	ck_assert_int_eq(paramhdr_read(0, (struct slice){ value, sizeof value },
			     pool, &object, &e),
	    -1);
	ck_assert(strstr(e.text, "more than 16384 bytes") != NULL);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("paramhdr");
	TCase *t = tcase_create("paramhdr");

	tcase_add_loop_test(t, decodes, 0, COUNT(cases));
	tcase_add_test(t, names_the_header);
	tcase_add_test(t, limits_the_size);
	suite_add_tcase(s, t);
	return s;
}

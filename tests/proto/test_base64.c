#include "tests/suite.h"

#include "base/sbuf.h"
#include "proto/base64.h"

/* RFC 4648 section 10, and all of the alphabet. */
static const struct {
	struct slice bytes;
	const char *text;
} writes[] = {
	{ SLICE(""), "" },
	{ SLICE("f"), "Zg==" },
	{ SLICE("fo"), "Zm8=" },
	{ SLICE("foo"), "Zm9v" },
	{ SLICE("foob"), "Zm9vYg==" },
	{ SLICE("fooba"), "Zm9vYmE=" },
	{ SLICE("foobar"), "Zm9vYmFy" },
	{ SLICE("\0"), "AA==" },
	{ SLICE("\377\377\377\376"), "/////g==" },
	{ SLICE("\0\020\203\020Q\207 \222\213"), "ABCDEFGHIJKL" },
	{ SLICE("\373\360\0"), "+/AA" },
};

START_TEST(test_base64_write)
{
	struct slice bytes = writes[_i].bytes;

	/* In pieces of whole groups too, behind what stands there. */
	for (size_t cut = 0; cut <= bytes.n; cut += 3) {
		struct sbuf b = { 0 };

		sbuf_adds(&b, "> ");
		base64_write(&b, (struct slice){ bytes.p, cut });
		base64_write(&b, slice_skip(bytes, cut));
		ck_assert_str_eq(b.data + 2, writes[_i].text);
		ck_assert_uint_eq(b.len, strlen(b.data));
		sbuf_free(&b);
	}
}
END_TEST

START_TEST(test_base64_again)
{
	char bytes[256 + 2], back[400];
	const char *reason;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7);
	for (size_t n = 1; n <= sizeof bytes; n++) {
		struct sbuf b = { 0 };
		size_t got;

		base64_write(&b, (struct slice){ bytes, n });
		ck_assert_int_eq(base64_read(sbuf_slice(&b), back, &got,
				     &reason),
		    1);
		ck_assert_uint_eq(got, n);
		ck_assert_mem_eq(back, bytes, n);
		sbuf_free(&b);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/base64");
	TCase *t = tcase_create("base64");

	tcase_add_loop_test(t, test_base64_write, 0, (int)COUNT(writes));
	tcase_add_test(t, test_base64_again);
	suite_add_tcase(s, t);
	return s;
}

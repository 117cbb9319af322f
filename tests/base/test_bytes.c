#include "tests/suite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/digest.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/sbuf.h"

static const struct {
	const char *title;
	struct slice in;
	const char *want;
} strings[] = {
	{ "plain", { "abc", 3 }, "\"abc\"" },
	{ "empty", { "", 0 }, "\"\"" },
	{ "quote and backslash", { "a\"b\\c", 5 }, "\"a\\\"b\\\\c\"" },
	{ "short escapes", { "\b\t\n\f\r", 5 }, "\"\\b\\t\\n\\f\\r\"" },
	{ "vertical tab has none", { "\v", 1 }, "\"\\u000b\"" },
	{ "NUL inside", { "a\0b", 3 }, "\"a\\u0000b\"" },
	{ "delete", { "\x7f", 1 }, "\"\\u007f\"" },
	{ "UTF-8 stays", { "\xc3\xa4\xe2\x82\xac", 5 },
	    "\"\xc3\xa4\xe2\x82\xac\"" },
};

START_TEST(test_json_string)
{
	struct sbuf b = { 0 };

	sbuf_add_json(&b, strings[_i].in);
	ck_assert_msg(strcmp(b.data, strings[_i].want) == 0, "%s: %s",
	    strings[_i].title, b.data);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_sbuf_grows)
{
	struct sbuf b = { 0 };
	char want[2000];

	for (size_t i = 0; i < sizeof want; i++) {
		want[i] = (char)('a' + i % 26);
		sbuf_add(&b, &want[i], 1);
		ck_assert_uint_eq(b.len, i + 1);
		ck_assert_int_eq(b.data[b.len], '\0');
	}
	ck_assert(memcmp(b.data, want, sizeof want) == 0);
	sbuf_consume(&b, 1990);
	ck_assert_uint_eq(b.len, 10);
	ck_assert(memcmp(b.data, want + 1990, 10) == 0);
	sbuf_consume(&b, 99);
	ck_assert_uint_eq(b.len, 0);
	sbuf_addf(&b, "%d-%s", 42, "x");
	sbuf_add_u64(&b, UINT64_MAX);
	ck_assert_str_eq(b.data, "42-x18446744073709551615");
	sbuf_free(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

/* What each call gives out stays apart and aligned, whatever the sizes. */
START_TEST(test_pool)
{
	struct pool *p = pool_new();
	unsigned char *got[200];

	for (size_t i = 0; i < 200; i++) {
		size_t size = 1 + i * 37 % 3000;

		got[i] = pool_alloc(p, size);
		ck_assert_uint_eq((uintptr_t)got[i] % 16, 0);
		memset(got[i], (int)i, size);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < 1 + i * 37 % 3000; k++)
			ck_assert_uint_eq(got[i][k], (unsigned char)i);
	pool_free(&p);
	ck_assert_ptr_null(p);
	pool_free(&p);
}
END_TEST

START_TEST(test_pool_fill)
{
	struct pool *pool = pool_new();
	struct slice url = SLICE("https://{region}.x/{region}"), got;

	got = pool_fill(pool, url, "{region}", SLICE("eu"));
	ck_assert_str_eq(got.p, "https://eu.x/{region}");
	ck_assert_uint_eq(got.n, strlen(got.p));
	ck_assert_str_eq(pool_fill(pool, url, "https", SLICE("")).p,
	    "://{region}.x/{region}");
	ck_assert_ptr_eq(pool_fill(pool, url, "none", SLICE("x")).p, url.p);
	pool_free(&pool);
}
END_TEST

START_TEST(test_pool_wipes_secrets)
{
	struct pool *p = pool_new();
	struct slice s = pool_secret(p, SLICE("sk-secret-of-a-provider"));
	char *bytes = (char *)(uintptr_t)s.p;

	ck_assert_str_eq(s.p, "sk-secret-of-a-provider");
	pool_free(&p);
	/* The block is kept for the next pool: it may be looked at. */
	p = pool_new();
	ck_assert(memmem(bytes - 16, 64, "secret", 6) == NULL);
	pool_free(&p);
}
END_TEST

START_TEST(test_crc32c)
{
	unsigned char bytes[300];

	/* RFC 3720 B.4 */
	ck_assert_uint_eq(crc32c("123456789", 9), 0xe3069283);
	random_bytes(bytes, sizeof bytes);
	for (size_t n = 0; n < sizeof bytes; n++)
		ck_assert_uint_eq(crc32c(bytes, n),
		    crc32c_portable(0, bytes, n));
	for (size_t n = 0; n < sizeof bytes; n++)
		ck_assert_uint_eq(crc32c_more(crc32c(bytes, n), bytes + n,
				      sizeof bytes - n),
		    crc32c(bytes, sizeof bytes));
}
END_TEST

START_TEST(test_hex)
{
	unsigned char id[16], back[16];
	char text[HEX_ID_SIZE], uuid[HEX_UUID_SIZE];

	for (int i = 0; i < 16; i++)
		id[i] = (unsigned char)(i * 17);
	hex_write(id, 16, text);
	ck_assert_str_eq(text, "00112233445566778899aabbccddeeff");
	hex_uuid(id, uuid);
	ck_assert_str_eq(uuid, "00112233-4455-6677-8899-aabbccddeeff");
	ck_assert_int_eq(hex_read(text, back, 16), 1);
	ck_assert(memcmp(id, back, 16) == 0);
	ck_assert_int_eq(hex_read("0G", back, 1), 0);
	ck_assert_int_eq(hex_read("g0", back, 1), 0);
}
END_TEST

START_TEST(test_digest)
{
	unsigned char got[DIGEST_SIZE], pieces[DIGEST_SIZE];
	struct digest *d = digest_new();
	char text[65];

	digest_sha256("abc", 3, got);
	hex_write(got, sizeof got, text);
	ck_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223"
			       "b00361a396177a9cb410ff61f20015ad");
	digest_start(d);
	digest_add(d, "a", 1);
	digest_add(d, "bc", 2);
	digest_end(d, pieces);
	ck_assert(digest_equal(got, pieces, sizeof got));
	pieces[31] ^= 1;
	ck_assert(!digest_equal(got, pieces, sizeof got));
	digest_free(&d);
}
END_TEST

/* RFC 4231, test cases 1, 2 and 6 (a key that is longer than a block). */
START_TEST(test_hmac)
{
	static const struct {
		unsigned char fill;
		size_t key_n;
		const char *key, *data, *hex;
	} cases[] = {
		{ 0x0b, 20, NULL, "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ 0, 4, "Jefe", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ 0xaa, 131, NULL,
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unsigned char key[131], got[DIGEST_SIZE];
		char text[65];

		if (cases[i].key != NULL)
			memcpy(key, cases[i].key, cases[i].key_n);
		else
			memset(key, cases[i].fill, cases[i].key_n);
		digest_hmac(key, cases[i].key_n, cases[i].data,
		    strlen(cases[i].data), got);
		hex_write(got, sizeof got, text);
		ck_assert_str_eq(text, cases[i].hex);
	}
}
END_TEST

START_TEST(test_clock_texts)
{
	static const struct {
		int64_t real_s;
		const char *iso;
	} seconds[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951868799, "2000-02-29T23:59:59Z" },
		{ 1798761599, "2026-12-31T23:59:59Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
	};
	char iso[NOW_ISO_SIZE], http[NOW_HTTP_SIZE];

	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		now_iso_s(seconds[i].real_s, iso);
		ck_assert_str_eq(iso, seconds[i].iso);
	}
	now_iso(1767323045000006, iso);
	ck_assert_str_eq(iso, "2026-01-02T03:04:05.000006Z");
	now_iso(1767323045999999, iso);
	ck_assert_str_eq(iso, "2026-01-02T03:04:05.999999Z");
	now_http(784111777000000, http);
	ck_assert_str_eq(http, "Sun, 06 Nov 1994 08:49:37 GMT");
	now_shift(86400);
	now_update();
	ck_assert_int_gt(now_real_us(), (int64_t)time(NULL) * 1000000);
}
END_TEST

/* One bit of the input changes about half of the bits, at every length. */
START_TEST(test_hash_spreads)
{
	unsigned char bytes[200] = { 0 };

	for (size_t n = 1; n <= sizeof bytes; n++)
		for (size_t bit = 0; bit < 8 * n; bit++) {
			uint64_t before = hash_bytes(bytes, n, 7), after;
			int changed;

			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			after = hash_bytes(bytes, n, 7);
			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			changed = __builtin_popcountll(before ^ after);
			ck_assert_msg(changed >= 10 && changed <= 54,
			    "%zu bytes, bit %zu: %d", n, bit, changed);
		}
	ck_assert(hash_bytes("", 0, 1) != hash_bytes("\0", 1, 1));
}
END_TEST

/* Two blocks that change places change the hash, wherever they are. */
START_TEST(test_hash_orders)
{
	unsigned char blocks[7][16] = { 0 }, block[16];
	uint64_t before;

	for (unsigned i = 0; i < 7; i++)
		blocks[i][0] = (unsigned char)i;
	before = hash_bytes(blocks, sizeof blocks, 7);
	for (unsigned i = 0; i < 7; i++)
		for (unsigned j = 0; j < i; j++) {
			memcpy(block, blocks[i], sizeof block);
			memcpy(blocks[i], blocks[j], sizeof block);
			memcpy(blocks[j], block, sizeof block);
			ck_assert(
			    hash_bytes(blocks, sizeof blocks, 7) != before);
			memcpy(blocks[j], blocks[i], sizeof block);
			memcpy(blocks[i], block, sizeof block);
		}
	ck_assert(hash_bytes(blocks, sizeof blocks, 7) == before);
}
END_TEST

/* With a seed the same each time, without one never; ids are not touched. */
START_TEST(test_choices_repeat)
{
	uint64_t first[8], again[8], other[8];
	unsigned char ids[2][16];
	unsigned low = 0;

	for (int round = 0; round < 2; round++) {
		random_seed(7);
		for (int i = 0; i < 8; i++)
			(round == 0 ? first : again)[i] = random_choice();
		random_id(ids[round]);
	}
	ck_assert_mem_eq(first, again, sizeof first);
	ck_assert_mem_ne(ids[0], ids[1], sizeof ids[0]);
	random_seed(8);
	for (int i = 0; i < 8; i++)
		other[i] = random_choice();
	ck_assert_mem_ne(first, other, sizeof first);
	/* A quarter of a weight, within one in a hundred. */
	for (int i = 0; i < 40000; i++)
		low += random_choice() % 4 == 0;
	ck_assert_uint_ge(low, 9600);
	ck_assert_uint_le(low, 10400);
	random_seed(0);
	for (int i = 0; i < 8; i++)
		again[i] = random_choice();
	for (int i = 0; i < 8; i++)
		other[i] = random_choice();
	ck_assert_mem_ne(again, other, sizeof again);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/bytes");
	TCase *t = tcase_create("bytes");

	tcase_add_loop_test(t, test_json_string, 0, (int)COUNT(strings));
	tcase_add_test(t, test_sbuf_grows);
	tcase_add_test(t, test_pool);
	tcase_add_test(t, test_pool_fill);
	tcase_add_test(t, test_pool_wipes_secrets);
	tcase_add_test(t, test_crc32c);
	tcase_add_test(t, test_hex);
	tcase_add_test(t, test_digest);
	tcase_add_test(t, test_hmac);
	tcase_add_test(t, test_clock_texts);
	tcase_add_test(t, test_hash_spreads);
	tcase_add_test(t, test_hash_orders);
	tcase_add_test(t, test_choices_repeat);
	suite_add_tcase(s, t);
	return s;
}

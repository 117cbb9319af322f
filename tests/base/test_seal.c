/* AES-256-GCM: the test cases of its authors, which NIST published. */

#include "tests/suite.h"

#include <string.h>

#include "base/hex.h"
#include "base/sbuf.h"
#include "base/seal.h"
#include "base/vault.h"

#define KEY0 "0000000000000000000000000000000000000000000000000000000000000000"
#define KEY1 "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define TEXT1                                                                  \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"     \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define CIPHER1                                                                \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"     \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

static const struct {
	const char *title, *key, *nonce, *place, *text, *sealed;
} cases[] = {
	{ "case 13: nothing", KEY0, "000000000000000000000000", "", "",
	    "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "case 14: one block", KEY0, "000000000000000000000000", "",
	    "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18"
	    "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "case 15: four blocks", KEY1, "cafebabefacedbaddecaf888", "",
	    TEXT1 "1aafd255",
	    CIPHER1 "898015ad"
		    "b094dac5d93471bdec1a502270e3cc6c" },
	{ "case 16: not whole, and bound", KEY1, "cafebabefacedbaddecaf888",
	    "feedfacedeadbeeffeedfacedeadbeefabaddad2", TEXT1,
	    CIPHER1 "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static struct slice
bytes_of(const char *hex, char *to)
{
	size_t n = strlen(hex) / 2;

	ck_assert_int_eq(hex_read(hex, to, n), 1);
	return (struct slice){ to, n };
}

START_TEST(test_vectors)
{
	char key[SEAL_KEY], nonce[SEAL_NONCE], place[64], text[128];
	char want[160], out[160], back[128];
	struct slice p = bytes_of(cases[_i].place, place);
	struct slice t = bytes_of(cases[_i].text, text);
	struct slice sealed = bytes_of(cases[_i].sealed, want);
	const unsigned char *k = (const unsigned char *)key;
	const unsigned char *n = (const unsigned char *)nonce;

	bytes_of(cases[_i].key, key);
	bytes_of(cases[_i].nonce, nonce);
	seal_encrypt(k, n, p, t, (unsigned char *)out);
	ck_assert_msg(memcmp(out, want, t.n + SEAL_TAG) == 0, "%s",
	    cases[_i].title);
	ck_assert(seal_decrypt(k, n, p, sealed, (unsigned char *)back));
	ck_assert_msg(memcmp(back, text, t.n) == 0, "%s", cases[_i].title);
	for (size_t bit = 0; bit < sealed.n * 8; bit++) {
		want[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(
		    !seal_decrypt(k, n, p, sealed, (unsigned char *)back));
		want[bit / 8] ^= (char)(1 << bit % 8);
	}
}
END_TEST

#define PLACE SLICE("integration/int_4f0c2a")
#define SECRET SLICE("{\"api_key\":\"sk-planted\"}")

static struct seal_keys
keys_of(const char *first, const char *old)
{
	struct seal_keys k;

	seal_keys_make(&k, slice_str(first), slice_str(old));
	return k;
}

static void
check_open(const struct seal_keys *k, struct slice place, struct slice sealed,
    int want)
{
	char text[64] = "untouched";

	ck_assert_uint_le(seal_text_len(sealed), sizeof text);
	ck_assert_int_eq(seal_open(k, place, sealed, text), want);
	if (want == 1)
		ck_assert_mem_eq(text, SECRET.p, SECRET.n);
	else
		for (size_t i = 0; i < seal_text_len(sealed); i++)
			ck_assert_int_eq(text[i], 0);
}

START_TEST(test_place)
{
	struct seal_keys k = keys_of("first", "");
	struct sbuf b = { 0 }, again = { 0 };

	seal_close(&k, PLACE, SECRET, &b);
	seal_close(&k, PLACE, SECRET, &again);
	ck_assert_uint_eq(b.len, SECRET.n + SEAL_EXTRA);
	ck_assert_uint_eq(seal_text_len(sbuf_slice(&b)), SECRET.n);
	ck_assert_ptr_null(memmem(b.data, b.len, "planted", 7));
	ck_assert_mem_ne(b.data + 1, again.data + 1, SEAL_NONCE);
	check_open(&k, PLACE, sbuf_slice(&b), 1);
	check_open(&k, SLICE("integration/int_4f0c2b"), sbuf_slice(&b), 0);
	check_open(&k, SLICE(""), sbuf_slice(&b), 0);
	sbuf_free(&b);
	sbuf_free(&again);
}
END_TEST

/* Every bit of it counts, and so does each byte at its end. */
START_TEST(test_tampered)
{
	struct seal_keys k = keys_of("first", "");
	struct sbuf b = { 0 };

	seal_close(&k, PLACE, SECRET, &b);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] ^= (char)(1 << bit % 8);
		check_open(&k, PLACE, sbuf_slice(&b), 0);
		b.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t n = 0; n < b.len; n++)
		check_open(&k, PLACE, (struct slice){ b.data, n }, 0);
	check_open(&k, PLACE, sbuf_slice(&b), 1);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_rotation)
{
	struct seal_keys before = keys_of("one", ""),
			 both = keys_of("two", "one");
	struct seal_keys after = keys_of("two", "");
	struct seal_keys none = keys_of("", "one"), other = keys_of("one ", "");
	struct sbuf old = { 0 }, new = { 0 };

	ck_assert_uint_eq(before.n, 1);
	ck_assert_uint_eq(both.n, 2);
	ck_assert_uint_eq(none.n, 0);
	seal_close(&before, PLACE, SECRET, &old);
	seal_close(&both, PLACE, SECRET, &new);
	check_open(&both, PLACE, sbuf_slice(&old), 1);
	check_open(&both, PLACE, sbuf_slice(&new), 1);
	check_open(&after, PLACE, sbuf_slice(&new), 1);
	check_open(&after, PLACE, sbuf_slice(&old), 0);
	check_open(&before, PLACE, sbuf_slice(&new), 0);
	check_open(&other, PLACE, sbuf_slice(&old), 0);
	check_open(&none, PLACE, sbuf_slice(&old), 0);
	/* By chance two keys have one id: then both are tried. */
	both.keys[0].id = before.keys[0].id;
	check_open(&both, PLACE, sbuf_slice(&old), 1);
	seal_keys_wipe(&both);
	ck_assert_uint_eq(both.n, 0);
	sbuf_free(&old);
	sbuf_free(&new);
}
END_TEST

START_TEST(test_vault)
{
	struct vault *v = vault_new(100), *empty = vault_new(0);
	char *a = vault_take(v, 60), *b = vault_take(v, 40);

	ck_assert_ptr_eq(b, a + 60);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(a[i], 0);
	memset(a, 'x', 100);
	vault_free(&v);
	ck_assert_ptr_null(v);
	vault_free(&v);
	vault_free(&empty);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/seal");
	TCase *tc = tcase_create("seal");

	tcase_add_loop_test(tc, test_vectors, 0, COUNT(cases));
	tcase_add_test(tc, test_place);
	tcase_add_test(tc, test_tampered);
	tcase_add_test(tc, test_rotation);
	tcase_add_test(tc, test_vault);
	suite_add_tcase(s, tc);
	return s;
}

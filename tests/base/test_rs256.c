/* Signed statements: RFC 7515, verified by another hand. */

#include "tests/suite.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/err.h"
#include "base/rs256.h"
#include "base/sbuf.h"

static void
pem_of(EVP_PKEY *key, const char *password, struct sbuf *pem)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *p;
	long n;

	ck_assert_int_eq(PEM_write_bio_PrivateKey(out, key,
			     password != NULL ? EVP_aes_128_cbc() : NULL,
			     (const unsigned char *)password,
			     password != NULL ? (int)strlen(password) : 0, NULL,
			     NULL),
	    1);
	n = BIO_get_mem_data(out, &p);
	sbuf_add(pem, p, (size_t)n);
	BIO_free(out);
}

/* Strict: no padding, no other alphabet. */
static size_t
unbase64url(struct slice text, unsigned char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned long word = 0;
	size_t n = 0;
	int bits = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *at = memchr(digits, text.p[i], 64);

		ck_assert_ptr_nonnull(at);
		word = (word << 6 | (unsigned long)(at - digits)) & 0xffffff;
		bits += 6;
		if (bits >= 8)
			out[n++] = (unsigned char)(word >> (bits -= 8));
	}
	ck_assert_uint_eq(word & ((1u << bits) - 1), 0);
	return n;
}

static int
verifies(EVP_PKEY *key, struct slice signed_text, struct slice signature)
{
	unsigned char bytes[2048];
	size_t n = unbase64url(signature, bytes);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int is;

	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
			     key),
	    1);
	is = EVP_DigestVerify(ctx, bytes, n,
	    (const unsigned char *)signed_text.p, signed_text.n);
	EVP_MD_CTX_free(ctx);
	return is == 1;
}

START_TEST(test_jwt)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *other = EVP_RSA_gen(2048);
	struct sbuf pem = { 0 }, jwt = { 0 };
	struct slice head, text;
	struct rs256 *k;
	struct err e;
	char *dot;

	pem_of(key, NULL, &pem);
	k = rs256_new(sbuf_slice(&pem), &e);
	ck_assert_ptr_nonnull(k);
	sbuf_adds(&jwt, "before=");
	rs256_jwt(k, SLICE("{\"alg\":\"RS256\"}"),
	    SLICE("{\"a\":\"\xfb\xff\"}"), &jwt);
	text = slice_skip(slice_str(jwt.data), 7);
	ck_assert(
	    slice_starts(text, SLICE("eyJhbGciOiJSUzI1NiJ9.eyJhIjoi-_8ifQ.")));
	dot = strrchr(jwt.data, '.');
	head = (struct slice){ text.p, (size_t)(dot - text.p) };
	text = slice_str(dot + 1);
	ck_assert(verifies(key, head, text));
	ck_assert(!verifies(other, head, text));
	ck_assert(!verifies(key, slice_skip(head, 1), text));
	sbuf_free(&pem);
	sbuf_free(&jwt);
	rs256_free(&k);
	ck_assert_ptr_null(k);
	rs256_free(&k);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}
END_TEST

/* RFC 4648 10. */
START_TEST(test_letters)
{
	static const struct {
		const char *text, *digits;
	} rows[] = { { "", "." }, { "f", "Zg." }, { "fo", "Zm8." },
		{ "foo", "Zm9v." }, { "foob", "Zm9vYg." },
		{ "fooba", "Zm9vYmE." }, { "foobar", "Zm9vYmFy." } };
	EVP_PKEY *key = EVP_RSA_gen(2048);
	struct sbuf pem = { 0 }, jwt = { 0 };
	struct rs256 *k;
	struct err e;

	pem_of(key, NULL, &pem);
	k = rs256_new(sbuf_slice(&pem), &e);
	for (size_t i = 0; i < COUNT(rows); i++) {
		sbuf_clear(&jwt);
		rs256_jwt(k, slice_str(rows[i].text), SLICE("{}"), &jwt);
		ck_assert(
		    slice_starts(sbuf_slice(&jwt), slice_str(rows[i].digits)));
	}
	sbuf_free(&pem);
	sbuf_free(&jwt);
	rs256_free(&k);
	EVP_PKEY_free(key);
}
END_TEST

static void
refuse(EVP_PKEY *key, const char *password)
{
	struct err e = { .kind = ERR_NONE };
	struct sbuf pem = { 0 };

	pem_of(key, password, &pem);
	ck_assert_ptr_null(rs256_new(sbuf_slice(&pem), &e));
	ck_assert_int_eq(e.kind, ERR_INVALID_VALUE);
	sbuf_free(&pem);
	EVP_PKEY_free(key);
}

START_TEST(test_refused)
{
	struct err e;

	refuse(EVP_EC_gen("P-256"), NULL);
	refuse(EVP_RSA_gen(1024), NULL);
	refuse(EVP_RSA_gen(2048), "secret");
	ck_assert_ptr_null(rs256_new(SLICE(""), &e));
	ck_assert_ptr_null(rs256_new(SLICE("-----BEGIN PRIVATE KEY-----\nAAAA\n"
					   "-----END PRIVATE KEY-----\n"),
	    &e));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/rs256");
	TCase *tc = tcase_create("rs256");

	tcase_add_test(tc, test_jwt);
	tcase_add_test(tc, test_letters);
	tcase_add_test(tc, test_refused);
	suite_add_tcase(s, tc);
	return s;
}

/* Credentials for Vertex: spec/providers.md 3.3. */

#include "tests/suite.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/rs256.h"
#include "base/sbuf.h"
#include "dialect/google_account.h"
#include "proto/base64.h"

static EVP_PKEY *key;
static struct sbuf pem; /* as a JSON string has it */

static void
make_key(void)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *p;
	long n;

	key = EVP_RSA_gen(2048);
	PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
	n = BIO_get_mem_data(out, &p);
	sbuf_add_json_part(&pem, (struct slice){ p, (size_t)n });
	BIO_free(out);
}

static void
free_key(void)
{
	EVP_PKEY_free(key);
	sbuf_free(&pem);
}

static const struct slice allowed[] = { SLICE("token.example") };

/* "@" stands for the key. */
static int
account(const char *text, struct pool *pool, struct google_account *a,
    struct err *e)
{
	struct sbuf json = { 0 };
	int done;

	for (; *text != '\0'; text++)
		if (*text == '@')
			sbuf_add_slice(&json, sbuf_slice(&pem));
		else
			sbuf_addc(&json, *text);
	done = google_account_read(sbuf_slice(&json), allowed, 1, pool, a, e);
	/* Nothing may point into it. */
	memset(json.data, '#', json.len);
	sbuf_free(&json);
	return done;
}

#define KEY "\"client_email\":\"a~b.example\",\"private_key\":\"@\""
#define URI(text) "{" KEY ",\"token_uri\":\"" text "\"}"

static const struct good {
	const char *json, *host, *path;
	int port;
} goods[] = {
	{ "{" KEY "}", "oauth2.googleapis.com", "/token", 443 },
	{ "{" KEY ",\"token_uri\":null}", "oauth2.googleapis.com", "/token",
	    443 },
	{ URI("https://x.googleapis.com/a/b?c"), "x.googleapis.com", "/a/b?c",
	    443 },
	{ URI("https://token.example:8443"), "token.example", "/", 8443 },
	{ URI("https:\\/\\/X.GoogleApis.com\\/t"), "X.GoogleApis.com", "/t",
	    443 },
};

START_TEST(test_good)
{
	const struct good *row = &goods[_i];
	struct pool *pool = pool_new();
	struct google_account a;
	struct err e;

	ck_assert_msg(account(row->json, pool, &a, &e) == 0, "%s: %s",
	    row->json, e.text);
	ck_assert(slice_eq(a.uri.host, slice_str(row->host)));
	ck_assert(slice_eq(a.uri.path, slice_str(row->path)));
	ck_assert_int_eq(a.uri.port, row->port);
	ck_assert_ptr_nonnull(a.key);
	ck_assert_uint_eq(a.token.n, 0);
	google_account_fini(&a);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *title, *json;
	enum err_kind kind;
} bads[] = {
	{ "no JSON", "{", ERR_INVALID_VALUE },
	{ "no object", "[]", ERR_INVALID_VALUE },
	{ "nothing in it", "{}", ERR_INVALID_VALUE },
	{ "no email", "{\"private_key\":\"@\"}", ERR_INVALID_VALUE },
	{ "no key", "{\"client_email\":\"a\"}", ERR_INVALID_VALUE },
	{ "a key that is none",
	    "{\"client_email\":\"a\",\"private_key\":\"secret\"}",
	    ERR_INVALID_VALUE },
	{ "another host", URI("https://evil.example/token"),
	    ERR_API_BASE_NOT_ALLOWED },
	{ "a host that looks like it", URI("https://evilgoogleapis.com/"),
	    ERR_API_BASE_NOT_ALLOWED },
	{ "the end alone", URI("https://.googleapis.com/"),
	    ERR_API_BASE_NOT_ALLOWED },
	{ "Google in the path", URI("https://evil.example/.googleapis.com"),
	    ERR_API_BASE_NOT_ALLOWED },
	{ "Google in the query", URI("https://evil.example?x=.googleapis.com"),
	    ERR_INVALID_VALUE },
	{ "Google as a user", URI("https://x.googleapis.com@evil.example/"),
	    ERR_INVALID_VALUE },
	{ "Google as user and password",
	    URI("https://x.googleapis.com:1@evil.example/"),
	    ERR_INVALID_VALUE },
	{ "a line end", URI("https://x.googleapis.com/\\r\\nHost: y"),
	    ERR_INVALID_VALUE },
	{ "not TLS", URI("http://oauth2.googleapis.com/token"),
	    ERR_INVALID_VALUE },
	{ "a port too high", URI("https://x.googleapis.com:70000/"),
	    ERR_INVALID_VALUE },
	{ "an empty port", URI("https://x.googleapis.com:/"),
	    ERR_INVALID_VALUE },
	{ "an empty token", "{\"access_token\":\"\"}", ERR_INVALID_VALUE },
	{ "a token with a line end", "{\"access_token\":\"secret\\r\\nx: y\"}",
	    ERR_INVALID_VALUE },
	{ "a token that is a number", "{\"access_token\":7}",
	    ERR_INVALID_VALUE },
};

START_TEST(test_bad)
{
	struct pool *pool = pool_new();
	struct google_account a;
	struct err e;

	ck_assert_msg(account(bads[_i].json, pool, &a, &e) == -1, "%s",
	    bads[_i].title);
	ck_assert_msg(e.kind == bads[_i].kind, "%s: %s", bads[_i].title,
	    e.text);
	ck_assert_str_eq(e.param, "vertex_ai_credentials");
	ck_assert_msg(strstr(e.text, "secret") == NULL, "%s", e.text);
	google_account_fini(&a);
	pool_free(&pool);
}
END_TEST

START_TEST(test_token_given)
{
	struct pool *pool = pool_new();
	struct google_account a;
	struct err e;

	ck_assert_int_eq(account("{\"access_token\":\"ya29.x\\u003d\","
				 "\"project_id\":\"p\"}",
			     pool, &a, &e),
	    0);
	ck_assert(slice_eq(a.token, SLICE("ya29.x=")));
	ck_assert(slice_eq(a.project, SLICE("p")));
	ck_assert_ptr_null(a.key);
	google_account_fini(&a);
	pool_free(&pool);
}
END_TEST

/* The assertion: its parts by another reader, its signature by OpenSSL. */
static void
take(struct slice *jwt, unsigned char *out, size_t *n_r)
{
	const char *dot = memchr(jwt->p, '.', jwt->n), *reason;
	struct slice part = { jwt->p,
		dot != NULL ? (size_t)(dot - jwt->p) : jwt->n };

	ck_assert_int_eq(base64_read(part, (char *)out, n_r, &reason), 1);
	*jwt = slice_skip(*jwt, dot != NULL ? part.n + 1 : part.n);
}

static void
expect_verified(struct slice head, const unsigned char *signature, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key);
	ck_assert_int_eq(EVP_DigestVerify(ctx, signature, n,
			     (const unsigned char *)head.p, head.n),
	    1);
	EVP_MD_CTX_free(ctx);
}

#define FORM                                                                   \
	"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"     \
	"&assertion="
#define CLAIMS                                                                 \
	"{\"iss\":\"a~b.example\",\"scope\":"                                  \
	"\"https://www.googleapis.com/auth/cloud-platform\",\"aud\":"          \
	"\"https://oauth2.googleapis.com/token\",\"iat\":1699999990,\"exp\":"  \
	"1700003590}"

START_TEST(test_assertion)
{
	struct pool *pool = pool_new();
	struct google_account a;
	struct sbuf form = { 0 };
	unsigned char out[2048];
	struct slice jwt, head;
	struct err e;
	size_t n;

	ck_assert_int_eq(account("{" KEY ",\"private_key_id\":\"k\\\"1\"}",
			     pool, &a, &e),
	    0);
	google_account_ask(&a, 1700000000, &form);
	ck_assert(slice_starts(sbuf_slice(&form), SLICE(FORM)));
	jwt = head = slice_skip(sbuf_slice(&form), strlen(FORM));
	head.n = (size_t)(strrchr(form.data, '.') - head.p);
	take(&jwt, out, &n);
	ck_assert(slice_eq((struct slice){ (char *)out, n },
	    SLICE("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\\\"1\"}")));
	take(&jwt, out, &n);
	ck_assert(slice_eq((struct slice){ (char *)out, n }, SLICE(CLAIMS)));
	take(&jwt, out, &n);
	expect_verified(head, out, n);
	sbuf_free(&form);
	google_account_fini(&a);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *json;
	int is;
	const char *token;
	int64_t expires_in_s;
} answers[] = {
	{ "{\"access_token\":\"t\",\"expires_in\":3599,\"token_type\":"
	  "\"Bearer\"}",
	    0, "t", 3599 },
	{ "{\"access_token\":\"t\"}", 0, "t", 3600 },
	{ "{\"access_token\":\"t\",\"expires_in\":-1}", 0, "t", 3600 },
	/* One that is over when it comes would be asked for without end. */
	{ "{\"access_token\":\"t\",\"expires_in\":0}", 0, "t", 3600 },
	{ "{\"access_token\":\"t\",\"expires_in\":1e15}", 0, "t", 86400 },
	{ "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT\"}",
	    -1, "no token: invalid_grant Invalid JWT", 0 },
	{ "{\"id_token\":\"t\"}", -1, "no token:  ", 0 },
	{ "<html>", -1, "no token: the answer is no JSON object", 0 },
};

START_TEST(test_answer)
{
	struct pool *pool = pool_new();
	struct google_token t;
	struct err e;

	ck_assert_int_eq(google_token_read(slice_str(answers[_i].json), pool,
			     &t, &e),
	    answers[_i].is);
	if (answers[_i].is == 0) {
		ck_assert(slice_eq(t.text, slice_str(answers[_i].token)));
		ck_assert_int_eq(t.expires_in_s, answers[_i].expires_in_s);
	} else {
		ck_assert_int_eq(e.kind, ERR_UPSTREAM_CONNECT);
		ck_assert_str_eq(e.text, answers[_i].token);
	}
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/google_account");
	TCase *tc = tcase_create("account");

	tcase_add_unchecked_fixture(tc, make_key, free_key);
	tcase_add_loop_test(tc, test_good, 0, COUNT(goods));
	tcase_add_loop_test(tc, test_bad, 0, COUNT(bads));
	tcase_add_test(tc, test_token_given);
	tcase_add_test(tc, test_assertion);
	tcase_add_loop_test(tc, test_answer, 0, COUNT(answers));
	suite_add_tcase(s, tc);
	return s;
}

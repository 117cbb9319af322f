/*
 * AWS's signature: the vectors of spec/providers.md 3.4 and of AWS's published
 * test suite (aws-sig-v4-test-suite).
 */

#include "tests/suite.h"

#include "base/digest.h"
#include "base/hex.h"
#include "base/sbuf.h"
#include "base/sigv4.h"

#define SUITE_S 1440938160    /* 20150830T123600Z */
#define CONVERSE_S 1767323045 /* 20260102T030405Z */

#define HOST                                                                   \
	{                                                                      \
		SLICE("Host"), SLICE("example.amazonaws.com")                  \
	}

static const struct sigv4_credential suite = { SLICE("AKIDEXAMPLE"),
	SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), SLICE("us-east-1"),
	SLICE("service") };
static const struct sigv4_credential bedrock = { SLICE("AKIDEXAMPLE"),
	SLICE("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), SLICE("us-east-1"),
	SLICE("bedrock") };

#define CONVERSE_PATH                                                          \
	"/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
#define CONVERSE_BODY                                                          \
	"{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hi\"}]}]," \
	"\"inferenceConfig\":{\"maxTokens\":10}}"
#define CONVERSE_HOST                                                          \
	{                                                                      \
		SLICE("host"),                                                 \
		    SLICE("bedrock-runtime.us-east-1.amazonaws.com")           \
	}
#define CONVERSE_TYPE                                                          \
	{                                                                      \
		SLICE("content-type"), SLICE("application/json")               \
	}

#define STS_TOKEN                                                              \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWL" \
	"WsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQr" \
	"mGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HF" \
	"vlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scq" \
	"Kmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static const struct {
	const char *title;
	const struct sigv4_credential *credential;
	int64_t now_s;
	struct slice method, path, body;
	struct sigv4_header headers[5];
	const char *signed_headers, *signature;
	const char *canonical; /* its SHA-256, where it is known */
} cases[] = {
	{ "get-vanilla", &suite, SUITE_S, SLICE("GET"), SLICE("/"), SLICE(""),
	    { HOST }, "host;x-amz-date",
	    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	    NULL },
	{ "Converse", &bedrock, CONVERSE_S, SLICE("POST"), SLICE(CONVERSE_PATH),
	    SLICE(CONVERSE_BODY), { CONVERSE_HOST, CONVERSE_TYPE },
	    "content-type;host;x-amz-date",
	    "4077f4c6fd3a4640ef69d5c27e75ba6df8a13038d4e91284956fa9d450c2068f",
	    "a69b9e0e99c843aba7fa6768196479bc0ef33c42545bec9e2cd831fd89962d8"
	    "d" },
	{ "Converse with a session token", &bedrock, CONVERSE_S, SLICE("POST"),
	    SLICE(CONVERSE_PATH), SLICE(CONVERSE_BODY),
	    { CONVERSE_HOST, CONVERSE_TYPE,
		{ SLICE("x-amz-security-token"), SLICE("SESSIONTOKEN") } },
	    "content-type;host;x-amz-date;x-amz-security-token",
	    "2b12a8e3df2a88ccf3cd1322f15d02ff13bcfacd39f0a6db482dee1005f6450e",
	    "6d0fb847fb5fd346a5f98f858eef77f5b90e2f5c6b4a538ea065167067da84a"
	    "f" },
	{ "get-header-key-duplicate", &suite, SUITE_S, SLICE("GET"), SLICE("/"),
	    SLICE(""),
	    { HOST, { SLICE("My-Header1"), SLICE("value2") },
		{ SLICE("My-Header1"), SLICE("value2") },
		{ SLICE("My-Header1"), SLICE("value1") } },
	    "host;my-header1;x-amz-date",
	    "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	    NULL },
	{ "get-header-value-order", &suite, SUITE_S, SLICE("GET"), SLICE("/"),
	    SLICE(""),
	    { HOST, { SLICE("My-Header1"), SLICE("value4") },
		{ SLICE("My-Header1"), SLICE("value1") },
		{ SLICE("My-Header1"), SLICE("value3") },
		{ SLICE("My-Header1"), SLICE("value2") } },
	    "host;my-header1;x-amz-date",
	    "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	    NULL },
	{ "get-header-value-trim", &suite, SUITE_S, SLICE("GET"), SLICE("/"),
	    SLICE(""),
	    { HOST, { SLICE("My-Header1"), SLICE(" value1") },
		{ SLICE("My-Header2"), SLICE(" \"a   b   c\"") } },
	    "host;my-header1;my-header2;x-amz-date",
	    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	    NULL },
	{ "get-unreserved", &suite, SUITE_S, SLICE("GET"),
	    SLICE("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		  "abcdefghijklmnopqrstuvwxyz"),
	    SLICE(""), { HOST }, "host;x-amz-date",
	    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	    NULL },
	{ "get-utf8", &suite, SUITE_S, SLICE("GET"), SLICE("/\xe1\x88\xb4"),
	    SLICE(""), { HOST }, "host;x-amz-date",
	    "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
	    NULL },
	{ "post-vanilla", &suite, SUITE_S, SLICE("POST"), SLICE("/"), SLICE(""),
	    { HOST }, "host;x-amz-date",
	    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	    NULL },
	{ "post-header-key-sort", &suite, SUITE_S, SLICE("POST"), SLICE("/"),
	    SLICE(""), { { SLICE("My-Header1"), SLICE("value1") }, HOST },
	    "host;my-header1;x-amz-date",
	    "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	    NULL },
	{ "post-header-value-case", &suite, SUITE_S, SLICE("POST"), SLICE("/"),
	    SLICE(""), { HOST, { SLICE("My-Header1"), SLICE("VALUE1") } },
	    "host;my-header1;x-amz-date",
	    "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
	    NULL },
	{ "post-sts-header-before", &suite, SUITE_S, SLICE("POST"), SLICE("/"),
	    SLICE(""),
	    { HOST, { SLICE("X-Amz-Security-Token"), SLICE(STS_TOKEN) } },
	    "host;x-amz-date;x-amz-security-token",
	    "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
	    NULL },
	{ "post-x-www-form-urlencoded", &suite, SUITE_S, SLICE("POST"),
	    SLICE("/"), SLICE("Param1=value1"),
	    { { SLICE("Content-Type"),
		  SLICE("application/x-www-form-urlencoded") },
		HOST },
	    "content-type;host;x-amz-date",
	    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
	    NULL },
};

static struct sigv4_request
request_of(int i)
{
	struct sigv4_request r = { .method = cases[i].method,
		.path = cases[i].path,
		.headers = cases[i].headers,
		.now_s = cases[i].now_s };

	while (r.n_headers < COUNT(cases[i].headers) &&
	       cases[i].headers[r.n_headers].name.n > 0)
		r.n_headers++;
	digest_sha256(cases[i].body.p, cases[i].body.n, r.body_sum);
	return r;
}

START_TEST(test_vectors)
{
	struct sigv4_request r = request_of(_i);
	struct sigv4_key key = { 0 };
	struct sbuf value = { 0 }, want = { 0 };
	char date[SIGV4_DATE_SIZE];

	sigv4_date(cases[_i].now_s, date);
	sbuf_addf(&want,
	    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%.8s/us-east-1/%s/"
	    "aws4_request, SignedHeaders=%s, Signature=%s",
	    date, cases[_i].credential->service.p, cases[_i].signed_headers,
	    cases[_i].signature);
	/* The second time with the key that was kept. */
	for (int again = 0; again < 2; again++) {
		sbuf_clear(&value);
		sigv4_sign(&r, cases[_i].credential, &key, &value);
		ck_assert_msg(strcmp(value.data, want.data) == 0, "%s: %s",
		    cases[_i].title, value.data);
	}
	sbuf_free(&value);
	sbuf_free(&want);
}
END_TEST

START_TEST(test_canonical)
{
	struct sigv4_request r = request_of(_i);
	unsigned char sum[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	struct sbuf b = { 0 };

	if (cases[_i].canonical == NULL)
		return;
	sigv4_canonical(&r, &b);
	ck_assert_ptr_nonnull(strstr(b.data, "-v1%253A0/converse\n"));
	digest_sha256(b.data, b.len, sum);
	hex_write(sum, sizeof sum, hex);
	ck_assert_msg(strcmp(hex, cases[_i].canonical) == 0, "%s", b.data);
	sbuf_free(&b);
}
END_TEST

/* A key that is kept serves only what it was derived for. */
START_TEST(test_kept_key)
{
	struct sigv4_credential other[] = { bedrock, bedrock, bedrock };
	struct sigv4_request r = request_of(1), tomorrow = r;
	struct sigv4_key kept = { 0 }, fresh = { 0 };
	struct sbuf a = { 0 }, b = { 0 };

	other[0].secret = SLICE("another");
	other[1].region = SLICE("eu-west-1");
	other[2].service = SLICE("service");
	tomorrow.now_s += 86400;
	for (size_t i = 0; i <= COUNT(other); i++) {
		const struct sigv4_request *at = i < 3 ? &r : &tomorrow;
		const struct sigv4_credential *c = i < 3 ? &other[i] : &bedrock;

		sbuf_clear(&a);
		sigv4_sign(&r, &bedrock, &kept, &a);
		sbuf_clear(&a);
		sigv4_sign(at, c, &kept, &a);
		sigv4_key_wipe(&fresh);
		sbuf_clear(&b);
		sigv4_sign(at, c, &fresh, &b);
		ck_assert_str_eq(a.data, b.data);
	}
	sbuf_free(&a);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_wiped)
{
	struct sigv4_request r = request_of(0);
	struct sigv4_key key = { 0 }, empty = { 0 };
	struct sbuf b = { 0 };

	sigv4_sign(&r, &suite, &key, &b);
	ck_assert(key.filled);
	ck_assert_mem_ne(key.key, empty.key, sizeof key.key);
	sigv4_key_wipe(&key);
	ck_assert(!key.filled);
	ck_assert_mem_eq(key.key, empty.key, sizeof key.key);
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/sigv4");
	TCase *tc = tcase_create("vectors");

	tcase_add_loop_test(tc, test_vectors, 0, COUNT(cases));
	tcase_add_loop_test(tc, test_canonical, 0, COUNT(cases));
	tcase_add_test(tc, test_kept_key);
	tcase_add_test(tc, test_wiped);
	suite_add_tcase(s, tc);
	return s;
}

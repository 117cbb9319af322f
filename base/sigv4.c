#include "base/sigv4.h"

#include <assert.h>
#include <strings.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hex.h"
#include "base/sbuf.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SCOPE_END "/aws4_request"
#define DAY_SIZE 8 /* of a date */

void
sigv4_key_wipe(struct sigv4_key *k)
{
	OPENSSL_cleanse(k, sizeof *k);
}

void
sigv4_date(int64_t now_s, char date_r[SIGV4_DATE_SIZE])
{
	time_t now = (time_t)now_s;
	struct tm tm;
	size_t n;

	gmtime_r(&now, &tm);
	n = strftime(date_r, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm);
	assert(n == SIGV4_DATE_SIZE - 1);
}

static bool
sigv4_is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	       c == '~';
}

/* What is percent-encoded on the wire is so twice here. */
static void
sigv4_add_path(struct sbuf *b, struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (c == '/' || sigv4_is_unreserved(c))
			sbuf_addc(b, c);
		else
			sbuf_addf(b, "%%%02X", (unsigned char)c);
	}
}

static char
sigv4_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void
sigv4_add_name(struct sbuf *b, struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		sbuf_addc(b, sigv4_lower(name.p[i]));
}

static bool
sigv4_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Blanks around it are cut, runs of them inside are one. */
static void
sigv4_add_value(struct sbuf *b, struct slice value)
{
	size_t from = b->len;
	bool blank = false;

	for (size_t i = 0; i < value.n; i++) {
		if (sigv4_is_blank(value.p[i])) {
			blank = b->len > from;
			continue;
		}
		if (blank)
			sbuf_addc(b, ' ');
		blank = false;
		sbuf_addc(b, value.p[i]);
	}
}

struct sigv4_headers {
	char date[SIGV4_DATE_SIZE];
	struct sigv4_header sorted[SIGV4_HEADERS_MAX + 1];
	unsigned n;
};

static int
sigv4_compare(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = strncasecmp(a.p, b.p, n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Those of one name stay in their order. */
static void
sigv4_insert(struct sigv4_headers *h, struct sigv4_header header)
{
	unsigned at = h->n++;

	for (; at > 0; at--) {
		if (sigv4_compare(h->sorted[at - 1].name, header.name) <= 0)
			break;
		h->sorted[at] = h->sorted[at - 1];
	}
	h->sorted[at] = header;
}

static void
sigv4_headers(const struct sigv4_request *r, struct sigv4_headers *h)
{
	assert(r->n_headers <= SIGV4_HEADERS_MAX);
	h->n = 0;
	sigv4_date(r->now_s, h->date);
	for (unsigned i = 0; i < r->n_headers; i++)
		sigv4_insert(h, r->headers[i]);
	sigv4_insert(h,
	    (struct sigv4_header){ SLICE("x-amz-date"), slice_str(h->date) });
}

static bool
sigv4_repeats(const struct sigv4_headers *h, unsigned at)
{
	return at > 0 &&
	       slice_eq_nocase(h->sorted[at - 1].name, h->sorted[at].name);
}

static void
sigv4_add_headers(struct sbuf *b, const struct sigv4_headers *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		if (sigv4_repeats(h, i)) {
			sbuf_addc(b, ',');
		} else {
			sbuf_adds(b, i > 0 ? "\n" : "");
			sigv4_add_name(b, h->sorted[i].name);
			sbuf_addc(b, ':');
		}
		sigv4_add_value(b, h->sorted[i].value);
	}
	sbuf_addc(b, '\n');
}

static void
sigv4_add_names(struct sbuf *b, const struct sigv4_headers *h)
{
	for (unsigned i = 0; i < h->n; i++) {
		if (sigv4_repeats(h, i))
			continue;
		sbuf_adds(b, i > 0 ? ";" : "");
		sigv4_add_name(b, h->sorted[i].name);
	}
}

static void
sigv4_add_hex(struct sbuf *b, const unsigned char sum[DIGEST_SIZE])
{
	char hex[2 * DIGEST_SIZE + 1];

	hex_write(sum, DIGEST_SIZE, hex);
	sbuf_adds(b, hex);
}

static void
sigv4_add_canonical(struct sbuf *b, const struct sigv4_request *r,
    const struct sigv4_headers *h)
{
	sbuf_add_slice(b, r->method);
	sbuf_addc(b, '\n');
	sigv4_add_path(b, r->path);
	sbuf_adds(b, "\n\n"); /* no query between them */
	sigv4_add_headers(b, h);
	sbuf_addc(b, '\n');
	sigv4_add_names(b, h);
	sbuf_addc(b, '\n');
	sigv4_add_hex(b, r->body_sum);
}

void
sigv4_canonical(const struct sigv4_request *r, struct sbuf *b)
{
	struct sigv4_headers h;

	sigv4_headers(r, &h);
	sigv4_add_canonical(b, r, &h);
}

static void
sigv4_hmac(const void *key, size_t key_n, struct slice text,
    unsigned char out[DIGEST_SIZE])
{
	unsigned n = 0;

	HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)text.p,
	    text.n, out, &n);
	assert(n == DIGEST_SIZE);
}

static void
sigv4_derive(const struct sigv4_credential *c, struct slice day,
    unsigned char key[DIGEST_SIZE])
{
	const struct slice steps[] = { day, c->region, c->service,
		SLICE("aws4_request") };
	struct sbuf secret = { 0 };

	sbuf_reserve_exact(&secret, c->secret.n + 5);
	sbuf_adds(&secret, "AWS4");
	sbuf_add_slice(&secret, c->secret);
	sigv4_hmac(secret.data, secret.len, steps[0], key);
	for (size_t i = 1; i < sizeof steps / sizeof *steps; i++)
		sigv4_hmac(key, DIGEST_SIZE, steps[i], key);
	OPENSSL_cleanse(secret.data, secret.len);
	sbuf_free(&secret);
}

/* A name for a key that does not tell the secret. */
static void
sigv4_key_name(const struct sigv4_credential *c, struct slice day,
    unsigned char name[DIGEST_SIZE])
{
	const struct slice parts[] = { day, c->region, c->service, c->secret };
	struct digest *d = digest_new();

	digest_start(d);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		digest_add(d, &parts[i].n, sizeof parts[i].n);
		digest_add(d, parts[i].p, parts[i].n);
	}
	digest_end(d, name);
	digest_free(&d);
}

static const unsigned char *
sigv4_key(struct sigv4_key *k, const struct sigv4_credential *c,
    struct slice day)
{
	unsigned char name[DIGEST_SIZE];

	sigv4_key_name(c, day, name);
	if (!k->filled || memcmp(k->of, name, sizeof name) != 0) {
		sigv4_derive(c, day, k->key);
		memcpy(k->of, name, sizeof name);
		k->filled = true;
	}
	return k->key;
}

/* "20150830/us-east-1/service/aws4_request" */
static void
sigv4_add_scope(struct sbuf *b, const struct sigv4_credential *c,
    struct slice day)
{
	sbuf_add_slice(b, day);
	sbuf_addc(b, '/');
	sbuf_add_slice(b, c->region);
	sbuf_addc(b, '/');
	sbuf_add_slice(b, c->service);
	sbuf_adds(b, SCOPE_END);
}

static void
sigv4_signature(const struct sigv4_request *r, const struct sigv4_credential *c,
    const struct sigv4_headers *h, struct sigv4_key *k,
    unsigned char signature[DIGEST_SIZE])
{
	struct slice day = { h->date, DAY_SIZE };
	struct sbuf b = { 0 };
	unsigned char sum[DIGEST_SIZE];

	sigv4_add_canonical(&b, r, h);
	digest_sha256(b.data, b.len, sum);
	sbuf_clear(&b);
	sbuf_adds(&b, ALGORITHM "\n");
	sbuf_adds(&b, h->date);
	sbuf_addc(&b, '\n');
	sigv4_add_scope(&b, c, day);
	sbuf_addc(&b, '\n');
	sigv4_add_hex(&b, sum);
	sigv4_hmac(sigv4_key(k, c, day), DIGEST_SIZE, sbuf_slice(&b),
	    signature);
	sbuf_free(&b);
}

void
sigv4_sign(const struct sigv4_request *r, const struct sigv4_credential *c,
    struct sigv4_key *k, struct sbuf *authorization)
{
	unsigned char signature[DIGEST_SIZE];
	struct sigv4_headers h;

	sigv4_headers(r, &h);
	sigv4_signature(r, c, &h, k, signature);
	sbuf_adds(authorization, ALGORITHM " Credential=");
	sbuf_add_slice(authorization, c->key_id);
	sbuf_addc(authorization, '/');
	sigv4_add_scope(authorization, c, (struct slice){ h.date, DAY_SIZE });
	sbuf_adds(authorization, ", SignedHeaders=");
	sigv4_add_names(authorization, &h);
	sbuf_adds(authorization, ", Signature=");
	sigv4_add_hex(authorization, signature);
}

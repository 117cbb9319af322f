#include "base/rs256.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/xmem.h"

#define BITS_MIN 2048
#define SIGNATURE_MAX 2048 /* bytes: a key of 16384 bits */

struct rs256 {
	EVP_PKEY *key;
};

/* Nobody is there to be asked for a password. */
static int
rs256_no_password(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static EVP_PKEY *
rs256_read(struct slice pem)
{
	EVP_PKEY *key;
	BIO *in;

	if (pem.n == 0 || pem.n > INT_MAX)
		return NULL;
	in = BIO_new_mem_buf(pem.p, (int)pem.n);
	assert(in != NULL);
	key = PEM_read_bio_PrivateKey(in, NULL, rs256_no_password, NULL);
	BIO_free(in);
	ERR_clear_error();
	return key;
}

struct rs256 *
rs256_new(struct slice pem, struct err *e)
{
	EVP_PKEY *key = rs256_read(pem);
	struct rs256 *k;

	if (key == NULL || !EVP_PKEY_is_a(key, "RSA") ||
	    EVP_PKEY_get_bits(key) < BITS_MIN ||
	    EVP_PKEY_get_size(key) > SIGNATURE_MAX) {
		EVP_PKEY_free(key);
		err_set(e, ERR_INVALID_VALUE,
		    "no private RSA key of %d bits or more", BITS_MIN);
		return NULL;
	}
	k = xcalloc(1, sizeof *k);
	k->key = key;
	return k;
}

void
rs256_free(struct rs256 **kp)
{
	struct rs256 *k = *kp;

	*kp = NULL;
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

static void
rs256_add(struct sbuf *b, const void *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = bytes;
	unsigned bits = 0, word = 0;

	for (size_t i = 0; i < n; i++) {
		word = word << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			sbuf_addc(b, digits[word >> (bits - 6) & 63]);
	}
	if (bits > 0)
		sbuf_addc(b, digits[word << (6 - bits) & 63]);
}

void
rs256_jwt(const struct rs256 *k, struct slice header, struct slice claims,
    struct sbuf *b)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t from = b->len, n = sizeof signature;
	int ok;

	assert(ctx != NULL);
	rs256_add(b, header.p, header.n);
	sbuf_addc(b, '.');
	rs256_add(b, claims.p, claims.n);
	/* PKCS #1 v1.5 is what RSA keys sign with unless told otherwise. */
	ok = EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, k->key,
		 NULL) == 1 &&
	     EVP_DigestSign(ctx, signature, &n,
		 (const unsigned char *)b->data + from, b->len - from) == 1;
	assert(ok);
	EVP_MD_CTX_free(ctx);
	sbuf_addc(b, '.');
	rs256_add(b, signature, n);
}

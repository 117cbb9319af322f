#include "base/digest.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/xmem.h"

struct digest {
	EVP_MD_CTX *ctx;
};

/* Fetching costs three times what hashing a key does: once per process. */
static const EVP_MD *
digest_algorithm(void)
{
	static EVP_MD *sha256;

	if (sha256 == NULL)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(sha256 != NULL);
	return sha256;
}

struct digest *
digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof *d);

	d->ctx = EVP_MD_CTX_new();
	assert(d->ctx != NULL);
	return d;
}

void
digest_free(struct digest **dp)
{
	if (*dp == NULL)
		return;
	EVP_MD_CTX_free((*dp)->ctx);
	free(*dp);
	*dp = NULL;
}

void
digest_start(struct digest *d)
{
	int ok = EVP_DigestInit_ex2(d->ctx, digest_algorithm(), NULL);

	assert(ok == 1);
}

void
digest_add(struct digest *d, const void *p, size_t n)
{
	int ok = EVP_DigestUpdate(d->ctx, p, n);

	assert(ok == 1);
}

void
digest_end(struct digest *d, unsigned char out[DIGEST_SIZE])
{
	int ok = EVP_DigestFinal_ex(d->ctx, out, NULL);

	assert(ok == 1);
}

void
digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SIZE])
{
	static struct digest *d;

	if (d == NULL)
		d = digest_new();
	digest_start(d);
	digest_add(d, p, n);
	digest_end(d, out);
}

void
digest_hmac(const void *key, size_t key_n, const void *p, size_t n,
    unsigned char out[DIGEST_SIZE])
{
	unsigned char *done =
	    HMAC(digest_algorithm(), key, (int)key_n, p, n, out, NULL);

	assert(done != NULL);
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

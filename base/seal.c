#include "base/seal.h"

#include <assert.h>
#include <limits.h>

#include <openssl/evp.h>

#include "base/digest.h"
#include "base/random.h"
#include "base/sbuf.h"

static EVP_CIPHER_CTX *
seal_start(const unsigned char *key, const unsigned char *nonce, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int ok;

	assert(ctx != NULL);
	/* GCM's own length of a nonce is the one used here: 12 bytes. */
	ok = EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce,
	    encrypt);
	assert(ok == 1);
	return ctx;
}

/* Bytes through the cipher; to NULL: they are bound and not encrypted. */
static void
seal_pass(EVP_CIPHER_CTX *ctx, const void *from, size_t n, unsigned char *to)
{
	int done = 0, ok;

	assert(n <= INT_MAX);
	if (n == 0)
		return;
	ok = EVP_CipherUpdate(ctx, to, &done, from, (int)n);
	assert(ok == 1 && done == (int)n);
}

void
seal_encrypt(const unsigned char key[SEAL_KEY],
    const unsigned char nonce[SEAL_NONCE], struct slice place,
    struct slice text, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = seal_start(key, nonce, 1);
	int none = 0, ok;

	seal_pass(ctx, place.p, place.n, NULL);
	seal_pass(ctx, text.p, text.n, out);
	ok = EVP_CipherFinal_ex(ctx, out + text.n, &none) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG,
		 out + text.n) == 1;
	assert(ok);
	EVP_CIPHER_CTX_free(ctx);
}

bool
seal_decrypt(const unsigned char key[SEAL_KEY],
    const unsigned char nonce[SEAL_NONCE], struct slice place,
    struct slice sealed, unsigned char *text)
{
	EVP_CIPHER_CTX *ctx;
	unsigned char tag[SEAL_TAG];
	size_t n = sealed.n - SEAL_TAG;
	int none = 0, ok;

	assert(sealed.n >= SEAL_TAG);
	memcpy(tag, sealed.p + n, SEAL_TAG);
	ctx = seal_start(key, nonce, 0);
	seal_pass(ctx, place.p, place.n, NULL);
	seal_pass(ctx, sealed.p, n, text);
	ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG, tag);
	assert(ok == 1);
	ok = EVP_CipherFinal_ex(ctx, text + n, &none);
	EVP_CIPHER_CTX_free(ctx);
	return ok == 1;
}

/* The settings' secret has any length; a key has one of its own. */
static void
seal_key_make(struct seal_key *k, struct slice secret)
{
	static const char for_key[] = "holdfast sealing key";
	static const char for_id[] = "holdfast sealing key id";
	unsigned char id[DIGEST_SIZE];

	digest_hmac(secret.p, secret.n, for_key, sizeof for_key, k->key);
	digest_hmac(secret.p, secret.n, for_id, sizeof for_id, id);
	k->id = id[0];
}

void
seal_keys_make(struct seal_keys *k, struct slice first, struct slice old)
{
	k->n = 0;
	if (first.n > 0)
		seal_key_make(&k->keys[k->n++], first);
	if (first.n > 0 && old.n > 0)
		seal_key_make(&k->keys[k->n++], old);
}

void
seal_keys_wipe(struct seal_keys *k)
{
	explicit_bzero(k, sizeof *k);
}

void
seal_close(const struct seal_keys *k, struct slice place, struct slice text,
    struct sbuf *out)
{
	unsigned char *to;

	assert(k->n > 0);
	sbuf_reserve(out, text.n + SEAL_EXTRA);
	to = (unsigned char *)out->data + out->len;
	to[0] = k->keys[0].id;
	random_bytes(to + 1, SEAL_NONCE);
	seal_encrypt(k->keys[0].key, to + 1, place, text, to + 1 + SEAL_NONCE);
	out->len += text.n + SEAL_EXTRA;
	out->data[out->len] = '\0';
}

size_t
seal_text_len(struct slice sealed)
{
	return sealed.n > SEAL_EXTRA ? sealed.n - SEAL_EXTRA : 0;
}

int
seal_open(const struct seal_keys *k, struct slice place, struct slice sealed,
    char *text)
{
	const unsigned char *p = (const unsigned char *)sealed.p;
	size_t n = seal_text_len(sealed);

	for (unsigned i = 0; n > 0 && i < k->n; i++)
		if (k->keys[i].id == p[0] &&
		    seal_decrypt(k->keys[i].key, p + 1, place,
			slice_skip(sealed, 1 + SEAL_NONCE),
			(unsigned char *)text))
			return 1;
	explicit_bzero(text, n);
	return 0;
}

#include "net/tls.h"

#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/xmem.h"
#include "net/tls_priv.h"

struct tls_server {
	SSL_CTX *ctx;
	int64_t expires_s;
};

/* RFC 7301 3.2: a client that offers only what we lack is told so. */
static int
tls_choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl, (void)ctx;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in,
		in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* T13: whoever encrypts the key must not be asked at three in the morning. */
static int
tls_no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return -1;
}

static BIO *
tls_memory(struct slice text)
{
	BIO *bio;

	assert(text.n <= INT_MAX);
	bio = BIO_new_mem_buf(text.p, (int)text.n);
	assert(bio != NULL);
	return bio;
}

static int64_t
tls_not_after(const X509 *leaf)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &tm) != 1)
		return 0;
	return timegm(&tm);
}

/* The leaf, then whatever follows it as chain. */
static int
tls_use_chain(struct tls_server *s, BIO *bio)
{
	X509 *cert = PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL);
	int ok = cert != NULL && SSL_CTX_use_certificate(s->ctx, cert) == 1;

	if (ok)
		s->expires_s = tls_not_after(cert);
	X509_free(cert);
	while (ok) {
		cert = PEM_read_bio_X509(bio, NULL, tls_no_passphrase, NULL);
		if (cert == NULL)
			break;
		ok = SSL_CTX_add0_chain_cert(s->ctx, cert) == 1;
	}
	/* The end of the text shows as an error like any other. */
	if (ok && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return 0;
	return ok;
}

static int
tls_use_key(struct tls_server *s, BIO *bio)
{
	EVP_PKEY *key =
	    PEM_read_bio_PrivateKey(bio, NULL, tls_no_passphrase, NULL);
	int ok = key != NULL && SSL_CTX_use_PrivateKey(s->ctx, key) == 1 &&
	         SSL_CTX_check_private_key(s->ctx) == 1;

	EVP_PKEY_free(key);
	return ok;
}

static int
tls_use_pem(struct tls_server *s, struct slice pem, const char *what,
    int (*use)(struct tls_server *s, BIO *bio), struct err *e)
{
	BIO *bio = tls_memory(pem);
	int ok;

	ERR_clear_error();
	ok = use(s, bio);
	BIO_free(bio);
	if (!ok)
		return err_set(e, ERR_SETTINGS, "tls: %s: %s", what,
		    tls_queue_reason());
	ERR_clear_error();
	return 0;
}

struct tls_server *
tls_server_new(struct slice chain, struct slice key, int min_version,
    struct err *e)
{
	struct tls_server *s = xcalloc(1, sizeof *s);
	static const unsigned char context[] = "holdfast";

	s->ctx = SSL_CTX_new(TLS_server_method());
	assert(s->ctx != NULL);
	tls_set_common(s->ctx,
	    min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	/* Tickets need no memory here, and a fork shares their key (T8). */
	SSL_CTX_set_session_cache_mode(s->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(s->ctx, context, sizeof context - 1);
	SSL_CTX_set_alpn_select_cb(s->ctx, tls_choose_alpn, NULL);
	if (tls_use_pem(s, chain, "certificate", tls_use_chain, e) == -1 ||
	    tls_use_pem(s, key, "private key", tls_use_key, e) == -1)
		tls_server_free(&s);
	return s;
}

void
tls_server_free(struct tls_server **sp)
{
	struct tls_server *s = *sp;

	if (s == NULL)
		return;
	SSL_CTX_free(s->ctx);
	free(s);
	*sp = NULL;
}

struct ssl_st *
tls_server_accept(struct tls_server *s)
{
	SSL *ssl = SSL_new(s->ctx);

	assert(ssl != NULL);
	SSL_set_accept_state(ssl);
	return ssl;
}

int64_t
tls_server_expires_s(const struct tls_server *s)
{
	return s->expires_s;
}

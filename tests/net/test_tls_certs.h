#ifndef TESTS_NET_TEST_TLS_CERTS_H
#define TESTS_NET_TEST_TLS_CERTS_H

/*
 * test_tls_certs - certificates for tests, made on the spot: nothing in the
 * tree expires.
 */

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"

#define DAY_S (24L * 3600)

struct cert_options {
	const char *name;        /* CN, for people */
	const char *alt;         /* subjectAltName, NULL: none */
	const char *constraints; /* nameConstraints of a CA, NULL: none */
	long from_s, to_s;       /* validity, seconds from now */
	bool ca;
};

struct cert {
	EVP_PKEY *key;
	X509 *x509;
	struct slice chain_pem, key_pem;
};

static void
cert_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(ext);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static struct slice
cert_text(BIO *bio)
{
	char *data, *copy;
	long n = BIO_get_mem_data(bio, &data);

	copy = malloc((size_t)n + 1);
	memcpy(copy, data, (size_t)n);
	copy[n] = '\0';
	BIO_free(bio);
	return (struct slice){ copy, (size_t)n };
}

/* by NULL: signed by itself. */
static struct cert
cert_make(const struct cert_options *o, const struct cert *by)
{
	static long serial = 1;
	struct cert c = { EVP_EC_gen("P-256"), X509_new(), { 0 }, { 0 } };
	X509 *issuer = by != NULL ? by->x509 : c.x509;
	BIO *chain = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());

	X509_set_version(c.x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x509), serial++);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x509), "CN",
	    MBSTRING_ASC, (const unsigned char *)o->name, -1, -1, 0);
	X509_set_issuer_name(c.x509, X509_get_subject_name(issuer));
	X509_gmtime_adj(X509_getm_notBefore(c.x509), o->from_s);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), o->to_s);
	X509_set_pubkey(c.x509, c.key);
	cert_extend(c.x509, issuer, NID_basic_constraints,
	    o->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (o->alt != NULL)
		cert_extend(c.x509, issuer, NID_subject_alt_name, o->alt);
	if (o->constraints != NULL)
		cert_extend(c.x509, issuer, NID_name_constraints,
		    o->constraints);
	X509_sign(c.x509, by != NULL ? by->key : c.key, EVP_sha256());
	PEM_write_bio_X509(chain, c.x509);
	PEM_write_bio_PrivateKey(key, c.key, NULL, NULL, 0, NULL, NULL);
	c.chain_pem = cert_text(chain);
	c.key_pem = cert_text(key);
	return c;
}

static void
cert_free(struct cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x509);
	free((char *)(uintptr_t)c->chain_pem.p);
	free((char *)(uintptr_t)c->key_pem.p);
}

#define CERT_PATH_SIZE 64

/* The chain as a file of its own; the caller unlinks it. */
static void
cert_write(struct slice pem, char path[CERT_PATH_SIZE])
{
	int fd;

	strcpy(path, "/tmp/holdfast-test-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, pem.p, pem.n), (ssize_t)pem.n);
	close(fd);
}

#endif

#include "net/tls.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xmem.h"
#include "net/addr.h"
#include "net/tls_priv.h"

struct tls_client {
	SSL_CTX *ctx;
	struct tls_store *store;
};

/* What a client connection carries with it, in its ex_data. */
struct tls_link {
	struct tls_store *store;
	uint16_t port;
	bool peer_closed;
	char host[];
};

/* "http/1.1" as RFC 7301 writes a list of one. */
static const unsigned char tls_alpn[] = "\x08http/1.1";

static void
tls_link_free(void *parent, void *p, CRYPTO_EX_DATA *data, int index, long argl,
    void *argp)
{
	(void)parent, (void)data, (void)index, (void)argl, (void)argp;
	free(p);
}

/* The place of struct tls_link in an SSL. */
static int
tls_link_index(void)
{
	static int index = -1;

	if (index == -1)
		index =
		    SSL_get_ex_new_index(0, NULL, NULL, NULL, tls_link_free);
	assert(index != -1);
	return index;
}

/* RFC 8446 6.1: the peer's last word.  An EOF without it leaves no trace. */
static void
tls_info(const SSL *ssl, int where, int value)
{
	struct tls_link *link;

	if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT ||
	    (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
		return;
	link = SSL_get_ex_data(ssl, tls_link_index());
	if (link != NULL)
		link->peer_closed = true;
}

/* A ticket came; 1 keeps the reference that OpenSSL gives us. */
static int
tls_keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_link *link = SSL_get_ex_data(ssl, tls_link_index());

	tls_store_add(link->store, link->host, link->port, session);
	return 1;
}

void
tls_set_common(SSL_CTX *ctx, int min_version)
{
	SSL_CTX_set_min_proto_version(ctx, min_version);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
				     SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				  SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/*
 * The system's store as one file, read now.  OpenSSL's own default is a
 * directory that is searched during each handshake: blocking, and out of
 * sight for a process behind its filter (T1).
 */
static const char *const tls_system_files[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/cert.pem",                  /* Alpine */
};

static const char *
tls_system_file(void)
{
	const char *file = secure_getenv(X509_get_default_cert_file_env());
	size_t n = sizeof tls_system_files / sizeof *tls_system_files;

	for (size_t i = 0; file == NULL && i < n; i++)
		if (access(tls_system_files[i], R_OK) == 0)
			file = tls_system_files[i];
	return file != NULL ? file : tls_system_files[0];
}

static int
tls_load_authorities(SSL_CTX *ctx, const char *ca_file, struct err *e)
{
	const char *file = ca_file != NULL ? ca_file : tls_system_file();

	ERR_clear_error();
	if (SSL_CTX_load_verify_file(ctx, file) != 1)
		return err_set(e, ERR_SETTINGS, "tls: %s: %s", file,
		    tls_queue_reason());
	return 0;
}

struct tls_client *
tls_client_new(const char *ca_file, struct err *e)
{
	struct tls_client *c = xcalloc(1, sizeof *c);

	c->ctx = SSL_CTX_new(TLS_client_method());
	assert(c->ctx != NULL);
	tls_set_common(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_info_callback(c->ctx, tls_info);
	SSL_CTX_set_session_cache_mode(c->ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, tls_keep_session);
	/* 0 is success here, unlike everywhere else. */
	if (SSL_CTX_set_alpn_protos(c->ctx, tls_alpn, sizeof tls_alpn - 1) != 0)
		abort();
	c->store = tls_store_new();
	if (tls_load_authorities(c->ctx, ca_file, e) == -1)
		tls_client_free(&c);
	return c;
}

void
tls_client_free(struct tls_client **cp)
{
	struct tls_client *c = *cp;

	if (c == NULL)
		return;
	tls_store_free(&c->store);
	SSL_CTX_free(c->ctx);
	free(c);
	*cp = NULL;
}

/*
 * Whom we expect to meet (T2).  Nothing of this is on by default, and a call
 * that failed would leave the check out: so it ends the process.
 */
static void
tls_expect(SSL *ssl, char *host)
{
	struct addr a;
	int ok;

	if (addr_read_ip(&a, slice_str(host), 0)) {
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	} else {
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		ok = SSL_set1_host(ssl, host) == 1 &&
		     SSL_set_tlsext_host_name(ssl, host) == 1;
	}
	assert(ok == 1);
}

struct ssl_st *
tls_client_connect(struct tls_client *c, const char *host, uint16_t port)
{
	SSL *ssl = SSL_new(c->ctx);
	size_t size = strlen(host) + 1;
	struct tls_link *link = xcalloc(1, sizeof *link + size);
	SSL_SESSION *session;

	assert(ssl != NULL);
	link->store = c->store;
	link->port = port;
	memcpy(link->host, host, size);
	if (SSL_set_ex_data(ssl, tls_link_index(), link) != 1)
		abort();
	tls_expect(ssl, link->host);
	session = tls_store_take(c->store, host, port);
	if (session != NULL) {
		SSL_set_session(ssl, session);
		SSL_SESSION_free(session);
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

bool
tls_peer_closed(const struct ssl_st *ssl)
{
	const struct tls_link *link = SSL_get_ex_data(ssl, tls_link_index());

	return link != NULL && link->peer_closed;
}

bool
tls_begun(const struct ssl_st *ssl)
{
	return !SSL_in_before(ssl);
}

bool
tls_resumed(const struct ssl_st *ssl)
{
	return SSL_session_reused(ssl) == 1;
}

/* NULL when the queue is empty. */
static const char *
tls_take_reason(void)
{
	unsigned long code = ERR_get_error();
	const char *reason;

	ERR_clear_error();
	if (code == 0)
		return NULL;
	reason = ERR_SYSTEM_ERROR(code) ? strerrordesc_np(ERR_GET_REASON(code))
	                                : ERR_reason_error_string(code);
	return reason != NULL ? reason : "unknown TLS error";
}

const char *
tls_queue_reason(void)
{
	const char *reason = tls_take_reason();

	return reason != NULL ? reason : "nothing found";
}

void
tls_reason(const struct ssl_st *ssl, char out[TLS_REASON_SIZE])
{
	long verdict = SSL_get_verify_result(ssl);
	const char *reason = tls_take_reason();

	if (verdict != X509_V_OK)
		snprintf(out, TLS_REASON_SIZE, "certificate refused: %s",
		    X509_verify_cert_error_string(verdict));
	else
		snprintf(out, TLS_REASON_SIZE, "%s",
		    reason != NULL ? reason : "");
}

#ifndef NET_TLS_PRIV_H
#define NET_TLS_PRIV_H

/* tls_priv - what the files of net/tls share. */

#include <openssl/ssl.h>
#include <stdint.h>

/* The rules that hold for both sides (T4, T5); min_version is OpenSSL's. */
void tls_set_common(SSL_CTX *ctx, int min_version);

/* The first reason in OpenSSL's error queue, which is emptied (T12). */
const char *tls_queue_reason(void);

/*
 * The sessions of a client context by host and port (T7).  Each child of a
 * fork goes on with a store of its own.
 */
struct tls_store;

#define TLS_STORE_HOSTS 64
#define TLS_STORE_SESSIONS 8 /* of one host */

struct tls_store *tls_store_new(void);
void tls_store_free(struct tls_store **sp);

/* Takes the caller's reference. */
void tls_store_add(struct tls_store *s, const char *host, uint16_t port,
    SSL_SESSION *session);

/* A reference for the caller, or NULL.  A TLS 1.3 ticket is given once. */
SSL_SESSION *tls_store_take(struct tls_store *s, const char *host,
    uint16_t port);

#endif

#ifndef NET_TLS_H
#define NET_TLS_H

/*
 * tls - contexts and connections of OpenSSL, both sides (rules T1 to T13).
 *
 * Contexts are made once, before fork, and used by every child; reading the
 * CA store costs 135 ms, so nobody makes one later.  Every upstream
 * connection is verified: there is no switch.  A private CA is a file.
 *
 * SSL objects made here belong to the caller, who gives them to a conn.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct err;
struct ssl_st; /* OpenSSL's SSL */

/* The client side: one per CA file (one for the system's store). */
struct tls_client;

/*
 * ca_file: PEM, NULL for the system's bundle (or SSL_CERT_FILE).  NULL with *e
 * filled (kind SETTINGS) when the file cannot be read or holds no certificate.
 */
struct tls_client *tls_client_new(const char *ca_file, struct err *e);

/* Release *cp and set it to NULL.  Its SSL objects must be gone. */
void tls_client_free(struct tls_client **cp);

/*
 * A connection to be: host name check or IP check, SNI (names only), ALPN
 * http/1.1, and a kept session of the same host and port when there is one.
 * host: a name or a canonical IP literal without brackets, NUL-terminated,
 * outliving the SSL.  The caller sets the descriptor and shakes hands
 * (client state is set).  Never NULL.
 */
struct ssl_st *tls_client_connect(struct tls_client *c, const char *host,
    uint16_t port);

/* The server side: one per certificate. */
struct tls_server;

/*
 * chain: PEM, leaf first; key: PEM without a passphrase, belonging to the
 * leaf.  min_version: 12 or 13.  NULL with *e filled (kind SETTINGS).  The
 * bytes are not needed after.
 */
struct tls_server *tls_server_new(struct slice chain, struct slice key,
    int min_version, struct err *e);

void tls_server_free(struct tls_server **sp);

/* A connection to be accepted (server state is set).  Never NULL. */
struct ssl_st *tls_server_accept(struct tls_server *s);

/* Seconds since 1970 at which the leaf expires. */
int64_t tls_server_expires_s(const struct tls_server *s);

/*
 * Has the peer said that it sends no more (close_notify)?  An end of input
 * without that may be a cut (T5).
 */
bool tls_peer_closed(const struct ssl_st *ssl);

/* Has the handshake begun?  False while TCP is not up. */
bool tls_begun(const struct ssl_st *ssl);

/* Was a kept session of an earlier connection taken up again? */
bool tls_resumed(const struct ssl_st *ssl);

/*
 * Why the last SSL call on this connection failed, as text: the verifier's
 * words when the certificate was refused, OpenSSL's reason otherwise, ""
 * when it has none (then errno tells).  Empties the error queue (T12).
 * NUL-terminated.
 */
#define TLS_REASON_SIZE 128
void tls_reason(const struct ssl_st *ssl, char out[TLS_REASON_SIZE]);

#endif

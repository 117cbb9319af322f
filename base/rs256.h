#ifndef BASE_RS256_H
#define BASE_RS256_H

/*
 * rs256 - signed statements as RFC 7515 and RFC 7518 3.3 want them: RSA with
 * SHA-256 (RSASSA-PKCS1-v1_5), for who proves an identity with a key of its
 * own (spec/providers.md 3.3).
 */

#include "base/slice.h"

struct err;
struct rs256;
struct sbuf;

/*
 * A private key in PEM, of 2048 bits or more and without a password.  NULL
 * with ERR_INVALID_VALUE when it is none.  The caller wipes the PEM; the key
 * is wiped by rs256_free().
 */
struct rs256 *rs256_new(struct slice pem, struct err *e);

/* Release *kp and set it to NULL; NULL is accepted. */
void rs256_free(struct rs256 **kp);

/*
 * Append base64url(header).base64url(claims).base64url(signature), no padding
 * anywhere.  Both are JSON.
 */
void rs256_jwt(const struct rs256 *k, struct slice header, struct slice claims,
    struct sbuf *b);

#endif

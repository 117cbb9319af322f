#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

/*
 * digest - SHA-256 of bytes that come in pieces, its keyed form, and a
 * comparison that takes the same time whatever it finds.
 */

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SIZE 32

struct digest;

/* One per process is enough: digest_start() begins anew. */
struct digest *digest_new(void);
void digest_free(struct digest **dp);

void digest_start(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE]);

/* All three at once, on a context that the process keeps. */
void digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SIZE]);

/* HMAC-SHA256 (RFC 2104). */
void digest_hmac(const void *key, size_t key_n, const void *p, size_t n,
    unsigned char out[DIGEST_SIZE]);

bool digest_equal(const void *a, const void *b, size_t n);

#endif

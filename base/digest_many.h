#ifndef BASE_DIGEST_MANY_H
#define BASE_DIGEST_MANY_H

/*
 * digest_many - SHA-256 of several messages side by side.
 *
 * Each round of SHA-256 waits for the one before, so that a processor is half
 * idle over one message.  Others fill the pauses, or the lanes of a vector: by
 * libipsec-mb two cost as much as 1.3, or eight as much as 2.5.  Where that
 * gains nothing, and on processors that it does not know, they are hashed one
 * by one (base/digest.h).
 */

#include "base/digest.h"
#include "base/slice.h"

#define DIGEST_MANY_MAX 16

/* Of n messages, at most DIGEST_MANY_MAX; one is as good as digest_sha256(). */
void digest_many(const struct slice *messages, unsigned n,
    unsigned char (*digests_r)[DIGEST_SIZE]);

#endif

#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

/*
 * random - bytes that nobody can guess, and cheap draws that need not be.
 */

#include <stddef.h>
#include <stdint.h>

/* From the kernel; the process ends when it cannot. */
void random_bytes(void *p, size_t n);

/*
 * A draw for jitter and request ids: xorshift, seeded from random_bytes() once
 * per process (a fork seeds anew).
 */
uint64_t random_draw(void);

/*
 * A draw among weights (load balancing, credentials).  The same, until
 * random_seed() makes this process repeat itself, for tests; seed 0 ends that.
 */
uint64_t random_choice(void);
void random_seed(uint64_t seed);

/* 16 bytes for a request id: unique across processes and restarts. */
void random_id(unsigned char id[16]);

#endif

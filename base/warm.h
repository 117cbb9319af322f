#ifndef BASE_WARM_H
#define BASE_WARM_H

/*
 * warm - code fetched ahead of its use.
 *
 * A stream that begins alone finds hardly a line of its code in the caches: on
 * its way to the provider it waits for some 900 of them, one after the other,
 * and for each as long as a hundred instructions take.  Asked for together they
 * come side by side, while the kernel accepts or the provider thinks.
 *
 * order.ld tells where they lie.  A program that is linked without it has
 * nothing to fetch, and is but slower.
 */

/*
 * A client comes: the code from its bytes to the provider's, but not twice in
 * some milliseconds, for a busy worker has it in its caches.
 */
void warm_request(void);

/*
 * A stream's provider is asked: the code from its first bytes to the client's,
 * if warm_request() has fetched its part since.
 */
void warm_answer(void);

#endif

#ifndef SHM_GEN_H
#define SHM_GEN_H

/*
 * gen - one word per kind of object: raised when any of that kind changed, so
 * that a worker looks again before its next request.
 */

#include <stdint.h>

struct segment;

enum gen_kind {
	GEN_KEYS,
	GEN_CUSTOMERS,
	GEN_MODELS,
	GEN_PROMPTS,
	GEN_GROUPS,
	GEN_CREDENTIALS,
	GEN_PRICES,
	GEN_CACHE,   /* purged */
	GEN_HEALTH,  /* a target was drained or resumed by hand */
	GEN_DELETED, /* a customer: its records and statistics go */
	GEN_KINDS,
};

/* After the commit that changed an object. */
void gen_raise(struct segment *seg, enum gen_kind kind);

/* One acquire load. */
uint64_t gen_get(const struct segment *seg, enum gen_kind kind);

#endif

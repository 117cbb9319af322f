#ifndef TESTS_SHM_TARGET_H
#define TESTS_SHM_TARGET_H

/* target - a segment with targets of one provider, as workers make them. */

#include "base/err.h"
#include "shm/health.h"
#include "shm/segment.h"
#include "shm/verdict.h"
#include "tests/suite.h"

#define MSEC 1000000ull
#define BEGIN_NS (1000000ull * 1000 * MSEC) /* of every story */

static const struct segment_shape shape = { 1, 64, 65536 };
static const struct verdict_rules rules = { 5, 30000 * MSEC, 5000 * MSEC };

static inline struct segment *
bench_segment(void)
{
	struct segment *seg;
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	return seg;
}

static inline uint64_t
bench_make(struct segment *seg, const char *text, enum health_kind kind,
    uint64_t hash, uint32_t *above)
{
	struct health_new n = { hash, kind, *above, slice_str(text) };

	*above = health_make(seg, &n, BEGIN_NS);
	return hash;
}

/* A target of provider "p", as a worker makes it. */
static inline uint32_t
bench_target(struct segment *seg, uint64_t credential, const char *model)
{
	uint32_t at = HEALTH_NONE;
	uint64_t hash = bench_make(seg, "p", HEALTH_PROVIDER,
	    health_provider_hash(SLICE("p")), &at);

	hash = bench_make(seg, "c", HEALTH_CREDENTIAL,
	    health_credential_hash(hash, credential), &at);
	bench_make(seg, model, HEALTH_TARGET,
	    health_target_hash(hash, slice_str(model)), &at);
	ck_assert_uint_ne(at, HEALTH_NONE);
	return at;
}

static inline struct health *
bench_provider(struct segment *seg)
{
	return health_at(seg,
	    health_place(seg, health_provider_hash(SLICE("p"))));
}

#endif

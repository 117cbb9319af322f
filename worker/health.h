#ifndef WORKER_HEALTH_H
#define WORKER_HEALTH_H

/*
 * health - which targets the requests of this worker may be sent to: the
 * rules of shm/verdict.h with the settings health.*, and the providers that
 * were drained by hand.
 *
 * A target is (provider, credential, upstream model).  Credentials that a
 * caller brought are nobody's target: their place is HEALTH_NONE, of which
 * nothing is noted and which is always up.  So is that of a full table.
 *
 * A place may be kept with the request; find it again for the next: the entry
 * of a target that nobody has asked for a minute may become another's, and
 * its place is then as HEALTH_NONE.
 *
 * After HEALTH_PROBE the attempt ends with exactly one of good, bad, wish,
 * locked or unknown; until then, at most 30 s, nobody else may try.
 */

#include <stdbool.h>

#include "base/slice.h"
#include "shm/health.h"
#include "shm/verdict.h"

struct credential;
struct settings_model;
struct worker;

/* How health_find() names a credential; 0 where the provider needs none. */
static inline uint64_t
health_credential(struct slice name)
{
	return health_credential_id(name);
}

/* Some hashes and one look, as a rule; the entry is made when it is new. */
uint32_t health_find(struct worker *w, struct slice provider,
    uint64_t credential_id, struct slice upstream_model);

/*
 * The same of a credential and a model of the settings, whose addresses name
 * them (credential NULL: none is needed): remembered for a second.
 */
uint32_t health_recall(struct worker *w, const struct credential *credential,
    const struct settings_model *model);

/* Times are CLOCK_MONOTONIC, now_mono_ns() of the turn. */
enum health_verdict health_ask(struct worker *w, uint32_t place,
    uint64_t now_ns);

/*
 * When its ejection ends, for the one that ends first; 0 = not ejected.
 */
uint64_t health_until_ns(struct worker *w, uint32_t place);

/* Success; first_byte_ns = how long the first byte took, 0 = not measured. */
void health_good(struct worker *w, uint32_t place, uint64_t first_byte_ns,
    uint64_t now_ns);

/* Connect, TLS, timeout, cut, malformed, 5xx, 529. */
void health_bad(struct worker *w, uint32_t place, uint64_t now_ns);

/* 429 with a wish: until then, at most 60 s from now. */
void health_wish(struct worker *w, uint32_t place, uint64_t until_ns);

/* 401, 402, 403: all targets of the credential, for 60 s. */
void health_locked(struct worker *w, uint32_t place, uint64_t now_ns);

/*
 * The attempt has told nothing of the target: the client left, a 4xx, a 429
 * without a wish, a money limit.  Needed after HEALTH_PROBE alone.
 */
void health_unknown(struct worker *w, uint32_t place);

/* Moving mean of the time to the first byte; 0 = no data. */
uint64_t health_first_byte_ns(struct worker *w, uint32_t place);

/* By "holdfastctl drain"; provider is its index in the settings. */
bool provider_drained(struct worker *w, int32_t provider);

/* What the worker remembers of it. */
void health_forget(struct worker *w);

#endif

#ifndef SHM_HEALTH_H
#define SHM_HEALTH_H

/*
 * health - what all workers know about a target: a few words by its hash.
 *
 * A target is (provider, credential, upstream model); its entry names the one
 * of its credential, and that the one of its provider.  Here are the words and
 * how they are found; what they mean is shm/verdict.h.  All are atomics, lossy
 * by design: a full table gives HEALTH_NONE, which is always healthy.
 *
 * Hashes are functions of names alone, so the words survive a reload and the
 * death of whoever wrote them.  Targets come from names that a client may make
 * up: one that was idle for HEALTH_IDLE_NS gives its entry away when the table
 * is full.  Providers and credentials keep theirs.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct segment;

#define HEALTH_SLOTS 2048
#define HEALTH_NONE UINT32_MAX
#define HEALTH_RUN_MAX 20 /* failures in a row whose times are kept */
#define HEALTH_TEXT_MAX 47
#define HEALTH_IDLE_NS 60000000000u

enum health_kind { HEALTH_PROVIDER, HEALTH_CREDENTIAL, HEALTH_TARGET };

/* Shared; three cache lines, of which the first is asked.  CLOCK_MONOTONIC. */
struct health {
	_Alignas(64) _Atomic uint64_t hash; /* 0 = free */
	_Atomic uint64_t until_ns;          /* ejected until, 0 = not */
	_Atomic uint64_t probe_ns;          /* a probe is out, until then */
	_Atomic uint64_t touched_ns;        /* last success or failure */
	_Atomic uint64_t first_byte_ns;     /* moving mean, 0 = no data */
	_Atomic uint32_t failures;          /* in a row */
	_Atomic uint32_t window;            /* the last 20; a bit = failed */
	_Atomic uint32_t ejections;         /* in a row; of a provider: ever */
	_Atomic uint32_t told;  /* of a provider: such an ejection */
	_Atomic uint32_t above; /* place of what it belongs to */
	_Atomic uint8_t kind;
	_Atomic uint8_t drained;   /* of a provider: by hand */
	_Atomic uint16_t text_len; /* + 1, stored last; 0 = none */
	_Atomic uint32_t failed_ms[HEALTH_RUN_MAX]; /* of the run, a ring */
	char text[HEALTH_TEXT_MAX + 1];             /* its name, for people */
};

uint64_t health_provider_hash(struct slice name);
/* id: any number that names it among those of the provider; 0 = none. */
uint64_t health_credential_hash(uint64_t provider_hash, uint64_t id);
uint64_t health_target_hash(uint64_t credential_hash, struct slice upstream);

/* The id of a credential that has a name. */
uint64_t health_credential_id(struct slice name);

/* What an entry is made of when it is new. */
struct health_new {
	uint64_t hash;
	enum health_kind kind;
	uint32_t above; /* a place, or HEALTH_NONE */
	struct slice text;
};

/*
 * A place is an index with some bits of the hash: it is good for as long as
 * the entry is that target's, and HEALTH_NONE from then on.  health_place():
 * HEALTH_NONE when it is not there; health_make(): when there is no room.
 */
uint32_t health_place(struct segment *seg, uint64_t hash);
uint32_t health_make(struct segment *seg, const struct health_new *n,
    uint64_t now_ns);

/* The entry at a place, or NULL; lives as long as the segment. */
struct health *health_at(struct segment *seg, uint32_t place);

/* The entry that this one belongs to, or NULL. */
struct health *health_above(struct segment *seg, const struct health *h);

/* Walk all made entries: start with *at = 0.  NULL at the end. */
struct health *health_next(struct segment *seg, uint32_t *at);

/* Its name, perhaps cut, or empty; lives as long as the segment. */
struct slice health_text(const struct health *h);

/*
 * A provider is taken out of routing by hand, or put back: 1, all workers see
 * it at their next request; 0 when the table has no room for it.
 */
int health_drain(struct segment *seg, struct slice provider, bool drained,
    uint64_t now_ns);
bool health_drained(struct segment *seg, struct slice provider);

#endif

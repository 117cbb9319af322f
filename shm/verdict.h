#ifndef SHM_VERDICT_H
#define SHM_VERDICT_H

/*
 * verdict - may a target be asked: the rules of spec/routing.md 10 on the
 * words of shm/health.h.
 *
 *	             failures                    time over, one probe
 *	    UP ───────────────────→ EJECTED ───────────────────────────→ PROBE
 *	    ↑                         ↑ twice as long                      │
 *	    │                         └────────────────── failure ─────────┤
 *	    └───────────────────────────────────────────── success ────────┘
 *
 * A provider's own wish (429) ends by itself; a credential that was refused
 * (401, 402, 403) is ejected with all its targets and comes back by a probe.
 * While an ejection is in force, what requests that were sent before bring
 * home neither ends nor prolongs it.
 *
 * Every time is CLOCK_MONOTONIC and comes from the caller; those of several
 * processes may differ by the length of a turn.  A place may be HEALTH_NONE.
 * No ejection outlives the times below, whatever was written and whoever died.
 */

#include <stdbool.h>
#include <stdint.h>

struct health;
struct segment;

enum health_verdict {
	HEALTH_UP,
	HEALTH_PROBE, /* this caller is the one that may try; reserved */
	HEALTH_EJECTED,
};

/* The settings health.*; at most HEALTH_RUN_MAX failures in a row. */
struct verdict_rules {
	uint32_t eject_after;
	uint64_t window_ns, eject_ns;
};

#define VERDICT_MOST_NS 60000000000u  /* of one ejection */
#define VERDICT_PROBE_NS 30000000000u /* then another may probe */
#define VERDICT_SANE_NS 180000000000u /* what is further away is garbage */
#define VERDICT_LAST 20               /* results looked at, half may fail */

enum health_verdict verdict_ask(struct segment *seg, uint32_t place,
    uint64_t now_ns);

/*
 * When its ejection ends, or its probe is given up; 0 = it is not ejected.  A
 * time that is past: nobody has tried since.
 */
uint64_t verdict_until_ns(struct segment *seg, uint32_t place);

/* It answered, after so long; 0 = that was not measured. */
void verdict_good(struct segment *seg, uint32_t place, uint64_t first_byte_ns,
    uint64_t now_ns);

/* It failed in a way that counts. */
void verdict_bad(struct segment *seg, uint32_t place,
    const struct verdict_rules *rules, uint64_t now_ns);

/* It wants to be left alone until then: at most VERDICT_MOST_NS from now. */
void verdict_wish(struct segment *seg, uint32_t place, uint64_t until_ns);

/* It refused the credential. */
void verdict_locked(struct segment *seg, uint32_t place, uint64_t now_ns);

/* HEALTH_PROBE was said and the attempt has told nothing: another may try. */
void verdict_unknown(struct segment *seg, uint32_t place);

/* Does nothing hold against this entry alone?  For those who only look. */
bool verdict_is_up(const struct health *h, uint64_t now_ns);

#endif

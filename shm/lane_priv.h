#ifndef SHM_LANE_PRIV_H
#define SHM_LANE_PRIV_H

/* lane_priv - how a producer takes a lane over from the one before. */

#include <stddef.h>

#include "shm/lane.h"

#define LANE_SEQ_ANY UINT64_MAX /* whatever comes next is right */

struct lane_head {
	uint32_t len, crc;
	uint64_t seq;
	uint64_t about; /* lane_about() */
};
_Static_assert(sizeof(struct lane_head) == LANE_RECORD_HEAD,
    "the record's head is 24 bytes");

/*
 * Type, flags and the payload's length as one word: the sum of a head that is
 * written in smaller pieces waits until they and all stores before them have
 * left the CPU.
 */
static inline uint64_t
lane_about(uint16_t type, uint16_t flags, uint32_t payload_len)
{
	return (uint64_t)payload_len << 32 | (uint64_t)type << 16 | flags;
}

static inline uint16_t
lane_head_type(const struct lane_head *h)
{
	return (uint16_t)(h->about >> 16);
}

static inline uint32_t
lane_head_payload_len(const struct lane_head *h)
{
	return (uint32_t)(h->about >> 32);
}

/* The sum of a head, in a money lane of the payload too. */
uint32_t lane_sum(enum lane_kind kind, const struct lane_head *h,
    const void *payload);

/* Where a position lies in the data. */
static inline uint64_t
lane_place(uint64_t pos, uint64_t size)
{
	return pos & (size - 1);
}

/*
 * Set head, tail and seq of a handle whose words, data, size and kind are
 * filled in.  The sequence is judged by the records below head, or by the
 * last one consumed when there is none: a counter of its own could be ahead.
 */
void lane_resume(struct lane *l);

#endif

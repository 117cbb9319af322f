#ifndef SHM_LANE_PRIV_H
#define SHM_LANE_PRIV_H

/* lane_priv - how a producer takes a lane over from the one before. */

#include <stddef.h>

#include "shm/lane.h"

#define LANE_SEQ_ANY UINT64_MAX /* whatever comes next is right */

struct lane_head {
	uint32_t len, crc;
	uint64_t seq;
	uint16_t flags, type;
	uint32_t payload_len;
};
_Static_assert(sizeof(struct lane_head) == LANE_RECORD_HEAD,
    "the record's head is 24 bytes");

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

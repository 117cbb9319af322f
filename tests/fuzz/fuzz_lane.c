/*
 * A lane whose producer writes what it likes: the reader and the readers of
 * what it hands out stay inside the lane and come to an end.
 *
 * The input is the head (2 bytes, in 16s), the tail (2 bytes, in 16s) and the
 * bytes of the lane, repeated to its end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "shm/settle.h"

#define LANE_BYTES 4096u

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Give every record its right sum, or nothing behind the check is reached. */
static void
fuzz_sum(char *lane)
{
	for (uint32_t at = 0; at + LANE_RECORD_HEAD <= LANE_BYTES;) {
		uint32_t len, payload, crc;

		memcpy(&len, lane + at, 4);
		memcpy(&payload, lane + at + 20, 4);
		len = (len & 0xff0) + 32;
		if (at + len > LANE_BYTES)
			return;
		payload %= len - LANE_RECORD_HEAD + 1;
		memcpy(lane + at, &len, 4);
		memcpy(lane + at + 20, &payload, 4);
		crc = crc32c(lane + at + 8, 16 + payload);
		memcpy(lane + at + 4, &crc, 4);
		at += len;
	}
}

static void
fuzz_read(struct lane_reader *r)
{
	struct lane_record rec;
	struct settle_record settle;
	struct err e;

	for (unsigned i = 0; lane_next(r, &rec, &e) == 1; i++) {
		r->seq = UINT64_MAX; /* any number may come next */
		if (i > LANE_BYTES / 16)
			abort();
		if ((const char *)rec.payload < r->data ||
		    (const char *)rec.payload + rec.len > r->data + r->size)
			abort();
		if (settle_read(&rec, &settle, &e) == 1 &&
		    settle.n_accounts > ACCOUNTS_PER_HOLD)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct lane_words words = { 0 };
	struct lane_reader r = { .words = &words,
		.size = LANE_BYTES,
		.seq = UINT64_MAX,
		.kind = LANE_MONEY };
	char *lane;

	if (n < 5)
		return 0;
	/* On the heap, so that a read outside is seen. */
	lane = malloc(LANE_BYTES);
	if (lane == NULL)
		return 0;
	for (size_t i = 0; i < LANE_BYTES; i++)
		lane[i] = (char)p[4 + i % (n - 4)];
	if (p[0] & 1)
		fuzz_sum(lane);
	r.data = lane;
	r.pos = (uint64_t)(p[2] | p[3] << 8) * 16;
	atomic_store(&words.head, (uint64_t)(p[0] | p[1] << 8) * 16);
	if (p[0] & 1)
		r.pos = 0, atomic_store(&words.head, LANE_BYTES);
	fuzz_read(&r);
	free(lane);
	return 0;
}

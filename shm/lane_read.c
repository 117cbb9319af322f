#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "shm/lane_priv.h"
#include "shm/sim.h"

static int
lane_damaged(const struct lane_reader *r, struct err *e, const char *what)
{
	if (e == NULL)
		return -1;
	return err_set(e, ERR_DAMAGED, "lane: %s at %llu after record %llu",
	    what, (unsigned long long)r->pos, (unsigned long long)r->seq);
}

/*
 * The head of the record at pos, copied once: the producer may be wild and
 * change it under our eyes.  *left is what is published behind pos.
 */
static int
lane_read_head(const struct lane_reader *r, uint64_t left, struct lane_head *h,
    struct err *e)
{
	const char *at = r->data + lane_place(r->pos, r->size);
	uint64_t to_end = r->size - lane_place(r->pos, r->size);

	memset(h, 0, sizeof(*h));
	memcpy(&h->len, at, sizeof(h->len));
	if (h->len < 16 || h->len % 16 != 0 || h->len > left || h->len > to_end)
		return lane_damaged(r, e, "bad length");
	if (h->len < LANE_RECORD_HEAD) {
		h->about = lane_about(LANE_PAD, 0, 0);
	} else {
		uint32_t len = h->len;

		memcpy(h, at, sizeof(*h));
		h->len = len;
	}
	if (lane_head_type(h) == LANE_PAD)
		return h->len == to_end ? 1 : lane_damaged(r, e, "bad pad");
	if (lane_head_payload_len(h) > h->len - LANE_RECORD_HEAD)
		return lane_damaged(r, e, "bad payload length");
	return 1;
}

static int
lane_check(const struct lane_reader *r, const struct lane_head *h,
    struct err *e)
{
	const char *at = r->data + lane_place(r->pos, r->size);

	if (lane_sum(r->kind, h, at + LANE_RECORD_HEAD) != h->crc)
		return lane_damaged(r, e, "bad checksum");
	if (r->seq != LANE_SEQ_ANY && h->seq != r->seq + 1)
		return lane_damaged(r, e, "gap in the sequence");
	return 1;
}

int
lane_next(struct lane_reader *r, struct lane_record *rec_r, struct err *e)
{
	uint64_t head =
	    atomic_load_explicit(&r->words->head, memory_order_acquire);
	struct lane_head h;

	if (head < r->pos || head - r->pos > r->size || head % 16 != 0)
		return lane_damaged(r, e, "bad head");
	while (r->pos != head) {
		if (lane_read_head(r, head - r->pos, &h, e) < 0)
			return -1;
		if (lane_head_type(&h) == LANE_PAD) {
			r->pos += h.len;
			continue;
		}
		if (lane_check(r, &h, e) < 0)
			return -1;
		*rec_r = (struct lane_record){
			.seq = h.seq,
			.type = lane_head_type(&h),
			.flags = (uint16_t)h.about,
			.len = lane_head_payload_len(&h),
			.payload = r->data + lane_place(r->pos, r->size) +
			           LANE_RECORD_HEAD,
		};
		r->pos += h.len;
		r->seq = h.seq;
		return 1;
	}
	return 0;
}

bool
lane_release(struct lane_reader *r)
{
	uint64_t tail =
	    atomic_load_explicit(&r->words->tail, memory_order_relaxed);

	/* tail_seq may be ahead of tail after a death, never behind it. */
	if (r->seq != LANE_SEQ_ANY)
		atomic_store_explicit(&r->words->tail_seq, r->seq,
		    memory_order_release);
	SIM_POINT();
	atomic_store_explicit(&r->words->tail, r->pos, memory_order_release);
	/* Against the producer's store of head before it read our tail. */
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&r->words->head, memory_order_relaxed) -
	           tail >
	       r->size / 2;
}

void
lane_discard(struct lane_reader *r)
{
	uint64_t head =
	    atomic_load_explicit(&r->words->head, memory_order_acquire);

	/*
	 * How many records that were nobody can tell, but no more than this:
	 * a later producer must not give their numbers again.
	 */
	if (head > r->pos) {
		atomic_fetch_add(&r->words->discarded, head - r->pos);
		atomic_fetch_add(&r->words->tail_seq, (head - r->pos) / 16);
	}
	r->pos = head;
	r->seq = LANE_SEQ_ANY;
	atomic_store_explicit(&r->words->tail, head, memory_order_release);
}

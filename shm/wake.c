#include "shm/wake.h"

#include <unistd.h>

#include "shm/segment_priv.h"

/* An eventfd that is full is as good as written. */
static void
wake_write(int fd)
{
	uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

void
wake_doze(struct segment *seg, enum segment_role role)
{
	atomic_store(&seg->head->asleep[role], 1);
	atomic_thread_fence(memory_order_seq_cst);
}

void
wake_rise(struct segment *seg, enum segment_role role)
{
	atomic_store(&seg->head->asleep[role], 0);
}

void
wake_role(struct segment *seg, enum segment_role role)
{
	_Atomic uint32_t *asleep = &seg->head->asleep[role];

	/* Against the consumer's store of asleep before it read our head. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(asleep, memory_order_relaxed) == 0)
		return;
	if (atomic_exchange(asleep, 0) != 0)
		wake_write(seg->role_fd[role]);
}

void
wake_seat(struct segment *seg, uint32_t seat, uint32_t reasons)
{
	if (seat >= seg->map.n_seats)
		return;
	if (atomic_fetch_or(&seat_at(seg, seat)->wake, reasons) == 0)
		wake_write(seg->seat_fd[seat]);
}

void
wake_seats(struct segment *seg, const uint64_t seats[SEGMENT_SEATS_WORDS],
    uint32_t reasons)
{
	for (uint32_t word = 0; word < SEGMENT_SEATS_WORDS; word++)
		for (uint64_t left = seats[word]; left != 0; left &= left - 1)
			wake_seat(seg,
			    word * 64 + (uint32_t)__builtin_ctzll(left),
			    reasons);
}

uint32_t
wake_take(struct segment *seg, uint32_t seat)
{
	return atomic_exchange(&seat_at(seg, seat)->wake, 0);
}

void
wake_missed(struct segment *seg)
{
	atomic_fetch_add(&seg->head->missed_wakes, 1);
}

uint64_t
wake_missed_count(const struct segment *seg)
{
	return atomic_load(&seg->head->missed_wakes);
}

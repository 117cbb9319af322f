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

/* What head->asleep says of a consumer. */
enum { AWAKE, NAPPING, DOZING };

static void
wake_sleep(struct segment *seg, enum segment_role role, uint32_t how)
{
	atomic_store(&seg->head->asleep[role], how);
	atomic_thread_fence(memory_order_seq_cst);
}

void
wake_doze(struct segment *seg, enum segment_role role)
{
	wake_sleep(seg, role, DOZING);
}

void
wake_nap(struct segment *seg, enum segment_role role)
{
	wake_sleep(seg, role, NAPPING);
}

void
wake_rise(struct segment *seg, enum segment_role role)
{
	atomic_store(&seg->head->asleep[role], AWAKE);
}

static void
wake_from(struct segment *seg, enum segment_role role, uint32_t least)
{
	_Atomic uint32_t *asleep = &seg->head->asleep[role];

	if (atomic_load_explicit(asleep, memory_order_relaxed) < least)
		return;
	if (atomic_exchange(asleep, AWAKE) != AWAKE)
		wake_write(seg->role_fd[role]);
}

void
wake_roles(struct segment *seg, unsigned roles)
{
	/* Against the consumer's store of asleep before it read our head. */
	atomic_thread_fence(memory_order_seq_cst);
	for (; roles != 0; roles &= roles - 1)
		wake_from(seg, (enum segment_role)__builtin_ctz(roles), DOZING);
}

void
wake_role_now(struct segment *seg, enum segment_role role)
{
	atomic_thread_fence(memory_order_seq_cst);
	wake_from(seg, role, NAPPING);
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
wake_seat_surely(struct segment *seg, uint32_t seat, uint32_t reasons)
{
	atomic_fetch_or(&seat_at(seg, seat)->wake, reasons);
	wake_write(seg->seat_fd[seat]);
}

void
wake_everybody(struct segment *seg)
{
	for (unsigned role = 0; role < ROLES; role++)
		wake_write(seg->role_fd[role]);
	for (uint32_t seat = 0; seat < seg->map.n_seats; seat++)
		if (seat_mapped(seg, seat))
			wake_seat_surely(seg, seat, WAKE_MONEY | WAKE_TWIN);
}

static void
wake_word(struct segment *seg, uint32_t word, uint64_t seats, uint32_t reasons)
{
	for (; seats != 0; seats &= seats - 1)
		wake_seat(seg, word * 64 + (uint32_t)__builtin_ctzll(seats),
		    reasons);
}

void
wake_seats(struct segment *seg, const uint64_t seats[SEGMENT_SEATS_WORDS],
    uint32_t reasons)
{
	static uint32_t turn;
	uint64_t late = (1ull << (turn++ % 64)) - 1;

	/* Another seat is first each time: the first gets what there is. */
	for (uint32_t word = 0; word < SEGMENT_SEATS_WORDS; word++)
		wake_word(seg, word, seats[word] & ~late, reasons);
	for (uint32_t word = 0; word < SEGMENT_SEATS_WORDS; word++)
		wake_word(seg, word, seats[word] & late, reasons);
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

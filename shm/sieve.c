#include "shm/sieve.h"

#include "base/hash.h"
#include "base/prefetch.h"
#include "shm/segment_priv.h"
#include "shm/sieve_priv.h"

/* With so many entries one in eight that is not held passes. */
#define SIEVE_MOST (1u << 20)

uint64_t
sieve_mark(struct slice text)
{
	return hash_slice(text, 0);
}

static struct sieve *
sieve_of(const struct segment *seg)
{
	return segment_part(seg, seg->map.sieve);
}

struct sieve_bits {
	uint32_t word;
	uint64_t mask; /* two bits of one word: one line of the cache */
};

static struct sieve_bits
sieve_bits(uint64_t mark)
{
	return (struct sieve_bits){ mark % SIEVE_WORDS,
		1ull << (mark >> 32 & 63) | 1ull << (mark >> 40 & 63) };
}

/* which: as in struct sieve, not 0. */
static void
sieve_set(struct sieve *s, uint32_t which, uint64_t mark)
{
	struct sieve_bits b = sieve_bits(mark);

	atomic_fetch_or(&s->maps[which - 1][b.word], b.mask);
}

void
sieve_prefetch(const struct segment *seg, uint64_t mark)
{
	struct sieve *s = sieve_of(seg);
	uint32_t which = atomic_load(&s->in_use);

	if (which != 0)
		prefetch_read(&s->maps[which - 1][sieve_bits(mark).word]);
}

bool
sieve_may_hold(const struct segment *seg, uint64_t mark)
{
	struct sieve *s = sieve_of(seg);
	struct sieve_bits b = sieve_bits(mark);
	uint32_t which = atomic_load(&s->in_use);

	return which == 0 ||
	       (atomic_load(&s->maps[which - 1][b.word]) & b.mask) == b.mask;
}

bool
sieve_add(struct segment *seg, uint64_t mark)
{
	struct sieve *s = sieve_of(seg);
	uint32_t which = atomic_load(&s->in_use);

	if (which != 0) {
		sieve_set(s, which, mark);
		atomic_fetch_add(&s->added, 1);
	}
	sieve_fill(seg, mark);
	return which == 0 || atomic_load(&s->added) < SIEVE_MOST;
}

void
sieve_fill_begin(struct segment *seg)
{
	struct sieve *s = sieve_of(seg);
	uint32_t which = atomic_load(&s->in_use) == 1 ? 2 : 1;

	/* A new segment is zero, and takes no memory until it is touched. */
	if (atomic_exchange(&s->soiled[which - 1], 1) != 0)
		for (uint32_t i = 0; i < SIEVE_WORDS; i++)
			atomic_store_explicit(&s->maps[which - 1][i], 0,
			    memory_order_relaxed);
	atomic_store(&s->filled, 0);
	atomic_store(&s->filling, which);
}

void
sieve_fill(struct segment *seg, uint64_t mark)
{
	struct sieve *s = sieve_of(seg);
	uint32_t which = atomic_load(&s->filling);

	if (which == 0)
		return;
	sieve_set(s, which, mark);
	atomic_fetch_add(&s->filled, 1);
}

void
sieve_fill_end(struct segment *seg)
{
	struct sieve *s = sieve_of(seg);
	uint32_t which = atomic_exchange(&s->filling, 0);
	bool useful = atomic_load(&s->filled) < SIEVE_MOST / 2;

	atomic_store(&s->added, atomic_load(&s->filled));
	/* A cache that fills it by half would fill it anew all the time. */
	atomic_store(&s->in_use, useful ? which : 0);
}

void
sieve_off(struct segment *seg)
{
	struct sieve *s = sieve_of(seg);

	atomic_store(&s->in_use, 0);
	atomic_store(&s->filling, 0);
}

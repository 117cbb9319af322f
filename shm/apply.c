#include "shm/apply.h"

#include "base/err.h"

#define APPLY_CHUNK_SHARE 100 /* a chunk is at most 1 % of the limit */

int
apply_due(uint64_t cursor, uint64_t seq, struct err *e)
{
	if (seq <= cursor)
		return 0;
	if (seq == cursor + 1)
		return 1;
	return err_set(e, ERR_DAMAGED,
	    "apply: record %llu follows %llu in a money lane",
	    (unsigned long long)seq, (unsigned long long)cursor);
}

/* Sums of years of spend; a wild record must not wrap them. */
static int64_t
apply_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int
apply_charge(struct apply_row *row, const struct settle_record *r, unsigned i,
    int64_t now_us)
{
	row->settled = apply_add(row->settled, r->accounts[i].actual);
	row->suspense = apply_add(row->suspense, r->accounts[i].suspense);
	row->requests++;
	if (row->first_us == 0)
		row->first_us = now_us;
	row->last_us = now_us;
	if (row->limit == ACCOUNT_UNLIMITED || row->settled <= row->lease)
		return 1;
	row->lease = row->settled;
	return 0;
}

/* How much more than is asked for a lease brings at once. */
static int64_t
apply_chunk(const struct account *a, int64_t limit)
{
	int64_t twice = apply_add(atomic_load(&a->largest_hold),
	    atomic_load(&a->largest_hold));
	int64_t spend = atomic_load(&a->spend_per_s);
	int64_t chunk = twice > spend ? twice : spend;

	return chunk < limit / APPLY_CHUNK_SHARE ? chunk
	                                         : limit / APPLY_CHUNK_SHARE;
}

int
apply_lease(struct segment *seg, uint32_t entry, struct apply_row *row)
{
	struct account *a = account_at(seg, entry);
	int64_t need = atomic_load(&a->need);
	int64_t used, chunk, lease;

	if (row->limit == ACCOUNT_UNLIMITED)
		return 0;
	chunk = apply_chunk(a, row->limit);
	used = apply_add(row->settled, atomic_load(&a->reserved));
	if (need <= row->lease - used && row->lease - used >= chunk / 2)
		return 0;
	lease = apply_add(apply_add(used, need), chunk);
	if (lease > row->limit)
		lease = row->limit;
	if (lease <= row->lease)
		return 0;
	row->lease = lease;
	return 1;
}

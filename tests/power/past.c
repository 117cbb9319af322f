#include "tests/power/past.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

struct past past;

void
past_free(void)
{
	for (unsigned i = 0; i < PAST_EPOCHS; i++)
		for (unsigned w = 0; w < WORLD_WORKERS; w++)
			free(past.epochs[i].lanes[w].row);
	free(past.journal.row);
	memset(&past, 0, sizeof past);
}

struct past_row *
past_rows_add(struct past_rows *r)
{
	if (r->n == r->room) {
		r->room = r->room == 0 ? 64 : 2 * r->room;
		r->row = xrealloc(r->row, r->room * sizeof *r->row);
	}
	if (r->n == 0)
		memset(&r->row[0], 0, sizeof r->row[0]);
	else
		r->row[r->n] = r->row[r->n - 1];
	return &r->row[r->n++];
}

static void
past_sums_add(struct past_sums *to, const struct past_rows *r, uint64_t n,
    unsigned account, int sign)
{
	const struct past_sums *of;

	if (n == 0 || n > r->n)
		return;
	of = &r->row[n - 1].of[account];
	to->settled += sign * of->settled;
	to->suspense += sign * of->suspense;
	to->requests += sign * of->requests;
}

struct past_sums
past_sums(uint64_t epoch, const uint64_t cursor[WORLD_WORKERS],
    uint64_t journal, unsigned account)
{
	const struct past_epoch *p = &past.epochs[epoch % PAST_EPOCHS];
	struct past_sums sums = p->begun.of[account];

	for (unsigned w = 0; w < WORLD_WORKERS; w++)
		past_sums_add(&sums, &p->lanes[w], cursor[w], account, 1);
	past_sums_add(&sums, &past.journal, journal, account, 1);
	past_sums_add(&sums, &past.journal, p->journal, account, -1);
	return sums;
}

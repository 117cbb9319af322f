#include "tests/power/drive_priv.h"

#include <string.h>

#include <check.h>

#include "base/err.h"
#include "keeper/startstop.h"

/* Where this epoch's records are counted from. */
static void
drive_new_epoch(void)
{
	struct drive *v = &drive_state;
	struct past_epoch *p;

	v->now.epoch = world.book.epoch;
	ck_assert_uint_lt(v->now.epoch, PAST_EPOCHS);
	p = &past.epochs[v->now.epoch];
	p->journal = v->now.journal;
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
		struct promise_account *a = &v->now.accounts[i];
		struct ledger_row row = { .limit = ACCOUNT_UNLIMITED };

		(void)world_row(i, &row);
		p->begun.of[i] = (struct past_sums){ row.settled, row.suspense,
			row.requests };
		/* Without a limit nothing is held: some of it is not known. */
		if (row.limit == ACCOUNT_UNLIMITED && a->billed > row.settled)
			a->billed = row.settled;
	}
}

/* A keeper begins, and then there are workers. */
void
drive_begin(void)
{
	struct drive *v = &drive_state;

	v->now.clean = false;
	drive_tell();
	world_begin();
	if (world.book.epoch != v->now.epoch)
		drive_new_epoch();
	drive_all_durable();
	v->working = true;
	drive_tell();
}

/* The workers go on meanwhile, on their leases. */
void
drive_kill_keeper(void)
{
	world_end();
	drive_begin();
	drive_state.counts.restarts++;
}

static void
drive_reboot(void)
{
	struct drive *v = &drive_state;

	world_end();
	world_reboot();
	memset(v->flights, 0, sizeof v->flights);
	drive_begin();
}

void
drive_stop(void)
{
	struct drive *v = &drive_state;
	struct err e;

	drive_finish_requests();
	v->working = false;
	drive_tell();
	ck_assert_msg(startstop_end(&world.book, &e) == 0, "%s", e.text);
	v->now.clean = true;
	drive_all_durable();
	drive_tell();
	v->counts.stops++;
	drive_reboot();
}

/* The segment is gone, with what flies and what the lanes hold. */
void
drive_lose(void)
{
	struct drive *v = &drive_state;

	v->working = false;
	drive_tell();
	v->counts.losses++;
	drive_reboot();
}

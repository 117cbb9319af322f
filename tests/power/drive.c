#include "tests/power/drive.h"

#include <string.h>

#include <check.h>

#include "base/err.h"
#include "tests/power/draw.h"
#include "tests/power/drive_priv.h"
#include "tests/power/record.h"

struct drive drive_state;

static struct err e;

/* The leases that the workers see in this moment. */
static void
drive_look(void)
{
	struct drive *v = &drive_state;

	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
		struct account_view view = { .state = ACCOUNT_FREE };
		bool limited;

		if (v->working)
			view = world_view(i);
		limited = view.state == ACCOUNT_READY &&
		          view.limit != ACCOUNT_UNLIMITED;
		v->now.accounts[i].lease = limited ? view.lease : 0;
	}
	if (memcmp(&v->now, &v->told, sizeof v->now) == 0)
		return;
	record_mark(&v->now, sizeof v->now);
	v->told = v->now;
}

void
drive_tell(void)
{
	drive_look();
}

/* Everything that was written is on the disk: somebody waited for it. */
void
drive_all_durable(void)
{
	struct drive *v = &drive_state;

	for (unsigned w = 0; w < WORLD_WORKERS; w++)
		v->now.cursor[w] = v->applied[w] = world.book.cursors[w];
}

/*
 * Run the keeper once.  Of lazy commits the last one may be taken back; a turn
 * that had nothing to write is no commit.
 */
int
drive_turn(void)
{
	struct drive *v = &drive_state;
	size_t before = record_count(TAPE_WRITE);
	int turned = turn_run(world.turn, &e);
	bool wrote = record_count(TAPE_WRITE) > before;

	ck_assert_msg(turned >= 0, "%s", e.text);
	for (unsigned w = 0; wrote && w < WORLD_WORKERS; w++) {
		v->now.cursor[w] = v->applied[w];
		v->applied[w] = world.book.cursors[w];
	}
	v->counts.turns += turned == 1;
	drive_tell();
	return turned;
}

/* What an idle keeper does. */
static void
drive_sync(void)
{
	ck_assert_msg(book_sync(&world.book, &e) == 0, "%s", e.text);
	drive_all_durable();
	drive_state.counts.syncs++;
	drive_tell();
}

static void
drive_turn_once(void)
{
	drive_turn();
}

static const struct {
	unsigned weight;
	void (*act)(void);
} acts[] = {
	{ 300, drive_request },
	{ 120, drive_send_one },
	{ 200, drive_settle_some },
	{ 250, drive_turn_once },
	{ 60, drive_sync },
	{ 25, drive_change_customer },
	{ 15, drive_change_some_key },
	{ 20, drive_enter },
	{ 8, drive_kill_keeper },
	{ 4, drive_stop },
	{ 4, drive_lose },
};

static void
drive_step(void)
{
	struct drive *v = &drive_state;
	unsigned sum = 0, at;

	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		sum += acts[i].weight;
	at = (unsigned)draw(v->draw, sum);
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
		if (at < acts[i].weight) {
			acts[i].act();
			return;
		}
		at -= acts[i].weight;
	}
}

void
drive(const char *path, struct draw *d, unsigned steps,
    struct drive_counts *counts_r)
{
	struct drive *v = &drive_state;

	memset(v, 0, sizeof *v);
	v->draw = d;
	past_free();
	world_init(path);
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++)
		v->now.accounts[i].limit[0] = v->now.accounts[i].limit[1] =
		    ACCOUNT_UNLIMITED;
	drive_limit_begins(WORLD_ORG, WORLD_ORG_LIMIT);
	drive_limit_ends(WORLD_ORG);
	record_start(drive_look);
	drive_begin();
	for (unsigned i = 0; i < steps; i++)
		drive_step();
	drive_finish_requests();
	world_end();
	record_stop();
	world_fini();
	*counts_r = v->counts;
}

#ifndef TESTS_POWER_WORLD_H
#define TESTS_POWER_WORLD_H

/*
 * world - keeper, two workers and an administrator in one process: the
 * product's book, turns and rules on real stores, one step at a time.
 */

#include "base/settings.h"
#include "keeper/book.h"
#include "keeper/turn.h"
#include "shm/hold.h"
#include "shm/settle.h"
#include "store/ask.h"
#include "tests/snapshot.h"

#define WORLD_WORKERS 2
#define WORLD_CUSTOMERS 20
#define WORLD_KEYS 6

/*
 * Accounts: of each customer its period and its total, of each key its total,
 * and the organization's.
 */
#define WORLD_KEY_FIRST (2 * WORLD_CUSTOMERS)
#define WORLD_ORG (WORLD_KEY_FIRST + WORLD_KEYS)
#define WORLD_ACCOUNTS (WORLD_ORG + 1)
#define WORLD_ORG_LIMIT INT64_C(400000000000)

#define WORLD_TEXT 16 /* an owner's name */

struct world_settings {
	struct settings s;
	struct snapshot_room room;
};

struct world {
	struct world_settings settings;
	struct segment *seg;
	struct seat_owner workers[WORLD_WORKERS];
	struct book book;
	struct turn *turn;
	int admin[2]; /* the keeper's end, the administrator's */
	uint32_t asked;
};

extern struct world world;

/* The clock stands still, so that a seed tells the same story again. */
void world_stop_clock(void);

void world_write_settings(struct world_settings *w, const char *path);
struct segment *world_new_segment(void);

void world_init(const char *path);
void world_fini(void);

/* A segment as after a reboot, and workers in it. */
void world_reboot(void);

/* A keeper begins; ends without a word.  The test fails when it cannot. */
void world_begin(void);
void world_end(void);

/* "c7" or "k3": the owner of an account; org: "". */
struct account_owner world_owner(unsigned account, char text[WORLD_TEXT]);
struct account_key world_key(unsigned account);

/* The committed row.  1 or 0. */
int world_row(unsigned account, struct ledger_row *row_r);

/* The entry as the workers see it; state FREE when there is none. */
struct account_view world_view(unsigned account);

/* Ask the keeper; the code of its answer. */
char world_ask(enum ask_op op, struct sbuf *body);

#endif

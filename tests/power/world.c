#include "tests/power/world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "keeper/answer.h"
#include "keeper/startstop.h"
#include "shm/period.h"

#define NOON_S INT64_C(1900022400)

struct world world;

static struct err e;

void
world_stop_clock(void)
{
	now_update();
	now_shift(NOON_S - now_real_us() / 1000000);
	now_update();
}

void
world_write_settings(struct world_settings *w, const char *path)
{
	struct settings *s = &w->s;

	memset(w, 0, sizeof *w);
	s->magic = SETTINGS_MAGIC;
	s->size = sizeof *w;
	s->store_path = snapshot_text(w, &w->room, path);
	s->store_ledger_size_bytes = s->store_objects_size_bytes = 16 << 20;
	s->customers_unknown = snapshot_text(w, &w->room, "create");
	s->customers_defaults_period_budget_nano = MONEY_NONE;
	s->customers_defaults_total_budget_nano = MONEY_NONE;
	s->customers_defaults_budget_duration =
	    snapshot_text(w, &w->room, "daily");
	s->organization_period_budget_nano = WORLD_ORG_LIMIT;
}

struct segment *
world_new_segment(void)
{
	struct segment_shape shape = { WORLD_WORKERS, 256, 65536 };
	struct segment *seg = NULL;

	ck_assert_msg(segment_create(NULL, &shape, &seg, &e) == 1, "%s",
	    e.text);
	return seg;
}

void
world_reboot(void)
{
	segment_close(&world.seg);
	world.seg = world.book.seg = world_new_segment();
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		uint32_t seat;

		ck_assert_int_eq(seat_take(world.seg, &seat, &e), 1);
		ck_assert_uint_eq(seat, i);
		seat_own(world.seg, seat, &world.workers[i]);
	}
}

void
world_init(const char *path)
{
	memset(&world, 0, sizeof world);
	world_stop_clock();
	world_write_settings(&world.settings, path);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, world.admin),
	    0);
	world_reboot();
}

void
world_fini(void)
{
	segment_close(&world.seg);
	close(world.admin[0]);
	close(world.admin[1]);
}

void
world_begin(void)
{
	memset(&world.book, 0, sizeof world.book);
	world.book.seg = world.seg;
	world.book.settings = &world.settings.s;
	ck_assert_msg(book_open(&world.book, &e) == 0 &&
			  startstop_begin(&world.book, &e) == 0,
	    "%s", e.text);
	world.turn = turn_new(&world.book);
}

void
world_end(void)
{
	turn_free(&world.turn);
	book_close(&world.book);
}

struct account_owner
world_owner(unsigned account, char text[WORLD_TEXT])
{
	if (account == WORLD_ORG)
		return (
		    struct account_owner){ OWNER_ORGANIZATION, 0, SLICE("") };
	if (account >= WORLD_KEY_FIRST) {
		snprintf(text, WORLD_TEXT, "k%u", account - WORLD_KEY_FIRST);
		return (struct account_owner){ OWNER_KEY, ENV_PROD,
			slice_str(text) };
	}
	snprintf(text, WORLD_TEXT, "c%u", account / 2);
	return (
	    struct account_owner){ OWNER_CUSTOMER, ENV_PROD, slice_str(text) };
}

struct account_key
world_key(unsigned account)
{
	struct period_rules utc = { NULL, 1 };
	unsigned char hash[OWNER_HASH_SIZE];
	struct account_owner owner;
	char text[WORLD_TEXT];

	owner = world_owner(account, text);
	owner_hash(&owner, hash);
	if (account == WORLD_ORG)
		return account_key(hash, ACCOUNT_ORG_PERIOD, 0);
	if (account >= WORLD_KEY_FIRST)
		return account_key(hash, ACCOUNT_KEY_TOTAL, 0);
	if (account % 2 == 1)
		return account_key(hash, ACCOUNT_CUSTOMER_TOTAL, 0);
	return account_key(hash, ACCOUNT_CUSTOMER_PERIOD,
	    period_day(&utc, book_now_s()));
}

int
world_row(unsigned account, struct ledger_row *row_r)
{
	struct account_key key = world_key(account);
	struct row_key k = book_row_key(&key);
	int got = ledger_row_get(world.book.ledger, &k, row_r, &e);

	ck_assert_msg(got >= 0, "%s", e.text);
	return got;
}

struct account_view
world_view(unsigned account)
{
	struct account_view view = { .state = ACCOUNT_FREE };
	struct account_key key = world_key(account);
	uint32_t entry = account_find(world.seg, &key);

	if (entry != ACCOUNT_NONE)
		account_view(world.seg, entry, &view);
	return view;
}

char
world_ask(enum ask_op op, struct sbuf *body)
{
	struct ask_message m = { ++world.asked, (char)op, sbuf_slice(body) };
	struct sbuf out = { 0 };
	char reply[ASK_MAX];
	ssize_t n;
	int gone = 0;

	ask_pack(&out, &m);
	ck_assert_int_eq(send(world.admin[1], out.data, out.len, 0),
	    (ssize_t)out.len);
	sbuf_free(&out);
	sbuf_free(body);
	ck_assert_msg(answer_all(&world.book, world.admin[0], &gone, &e) == 0,
	    "%s", e.text);
	n = recv(world.admin[1], reply, sizeof reply, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	ck_assert(ask_unpack((struct slice){ reply, (size_t)n }, &m));
	return m.code;
}

#ifndef TESTS_KEEPER_WORLD_H
#define TESTS_KEEPER_WORLD_H

/*
 * world - a keeper in a process of its own, a segment, and this process as
 * the master, as a worker on one seat, and as admin.  For one test file.
 */

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "keeper/keeper.h"
#include "shm/hold.h"
#include "shm/period.h"
#include "shm/seat.h"
#include "shm/settle.h"
#include "shm/wake.h"
#include "store/ask.h"
#include "store/ledger.h"
#include "tests/snapshot.h"
#include "tests/store/scratch.h"

/* A snapshot by hand, with room for its strings. */
struct world_settings {
	struct settings s;
	struct settings_customer customers[1];
	struct settings_key keys[1];
	int32_t alert_at[8];
	struct settings_exporter exporters[1];
	struct settings_group groups[1];
	struct snapshot_room room;
};

static struct world {
	struct world_settings settings;
	struct segment *seg;
	struct seat_owner worker;
	uint32_t seat;
	int keeper_event, seat_event;
	pid_t keeper;
	int keeper_fd, admin_fd, logger_fd;
	uint32_t asked;
} world;

static struct err e;

static inline struct sref
world_text(const char *text)
{
	return snapshot_text(&world.settings, &world.settings.room, text);
}

/*
 * The file's customer "ada" may spend 1000 nano-USD a day, the file's key
 * "filekey1" 500 in all; unknown customers get 300 a day.  There is a group
 * "filegroup", named "File".
 */
static inline void
world_write_settings(void)
{
	struct world_settings *w = &world.settings;
	struct settings *s = &w->s;

	memset(w, 0, sizeof *w);
	s->magic = SETTINGS_MAGIC;
	s->size = sizeof *w;
	s->store_path = world_text(scratch_dir);
	s->store_ledger_size_bytes = s->store_objects_size_bytes = 16 << 20;
	s->customers_unknown = world_text("create");
	s->customers_defaults_period_budget_nano = 300;
	s->customers_defaults_total_budget_nano = MONEY_NONE;
	s->customers_defaults_budget_duration = world_text("daily");
	s->organization_period_budget_nano = MONEY_NONE;
	s->organization_credits_nano = MONEY_NONE;
	s->budgets_timezone = world_text("UTC");
	s->budgets_week_starts = world_text("monday");
	s->budgets_keep_periods = 3;
	s->customers =
	    (struct slist){ offsetof(struct world_settings, customers), 1 };
	w->customers[0] =
	    (struct settings_customer){ .identifier = world_text("ada"),
		    .period_budget_nano = 1000,
		    .total_budget_nano = MONEY_NONE,
		    .budget_duration = DURATION_DAILY };
	s->keys = (struct slist){ offsetof(struct world_settings, keys), 1 };
	w->keys[0] = (struct settings_key){ .prefix = world_text("filekey1"),
		.spending_limit_nano = 500,
		.period_budget_nano = MONEY_NONE };
	s->groups =
	    (struct slist){ offsetof(struct world_settings, groups), 1 };
	w->groups[0] =
	    (struct settings_group){ .group_id = world_text("filegroup"),
		    .name = world_text("File") };
}

/* A segment as after a reboot, and a seat in it. */
static inline void
world_new_segment(void)
{
	struct segment_shape shape = { 2, 1024, 65536 };

	segment_close(&world.seg);
	ck_assert_msg(segment_create(NULL, &shape, &world.seg, &e) == 1, "%s",
	    e.text);
	segment_set_role_fd(world.seg, ROLE_KEEPER, world.keeper_event);
	ck_assert_int_eq(seat_take(world.seg, &world.seat, &e), 1);
	segment_set_seat_fd(world.seg, world.seat, world.seat_event);
	seat_own(world.seg, world.seat, &world.worker);
}

static inline void
world_init(void)
{
	scratch_make();
	now_update();
	world = (struct world){ .keeper = -1 };
	world.keeper_event = eventfd(0, EFD_NONBLOCK);
	world.seat_event = eventfd(0, EFD_NONBLOCK);
	world_write_settings();
	world_new_segment();
}

static inline void
world_close_sockets(void)
{
	close(world.keeper_fd);
	close(world.admin_fd);
	close(world.logger_fd);
}

static inline void
world_fini(void)
{
	if (world.keeper > 0) {
		kill(world.keeper, SIGKILL);
		waitpid(world.keeper, NULL, 0);
		world_close_sockets();
	}
	segment_close(&world.seg);
	close(world.keeper_event);
	close(world.seat_event);
	scratch_remove();
}

/* Fork a keeper. */
static inline void
world_fork(void)
{
	int master[2], admin[2], logger[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, master), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, admin), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, logger), 0);
	world.keeper = fork();
	if (world.keeper == 0) {
		struct keeper_args args = { &world.settings.s, world.seg,
			master[1], admin[1], logger[1] };

		close(master[0]);
		close(admin[0]);
		close(logger[0]);
		_exit(keeper_main(&args));
	}
	close(master[1]);
	close(admin[1]);
	close(logger[1]);
	world.logger_fd = logger[0];
	world.keeper_fd = master[0];
	world.admin_fd = admin[0];
}

/* Fork a keeper and wait until it is ready. */
static inline void
world_start(void)
{
	struct pollfd p;
	enum child_message message;
	int fds[CHILD_MAX_FDS];
	size_t n;

	world_fork();
	p = (struct pollfd){ world.keeper_fd, POLLIN, 0 };
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(child_get(world.keeper_fd, &message, fds, &n), 1);
	ck_assert_int_eq(message, CHILD_READY);
}

/* The keeper's exit status; -1 when a signal ended it. */
static inline int
world_wait(void)
{
	int status;

	ck_assert_int_eq(waitpid(world.keeper, &status, 0), world.keeper);
	world.keeper = -1;
	world_close_sockets();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int
world_stop(enum child_message message)
{
	ck_assert_int_eq(child_send(world.keeper_fd, message, NULL, 0), 0);
	return world_wait();
}

static inline void
world_kill(void)
{
	kill(world.keeper, SIGKILL);
	ck_assert_int_eq(world_wait(), -1);
}

/* Until the seat is woken, or 10 ms. */
static inline void
world_pause(void)
{
	struct pollfd p = { world.seat_event, POLLIN, 0 };
	uint64_t count;

	if (poll(&p, 1, 10) == 1 &&
	    read(world.seat_event, &count, sizeof count) > 0)
		wake_take(world.seg, world.seat);
	now_update();
}

/* Wait for the keeper, at most five seconds: did cond come true? */
#define WORLD_UNTIL(cond)                                                      \
	({                                                                     \
		int tries_ = 0;                                                \
		bool true_ = (cond);                                           \
		while (!true_ && tries_++ < 500) {                             \
			world_pause();                                         \
			true_ = (cond);                                        \
		}                                                              \
		true_;                                                         \
	})

static inline struct account_key
world_key(enum owner_kind kind, const char *id, enum account_kind account,
    int64_t start_s)
{
	struct account_owner owner = { kind, 0, slice_str(id) };
	unsigned char hash[OWNER_HASH_SIZE];

	owner_hash(&owner, hash);
	return account_key(hash, account, start_s);
}

/* The entry as the workers see it; state 0 when there is none. */
static inline struct account_view
world_view(struct account_key key)
{
	struct account_view view = { .state = ACCOUNT_FREE };
	uint32_t entry = account_find(world.seg, &key);

	if (entry != ACCOUNT_NONE)
		account_view(world.seg, entry, &view);
	return view;
}

/* Try a hold on n accounts once. */
static inline enum hold_result
world_try(uint32_t slot, const struct account_key *keys, unsigned n,
    int64_t amount)
{
	struct hold_terms terms = { .n_accounts = n };
	struct hold_refusal why;

	for (unsigned i = 0; i < n; i++)
		terms.accounts[i] =
		    (struct hold_account){ keys[i], amount, false };
	return hold_take(&world.worker, slot, &terms,
	    (int64_t)(now_mono_ms() / 1000), &why, NULL);
}

static uint32_t
world_open(void)
{
	static const unsigned char id[16] = "request";
	static const uint32_t none[SLOT_COUNTERS] = { UINT32_MAX, UINT32_MAX,
		UINT32_MAX, UINT32_MAX };
	uint32_t slot = hold_open(&world.worker, id, now_real_us(), none);

	ck_assert_uint_ne(slot, SLOT_NONE);
	return slot;
}

/* Hold, waiting for the keeper; SLOT_NONE when the money is spent. */
static inline uint32_t
world_hold(const struct account_key *keys, unsigned n, int64_t amount)
{
	uint32_t slot = world_open();
	enum hold_result got = HOLD_BUSY;

	(void)WORLD_UNTIL((got = world_try(slot, keys, n, amount)) == HOLD_OK ||
			  got == HOLD_EXCEEDED);
	if (got == HOLD_OK)
		return slot;
	hold_close(&world.worker, slot);
	return SLOT_NONE;
}

/* Send and settle what was held on n accounts. */
static inline void
world_settle(uint32_t slot, unsigned n, int64_t actual, int64_t suspense)
{
	struct settle_charge charge = { .cause = SETTLE_USAGE };

	for (unsigned i = 0; i < n; i++) {
		charge.actual[i] = actual;
		charge.suspense[i] = suspense;
	}
	hold_sent(&world.worker, slot);
	ck_assert(
	    WORLD_UNTIL(settle_publish(&world.worker, slot, &charge) == 1));
	seat_wake(&world.worker);
}

/* The row in the ledger, while no keeper runs.  1 or 0. */
static inline int
world_row(struct account_key key, struct ledger_row *row_r)
{
	struct ledger *l = ledger_open_reader(scratch_dir, &e);
	struct row_key k = row_key_make(key.hash, key.kind, key.period_s);
	int got;

	ck_assert_msg(l != NULL, "%s", e.text);
	got = ledger_row_get(l, &k, row_r, &e);
	ledger_close(&l);
	return got;
}

/* Ask the keeper; the code of its answer, which is put into *answer. */
static inline char
world_ask_for(enum ask_op op, struct slice body, struct sbuf *answer)
{
	struct ask_message m = { ++world.asked, (char)op, body };
	struct pollfd p = { world.admin_fd, POLLIN, 0 };
	struct sbuf out = { 0 };
	char reply[ASK_MAX];
	ssize_t n;

	ask_pack(&out, &m);
	ck_assert_int_eq(send(world.admin_fd, out.data, out.len, 0),
	    (ssize_t)out.len);
	sbuf_free(&out);
	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	n = recv(world.admin_fd, reply, sizeof reply, 0);
	ck_assert_int_gt(n, 0);
	ck_assert(ask_unpack((struct slice){ reply, (size_t)n }, &m));
	ck_assert_uint_eq(m.number, world.asked);
	sbuf_clear(answer);
	sbuf_add_slice(answer, m.body);
	return m.code;
}

static inline char
world_ask(enum ask_op op, struct slice body)
{
	struct sbuf answer = { 0 };
	char code = world_ask_for(op, body, &answer);

	sbuf_free(&answer);
	return code;
}

/* Publish an UPSERT in a worker's lane.  The ticket. */
static uint64_t
world_publish(struct seat_owner *worker, const struct customer_change *change)
{
	struct sbuf packed = { 0 };
	uint64_t ticket;

	defs_change_pack(&packed, change);
	ticket = lane_upsert(&worker->money, packed.data, (uint32_t)packed.len);
	sbuf_free(&packed);
	ck_assert_uint_ne(ticket, 0);
	return ticket;
}

/* Publish an UPSERT and wait until it is committed. */
static inline void
world_upsert(const struct customer_change *change)
{
	uint64_t ticket = world_publish(&world.worker, change);

	ck_assert(WORLD_UNTIL(lane_consumed(&world.worker.money, ticket)));
}

static inline int64_t
today(void)
{
	struct period_rules utc = { NULL, 1 };

	return period_day(&utc, now_real_us() / 1000000);
}

static inline struct account_key
ada(void)
{
	return world_key(OWNER_CUSTOMER, "ada", ACCOUNT_CUSTOMER_PERIOD,
	    today());
}

static inline struct account_key
organization(void)
{
	return world_key(OWNER_ORGANIZATION, "", ACCOUNT_ORG_PERIOD, 0);
}

/* Nothing is held and so much is settled, as the workers see it. */
static inline bool
rests_at(struct account_key key, int64_t settled)
{
	struct account_view v = world_view(key);

	return v.state == ACCOUNT_READY && v.reserved == 0 &&
	       v.settled == settled;
}

#endif

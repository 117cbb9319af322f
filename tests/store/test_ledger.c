#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "store/alert.h"
#include "store/env.h"
#include "store/ledger.h"
#include "store/orphan.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define MAP_SIZE (16u << 20)

static struct ledger *ledger;
static struct err e;

static void
setup(void)
{
	scratch_make();
	ledger = ledger_open_writer(scratch_dir, MAP_SIZE, &e);
	ck_assert_msg(ledger != NULL, "%s", e.text);
}

static void
teardown(void)
{
	ledger_close(&ledger);
	scratch_remove();
}

static struct row_key
key_of(const char *id, unsigned kind, int64_t start_s)
{
	struct account_owner owner = { OWNER_CUSTOMER, 0, slice_str(id) };
	unsigned char hash[OWNER_HASH_SIZE];

	owner_hash(&owner, hash);
	return row_key_make(hash, kind, start_s);
}

static void
commit(void)
{
	ck_assert_msg(ledger_commit(ledger, &e) == 0, "%s", e.text);
}

static int64_t
settled_of(const struct row_key *k)
{
	struct ledger_row row;
	int got = ledger_row_get(ledger, k, &row, &e);

	ck_assert_int_ge(got, 0);
	return got == 1 ? row.settled : -1;
}

/* What LMDB does for a commit: these stand before those of libc. */
static unsigned synced, written_through;

int
fdatasync(int fd)
{
	synced++;
	return (int)syscall(SYS_fdatasync, fd);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	written_through += (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
	return syscall(SYS_pwrite64, fd, p, n, at);
}

static void
put_row(int64_t settled)
{
	struct row_key k = key_of("lazy", 1, 0);
	struct ledger_row row = { .settled = settled };

	synced = written_through = 0;
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_row_put(ledger, &k, &row, &e), 0);
}

/* Whose commit waits for the disk, and for how much of it. */
START_TEST(test_lazy)
{
	struct row_key k = key_of("lazy", 1, 0);

	put_row(1);
	commit();
	ck_assert_uint_eq(synced, 1);
	ck_assert_uint_eq(written_through, 1);
	put_row(2);
	ck_assert_int_eq(ledger_commit_lazily(ledger, &e), 0);
	ck_assert_uint_eq(synced, 1); /* never valid before it is whole */
	ck_assert_uint_eq(written_through, 0);
	ck_assert_int_eq(settled_of(&k), 2);
	ck_assert_int_eq(ledger_sync(ledger, &e), 0);
	ck_assert_uint_eq(synced, 2);
	ck_assert_int_eq(ledger_sync(ledger, &e), 0);
	ck_assert_uint_eq(synced, 2);
	put_row(3);
	commit();
	ck_assert_uint_eq(written_through, 1);
	ck_assert_int_eq(ledger_sync(ledger, &e), 0);
	ck_assert_uint_eq(synced, 1);
}
END_TEST

START_TEST(test_rows)
{
	struct ledger_row row = { .settled = 5,
		.lease = 9,
		.suspense = 1,
		.limit = MONEY_NONE,
		.alert_bits = 3,
		.ver = 7,
		.first_us = 11,
		.last_us = 12,
		.requests = 13 };
	struct row_key k = key_of("ada", 1, 1700000000),
		       other = key_of("ada", 2, 1700000000);
	struct ledger_row got;

	ck_assert_int_eq(settled_of(&k), -1);
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_row_put(ledger, &k, &row, &e), 0);
	/* A write transaction reads what it wrote. */
	ck_assert_int_eq(settled_of(&k), 5);
	commit();
	ck_assert_int_eq(ledger_row_get(ledger, &k, &got, &e), 1);
	ck_assert_mem_eq(&got, &row, sizeof row);
	ck_assert_int_eq(settled_of(&other), -1);
	ck_assert_uint_eq(row_key_kind(&k), 1);
	ck_assert_int_eq(row_key_start(&k), 1700000000);
}
END_TEST

START_TEST(test_abort)
{
	struct ledger_row row = { .settled = 5 };
	struct row_key k = key_of("ada", 1, 0);

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_row_put(ledger, &k, &row, &e), 0);
	ledger_abort(ledger);
	ck_assert_int_eq(settled_of(&k), -1);
}
END_TEST

START_TEST(test_walk)
{
	struct ledger_row row = { .settled = 0 };
	struct row_key k = { { 0 } }, last = k;
	int64_t sum = 0;
	int rows = 0;
	char id[16];

	ck_assert_int_eq(ledger_row_next(ledger, &k, &row, &e), 0);
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	for (int i = 0; i < 1000; i++) {
		struct row_key mine;

		snprintf(id, sizeof id, "c%d", i);
		mine = key_of(id, 1, i);
		row.settled = i;
		ck_assert_int_eq(ledger_row_put(ledger, &mine, &row, &e), 0);
	}
	commit();
	while (ledger_row_next(ledger, &k, &row, &e) == 1) {
		ck_assert_int_lt(memcmp(last.bytes, k.bytes, sizeof k.bytes),
		    0);
		last = k;
		sum += row.settled;
		rows++;
	}
	ck_assert_int_eq(rows, 1000);
	ck_assert_int_eq(sum, 499500);
}
END_TEST

/* Periods of one account lie beside each other, oldest first. */
START_TEST(test_order)
{
	struct ledger_row row = { .settled = 1 };
	struct row_key k = key_of("ada", 1, 0), at = k;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	for (int64_t start = 1; start <= INT64_C(1) << 40; start <<= 8) {
		struct row_key mine = key_of("ada", 1, start);

		ck_assert_int_eq(ledger_row_put(ledger, &mine, &row, &e), 0);
	}
	commit();
	for (int64_t start = 1; start <= INT64_C(1) << 40; start <<= 8) {
		ck_assert_int_eq(ledger_row_next(ledger, &at, &row, &e), 1);
		ck_assert_int_eq(row_key_start(&at), start);
	}
}
END_TEST

START_TEST(test_owners)
{
	static const struct account_owner owners[] = {
		{ OWNER_CUSTOMER, 0, { "ada", 3 } },
		{ OWNER_CUSTOMER, 1, { "ada", 3 } },
		{ OWNER_KEY, 0, { "ada", 3 } },
		{ OWNER_ORGANIZATION, 0, { "", 0 } },
		{ OWNER_CUSTOMER, 0, { "a\0b", 3 } },
	};
	unsigned char hashes[COUNT(owners)][OWNER_HASH_SIZE];
	struct sbuf buf = { 0 };
	struct account_owner got;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	for (size_t i = 0; i < COUNT(owners); i++)
		ck_assert_int_eq(ledger_owner_put(ledger, &owners[i], &e), 0);
	commit();
	for (size_t i = 0; i < COUNT(owners); i++) {
		owner_hash(&owners[i], hashes[i]);
		ck_assert_int_eq(ledger_owner_get(ledger, hashes[i], &buf, &got,
				     &e),
		    1);
		ck_assert_int_eq(got.kind, owners[i].kind);
		ck_assert_int_eq(got.environment, owners[i].environment);
		ck_assert(slice_eq(got.id, owners[i].id));
		for (size_t j = 0; j < i; j++)
			ck_assert_mem_ne(hashes[i], hashes[j], OWNER_HASH_SIZE);
	}
	hashes[0][0] ^= 1;
	ck_assert_int_eq(ledger_owner_get(ledger, hashes[0], &buf, &got, &e),
	    0);
	sbuf_free(&buf);
}
END_TEST

START_TEST(test_cursors)
{
	uint64_t seq;

	ck_assert_int_eq(ledger_cursor_get(ledger, 1, 2, &seq, &e), 0);
	ck_assert_uint_eq(seq, 0);
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_cursor_put(ledger, 1, 2, 40, &e), 0);
	ck_assert_int_eq(ledger_cursor_put(ledger, 1, 3, 41, &e), 0);
	ck_assert_int_eq(ledger_cursor_put(ledger, 2, 2, 42, &e), 0);
	commit();
	ck_assert_int_eq(ledger_cursor_get(ledger, 1, 2, &seq, &e), 1);
	ck_assert_uint_eq(seq, 40);
	ck_assert_int_eq(ledger_cursor_get(ledger, 2, 2, &seq, &e), 1);
	ck_assert_uint_eq(seq, 42);
}
END_TEST

START_TEST(test_meta)
{
	struct ledger_meta meta = { .segment_id = "0123456789abcde",
		.epoch = 4,
		.clean = true },
			   got;

	ck_assert_int_eq(ledger_meta_get(ledger, &got, &e), 0);
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_meta_put(ledger, &meta, &e), 0);
	commit();
	ck_assert_int_eq(ledger_meta_get(ledger, &got, &e), 1);
	ck_assert_mem_eq(got.segment_id, meta.segment_id, 16);
	ck_assert_uint_eq(got.epoch, 4);
	ck_assert(got.clean);
}
END_TEST

START_TEST(test_journal)
{
	struct sbuf buf = { 0 };
	uint64_t seq = 0;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_journal_add(ledger, SLICE("one"), &e), 0);
	ck_assert_int_eq(ledger_journal_add(ledger, SLICE("two"), &e), 0);
	commit();
	ck_assert_int_eq(ledger_journal_next(ledger, &seq, &buf, &e), 1);
	ck_assert_str_eq(buf.data, "one");
	ck_assert_int_eq(ledger_journal_next(ledger, &seq, &buf, &e), 1);
	ck_assert_str_eq(buf.data, "two");
	ck_assert_uint_eq(seq, 2);
	ck_assert_int_eq(ledger_journal_next(ledger, &seq, &buf, &e), 0);
	sbuf_free(&buf);
}
END_TEST

/* Another process reads what was committed, and nothing else. */
static uint64_t
add_alert(const char *text)
{
	uint64_t seq = 0;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_alert_add(ledger, slice_str(text), &seq, &e),
	    0);
	commit();
	return seq;
}

static int
del_alert(uint64_t seq, const char *id)
{
	int done;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	done = ledger_alert_del(ledger, seq, slice_str(id), &e);
	commit();
	return done;
}

static uint64_t
alerts(void)
{
	uint64_t n = 99;

	ck_assert_int_eq(ledger_alert_count(ledger, &n, &e), 0);
	return n;
}

START_TEST(test_alerts)
{
	struct sbuf buf = { 0 };
	uint64_t seq = 0;

	ck_assert_uint_eq(alerts(), 0);
	ck_assert_uint_eq(add_alert("one and more"), 1);
	ck_assert_uint_eq(add_alert("two"), 2);
	ck_assert_uint_eq(alerts(), 2);
	ck_assert_int_eq(ledger_alert_next(ledger, &seq, &buf, &e), 1);
	ck_assert_str_eq(buf.data, "one and more");
	ck_assert_int_eq(del_alert(1, "two"), 0); /* not that one */
	ck_assert_int_eq(del_alert(3, "two"), 0);
	ck_assert_int_eq(del_alert(1, "one"), 1);
	ck_assert_int_eq(ledger_alert_next(ledger, &seq, &buf, &e), 1);
	ck_assert_uint_eq(seq, 2);
	ck_assert_str_eq(buf.data, "two");
	ck_assert_int_eq(ledger_alert_next(ledger, &seq, &buf, &e), 0);
	ck_assert_int_eq(del_alert(2, "two"), 1);
	ck_assert_uint_eq(alerts(), 0);
	ck_assert_uint_eq(add_alert("three"), 1); /* numbers come again */
	sbuf_free(&buf);
}
END_TEST

START_TEST(test_alert_bytes)
{
	struct alert a = { .id = "0123456789abcde",
		.event = ALERT_OVERRUN,
		.percent = 80,
		.account_kind = 2,
		.period_s = 86400,
		.time_us = 5,
		.spent_nano = 6,
		.limit_nano = 7,
		.suspense_nano = 8,
		.owner = { OWNER_KEY, 1, SLICE("ada") } };
	struct sbuf b = { 0 }, again = { 0 };
	struct alert back;

	alert_pack(&b, &a);
	ck_assert_int_eq(memcmp(b.data, a.id, sizeof a.id), 0);
	ck_assert_int_eq(alert_unpack(sbuf_slice(&b), &back), 1);
	alert_pack(&again, &back);
	ck_assert(slice_eq(sbuf_slice(&b), sbuf_slice(&again)));
	for (size_t n = 0; n < b.len - 3; n++)
		ck_assert_int_eq(alert_unpack((struct slice){ b.data, n },
				     &back),
		    0);
	b.data[16] = ALERTS;
	ck_assert_int_eq(alert_unpack(sbuf_slice(&b), &back), 0);
	sbuf_free(&b);
	sbuf_free(&again);
}
END_TEST

START_TEST(test_orphan_bytes)
{
	struct orphan o = { .id = "0123456789abcde",
		.seat = 1,
		.environment = 1,
		.seq = 2,
		.started_us = 3,
		.reaped_us = 4,
		.tokens_in = 5,
		.tokens_out = 6,
		.held_nano = 7,
		.cost_nano = 8,
		.charge_nano = 9,
		.suspense_nano = 10,
		.price_version = 11,
		.customer = SLICE("ada"),
		.key = SLICE("k") };
	struct sbuf b = { 0 }, again = { 0 };
	struct orphan back;
	struct alert alert;

	orphan_pack(&b, &o);
	ck_assert_int_eq(memcmp(b.data, o.id, sizeof o.id), 0);
	ck_assert_int_eq(orphan_unpack(sbuf_slice(&b), &back), 1);
	ck_assert(slice_eq(back.customer, o.customer));
	ck_assert(slice_eq(back.key, o.key));
	ck_assert_int_eq(back.suspense_nano, 10);
	orphan_pack(&again, &back);
	ck_assert(slice_eq(sbuf_slice(&b), sbuf_slice(&again)));
	for (size_t n = 0; n < b.len - o.key.n; n++)
		ck_assert_int_eq(orphan_unpack((struct slice){ b.data, n },
				     &back),
		    0);
	/* Neither is taken for the other. */
	ck_assert_int_eq(alert_unpack(sbuf_slice(&b), &alert), 0);
	b.data[16] = ALERT_OVERRUN;
	ck_assert_int_eq(orphan_unpack(sbuf_slice(&b), &back), 0);
	sbuf_free(&b);
	sbuf_free(&again);
}
END_TEST

/* A version that knew no alerts made it: the first reader finds none. */
START_TEST(test_ledger_of_before)
{
	static const char *const tables[] = { "rows", "accounts", "cursors",
		"journal", "meta" };
	struct env_options o = { .path = scratch_dir,
		.name = "ledger",
		.tables = tables,
		.tables_n = 5,
		.size_bytes = MAP_SIZE,
		.writer = true };
	struct sbuf buf = { 0 };
	struct env *env;
	uint64_t seq = 0;

	ledger_close(&ledger);
	scratch_remove();
	scratch_make();
	env = env_open(&o, &e);
	ck_assert_ptr_nonnull(env);
	env_close(&env);
	ledger = ledger_open_reader(scratch_dir, &e);
	ck_assert_msg(ledger != NULL, "%s", e.text);
	ck_assert_uint_eq(alerts(), 0);
	ck_assert_int_eq(ledger_alert_next(ledger, &seq, &buf, &e), 0);
	ck_assert_int_eq(ledger_walk(ledger, &e), 0);
	ledger_close(&ledger);
	ledger = ledger_open_writer(scratch_dir, MAP_SIZE, &e);
	ck_assert_uint_eq(add_alert("one"), 1);
	sbuf_free(&buf);
}
END_TEST

START_TEST(test_reader)
{
	struct ledger_row row = { .settled = 5 };
	struct row_key k = key_of("ada", 1, 0);
	int status;

	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	ck_assert_int_eq(ledger_row_put(ledger, &k, &row, &e), 0);
	commit();
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	row.settled = 6;
	ck_assert_int_eq(ledger_row_put(ledger, &k, &row, &e), 0);
	if (fork() == 0) {
		struct ledger *reader = ledger_open_reader(scratch_dir, &e);

		_exit(reader == NULL ||
		      ledger_row_get(reader, &k, &row, &e) != 1 ||
		      row.settled != 5);
	}
	wait(&status);
	ck_assert_int_eq(status, 0);
	commit();
}
END_TEST

/* A writer killed inside its transaction leaves what was committed. */
START_TEST(test_killed)
{
	struct ledger_row row = { .settled = 5 };
	struct row_key k = key_of("ada", 1, 0);
	int status;

	ledger_close(&ledger);
	if (fork() == 0) {
		ledger = ledger_open_writer(scratch_dir, MAP_SIZE, &e);
		if (ledger_begin(ledger, &e) != 0 ||
		    ledger_row_put(ledger, &k, &row, &e) != 0 ||
		    ledger_commit(ledger, &e) != 0)
			_exit(1);
		row.settled = 6;
		if (ledger_begin(ledger, &e) != 0 ||
		    ledger_row_put(ledger, &k, &row, &e) != 0)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	wait(&status);
	ck_assert(WIFSIGNALED(status));
	ledger = ledger_open_writer(scratch_dir, MAP_SIZE, &e);
	ck_assert_ptr_nonnull(ledger);
	ck_assert_int_eq(settled_of(&k), 5);
	ck_assert_int_eq(ledger_begin(ledger, &e), 0);
	commit();
}
END_TEST

START_TEST(test_refused)
{
	struct err why = { 0 };

	ck_assert_ptr_null(ledger_open_reader("/nonexistent", &why));
	ck_assert_int_eq(why.kind, ERR_STORE);
	ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent/ledger"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_lazy);
	tcase_add_test(t, test_rows);
	tcase_add_test(t, test_abort);
	tcase_add_test(t, test_walk);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_owners);
	tcase_add_test(t, test_cursors);
	tcase_add_test(t, test_meta);
	tcase_add_test(t, test_journal);
	tcase_add_test(t, test_alerts);
	tcase_add_test(t, test_alert_bytes);
	tcase_add_test(t, test_orphan_bytes);
	tcase_add_test(t, test_ledger_of_before);
	tcase_add_test(t, test_reader);
	tcase_add_test(t, test_killed);
	tcase_add_test(t, test_refused);
	suite_add_tcase(s, t);
	return s;
}

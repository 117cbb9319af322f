/* Which alerts a row raises, and how they reach a logger that may die. */

#include "keeper/alerts.h"
#include "keeper/handover.h"
#include "shm/reap.h"
#include "shm/stats.h"
#include "store/alert.h"
#include "store/orphan.h"
#include "tests/keeper/world.h"
#include "tests/suite.h"

/* ---- the rule ----------------------------------------------------------- */

static const int32_t usual[] = { 50, 80, 100 };

enum { S = ALERT_BITS_SUSPENSE, O = ALERT_BITS_OVERRUN };
#define NO ACCOUNT_UNLIMITED
#define CUSTOMER ACCOUNT_CUSTOMER_PERIOD

/* A row before, what it is told to raise, and its bits after. */
static const struct rule_case {
	const char *title;
	unsigned kind;
	int64_t settled, limit, suspense;
	uint32_t bits;
	bool overran;
	const char *raised; /* a percent, or a letter, for each */
	uint32_t bits_after;
} rules[] = {
	{ "nothing is spent", CUSTOMER, 0, 1000, 0, 0, 0, "", 0 },
	{ "one below", CUSTOMER, 499, 1000, 0, 0, 0, "", 0 },
	{ "exactly", CUSTOMER, 500, 1000, 0, 0, 0, "50 ", 50 },
	{ "one above", CUSTOMER, 501, 1000, 0, 0, 0, "50 ", 50 },
	{ "told already", CUSTOMER, 799, 1000, 0, 50, 0, "", 50 },
	{ "the second", CUSTOMER, 800, 1000, 0, 50, 0, "80 ", 80 },
	{ "the last", CUSTOMER, 1000, 1000, 0, 80, 0, "100 ", 100 },
	{ "past the last", CUSTOMER, 1001, 1000, 0, 100, 0, "", 100 },
	{ "several at once", CUSTOMER, 900, 1000, 0, 0, 0, "50 80 ", 80 },
	{ "all at once", CUSTOMER, 5000, 1000, 0, 0, 0, "50 80 100 ", 100 },
	{ "a limit that does not divide, below", CUSTOMER, 1, 3, 0, 0, 0, "",
	    0 },
	{ "a limit that does not divide", CUSTOMER, 2, 3, 0, 0, 0, "50 ", 50 },
	{ "the limit was raised: not again", CUSTOMER, 1000, 2000, 0, 100, 0,
	    "", 100 },
	{ "raised, and spent again: not again", CUSTOMER, 2000, 2000, 0, 100, 0,
	    "", 100 },
	{ "the limit was lowered", CUSTOMER, 300, 350, 0, 0, 0, "50 80 ", 80 },
	{ "lowered below what is spent", CUSTOMER, 300, 10, 0, 50, 0, "80 100 ",
	    100 },
	{ "lowered to nothing", CUSTOMER, 300, 0, 0, 0, 0, "50 80 100 ", 100 },
	{ "a limit of nothing, nothing spent", CUSTOMER, 0, 0, 0, 0, 0, "", 0 },
	{ "given back: told once", CUSTOMER, 400, 1000, 0, 80, 0, "", 80 },
	{ "without a limit", CUSTOMER, 1 << 30, NO, 5, 0, true, "", 0 },
	{ "over its life", ACCOUNT_CUSTOMER_TOTAL, 500, 1000, 0, 0, 0, "50 ",
	    50 },
	{ "credits", ACCOUNT_ORG_CREDITS, 800, 1000, 0, 50, 0, "c80 ", 80 },
	{ "a key has none", ACCOUNT_KEY_PERIOD, 1000, 1000, 0, 0, 0, "", 0 },
	{ "a key's total has none", ACCOUNT_KEY_TOTAL, 1000, 1000, 0, 0, 0, "",
	    0 },
	{ "nor the organization's period", ACCOUNT_ORG_PERIOD, 1000, 1000, 0, 0,
	    0, "", 0 },
	{ "suspense", CUSTOMER, 10, 1000, 3, 0, 0, "s", S },
	{ "more suspense: once", CUSTOMER, 10, 1000, 4, S, 0, "", S },
	{ "none any more", CUSTOMER, 10, 1000, 0, S, 0, "", 0 },
	{ "suspense of a key", ACCOUNT_KEY_TOTAL, 10, 1000, 3, 0, 0, "s", S },
	{ "an overrun", CUSTOMER, 10, 1000, 0, 0, true, "o", O },
	{ "another: once", CUSTOMER, 10, 1000, 0, O, true, "", O },
	{ "everything", CUSTOMER, 1200, 1000, 3, 0, true, "50 80 100 so",
	    100 | S | O },
	{ "sums of years", CUSTOMER, INT64_MAX, INT64_MAX, 0, 80, 0, "100 ",
	    100 },
};

static void
write_raised(const struct alert_raised *r, struct sbuf *out)
{
	if (r->event == ALERT_LOW_CREDITS)
		sbuf_addc(out, 'c');
	if (r->percent > 0)
		sbuf_addf(out, "%u ", r->percent);
	if (r->event == ALERT_SUSPENSE)
		sbuf_addc(out, 's');
	if (r->event == ALERT_OVERRUN)
		sbuf_addc(out, 'o');
}

static struct apply_row
row_of(const struct rule_case *c)
{
	return (struct apply_row){ .settled = c->settled,
		.limit = c->limit,
		.suspense = c->suspense,
		.alert_bits = c->bits };
}

START_TEST(test_rule)
{
	const struct rule_case *c = &rules[_i];
	struct apply_row row = row_of(c);
	struct alert_raised raised[ALERTS_AT_ONCE];
	struct sbuf got = { 0 };
	unsigned n = alerts_rule(&row, c->kind, c->overran, usual, 3, raised);

	sbuf_adds(&got, "");
	for (unsigned i = 0; i < n; i++)
		write_raised(&raised[i], &got);
	ck_assert_msg(strcmp(got.data != NULL ? got.data : "", c->raised) == 0,
	    "%s: \"%s\"", c->title, got.data);
	ck_assert_msg(row.alert_bits == c->bits_after, "%s: bits %x", c->title,
	    row.alert_bits);
	sbuf_free(&got);
}
END_TEST

/* Thresholds of a reload: those below the highest told are of the past. */
START_TEST(test_other_percents)
{
	static const int32_t others[] = { 10, 60, 70, 90 };
	struct apply_row row = { .settled = 750,
		.limit = 1000,
		.alert_bits = 60 };
	struct alert_raised raised[ALERTS_AT_ONCE];

	ck_assert_uint_eq(alerts_rule(&row, CUSTOMER, false, others, 4, raised),
	    1);
	ck_assert_uint_eq(raised[0].percent, 70);
	ck_assert_uint_eq(alerts_rule(&row, CUSTOMER, false, others, 0, raised),
	    0);
	ck_assert_uint_eq(row.alert_bits, 70);
}
END_TEST

/* As many thresholds as there may be, and both facts. */
START_TEST(test_most)
{
	static const int32_t most[] = { 1, 2, 3, 4, 5, 6, 7, 100 };
	struct apply_row row = { .settled = 10, .limit = 10, .suspense = 1 };
	struct alert_raised raised[ALERTS_AT_ONCE];

	ck_assert_uint_eq(alerts_rule(&row, CUSTOMER, true, most, 8, raised),
	    10);
	ck_assert_uint_eq(raised[7].percent, 100);
}
END_TEST

/* ---- keeper and logger -------------------------------------------------- */

static void
want(uint32_t events)
{
	struct world_settings *w = &world.settings;

	memcpy(w->alert_at, usual, sizeof usual);
	w->s.budgets_alert_at =
	    (struct slist){ offsetof(struct world_settings, alert_at), 3 };
	w->exporters[0] =
	    (struct settings_exporter){ .enabled = true, .events = events };
	w->s.exporters =
	    (struct slist){ offsetof(struct world_settings, exporters), 1 };
}

static void
spend(struct account_key key, int64_t actual, int64_t suspense)
{
	uint32_t slot = world_hold(&key, 1, actual);

	ck_assert_uint_ne(slot, SLOT_NONE);
	world_settle(slot, 1, actual, suspense);
}

/* What came, its bytes good until the next one. */
struct told {
	uint64_t number;
	struct alert alert;
};

static bool
hear_message(struct alert_message *m_r, int patience_ms)
{
	struct pollfd p = { world.logger_fd, POLLIN, 0 };
	static char bytes[ALERT_MAX];
	ssize_t n;

	if (poll(&p, 1, patience_ms) != 1)
		return false;
	n = recv(world.logger_fd, bytes, sizeof bytes, 0);
	ck_assert_int_gt(n, 0);
	ck_assert(
	    alert_message_unpack((struct slice){ bytes, (size_t)n }, m_r));
	return true;
}

static bool
hear(struct told *t, int patience_ms)
{
	struct alert_message m;

	if (!hear_message(&m, patience_ms))
		return false;
	ck_assert(alert_unpack(m.body, &t->alert));
	t->number = m.number;
	return true;
}

static void
acknowledge(const struct told *t)
{
	struct sbuf out = { 0 };

	alert_message_pack(&out,
	    &(struct alert_message){ t->number,
		{ (const char *)t->alert.id, ALERT_ID_SIZE } });
	ck_assert_int_eq(send(world.logger_fd, out.data, out.len, 0),
	    (ssize_t)out.len);
	sbuf_free(&out);
}

static void
expect(struct told *t, enum alert_event event, uint32_t percent)
{
	ck_assert(hear(t, 5000));
	ck_assert_int_eq(t->alert.event, event);
	ck_assert_uint_eq(t->alert.percent, percent);
}

static uint64_t
kept(void)
{
	struct ledger *l = ledger_open_reader(scratch_dir, &e);
	uint64_t n = 99;

	ck_assert_msg(l != NULL, "%s", e.text);
	ck_assert_int_eq(ledger_alert_count(l, &n, &e), 0);
	ledger_close(&l);
	return n;
}

START_TEST(test_told)
{
	struct told t, again;
	struct ledger_row row;

	want(1u << ALERT_CUSTOMER_LIMIT);
	world_start();
	spend(ada(), 499, 0);
	ck_assert(!hear(&t, 300));
	spend(ada(), 301, 0);
	expect(&t, ALERT_CUSTOMER_LIMIT, 50);
	ck_assert_int_eq(t.alert.spent_nano, 800);
	ck_assert_int_eq(t.alert.limit_nano, 1000);
	ck_assert_uint_eq(t.alert.account_kind, ACCOUNT_CUSTOMER_PERIOD);
	ck_assert_int_eq(t.alert.period_s, today());
	ck_assert_int_eq(t.alert.owner.kind, OWNER_CUSTOMER);
	ck_assert(slice_eq(t.alert.owner.id, SLICE("ada")));
	expect(&again, ALERT_CUSTOMER_LIMIT, 80);
	ck_assert_int_ne(memcmp(t.alert.id, again.alert.id, ALERT_ID_SIZE), 0);
	acknowledge(&t);
	ck_assert(WORLD_UNTIL(kept() == 1));
	acknowledge(&again);
	ck_assert(WORLD_UNTIL(kept() == 0));
	/* Numbers begin anew; what comes next is told all the same. */
	spend(ada(), 200, 0);
	expect(&t, ALERT_CUSTOMER_LIMIT, 100);
	ck_assert_uint_eq(t.number, 1);
	/* An old acknowledgement takes no other alert away. */
	again.number = 1;
	acknowledge(&again);
	ck_assert(!hear(&t, 300));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	ck_assert_uint_eq(kept(), 1);
	ck_assert_int_eq(world_row(ada(), &row), 1);
	ck_assert_uint_eq(row.alert_bits, 100);
}
END_TEST

/* The keeper is killed at once: what is booked is told by the next. */
START_TEST(test_killed_between)
{
	struct told first, second;

	want(1u << ALERT_CUSTOMER_LIMIT);
	world_start();
	spend(ada(), 500, 0);
	ck_assert(WORLD_UNTIL(rests_at(ada(), 500)));
	world_kill();
	ck_assert_uint_eq(kept(), 1);
	world_start();
	expect(&first, ALERT_CUSTOMER_LIMIT, 50);
	world_kill();
	world_start();
	expect(&second, ALERT_CUSTOMER_LIMIT, 50);
	ck_assert_int_eq(memcmp(first.alert.id, second.alert.id, ALERT_ID_SIZE),
	    0);
	acknowledge(&second);
	ck_assert(WORLD_UNTIL(kept() == 0));
	world_kill();
	world_start();
	ck_assert(!hear(&first, 300));
}
END_TEST

/* The logger is another one: it gets all that was not acknowledged. */
START_TEST(test_new_logger)
{
	struct told t, again;
	int pair[2];

	want(1u << ALERT_CUSTOMER_LIMIT);
	world_start();
	spend(ada(), 800, 0);
	expect(&t, ALERT_CUSTOMER_LIMIT, 50);
	acknowledge(&t);
	expect(&t, ALERT_CUSTOMER_LIMIT, 80);
	ck_assert(WORLD_UNTIL(kept() == 1));
	close(world.logger_fd);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	world.logger_fd = pair[0];
	ck_assert_int_eq(child_send(world.keeper_fd, MASTER_ALERTS, &pair[1],
			     1),
	    0);
	close(pair[1]);
	expect(&again, ALERT_CUSTOMER_LIMIT, 80);
	ck_assert_int_eq(memcmp(t.alert.id, again.alert.id, ALERT_ID_SIZE), 0);
	acknowledge(&again);
	ck_assert(WORLD_UNTIL(kept() == 0));
}
END_TEST

/* No exporter wants it: it is marked, and nothing is kept. */
START_TEST(test_unwanted)
{
	struct ledger_row row;

	want(1u << ALERT_OVERRUN);
	world_start();
	spend(ada(), 900, 100);
	ck_assert(WORLD_UNTIL(rests_at(ada(), 900)));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	ck_assert_uint_eq(kept(), 0);
	ck_assert_int_eq(world_row(ada(), &row), 1);
	ck_assert_uint_eq(row.alert_bits, 80 | ALERT_BITS_SUSPENSE);
}
END_TEST

/* A period begins with nothing told. */
START_TEST(test_new_period)
{
	struct account_key before = world_key(OWNER_CUSTOMER, "ada",
	    ACCOUNT_CUSTOMER_PERIOD, today() - 86400);
	struct told t;

	want(1u << ALERT_CUSTOMER_LIMIT);
	world_start();
	spend(before, 500, 0);
	expect(&t, ALERT_CUSTOMER_LIMIT, 50);
	ck_assert_int_eq(t.alert.period_s, today() - 86400);
	spend(ada(), 500, 0);
	expect(&t, ALERT_CUSTOMER_LIMIT, 50);
	ck_assert_int_eq(t.alert.period_s, today());
}
END_TEST

START_TEST(test_facts)
{
	struct account_key key = ada();
	struct told t;
	uint32_t slot;

	want((1u << ALERT_SUSPENSE) | (1u << ALERT_OVERRUN));
	world_start();
	spend(key, 100, 30);
	expect(&t, ALERT_SUSPENSE, 0);
	ck_assert_int_eq(t.alert.suspense_nano, 30);
	slot = world_hold(&key, 1, 10);
	world_settle(slot, 1, 700, 0);
	expect(&t, ALERT_OVERRUN, 0);
	ck_assert_int_eq(t.alert.spent_nano, 800);
	spend(key, 10, 10);
	ck_assert(!hear(&t, 300));
}
END_TEST

/* What a power cut leaves in doubt may be all of a budget. */
START_TEST(test_lost_segment)
{
	struct told t;

	want((1u << ALERT_SUSPENSE) | (1u << ALERT_CUSTOMER_LIMIT));
	world_start();
	ck_assert_uint_ne(world_hold((struct account_key[]){ ada() }, 1, 600),
	    SLOT_NONE);
	world_kill();
	world_new_segment();
	world_start();
	expect(&t, ALERT_CUSTOMER_LIMIT, 50);
	/* A lease may be all that was left. */
	while (t.alert.event != ALERT_SUSPENSE)
		ck_assert(hear(&t, 5000));
	ck_assert_int_ge(t.alert.suspense_nano, 600);
}
END_TEST

/* A logger that says nothing gets no more than it has room for. */
START_TEST(test_window)
{
	struct account_key key;
	struct told t;
	int n = 0;

	want(1u << ALERT_SUSPENSE);
	world_start();
	for (int i = 0; i < HANDOVER_WINDOW + 20; i++) {
		key = world_key(OWNER_CUSTOMER, "ada", ACCOUNT_CUSTOMER_PERIOD,
		    today() - 86400 * i);
		spend(key, 10, 1);
	}
	while (hear(&t, n < HANDOVER_WINDOW ? 5000 : 300))
		n++;
	ck_assert_int_eq(n, HANDOVER_WINDOW);
	acknowledge(&t);
	ck_assert(hear(&t, 5000));
	ck_assert(!hear(&t, 300));
}
END_TEST

/* ---- orphans ------------------------------------------------------------ */

/* A worker dies amid two requests, of which one had been sent. */
START_TEST(test_orphan)
{
	struct account_key key =
	    world_key(OWNER_KEY, "filekey1", ACCOUNT_KEY_TOTAL, 0);
	struct account_key keys[] = { ada(), key };
	uint32_t slot, unsent;
	struct alert_message m;
	struct orphan o;

	world_start();
	slot = world_hold(keys, 2, 300);
	unsent = world_hold(keys, 1, 10);
	ck_assert(slot != SLOT_NONE && unsent != SLOT_NONE);
	hold_sent(&world.worker, slot);
	hold_progress(&world.worker, slot, 20, 4);
	ck_assert_int_eq(reap_seat(world.seg, world.worker.index), 1);
	ck_assert(hear_message(&m, 5000));
	ck_assert(orphan_unpack(m.body, &o));
	ck_assert_str_eq((const char *)o.id, "request");
	ck_assert_uint_eq(o.seat, world.worker.index);
	ck_assert_uint_eq(o.seq, 1);
	ck_assert(slice_eq(o.customer, SLICE("ada")));
	ck_assert(slice_eq(o.key, SLICE("filekey1")));
	ck_assert_int_eq(o.cost_nano, 300);
	ck_assert_int_eq(o.charge_nano, 300);
	ck_assert_int_eq(o.held_nano, 300);
	ck_assert_int_eq(o.suspense_nano, 300);
	ck_assert_int_eq(o.tokens_in, 20);
	ck_assert_int_eq(o.tokens_out, 4);
	ck_assert_int_ge(o.reaped_us, o.started_us);
	ck_assert(!hear_message(&m, 300));
	/* It is told until it is in the log. */
	world_kill();
	ck_assert_uint_eq(kept(), 1);
	world_start();
	ck_assert(hear_message(&m, 5000));
	ck_assert(orphan_unpack(m.body, &o));
	ck_assert_str_eq((const char *)o.id, "request");
	ck_assert_uint_eq(o.seq, 1);
}
END_TEST

/* ---- overruns ----------------------------------------------------------- */

static int64_t
overrun(void)
{
	static const uint16_t no_label[STATS_LABELS];

	return stats_sum(world.seg,
	    stats_cell(world.seg, METRIC_OVERRUN, no_label));
}

/* What a bill passes its hold by, once, and where a limit is watched. */
START_TEST(test_overrun)
{
	struct account_key total =
	    world_key(OWNER_CUSTOMER, "ada", ACCOUNT_CUSTOMER_TOTAL, 0);
	struct account_key keys[] = { ada(), total };
	uint32_t slot;

	world_start();
	/* Far below its lease, which a larger hold has raised. */
	slot = world_hold(keys, 2, 500);
	world_settle(slot, 2, 0, 0);
	ck_assert(WORLD_UNTIL(rests_at(ada(), 0)));
	slot = world_hold(keys, 2, 10);
	world_settle(slot, 2, 17, 0);
	ck_assert(WORLD_UNTIL(rests_at(ada(), 17)));
	ck_assert_int_eq(overrun(), 7);
	/* Without a limit. */
	slot = world_hold(&total, 1, 10);
	world_settle(slot, 1, 100, 0);
	ck_assert(WORLD_UNTIL(rests_at(total, 117)));
	ck_assert_int_eq(overrun(), 7);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("keeper/alerts");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, test_rule, 0, COUNT(rules));
	tcase_add_test(t, test_other_percents);
	tcase_add_test(t, test_most);
	suite_add_tcase(s, t);
	t = tcase_create("told");
	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_test(t, test_told);
	tcase_add_test(t, test_killed_between);
	tcase_add_test(t, test_new_logger);
	tcase_add_test(t, test_unwanted);
	tcase_add_test(t, test_new_period);
	tcase_add_test(t, test_facts);
	tcase_add_test(t, test_lost_segment);
	tcase_add_test(t, test_window);
	tcase_add_test(t, test_orphan);
	tcase_add_test(t, test_overrun);
	suite_add_tcase(s, t);
	return s;
}

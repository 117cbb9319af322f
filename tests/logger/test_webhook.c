/* What an exporter is sent, when it is tried again, and the watched ledger. */

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/version.h"
#include "logger/watch.h"
#include "logger/webhook.h"
#include "shm/account.h"
#include "shm/health.h"
#include "shm/segment.h"
#include "shm/verdict.h"
#include "tests/snapshot.h"
#include "tests/suite.h"

/* 2026-01-02 03:04:05.000006, and the day before. */
#define TIME_US INT64_C(1767323045000006)
#define DAY_S INT64_C(1767225600)

static const struct body_case {
	const char *title;
	struct alert alert;
	const char *body;
} bodies[] = {
	{ "a customer's period",
	    { .id = "0123456789abcde",
		.event = ALERT_CUSTOMER_LIMIT,
		.percent = 80,
		.account_kind = ACCOUNT_CUSTOMER_PERIOD,
		.period_s = DAY_S,
		.time_us = TIME_US,
		.spent_nano = 8000000001,
		.limit_nano = 10000000000,
		.owner = { OWNER_CUSTOMER, ENV_PROD, SLICE("a\"b\n") } },
	    "{\"id\":\"30313233343536373839616263646500\","
	    "\"event\":\"customer_budget_limit_reached\","
	    "\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"account\":\"customer:a\\\"b\\n\",\"environment\":\"prod\","
	    "\"spent\":8.000000001,\"limit\":10.0,\"suspense\":0.0,"
	    "\"period\":\"2026-01-01T00:00:00Z\",\"percent\":80}" },
	{ "a key's total",
	    { .event = ALERT_SUSPENSE,
		.account_kind = ACCOUNT_KEY_TOTAL,
		.time_us = TIME_US,
		.spent_nano = 1,
		.limit_nano = MONEY_NONE,
		.suspense_nano = 500000000,
		.owner = { OWNER_KEY, ENV_TEST, SLICE("filekey1") } },
	    "{\"id\":\"00000000000000000000000000000000\","
	    "\"event\":\"suspense_created\","
	    "\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"account\":\"key-total:filekey1\",\"environment\":\"test\","
	    "\"spent\":0.000000001,\"limit\":null,\"suspense\":0.5,"
	    "\"period\":null,\"percent\":null}" },
	{ "credits",
	    { .event = ALERT_LOW_CREDITS,
		.percent = 100,
		.account_kind = ACCOUNT_ORG_CREDITS,
		.time_us = TIME_US,
		.owner = { OWNER_ORGANIZATION, 0, SLICE("") } },
	    "{\"id\":\"00000000000000000000000000000000\","
	    "\"event\":\"credit_low_balance_threshold_reached\","
	    "\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"account\":\"organization-credits\",\"environment\":null,"
	    "\"spent\":0.0,\"limit\":0.0,\"suspense\":0.0,"
	    "\"period\":null,\"percent\":100}" },
	{ "no account", { .event = ALERT_LEDGER, .time_us = TIME_US },
	    "{\"id\":\"00000000000000000000000000000000\","
	    "\"event\":\"ledger_unavailable\","
	    "\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"account\":null,\"environment\":null,\"spent\":null,"
	    "\"limit\":null,\"suspense\":null,\"period\":null,"
	    "\"percent\":null}" },
	{ "a provider",
	    { .event = ALERT_PROVIDER,
		.time_us = TIME_US,
		.provider = SLICE("a\"b") },
	    "{\"id\":\"00000000000000000000000000000000\","
	    "\"event\":\"provider_ejected\","
	    "\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"provider\":\"a\\\"b\"}" },
	{ "a kind of account that is none",
	    { .event = ALERT_OVERRUN, .account_kind = 99, .time_us = TIME_US },
	    "{\"id\":\"00000000000000000000000000000000\","
	    "\"event\":\"overrun\",\"time\":\"2026-01-02T03:04:05.000006Z\","
	    "\"account\":null,\"environment\":null,\"spent\":null,"
	    "\"limit\":null,\"suspense\":null,\"period\":null,"
	    "\"percent\":null}" },
};

START_TEST(test_body)
{
	struct sbuf b = { 0 };

	webhook_body(&b, &bodies[_i].alert);
	ck_assert_msg(strcmp(b.data, bodies[_i].body) == 0, "%s: %s",
	    bodies[_i].title, b.data);
	sbuf_free(&b);
}
END_TEST

static struct {
	struct settings s;
	struct snapshot_room room;
} snapshot;

static struct settings_exporter
exporter(const char *host, int32_t port, bool tls, const char *path)
{
	return (struct settings_exporter){
		.host = snapshot_text(&snapshot, &snapshot.room, host),
		.path = snapshot_text(&snapshot, &snapshot.room, path),
		.port = port,
		.tls = tls,
	};
}

static void
ck_head(const struct settings_exporter *x, const char *first, const char *host)
{
	struct sbuf b = { 0 }, want = { 0 };

	webhook_head(&b, &snapshot.s, x, SLICE("Jefe"),
	    SLICE("what do ya want for nothing?"));
	/* RFC 4231, test case 2. */
	sbuf_addf(&want,
	    "%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: holdfast/" HOLDFAST_VERSION
	    "\r\nContent-Type: application/json\r\nContent-Length: 28\r\n"
	    "X-Respan-Signature: 5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843\r\nConnection: close\r\n\r\n",
	    first, host);
	ck_assert_str_eq(b.data, want.data);
	sbuf_free(&b);
	sbuf_free(&want);
}

START_TEST(test_head)
{
	struct settings_exporter x = exporter("h.example", 443, true, "/a?b=c");

	ck_head(&x, "POST /a?b=c", "h.example");
	x = exporter("h.example", 80, true, "");
	ck_head(&x, "POST /", "h.example:80");
	x = exporter("::1", 80, false, "/");
	ck_head(&x, "POST /", "[::1]");
}
END_TEST

/* 5 tries, the last within the hour even when each took its 10 s. */
START_TEST(test_pauses)
{
	static const int64_t pauses[] = { 0, 10000, 120000, 720000, 2700000, -1,
		-1 };
	int64_t sum_ms = 0;

	for (unsigned i = 0; i < COUNT(pauses); i++) {
		ck_assert_int_eq(webhook_pause_ms(i), pauses[i]);
		if (pauses[i] > 0)
			sum_ms += pauses[i] + WEBHOOK_LIMIT_MS;
	}
	ck_assert_int_le(sum_ms, 3600000);
	ck_assert_int_gt(sum_ms, 3000000);
}
END_TEST

#define S UINT64_C(1000000000)

/* At a second the keeper beats, or not; is the alert raised? */
static const struct watch_step {
	uint64_t at_s;
	bool beats, raised;
} steps[] = {
	{ 100, false, false }, /* it has its time to start */
	{ 104, false, false },
	{ 105, false, true }, /* it never came */
	{ 106, false, false },
	{ 400, false, false }, /* once in an outage */
	{ 401, true, false },
	{ 405, false, false },
	{ 406, false, false }, /* it was not there for a minute */
	{ 410, true, false },
	{ 412, true, false },
	{ 416, true, false },
	{ 420, true, false },
	{ 424, true, false },
	{ 428, true, false },
	{ 432, true, false },
	{ 436, true, false },
	{ 440, true, false },
	{ 444, true, false },
	{ 448, true, false },
	{ 452, true, false },
	{ 456, true, false },
	{ 460, true, false },
	{ 464, true, false },
	{ 468, true, false },
	{ 470, false, false },
	{ 472, false, false },
	{ 473, false, true }, /* another outage */
	{ 474, false, false },
};

START_TEST(test_watch)
{
	struct segment_shape shape = { 1, 64, 65536 };
	struct segment *seg;
	struct watch w, other;
	struct alert a, again;
	struct err e;

	now_update();
	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	watch_init(&w, 100 * S);
	for (unsigned i = 0; i < COUNT(steps); i++) {
		if (steps[i].beats)
			segment_beat(seg, ROLE_KEEPER, steps[i].at_s * S);
		ck_assert_msg(watch_look(&w, seg, steps[i].at_s * S, &a) ==
				  steps[i].raised,
		    "at %d s", (int)steps[i].at_s);
	}
	ck_assert_int_eq(a.event, ALERT_LEDGER);
	/* Another logger tells of the same outage by the same id. */
	watch_init(&other, 480 * S);
	ck_assert(!watch_look(&other, seg, 484 * S, &again));
	ck_assert(watch_look(&other, seg, 485 * S, &again));
	ck_assert_int_eq(memcmp(a.id, again.id, sizeof a.id), 0);
	segment_close(&seg);
}
END_TEST

/* Once for each ejection, whichever logger looks, and by an id of its own. */
START_TEST(test_watch_provider)
{
	const struct segment_shape shape = { 1, 64, 65536 };
	const struct verdict_rules rules = { 1, S, 5 * S };
	struct {
		struct settings s;
		struct settings_provider providers[2];
		struct snapshot_room room;
	} f = { .s = { .magic = SETTINGS_MAGIC } };
	struct health_new n = { health_provider_hash(SLICE("two")),
		HEALTH_PROVIDER, HEALTH_NONE, SLICE("two") };
	struct segment *seg;
	struct alert a, b;
	uint32_t place;
	struct err e;

	f.s.providers =
	    (struct slist){ (uint32_t)((char *)f.providers - (char *)&f), 2 };
	f.providers[0].name = snapshot_text(&f, &f.room, "one");
	f.providers[1].name = snapshot_text(&f, &f.room, "two");
	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	ck_assert(!watch_provider(&f.s, seg, &a));
	n.above = health_make(seg, &n, S);
	n.hash = health_target_hash(n.hash, SLICE("m"));
	n.kind = HEALTH_TARGET;
	place = health_make(seg, &n, S);
	ck_assert(!watch_provider(&f.s, seg, &a));
	verdict_bad(seg, place, &rules, 100 * S);
	verdict_bad(seg, place, &rules, 105 * S);
	ck_assert(watch_provider(&f.s, seg, &a));
	ck_assert_int_eq(a.event, ALERT_PROVIDER);
	ck_assert(slice_eq(a.provider, SLICE("two")));
	ck_assert(!watch_provider(&f.s, seg, &b));
	verdict_good(seg, place, 0, 115 * S);
	ck_assert(!watch_provider(&f.s, seg, &b));
	verdict_bad(seg, place, &rules, 116 * S);
	ck_assert(watch_provider(&f.s, seg, &b));
	ck_assert_int_ne(memcmp(a.id, b.id, sizeof a.id), 0);
	segment_close(&seg);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("logger/webhook");
	TCase *t = tcase_create("webhook");

	tcase_add_loop_test(t, test_body, 0, COUNT(bodies));
	tcase_add_test(t, test_head);
	tcase_add_test(t, test_pauses);
	tcase_add_test(t, test_watch);
	tcase_add_test(t, test_watch_provider);
	suite_add_tcase(s, t);
	return s;
}

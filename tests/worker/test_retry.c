/* What follows a failure, and after which wait. */
#include "worker/retry.h"

#include "tests/proto/asked.h"
#include "tests/snapshot.h"
#include "tests/suite.h"

#define NEVER UINT64_MAX
#define MOST UINT32_MAX

static struct {
	struct settings s;
	int32_t on[4];
	struct snapshot_room room;
} snapshot;

static void
settings_fill(void)
{
	static const int32_t on[] = { 408, 429, 500, 529 };

	memset(&snapshot, 0, sizeof snapshot);
	memcpy(snapshot.on, on, sizeof on);
	snapshot.s.retry_on_status =
	    (struct slist){ offsetof(__typeof__(snapshot), on), COUNT(on) };
	snapshot.s.routing_fallback_on =
	    snapshot_text(&snapshot, &snapshot.room, "any");
	snapshot.s.retry_num_retries = 4;
	snapshot.s.retry_retry_after_ms = 300;
	snapshot.s.retry_max_backoff_ms = 8000;
	snapshot.s.retry_max_wait_ms = 5000;
	snapshot.s.routing_rate_limit_retries = 2;
}

/* ---- how often ---------------------------------------------------------- */

#define BODY(members)                                                          \
	"{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]" members "}"
#define PARAMS(members) BODY(",\"retry_params\":{" members "}")

static const struct {
	const char *body;
	bool settings_enabled;
	struct retry_rules rules;
} asks[] = {
	{ BODY(""), false, { false, 0, 300 } },
	{ BODY(""), true, { true, 4, 300 } },
	{ BODY(",\"retries\":2"), false, { true, 2, 200 } },
	{ BODY(",\"retries\":\"10\""), true, { true, 10, 200 } },
	{ BODY(",\"retries\":0"), true, { false, 0, 200 } },
	{ BODY(",\"retries\":null"), true, { true, 4, 300 } },
	{ PARAMS("\"retry_enabled\":true"), false, { true, 3, 200 } },
	{ PARAMS("\"retry_enabled\":\"True\",\"num_retries\":\"2\""), false,
	    { true, 2, 200 } },
	{ PARAMS("\"retry_enabled\":false,\"num_retries\":2"), true,
	    { false, 0, 200 } },
	{ PARAMS("\"retry_enabled\":1,\"num_retries\":10,\"retry_after\":60"),
	    false, { true, 10, 60000 } },
	{ PARAMS("\"retry_enabled\":true,\"num_retries\":null,"
		 "\"retry_after\":null"),
	    false, { true, 3, 200 } },
	/* A part of a millisecond is none too few. */
	{ PARAMS("\"retry_enabled\":true,\"retry_after\":0.0000000001"), false,
	    { true, 3, 1 } },
	{ PARAMS("\"retry_enabled\":true,\"retry_after\":1.5004"), false,
	    { true, 3, 1501 } },
	{ PARAMS("\"retry_\\u0065nabled\":true,\"num_retries\":1"), false,
	    { true, 1, 200 } },
	{ BODY(",\"retries\":5,\"retry_params\":{\"retry_enabled\":false}"),
	    false, { false, 0, 200 } },
	{ BODY(",\"retry_params\":{\"retry_enabled\":true},\"retries\":5"),
	    false, { true, 3, 200 } },
};

static void
ck_rules(const char *title, const struct retry_rules *got,
    const struct retry_rules *want)
{
	ck_assert_msg(got->enabled == want->enabled &&
			  got->retries == want->retries &&
			  got->retry_after_ms == want->retry_after_ms,
	    "%s: %d %u %lld", title, got->enabled, got->retries,
	    (long long)got->retry_after_ms);
}

START_TEST(rules_of_a_request)
{
	struct retry_rules got;
	struct asked a;

	settings_fill();
	snapshot.s.retry_enabled = asks[_i].settings_enabled;
	ck_assert_msg(asked_read(&a, slice_str(asks[_i].body), NULL) == 0,
	    "%s: %s", asks[_i].body, a.err.text);
	retry_rules_read(&snapshot.s, &a.params, &got);
	ck_rules(asks[_i].body, &got, &asks[_i].rules);
	asked_end(&a);
}
END_TEST

START_TEST(rules_of_a_429)
{
	struct retry_rules off = { false, 0, 300 }, own = { true, 5, 50 }, got;

	settings_fill();
	retry_rules_rate_limit(&snapshot.s, &off, &got);
	ck_rules("unasked", &got, &(struct retry_rules){ true, 2, 1000 });
	retry_rules_rate_limit(&snapshot.s, &own, &got);
	ck_rules("asked", &got, &own);
	snapshot.s.routing_rate_limit_retries = 0;
	retry_rules_rate_limit(&snapshot.s, &off, &off);
	ck_rules("switched off", &off, &(struct retry_rules){ false, 0, 1000 });
}
END_TEST

/* ---- what follows ------------------------------------------------------- */

enum { R = 1, O = 2, FF = 4, F = 8, N = 16, C = 32, L = 64 };

#define CALLERS true
#define OURS false

static const struct {
	struct failure f;
	unsigned any, transient; /* of what is allowed then */
	const char *class;
} failures[] = {
	{ { FAILURE_DNS, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "dns" },
	{ { FAILURE_CONNECT, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "connect" },
	{ { FAILURE_TLS, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "tls" },
	{ { FAILURE_RESET, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "reset" },
	{ { FAILURE_FIRST_BYTE, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "timeout_first_byte" },
	{ { FAILURE_IDLE, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "timeout_idle" },
	{ { FAILURE_TOTAL, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "timeout_total" },
	{ { FAILURE_MALFORMED, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "malformed" },
	{ { FAILURE_CUT, 0, OURS, false }, R | F | N | C, R | F | N | C,
	    "cut" },
	{ { FAILURE_CUT, 0, CALLERS, false }, R | F | N, R | F | N, "cut" },
	{ { FAILURE_CUT, 401, OURS, false }, R | F | N | C, R | F | N | C,
	    "cut" },
	/* No answer at all, whoever says so. */
	{ { FAILURE_STATUS, 101, OURS, false }, R | F | N | C, R | F | N | C,
	    "malformed" },
	{ { FAILURE_STATUS, 399, OURS, false }, R | F | N | C, R | F | N | C,
	    "malformed" },
	{ { FAILURE_STATUS, 400, OURS, false }, F | N, 0, "http_4xx" },
	{ { FAILURE_STATUS, 400, OURS, true }, F | N, 0, "in_stream_error" },
	{ { FAILURE_STATUS, 401, OURS, false }, O | F | N | L, O | F | N | L,
	    "http_4xx" },
	{ { FAILURE_STATUS, 402, OURS, false }, O | F | N | L, O | F | N | L,
	    "http_4xx" },
	{ { FAILURE_STATUS, 403, OURS, false }, O | F | N | L, O | F | N | L,
	    "http_4xx" },
	{ { FAILURE_STATUS, 401, CALLERS, false }, F, F, "http_4xx" },
	{ { FAILURE_STATUS, 402, CALLERS, false }, F, F, "http_4xx" },
	{ { FAILURE_STATUS, 403, CALLERS, false }, F, F, "http_4xx" },
	{ { FAILURE_STATUS, 404, OURS, false }, F | N, 0, "http_4xx" },
	{ { FAILURE_STATUS, 404, CALLERS, false }, F | N, 0, "http_4xx" },
	{ { FAILURE_STATUS, 408, OURS, false }, R | F | N, R | F | N,
	    "http_4xx" },
	/* 409 is not on the list of these settings. */
	{ { FAILURE_STATUS, 409, OURS, false }, F | N, 0, "http_4xx" },
	{ { FAILURE_STATUS, 429, OURS, false }, R | O | FF | F | N,
	    R | O | FF | F | N, "http_429" },
	{ { FAILURE_STATUS, 429, CALLERS, true }, R | O | FF | F | N,
	    R | O | FF | F | N, "in_stream_error" },
	{ { FAILURE_STATUS, 500, OURS, false }, R | F | N | C, R | F | N | C,
	    "http_5xx" },
	{ { FAILURE_STATUS, 500, CALLERS, false }, R | F | N, R | F | N,
	    "http_5xx" },
	{ { FAILURE_STATUS, 0, OURS, true }, R | F | N | C, R | F | N | C,
	    "in_stream_error" },
	{ { FAILURE_STATUS, 501, OURS, false }, F | N | C, C, "http_5xx" },
	{ { FAILURE_STATUS, 529, OURS, false }, R | F | N | C, R | F | N | C,
	    "http_5xx" },
};

static unsigned
policy_bits(const struct failure_policy *p)
{
	return (p->retry ? R : 0U) | (p->other_first ? O : 0U) |
	       (p->fallback_first ? FF : 0U) | (p->fallback ? F : 0U) |
	       (p->net ? N : 0U) | (p->counts ? C : 0U) | (p->locks ? L : 0U);
}

START_TEST(what_follows)
{
	const struct failure *f = &failures[_i].f;
	struct failure_policy p;

	settings_fill();
	failure_policy(&snapshot.s, f, &p);
	ck_assert_msg(policy_bits(&p) == failures[_i].any, "%d %d: any %u",
	    f->kind, f->status, policy_bits(&p));
	ck_assert_str_eq(p.error_class, failures[_i].class);
	snapshot.s.routing_fallback_on =
	    snapshot_text(&snapshot, &snapshot.room, "transient");
	failure_policy(&snapshot.s, f, &p);
	ck_assert_msg(policy_bits(&p) == failures[_i].transient,
	    "%d %d: transient %u", f->kind, f->status, policy_bits(&p));
}
END_TEST

/* Every kind says what it is called. */
START_TEST(each_kind_has_a_class)
{
	struct failure_policy p;

	settings_fill();
	for (int k = 0; k < FAILURE_KINDS; k++) {
		failure_policy(&snapshot.s,
		    &(struct failure){ .kind = (enum failure_kind)k }, &p);
		ck_assert_ptr_nonnull(p.error_class);
	}
}
END_TEST

/* Taken off the list, a 429 is not retried; the others are tried as ever. */
START_TEST(a_429_off_the_list)
{
	struct failure f = { .kind = FAILURE_STATUS, .status = 429 };
	struct failure_policy p;

	settings_fill();
	snapshot.on[1] = 425;
	failure_policy(&snapshot.s, &f, &p);
	ck_assert_uint_eq(policy_bits(&p), O | FF | F | N);
	snapshot.s.retry_on_status.n = 0;
	f.status = 503;
	failure_policy(&snapshot.s, &f, &p);
	ck_assert_uint_eq(policy_bits(&p), F | N | C);
}
END_TEST

/* ---- after which wait --------------------------------------------------- */

static const struct {
	const char *title;
	int64_t after_ms;
	unsigned k;
	int64_t wish_ms;
	uint32_t draw;
	uint64_t now_ms, deadline_ms;
	int64_t wait_ms;
} waits[] = {
	{ "first", 200, 1, -1, 0, 0, NEVER, 200 },
	{ "second", 200, 2, -1, 0, 0, NEVER, 400 },
	{ "sixth", 200, 6, -1, 0, 0, NEVER, 6400 },
	{ "seventh", 200, 7, -1, 0, 0, NEVER, 8000 },
	{ "tenth", 200, 10, -1, 0, 0, NEVER, 8000 },
	{ "hundredth", 200, 100, -1, 0, 0, NEVER, 8000 },
	{ "beyond any count", 200, UINT32_MAX, -1, 0, 0, NEVER, 8000 },
	{ "long from the start", 60000, 1, -1, 0, 0, NEVER, 8000 },
	{ "a quarter more", 200, 1, -1, MOST, 0, NEVER, 250 },
	{ "an eighth more", 200, 1, -1, MOST / 2 + 1, 0, NEVER, 225 },
	{ "a quarter more than the most", 200, 10, -1, MOST, 0, NEVER, 10000 },
	{ "less than a ms more", 1, 1, -1, MOST, 0, NEVER, 1 },
	{ "no wish", 200, 1, 0, 0, 0, NEVER, 200 },
	{ "a smaller wish", 200, 2, 399, 0, 0, NEVER, 400 },
	{ "a larger wish", 200, 2, 401, 0, 0, NEVER, 401 },
	{ "a wish within the quarter", 200, 1, 240, MOST, 0, NEVER, 250 },
	{ "the longest wish", 200, 1, 5000, 0, 0, NEVER, 5000 },
	{ "a wish too long", 200, 1, 5001, 0, 0, NEVER, -1 },
	{ "a huge wish", 200, 1, INT64_MAX, 0, 0, NEVER, -1 },
	{ "a long backoff is no wish", 200, 10, 5000, 0, 0, NEVER, 8000 },
	{ "in time", 200, 1, -1, 0, 1000, 1201, 200 },
	{ "no time left behind it", 200, 1, -1, 0, 1000, 1200, -1 },
	{ "over time", 200, 1, -1, 0, 1000, 1199, -1 },
	{ "over time by the draw", 200, 1, -1, MOST, 1000, 1201, -1 },
	{ "over time by the wish", 200, 1, 201, 0, 1000, 1201, -1 },
	{ "time is up", 200, 1, -1, 0, 1000, 1000, -1 },
	{ "time was up", 200, 1, -1, 0, 1000, 1, -1 },
};

START_TEST(waits_before_a_retry)
{
	struct retry_rules r = { true, 3, waits[_i].after_ms };
	int64_t got;

	settings_fill();
	got = retry_wait_ms(&snapshot.s, &r, waits[_i].k, waits[_i].wish_ms,
	    waits[_i].draw, waits[_i].now_ms, waits[_i].deadline_ms);
	ck_assert_msg(got == waits[_i].wait_ms, "%s: %lld", waits[_i].title,
	    (long long)got);
}
END_TEST

/* ---- what the provider wishes ------------------------------------------- */

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct {
	const char *ms, *s;
	int64_t wish_ms;
} wishes[] = {
	{ "", "", -1 },
	{ "", "120", 120000 },
	{ "", "0", 0 },
	{ "", "0.2", 200 },
	{ "", "1.0001", 1001 },
	{ "", "-1", 0 },
	{ "", "-0", 0 },
	{ "", "soon", 0 },
	{ "", "1,5", 0 },
	{ "", "0x10", 0 },
	{ "", "nan", 0 },
	{ "", "1 s", 0 },
	{ "", "999999999", 999999999000 },
	{ "", "1000000000", RETRY_WISH_MAX_MS },
	{ "", "99999999999999999999999", RETRY_WISH_MAX_MS },
	{ "", "1e400", RETRY_WISH_MAX_MS },
	{ "250", "", 250 },
	{ "250.5", "", 251 },
	{ "250", "120", 250 },
	{ "0", "120", 0 },
	{ "-5", "120", 0 },
	{ "x", "120", 0 },
	{ "99999999999999999999999", "", RETRY_WISH_MAX_MS },
	{ "Sun, 06 Nov 1994 08:49:39 GMT", "", 0 },
	{ "", "Sun, 06 Nov 1994 08:49:39 GMT", 2000 },
	{ "", "Sunday, 06-Nov-94 08:50:37 GMT", 60000 },
	{ "", "Sun Nov  6 09:49:37 1994", 3600000 },
	{ "", "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
	{ "", "Sun, 06 Nov 1994 08:49:36 GMT", 0 },
	{ "", "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "", "Fri, 31 Dec 9999 23:59:59 GMT", RETRY_WISH_MAX_MS },
	{ "", "Sun, 06 Nov 1994 08:49:39 UTC", 0 },
};

START_TEST(wishes_of_headers)
{
	int64_t got = retry_wish_ms(slice_str(wishes[_i].ms),
	    slice_str(wishes[_i].s), NOW);

	ck_assert_msg(got == wishes[_i].wish_ms, "\"%s\" \"%s\": %lld",
	    wishes[_i].ms, wishes[_i].s, (long long)got);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("worker/retry");
	TCase *t = tcase_create("retry");

	tcase_add_loop_test(t, rules_of_a_request, 0, COUNT(asks));
	tcase_add_test(t, rules_of_a_429);
	tcase_add_loop_test(t, what_follows, 0, COUNT(failures));
	tcase_add_test(t, each_kind_has_a_class);
	tcase_add_test(t, a_429_off_the_list);
	tcase_add_loop_test(t, waits_before_a_retry, 0, COUNT(waits));
	tcase_add_loop_test(t, wishes_of_headers, 0, COUNT(wishes));
	suite_add_tcase(s, t);
	return s;
}

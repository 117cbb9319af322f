/* What is kept for callers' hosts is bounded, and shared with nobody. */
#include "worker/guests.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/client.h"
#include "net/dns.h"
#include "net/loop.h"
#include "tests/suite.h"
#include "worker/credential.h"
#include "worker/worker_priv.h"

static struct worker worker;
static struct guests *guests;
static struct err e;

static void
setup(void)
{
	now_update();
	worker.loop = loop_new();
	worker.dns = dns_new(worker.loop, NULL, &e);
	ck_assert_ptr_nonnull(worker.dns);
	worker.client = client_new(worker.loop, worker.dns);
	guests = guests_new(&worker);
}

static void
teardown(void)
{
	guests_free(&guests);
	client_free(&worker.client);
	dns_free(&worker.dns);
	loop_free(&worker.loop);
}

static struct client_target *
pool(const char *host, int port, bool public_only)
{
	struct credential_base base = { .host = slice_str(host), .port = port };
	struct guest_place place = { .base = &base,
		.public_only = public_only };

	return guests_pool(guests, &place);
}

START_TEST(one_of_each)
{
	struct client_target *one = pool("a.example.com", 443, true);

	ck_assert_ptr_eq(pool("a.example.com", 443, true), one);
	ck_assert_ptr_ne(pool("b.example.com", 443, true), one);
	ck_assert_ptr_ne(pool("a.example.com", 444, true), one);
	/* One that may be private is never given to who may not ask there. */
	ck_assert_ptr_ne(pool("a.example.com", 443, false), one);
	ck_assert_uint_eq(guests_count(guests), 4);
	guests_close_idle(guests);
	ck_assert_ptr_eq(pool("a.example.com", 443, true), one);
}
END_TEST

START_TEST(bounded)
{
	char host[32];
	struct client_target *first = pool("first.example.com", 443, true);

	for (int i = 0; i < 3 * GUESTS_MAX; i++) {
		snprintf(host, sizeof host, "h%d.example.com", i);
		pool(host, 443, true);
		/* Used all the time, it stays. */
		ck_assert_ptr_eq(pool("first.example.com", 443, true), first);
		ck_assert_uint_le(guests_count(guests), GUESTS_MAX);
	}
	ck_assert_uint_eq(guests_count(guests), GUESTS_MAX);
}
END_TEST

static void
nothing(void *ctx)
{
	(void)ctx;
}

static void
nothing_head(void *ctx, const struct http1_head *h)
{
	(void)ctx;
	(void)h;
}

static void
nothing_data(void *ctx, struct slice bytes)
{
	(void)ctx;
	(void)bytes;
}

static void
nothing_fail(void *ctx, enum call_failure failure, const struct err *why)
{
	(void)ctx;
	(void)failure;
	(void)why;
}

/* Who is in use does not go, however long ago that began. */
START_TEST(busy)
{
	static const struct call_ops ops = { nothing, nothing_head,
		nothing_data, nothing, nothing_fail };
	struct call_request q = { .head = SLICE("GET / HTTP/1.1\r\n\r\n") };
	char host[32];
	struct client_target *used = pool("used.example.com", 443, true);
	struct call *call = call_start(used, &q, &ops, NULL);

	for (int i = 0; i < 2 * GUESTS_MAX; i++) {
		snprintf(host, sizeof host, "h%d.example.com", i);
		pool(host, 443, true);
	}
	ck_assert_ptr_eq(pool("used.example.com", 443, true), used);
	call_cancel(&call);
	for (int i = 0; i < GUESTS_MAX; i++) {
		snprintf(host, sizeof host, "g%d.example.com", i);
		pool(host, 443, true);
	}
	ck_assert_uint_eq(guests_count(guests), GUESTS_MAX);
	ck_assert_uint_eq(client_target_counts(
			      pool("used.example.com", 443, true))
			      .connects,
	    0);
}
END_TEST

START_TEST(accounts)
{
	unsigned char sum[DIGEST_SIZE] = { 1 }, other[DIGEST_SIZE] = { 2 };
	struct google **one = guests_google(guests, sum);

	ck_assert_ptr_null(*one);
	ck_assert_ptr_ne(guests_google(guests, other), one);
	ck_assert_ptr_eq(guests_google(guests, sum), one);
	ck_assert_uint_eq(guests_count(guests), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("worker/guests");
	TCase *t = tcase_create("guests");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_of_each);
	tcase_add_test(t, bounded);
	tcase_add_test(t, busy);
	tcase_add_test(t, accounts);
	suite_add_tcase(s, t);
	return s;
}

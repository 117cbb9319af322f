#include "tests/suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/dns.h"
#include "net/loop.h"

/*
 * A DNS server in a thread.  It knows its zone and says NXDOMAIN to all else
 * (a search list of the machine may add names of its own).
 */
static const struct zone {
	const char *name;
	bool silent;
	int rcode;
	const char *ip4[3], *ip6[3];
} zone[] = {
	{ "both.test", false, 0, { "192.0.2.1", "192.0.2.2", "192.0.2.3" },
	    { "2001:db8::1", "2001:db8::2" } },
	{ "four.test", false, 0, { "192.0.2.4" }, { NULL } },
	{ "empty.test", false, 0, { NULL }, { NULL } },
	{ "silent.test", true, 0, { NULL }, { NULL } },
	{ "broken.test", false, 2, { NULL }, { NULL } },
};

static atomic_uint asked; /* queries for a name of the zone */
static int server_fd;
static pthread_t server_thread;
static char server_text[32];
static struct loop *loop;
static struct dns *dns;

/* "\4both\4test" as "both.test"; the length of the wire form. */
static size_t
read_name(const unsigned char *wire, char *out)
{
	size_t at = 0;

	while (wire[at] != 0) {
		if (at > 0)
			*out++ = '.';
		memcpy(out, wire + at + 1, wire[at]);
		out += wire[at];
		at += wire[at] + 1u;
	}
	*out = '\0';
	return at + 1;
}

static const struct zone *
find_zone(const char *name)
{
	for (size_t i = 0; i < COUNT(zone); i++)
		if (strcmp(zone[i].name, name) == 0)
			return &zone[i];
	return NULL;
}

/* One record per address, each with a pointer to the name. */
static size_t
add_records(unsigned char *out, const struct zone *z, unsigned char type,
    unsigned char *count)
{
	const char *const *ips = type == 1 ? z->ip4 : z->ip6;
	unsigned char size = type == 1 ? 4 : 16, *p = out;

	for (int i = 0; i < 3 && ips[i] != NULL; i++) {
		const unsigned char fixed[] = { 0xc0, 12, 0, type, 0, 1, 0, 0,
			0, 60, 0, size };
		struct addr a;

		addr_read_ip(&a, slice_str(ips[i]), 0);
		memcpy(p, fixed, sizeof fixed);
		p += sizeof fixed;
		memcpy(p,
		    type == 1 ? (void *)&a.sa.in.sin_addr
			      : (void *)&a.sa.in6.sin6_addr,
		    size);
		p += size;
		++*count;
	}
	return (size_t)(p - out);
}

/* Turn a query into its answer in place.  0 when there is none. */
static size_t
answer(unsigned char *packet)
{
	char name[256];
	size_t len = 12 + read_name(packet + 12, name) + 4;
	const struct zone *z = find_zone(name);
	unsigned char type = packet[len - 3];

	packet[2] = 0x81;
	packet[3] = (unsigned char)(0x80 | (z == NULL ? 3 : z->rcode));
	memset(packet + 6, 0, 6);
	if (z == NULL)
		return len;
	asked++;
	if (z->silent)
		return 0;
	return len + add_records(packet + len, z, type, &packet[7]);
}

static void *
serve(void *ctx)
{
	unsigned char packet[1024];
	struct sockaddr_storage from;
	socklen_t len = sizeof from;

	(void)ctx;
	for (;;) {
		ssize_t n = recvfrom(server_fd, packet, 512, 0,
		    (struct sockaddr *)&from, &len);
		size_t out;

		if (n < 12)
			return NULL; /* the test ends it by an empty packet */
		out = answer(packet);
		if (out > 0)
			sendto(server_fd, packet, out, 0,
			    (struct sockaddr *)&from, len);
	}
}

static void
setup(void)
{
	struct dns_options o = { .servers = server_text };
	struct addr a;
	struct err e;

	addr_read_ip(&a, SLICE("127.0.0.1"), 0);
	server_fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(server_fd, &a.sa.any, a.len), 0);
	getsockname(server_fd, &a.sa.any, &a.len);
	snprintf(server_text, sizeof server_text, "127.0.0.1:%u",
	    addr_port(&a));
	pthread_create(&server_thread, NULL, serve, NULL);
	loop = loop_new();
	dns = dns_new(loop, &o, &e);
	ck_assert_ptr_nonnull(dns);
}

static void
teardown(void)
{
	struct addr a = { .len = sizeof a.sa };

	dns_free(&dns);
	loop_free(&loop);
	getsockname(server_fd, &a.sa.any, &a.len);
	sendto(server_fd, "", 0, 0, &a.sa.any, a.len);
	pthread_join(server_thread, NULL);
	close(server_fd);
}

/* One asker and what it was told: "addr addr ..." or "failed". */
struct asker {
	struct dns_query query;
	char text[512];
	bool told;
	struct asker *cancels; /* inside its function */
	const char *asks;      /* the same, inside its function */
};

static void
write_answer(struct asker *k, const struct dns_answer *a)
{
	char text[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < a->n; i++) {
		size_t len = strlen(k->text);

		addr_text(&a->addrs[i], text);
		snprintf(k->text + len, sizeof k->text - len, "%s%s",
		    i > 0 ? " " : "", text);
	}
}

static void
told(void *ctx, const struct dns_answer *a, const struct err *e)
{
	struct asker *k = ctx;

	ck_assert(!k->told);
	ck_assert((a == NULL) != (e == NULL));
	k->told = true;
	if (a != NULL)
		write_answer(k, a);
	else
		strcpy(k->text, "failed");
	if (k->cancels != NULL)
		dns_cancel(&k->cancels->query);
	if (k->asks != NULL) {
		struct dns_answer again;
		struct dns_query q;
		struct err why;

		ck_assert_int_ne(dns_ask(dns, &q, k->asks, told, NULL, &again,
				     &why),
		    0);
	}
}

static int
ask(struct asker *k, const char *host)
{
	struct dns_answer a;
	struct err e;
	int r = dns_ask(dns, &k->query, host, told, k, &a, &e);

	if (r == 1)
		write_answer(k, &a);
	return r;
}

static void
wait_told(const struct asker *k)
{
	while (!k->told)
		loop_turn(loop, 1000);
}

static const struct {
	const char *host;
	int now; /* what dns_ask() returns */
	const char *want;
} known[] = {
	{ "192.0.2.7", 1, "192.0.2.7" },
	{ "2001:db8::7", 1, "2001:db8::7" },
	{ "127.1", -1, "" },
	{ "0x7f000001", -1, "" },
	{ "a b", -1, "" },
	{ "", -1, "" },
};

START_TEST(test_dns_known)
{
	struct asker k = { .told = false };

	ck_assert_int_eq(ask(&k, known[_i].host), known[_i].now);
	ck_assert_str_eq(k.text, known[_i].want);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

/* Without a packet, and without the hosts file. */
START_TEST(test_dns_localhost)
{
	static const char *const names[] = { "localhost", "LocalHost.",
		"a.localhost" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct asker k = { .told = false };

		ck_assert_int_eq(ask(&k, names[i]), 1);
		ck_assert_str_eq(k.text, "127.0.0.1 ::1");
	}
	ck_assert_uint_eq(asked, 0);
}
END_TEST

static const struct {
	const char *host, *want;
	int again; /* what the second dns_ask() returns */
} asks[] = {
	{ "both.test", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 192.0.2.3",
	    1 },
	{ "four.test", "192.0.2.4", 1 },
	{ "empty.test", "failed", -1 },
	{ "unknown.test", "failed", -1 },
	{ "broken.test", "failed", -1 },
};

/* The first comes from the server, the second from memory. */
START_TEST(test_dns_asks)
{
	struct asker k = { .told = false }, k2 = { .told = false };
	unsigned packets;

	ck_assert_int_eq(ask(&k, asks[_i].host), 0);
	ck_assert(!k.told);
	wait_told(&k);
	ck_assert_str_eq(k.text, asks[_i].want);
	packets = asked;
	ck_assert_int_eq(ask(&k2, asks[_i].host), asks[_i].again);
	ck_assert_str_eq(k2.text, asks[_i].again == 1 ? asks[_i].want : "");
	ck_assert_uint_eq(asked, packets);
}
END_TEST

/* Who asks together shares one query, and one failure too. */
START_TEST(test_dns_shares)
{
	struct asker k[4] = { { .told = false } };

	for (size_t i = 0; i < COUNT(k); i++)
		ck_assert_int_eq(ask(&k[i], "four.test"), 0);
	k[0].cancels = &k[2];
	k[1].asks = "four.test";
	wait_told(&k[3]);
	ck_assert(k[0].told);
	ck_assert(k[1].told);
	ck_assert(!k[2].told);
	ck_assert_uint_eq(asked, 2); /* A and AAAA */
}
END_TEST

/* D3: not one second more than two. */
START_TEST(test_dns_deadline)
{
	struct asker k = { .told = false };
	uint64_t from_ms;

	now_update();
	from_ms = now_mono_ms();
	ck_assert_int_eq(ask(&k, "silent.test"), 0);
	wait_told(&k);
	ck_assert_str_eq(k.text, "failed");
	ck_assert_uint_le(now_mono_ms() - from_ms, 2100);
	ck_assert_int_eq(ask(&k, "silent.test"), -1);
}
END_TEST

START_TEST(test_dns_cancel)
{
	struct asker k = { .told = false }, other = { .told = false };

	dns_cancel(&k.query);
	ck_assert_int_eq(ask(&k, "both.test"), 0);
	dns_cancel(&k.query);
	ck_assert_int_eq(ask(&other, "four.test"), 0);
	wait_told(&other);
	ck_assert(!k.told);
}
END_TEST

/* The end of the resolver is silent. */
START_TEST(test_dns_free_in_flight)
{
	struct asker k = { .told = false };

	ck_assert_int_eq(ask(&k, "silent.test"), 0);
	dns_free(&dns);
	ck_assert(!k.told);
	ck_assert_ptr_null(dns);
}
END_TEST

/* More names than are remembered. */
START_TEST(test_dns_many)
{
	struct asker k = { .told = false };
	char name[32];

	for (int i = 0; i < 600; i++) {
		struct asker one = { .told = false };

		snprintf(name, sizeof name, "n%d.test", i);
		ck_assert_int_eq(ask(&one, name), 0);
		wait_told(&one);
		ck_assert_str_eq(one.text, "failed");
	}
	ck_assert_int_eq(ask(&k, "n599.test"), -1);
	ck_assert_int_eq(ask(&k, "n0.test"), 0); /* forgotten long ago */
	dns_cancel(&k.query);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/dns");
	TCase *t = tcase_create("dns");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_dns_known, 0, (int)COUNT(known));
	tcase_add_test(t, test_dns_localhost);
	tcase_add_loop_test(t, test_dns_asks, 0, (int)COUNT(asks));
	tcase_add_test(t, test_dns_shares);
	tcase_add_test(t, test_dns_deadline);
	tcase_add_test(t, test_dns_cancel);
	tcase_add_test(t, test_dns_free_in_flight);
	tcase_add_test(t, test_dns_many);
	suite_add_tcase(s, t);
	return s;
}

#include "tests/suite.h"

#include <arpa/inet.h>
#include <string.h>

#include "net/addr.h"

static const struct {
	const char *in, *want; /* want NULL: no literal */
} literals[] = {
	{ "127.0.0.1", "127.0.0.1:80" },
	{ "0.0.0.0", "0.0.0.0:80" },
	{ "255.255.255.255", "255.255.255.255:80" },
	{ "::", "[::]:80" },
	{ "::1", "[::1]:80" },
	{ "[::1]", "[::1]:80" },
	{ "2001:db8::1", "[2001:db8::1]:80" },
	{ "2001:DB8::A", "[2001:db8::a]:80" },
	{ "1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]:80" },
	{ "1::", "[1::]:80" },
	{ "1:0:0:2::", "[1:0:0:2::]:80" },
	{ "1:2:0:4:5:6:7:8", "[1:2:0:4:5:6:7:8]:80" },
	{ "", NULL },
	{ "127.1", NULL },
	{ "0x7f.1", NULL },
	{ "0x7f000001", NULL },
	{ "2130706433", NULL },
	{ "0177.0.0.1", NULL },
	{ "127.0.0.01", NULL },
	{ "127.0.0.256", NULL },
	{ "127.0.0.1.", NULL },
	{ "127.0.0.1.1", NULL },
	{ "127..0.1", NULL },
	{ "1.2.3.+4", NULL },
	{ "1.2.3. 4", NULL },
	{ " 1.2.3.4", NULL },
	{ "[1.2.3.4]", NULL },
	{ "::ffff:127.0.0.1", NULL },
	{ "[::ffff:127.0.0.1]", NULL },
	{ "::ffff:7f00:1", NULL },
	{ "::127.0.0.1", NULL },
	{ "64:ff9b::1.2.3.4", NULL },
	{ "fe80::1%eth0", NULL },
	{ "fe80::1%25eth0", NULL },
	{ "0:0:0:0:0:0:0:1", NULL },
	{ "2001:db8::0001", NULL },
	{ "2001:db8::1:0:0:0", NULL },
	{ "1:2::4:5:6:7:8", NULL },
	{ "1::2::3", NULL },
	{ ":::", NULL },
	{ "1:", NULL },
	{ ":1", NULL },
	{ "1:2:3:4:5:6:7", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "1:2:3:4:5:6:7::8", NULL },
	{ "12345::", NULL },
	{ "[::1", NULL },
	{ "::1]", NULL },
	{ "[]", NULL },
	{ "localhost", NULL },
};

START_TEST(test_addr_literals)
{
	const char *in = literals[_i].in, *want = literals[_i].want;
	char got[ADDR_TEXT_SIZE] = "";
	struct addr a;
	int r = addr_read_ip(&a, slice_str(in), 80);

	ck_assert_msg(r == (want != NULL), "\"%s\": %d", in, r);
	if (want == NULL)
		return;
	addr_text_port(&a, got);
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(addr_port(&a), 80);
}
END_TEST

/* A NUL in the text does not end it. */
START_TEST(test_addr_nul)
{
	struct addr a;

	ck_assert_int_eq(addr_read_ip(&a, SLICE("1.2.3.4\0"), 80), 0);
	ck_assert_int_eq(addr_read_ip(&a, SLICE("::1\0"), 80), 0);
	ck_assert(!addr_is_name(SLICE("a\0b")));
}
END_TEST

static const struct {
	const char *in;
	bool name, numeric;
} names[] = {
	{ "api.openai.com", true, false },
	{ "api.openai.com.", true, false },
	{ "localhost", true, false },
	{ "a_b.example", true, false },
	{ "_x", true, false },
	{ "xn--bcher-kva.example", true, false },
	{ "1password.com", true, false },
	{ "4.3.2.1.in-addr.arpa", true, false },
	{ "0xzz", true, false },
	{ "b\xc3\xbc"
	  "cher.example",
	    false, false },
	{ "", false, false },
	{ ".", false, false },
	{ "a..b", false, false },
	{ ".a", false, false },
	{ "a..", false, false },
	{ "-a.b", false, false },
	{ "a-.b", false, false },
	{ "a b", false, false },
	{ "a%2eb", false, false },
	{ "a:80", false, false },
	{ "u@a", false, false },
	{ "127.1", false, true },
	{ "2130706433", false, true },
	{ "0x7f.1", false, true },
	{ "1.2.3.08", false, true },
	{ "a.0x1f", false, true },
	{ "a.0x", false, true },
	{ "a.1.", false, true },
	{ "1.2.3.4", false, true },
};

START_TEST(test_addr_names)
{
	struct slice in = slice_str(names[_i].in);

	ck_assert_msg(addr_is_name(in) == names[_i].name, "name \"%s\"", in.p);
	ck_assert_msg(addr_looks_numeric(in) == names[_i].numeric,
	    "numeric \"%s\"", in.p);
}
END_TEST

START_TEST(test_addr_name_lengths)
{
	char text[300];

	memset(text, 'a', sizeof text);
	ck_assert(addr_is_name((struct slice){ text, 63 }));
	ck_assert(!addr_is_name((struct slice){ text, 64 }));
	for (size_t i = 50; i < sizeof text; i += 50)
		text[i] = '.';
	ck_assert(addr_is_name((struct slice){ text, 253 }));
	ck_assert(!addr_is_name((struct slice){ text, 254 }));
}
END_TEST

/*
 * The first and last address of each row of security.md F5 and its
 * neighbours outside.
 */
static const struct {
	const char *in;
	bool public;
} publics[] = {
	{ "0.0.0.0", false },
	{ "0.255.255.255", false },
	{ "1.0.0.0", true },
	{ "9.255.255.255", true },
	{ "10.0.0.0", false },
	{ "10.255.255.255", false },
	{ "11.0.0.0", true },
	{ "100.63.255.255", true },
	{ "100.64.0.0", false },
	{ "100.127.255.255", false },
	{ "100.128.0.0", true },
	{ "126.255.255.255", true },
	{ "127.0.0.0", false },
	{ "127.255.255.255", false },
	{ "128.0.0.0", true },
	{ "169.253.255.255", true },
	{ "169.254.0.0", false },
	{ "169.254.169.254", false },
	{ "169.254.255.255", false },
	{ "169.255.0.0", true },
	{ "172.15.255.255", true },
	{ "172.16.0.0", false },
	{ "172.31.255.255", false },
	{ "172.32.0.0", true },
	{ "191.255.255.255", true },
	{ "192.0.0.0", false },
	{ "192.0.0.255", false },
	{ "192.0.1.0", true },
	{ "192.0.2.0", false },
	{ "192.0.2.255", false },
	{ "192.0.3.0", true },
	{ "192.88.98.255", true },
	{ "192.88.99.0", false },
	{ "192.88.99.255", false },
	{ "192.88.100.0", true },
	{ "192.167.255.255", true },
	{ "192.168.0.0", false },
	{ "192.168.255.255", false },
	{ "192.169.0.0", true },
	{ "198.17.255.255", true },
	{ "198.18.0.0", false },
	{ "198.19.255.255", false },
	{ "198.20.0.0", true },
	{ "198.51.99.255", true },
	{ "198.51.100.0", false },
	{ "198.51.100.255", false },
	{ "198.51.101.0", true },
	{ "203.0.112.255", true },
	{ "203.0.113.0", false },
	{ "203.0.113.255", false },
	{ "203.0.114.0", true },
	{ "223.255.255.255", true },
	{ "224.0.0.0", false },
	{ "240.0.0.0", false },
	{ "255.255.255.255", false },
	{ "::", false },
	{ "::1", false },
	{ "::ffff:0", false }, /* never canonical; see the mapped test */
	{ "64:ff9a::1", true },
	{ "64:ff9b::", false },
	{ "64:ff9b::ffff:ffff", false },
	{ "64:ff9b::1:0:0", true },
	{ "64:ff9b:1::", false },
	{ "64:ff9b:1:ffff::", false },
	{ "64:ff9b:2::", true },
	{ "100::", false },
	{ "100::ffff:ffff:ffff:ffff", false },
	{ "100:0:0:1::", true },
	{ "2000:ffff::", true },
	{ "2001::", false },
	{ "2001:1ff:ffff::", false },
	{ "2001:200::", true },
	{ "2001:db7:ffff::", true },
	{ "2001:db8::", false },
	{ "2001:db8:ffff::", false },
	{ "2001:db9::", true },
	{ "2002::", false },
	{ "2002:ffff::", false },
	{ "2003::", true },
	{ "2606:4700::6810:84e5", true },
	{ "fbff::", true },
	{ "fc00::", false },
	{ "fdff::", false },
	{ "fe00::", true },
	{ "fe7f::", true },
	{ "fe80::", false },
	{ "febf::", false },
	{ "fec0::", false },
	{ "feff::", false },
	{ "ff00::", false },
	{ "ff02::1", false },
};

START_TEST(test_addr_public)
{
	struct addr a;

	memset(&a, 0, sizeof a);
	if (strchr(publics[_i].in, ':') == NULL) {
		a.len = sizeof a.sa.in;
		a.sa.in.sin_family = AF_INET;
		inet_pton(AF_INET, publics[_i].in, &a.sa.in.sin_addr);
	} else {
		a.len = sizeof a.sa.in6;
		a.sa.in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, publics[_i].in, &a.sa.in6.sin6_addr);
	}
	ck_assert_msg(addr_is_public(&a) == publics[_i].public, "%s",
	    publics[_i].in);
}
END_TEST

static struct addr
mapped(const char *ip4)
{
	struct addr a = { .len = sizeof a.sa.in6 };

	a.sa.in6.sin6_family = AF_INET6;
	memset(&a.sa.in6.sin6_addr.s6_addr[10], 0xff, 2);
	inet_pton(AF_INET, ip4, &a.sa.in6.sin6_addr.s6_addr[12]);
	return a;
}

START_TEST(test_addr_mapped)
{
	struct addr far = mapped("8.8.8.8"), near = mapped("127.0.0.1");
	char text[ADDR_TEXT_SIZE];

	ck_assert(!addr_is_public(&far));
	ck_assert(!addr_is_public(&near));
	ck_assert(addr_is_loopback(&near));
	ck_assert(!addr_is_loopback(&far));
	addr_text(&far, text);
	ck_assert_str_eq(text, "8.8.8.8");
}
END_TEST

/* Learning our own addresses denies no others. */
START_TEST(test_addr_own)
{
	struct addr a;

	ck_assert(addr_read_ip(&a, SLICE("8.8.8.8"), 0));
	addr_learn_own();
	ck_assert(addr_is_public(&a));
}
END_TEST

static const struct {
	const char *net, *in;
	bool inside;
} nets[] = {
	{ "10.0.0.0/8", "10.1.2.3", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.0/31", "192.0.2.1", true },
	{ "192.0.2.0/31", "192.0.2.2", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "::1", false },
	{ "::/0", "10.0.0.1", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "10.0.0.1/8", NULL, false },
	{ "10.0.0.0/33", NULL, false },
	{ "10.0.0.0/", NULL, false },
	{ "10.0.0.0/08", NULL, false },
	{ "10.0.0.0/-1", NULL, false },
	{ "10.0.0/8", NULL, false },
	{ "2001:db8::/129", NULL, false },
	{ "2001:db8::1/64", NULL, false },
};

START_TEST(test_addr_nets)
{
	struct addr_net net;
	struct addr a;
	int r = addr_read_net(&net, slice_str(nets[_i].net));

	ck_assert_msg(r == (nets[_i].in != NULL), "%s", nets[_i].net);
	if (nets[_i].in == NULL)
		return;
	ck_assert(addr_read_ip(&a, slice_str(nets[_i].in), 443));
	ck_assert_msg(addr_in_net(&a, &net) == nets[_i].inside, "%s in %s",
	    nets[_i].in, nets[_i].net);
}
END_TEST

START_TEST(test_addr_listen)
{
	char text[ADDR_TEXT_SIZE], path[200];
	struct addr a, b;

	ck_assert(addr_read_listen(&a, SLICE("unix:/run/x.sock"), 80));
	addr_text_port(&a, text);
	ck_assert_str_eq(text, "unix:/run/x.sock");
	ck_assert_uint_eq(addr_port(&a), 0);
	ck_assert(addr_is_loopback(&a));
	ck_assert(!addr_is_public(&a));
	ck_assert(addr_read_listen(&b, SLICE("unix:/run/y.sock"), 80));
	ck_assert(!addr_same_host(&a, &b));
	ck_assert(addr_read_listen(&a, SLICE("[::1]"), 80));
	ck_assert(addr_is_loopback(&a));
	ck_assert(!addr_read_listen(&a, SLICE("unix:run/x"), 80));
	ck_assert(!addr_read_listen(&a, SLICE("unix:"), 80));
	memset(path, '/', sizeof path);
	memcpy(path, "unix:", 5);
	ck_assert(!addr_read_listen(&a, (struct slice){ path, 5 + 108 }, 80));
	ck_assert(addr_read_listen(&a, (struct slice){ path, 5 + 107 }, 80));
}
END_TEST

/* The kernel's form, in a structure of its own or in a larger one. */
START_TEST(test_addr_kernel)
{
	struct sockaddr_storage ss;
	struct addr a;

	memset(&ss, 0, sizeof ss);
	ss.ss_family = AF_INET;
	((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(0x7f000001);
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof(struct sockaddr_in)),
	    1);
	ck_assert(addr_is_loopback(&a));
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof ss),
	    1);
	ck_assert(addr_is_loopback(&a));
	ck_assert_uint_eq(a.len, sizeof(struct sockaddr_in));
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss, 8), 0);
	((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(0xc0000201);
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof ss),
	    1);
	ck_assert(!addr_is_loopback(&a));
	ss.ss_family = AF_INET6;
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof ss),
	    1);
	ck_assert_uint_eq(a.len, sizeof(struct sockaddr_in6));
	ss.ss_family = AF_UNIX;
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof ss),
	    1);
	ss.ss_family = AF_UNSPEC;
	ck_assert_int_eq(addr_from_sockaddr(&a, (struct sockaddr *)&ss,
			     sizeof ss),
	    0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/addr");
	TCase *t = tcase_create("addr");

	tcase_add_loop_test(t, test_addr_literals, 0, (int)COUNT(literals));
	tcase_add_test(t, test_addr_nul);
	tcase_add_test(t, test_addr_kernel);
	tcase_add_loop_test(t, test_addr_names, 0, (int)COUNT(names));
	tcase_add_test(t, test_addr_name_lengths);
	tcase_add_loop_test(t, test_addr_public, 0, (int)COUNT(publics));
	tcase_add_test(t, test_addr_mapped);
	tcase_add_test(t, test_addr_own);
	tcase_add_loop_test(t, test_addr_nets, 0, (int)COUNT(nets));
	tcase_add_test(t, test_addr_listen);
	suite_add_tcase(s, t);
	return s;
}

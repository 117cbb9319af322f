#include "tests/suite.h"

#include "base/sbuf.h"
#include "net/guard.h"

/* security.md F3, F4, and the addresses of F5 that stand in a URL itself. */
static const char *const refused[] = {
	/* no scheme that is ours */
	"",
	"https",
	"https:",
	"https:/",
	"https://",
	"https:///",
	"https:///a.example.com/x",
	"https:a.example.com",
	"https:/a.example.com",
	"//a.example.com/x",
	"a.example.com/x",
	"ftp://a.example.com/x",
	"file:///etc/passwd",
	"gopher://a.example.com:443/",
	"dict://a.example.com:443/",
	"ldap://a.example.com/",
	"data:image/png;base64,AAAA",
	"javascript:alert(1)",
	"jar:https://a.example.com!/",
	"unix:/run/holdfast/admin.sock",
	"http+unix://%2frun%2fx.sock/",
	"ws://a.example.com/",
	"https ://a.example.com/",
	" https://a.example.com/",
	"https:\\\\a.example.com\\x",
	"https:/\\a.example.com/",
	"url:https://a.example.com/",
	/* ports */
	"https://a.example.com:80/",
	"https://a.example.com:8443/",
	"https://a.example.com:22/",
	"https://a.example.com:0/",
	"https://a.example.com:",
	"https://a.example.com:/x",
	"https://a.example.com:0443/",
	"https://a.example.com:443443/",
	"https://a.example.com:65979/",
	"https://a.example.com:-1/",
	"https://a.example.com:+443/",
	"https://a.example.com:443:443/",
	"https://a.example.com:44 3/",
	"https://a.example.com:0x1bb/",
	"http://a.example.com:443/",
	"http://a.example.com:8080/",
	"http://a.example.com:6379/",
	"https://[2606:4700::1]:80/",
	"https://:443/",
	/* a user before the host */
	"https://user@a.example.com/",
	"https://user:secret@a.example.com/",
	"https://@a.example.com/",
	"https://a.example.com@127.0.0.1/",
	"https://127.0.0.1@a.example.com/",
	"https://a.example.com:443@127.0.0.1/",
	"https://a.example.com%40127.0.0.1/",
	"https://user@@a.example.com/",
	/* what parsers disagree about */
	"https://a.example.com\\@127.0.0.1/",
	"https://127.0.0.1\\.a.example.com/",
	"https://a.example.com\\x",
	"https://a.example.com/x\\y",
	"https://a.example.com#@127.0.0.1/",
	"https://127.0.0.1#.a.example.com/",
	"https://127.0.0.1?.a.example.com/",
	"https://a.example.com/#x",
	"https://a.example.com/x#",
	"https://a.example.com/x?y#z",
	"https://a.example.com /x",
	"https://a.example.com/x y",
	"https://a.example.com/x\ty",
	"https://a.example.com/x\r\nHost: b.example.com",
	"https://a.example.com/x\n",
	"https://a.example.com\r/",
	"https://a.example.com/\001",
	"https://a.example.com/\177",
	"https://a.example.com%00.b.example.com/",
	"https://a.example.com%2f.b.example.com/",
	"https://a%2eexample.com/",
	"https://%61.example.com/",
	"https://127%2e0%2e0%2e1/",
	"https://a.example.com%20/",
	"https://a.example.com,127.0.0.1/",
	"https://a.example.com;127.0.0.1/",
	"https://a.example.com&127.0.0.1/",
	"https://a.example.com!127.0.0.1/",
	"https://{a.example.com}/",
	"https://a.example.com$/",
	"https://*.example.com/",
	"https://a.example.com/../x",
	"https://a.example.com/x/..",
	"https://a.example.com/x/../../y",
	"https://a.example.com/x/%2e%2e/y",
	"https://a.example.com/x/%2E./y",
	"https://a.example.com/x/.%2e",
	/* names that are none */
	"https://.",
	"https://./",
	"https://../",
	"https://.a.example.com/",
	"https://a..example.com/",
	"https://a.example.com../",
	"https://-a.example.com/",
	"https://a-.example.com/",
	"https://a.example.com./../",
	"https://b\303\274cher.example.com/",
	"https://a.example.com/b\303\274cher.png",
	"https://a\343\200\202example.com/",
	"https://\342\223\224\342\223\227.example.com/",
	"https://\342\221\240\342\221\241\342\221\246.0.0.1/",
	"https://\357\274\221\357\274\222\357\274\227.0.0.1/",
	"https://127\343\200\2020\343\200\2020\343\200\2021/",
	"https://\331\241\331\242\331\247.0.0.1/",
	/* names of ours */
	"https://localhost/",
	"https://LOCALHOST/",
	"https://localhost./",
	"https://localhost:443/",
	"https://a.localhost/",
	"https://a.b.LocalHost./",
	"https://localhost.localdomain/",
	"https://ip6-localhost/",
	"https://ip6-loopback/",
	"https://printer.local/",
	"https://printer.local./",
	"https://kubernetes.default.svc.cluster.local/",
	"https://kubernetes.default.svc/",
	"https://kubernetes/",
	"https://intranet/",
	"https://wiki.intranet/",
	"https://router.lan/",
	"https://nas.home.arpa/",
	"https://db.internal/",
	"https://host.docker.internal/",
	"https://metadata/",
	"https://metadata.google.internal/computeMetadata/v1/",
	"https://METADATA.google.internal./",
	"https://metadata.goog/",
	"https://metadata.azure.internal/",
	"https://metadata.tencentyun.com/",
	"https://metadata.packet.net/",
	"https://metadata.platformequinix.com/",
	"https://instance-data/latest/meta-data/",
	"https://instance-data.ec2.internal/",
	"https://rancher-metadata/",
	"https://com/",
	"https://com./",
	/* addresses in forms of some resolver */
	"https://127.1/",
	"https://127.0.1/",
	"https://127.0.0.1.1/",
	"https://0/",
	"https://0.0/",
	"https://1/",
	"https://2130706433/",
	"https://3232235777/",
	"https://2852039166/",
	"https://4294967295/",
	"https://4294967297/",
	"https://017700000001/",
	"https://0177.0.0.1/",
	"https://0177.0.0.01/",
	"https://00000177.0.0.1/",
	"https://0x7f.0.0.1/",
	"https://0x7f.1/",
	"https://0x7f000001/",
	"https://0X7F000001/",
	"https://0x7f.0x0.0x0.0x1/",
	"https://0x/",
	"https://0xa9fea9fe/",
	"https://0251.0376.0251.0376/",
	"https://169.254.43518/",
	"https://169.16689662/",
	"https://127.0.0.01/",
	"https://127.0.0.1./",
	"https://127.000.000.001/",
	"https://127.0.0.0x1/",
	"https://127.00.00.01/",
	"https://127.0.0.256/",
	"https://8.8.8/",
	"https://8.8.8.8./",
	"https://08.8.8.8/",
	"https://134744072/",
	"https://+127.0.0.1/",
	"https://127.0.0.-1/",
	"https://1.2.3.4.0x10/",
	/* addresses that are not public */
	"https://0.0.0.0/",
	"https://10.0.0.1/",
	"https://10.255.255.255:443/",
	"https://100.64.0.1/",
	"https://100.100.100.200/latest/meta-data/",
	"https://127.0.0.1/",
	"https://127.127.127.127/",
	"https://127.0.0.1:443/",
	"http://127.0.0.1:80/",
	"https://169.254.169.254/latest/meta-data/",
	"https://169.254.170.2/v2/credentials",
	"https://172.16.0.1/",
	"https://172.31.255.255/",
	"https://192.0.0.192/",
	"https://192.0.2.1/",
	"https://192.88.99.1/",
	"https://192.168.0.1/",
	"https://198.18.0.1/",
	"https://198.51.100.1/",
	"https://203.0.113.1/",
	"https://224.0.0.1/",
	"https://240.0.0.1/",
	"https://255.255.255.255/",
	"https://[::]/",
	"https://[::1]/",
	"https://[::1]:443/",
	"https://[0:0:0:0:0:0:0:1]/",
	"https://[0000::1]/",
	"https://[::0001]/",
	"https://[::127.0.0.1]/",
	"https://[::7f00:1]/",
	"https://[::ffff:127.0.0.1]/",
	"https://[::ffff:7f00:1]/",
	"https://[0:0:0:0:0:ffff:127.0.0.1]/",
	"https://[::ffff:8.8.8.8]/",
	"https://[::ffff:808:808]/",
	"https://[::ffff:0:127.0.0.1]/",
	"https://[64:ff9b::7f00:1]/",
	"https://[64:ff9b::127.0.0.1]/",
	"https://[64:ff9b:1::a00:1]/",
	"https://[100::1]/",
	"https://[2001::1]/",
	"https://[2001:db8::1]/",
	"https://[2002:7f00:1::]/",
	"https://[fc00::1]/",
	"https://[fd00:ec2::254]/",
	"https://[fe80::1]/",
	"https://[fe80::1%25eth0]/",
	"https://[fe80::1%eth0]/",
	"https://[::1%lo]/",
	"https://[fec0::1]/",
	"https://[ff02::1]/",
	/* brackets */
	"https://::1/",
	"https://2606:4700::1/",
	"https://[2606:4700::1/",
	"https://2606:4700::1]/",
	"https://[[2606:4700::1]]/",
	"https://[2606:4700::1]]/",
	"https://[2606:4700::1]x/",
	"https://[2606:4700::1].",
	"https://[2606:4700::1%25eth0]/",
	"https://[2606:4700:0::1]/",
	"https://[2606:4700::0001]/",
	"https://[2606:4700::1::]/",
	"https://[8.8.8.8]/",
	"https://[a.example.com]/",
	"https://[]/",
	"https://[:]/",
	"https://[v1.a]/",
};

START_TEST(test_guard_refused)
{
	struct guard_url u;

	ck_assert_msg(!guard_url(slice_str(refused[_i]), &u), "%s",
	    refused[_i]);
}
END_TEST

static const struct {
	const char *url;
	bool tls;
	const char *host, *path, *query;
} taken[] = {
	{ "https://a.example.com", true, "a.example.com", "", "" },
	{ "https://a.example.com/", true, "a.example.com", "/", "" },
	{ "HTTPS://a.example.com/", true, "a.example.com", "/", "" },
	{ "hTtP://a.example.com/", false, "a.example.com", "/", "" },
	{ "https://A.Example.COM/", true, "A.Example.COM", "/", "" },
	{ "https://a.example.com./", true, "a.example.com", "/", "" },
	{ "https://a.example.com:443/", true, "a.example.com", "/", "" },
	{ "https://a.example.com.:443/", true, "a.example.com", "/", "" },
	{ "http://a.example.com:80/", false, "a.example.com", "/", "" },
	{ "http://a.example.com", false, "a.example.com", "", "" },
	{ "https://a.example.com?b=c", true, "a.example.com", "", "?b=c" },
	{ "https://a.example.com/?", true, "a.example.com", "/", "?" },
	{ "https://a.example.com/b/c.png?d=e&f=%20", true, "a.example.com",
	    "/b/c.png", "?d=e&f=%20" },
	{ "https://a.example.com/b%20c.png", true, "a.example.com",
	    "/b%20c.png", "" },
	{ "https://a.example.com/b%2fc.png", true, "a.example.com",
	    "/b%2fc.png", "" },
	{ "https://a.example.com//b///c", true, "a.example.com", "//b///c",
	    "" },
	{ "https://a.example.com/./b", true, "a.example.com", "/./b", "" },
	{ "https://a.example.com/..b/c..d/...", true, "a.example.com",
	    "/..b/c..d/...", "" },
	{ "https://a.example.com/b?c=/../d", true, "a.example.com", "/b",
	    "?c=/../d" },
	{ "https://a.example.com/b?c=https://127.0.0.1/", true, "a.example.com",
	    "/b", "?c=https://127.0.0.1/" },
	{ "https://a.example.com/b@c:8080", true, "a.example.com", "/b@c:8080",
	    "" },
	{ "https://a.example.com?b@127.0.0.1/", true, "a.example.com", "",
	    "?b@127.0.0.1/" },
	{ "https://a.example.com/b|c{d}^`'\"<>", true, "a.example.com",
	    "/b|c{d}^`'\"<>", "" },
	{ "https://a_b.example.com/", true, "a_b.example.com", "/", "" },
	{ "https://xn--bcher-kva.example.com/", true,
	    "xn--bcher-kva.example.com", "/", "" },
	{ "https://1password.com/", true, "1password.com", "/", "" },
	{ "https://123.example.com/", true, "123.example.com", "/", "" },
	{ "https://127.0.0.1.example.com/", true, "127.0.0.1.example.com", "/",
	    "" },
	{ "https://localhost.example.com/", true, "localhost.example.com", "/",
	    "" },
	{ "https://mylocalhost.com/", true, "mylocalhost.com", "/", "" },
	{ "https://local.example.com/", true, "local.example.com", "/", "" },
	{ "https://notinternal.com/", true, "notinternal.com", "/", "" },
	{ "https://metadata.example.com/", true, "metadata.example.com", "/",
	    "" },
	{ "https://notmetadata.goog/", true, "notmetadata.goog", "/", "" },
	{ "https://goog.metadata.com/", true, "goog.metadata.com", "/", "" },
	{ "https://8.8.8.8/", true, "8.8.8.8", "/", "" },
	{ "https://8.8.8.8", true, "8.8.8.8", "", "" },
	{ "https://1.0.0.1:443/dns", true, "1.0.0.1", "/dns", "" },
	{ "http://93.184.216.34/", false, "93.184.216.34", "/", "" },
	{ "https://[2606:4700::1]/", true, "2606:4700::1", "/", "" },
	{ "https://[2606:4700::1]:443/b", true, "2606:4700::1", "/b", "" },
	{ "https://[2606:4700::1]", true, "2606:4700::1", "", "" },
	{ "https://[2A00:1450:4001::200E]/", true, "2A00:1450:4001::200E", "/",
	    "" },
};

START_TEST(test_guard_taken)
{
	const char *url = taken[_i].url;
	struct guard_url u;

	ck_assert_msg(guard_url(slice_str(url), &u), "%s", url);
	ck_assert_int_eq(u.tls, taken[_i].tls);
	ck_assert_uint_eq(u.port, u.tls ? 443 : 80);
	ck_assert_msg(slice_eq(u.host, slice_str(taken[_i].host)), "%s", url);
	ck_assert_msg(slice_eq(u.path, slice_str(taken[_i].path)), "%s", url);
	ck_assert_msg(slice_eq(u.query, slice_str(taken[_i].query)), "%s", url);
}
END_TEST

/* A NUL in the text does not end it. */
START_TEST(test_guard_nul)
{
	struct guard_url u;

	ck_assert(!guard_url(SLICE("https://a.example.com\0/"), &u));
	ck_assert(!guard_url(SLICE("https://a.example.com/\0"), &u));
	ck_assert(!guard_url(SLICE("https://a.example.com\0.b.example/"), &u));
}
END_TEST

/* Every byte that may not stand in a host, at every place of one. */
START_TEST(test_guard_bytes)
{
	static const char url[] = "https://a.example.com/";
	char text[sizeof url];
	struct guard_url u;

	for (size_t at = 8; at < sizeof url - 2; at++)
		for (int c = 0; c < 256; c++) {
			bool name = (c >= 'a' && c <= 'z') ||
			            (c >= 'A' && c <= 'Z') ||
			            (c >= '0' && c <= '9') || c == '_';
			bool ends = c == '/' || c == '?';
			bool inside = c == '-' || c == '.' || ends;

			memcpy(text, url, sizeof url);
			text[at] = (char)c;
			if (name || inside)
				continue;
			ck_assert_msg(!guard_url((struct slice){ text,
						     sizeof url - 1 },
					  &u),
			    "byte %d at %zu", c, at);
		}
}
END_TEST

START_TEST(test_guard_length)
{
	char text[GUARD_URL_MAX + 1];
	struct guard_url u;

	memset(text, 'a', sizeof text);
	memcpy(text, "https://a.example.com/", 22);
	ck_assert(guard_url((struct slice){ text, GUARD_URL_MAX }, &u));
	ck_assert(!guard_url((struct slice){ text, GUARD_URL_MAX + 1 }, &u));
}
END_TEST

static const struct {
	const char *from, *location, *to;
} joins[] = {
	{ "https://a.example.com/b/c?d", "https://e.example.com/f",
	    "https://e.example.com/f" },
	{ "https://a.example.com/b/c?d", "http://a.example.com/",
	    "http://a.example.com/" },
	{ "https://a.example.com/b/c?d", "//e.example.com/f",
	    "https://e.example.com/f" },
	{ "http://a.example.com/b/c?d", "//e.example.com/f",
	    "http://e.example.com/f" },
	{ "https://a.example.com/b/c?d", "/f", "https://a.example.com/f" },
	{ "https://a.example.com/b/c?d", "f", "https://a.example.com/b/f" },
	{ "https://a.example.com/b/c?d", "f/g:h",
	    "https://a.example.com/b/f/g:h" },
	{ "https://a.example.com/b/c?d", "?f", "https://a.example.com/b/c?f" },
	{ "https://a.example.com/b/c?d", "", "https://a.example.com/b/c" },
	{ "https://a.example.com", "f", "https://a.example.com/f" },
	{ "https://a.example.com?d", "/f", "https://a.example.com/f" },
	{ "https://a.example.com.:443/b", "/f", "https://a.example.com/f" },
	{ "https://[2606:4700::1]/b", "/f", "https://[2606:4700::1]/f" },
	/* These are refused then. */
	{ "https://a.example.com/b", "file:///f", "file:///f" },
	{ "https://a.example.com/b", "//127.0.0.1/f", "https://127.0.0.1/f" },
	{ "https://a.example.com/b", "/\\127.0.0.1/f",
	    "https://a.example.com/\\127.0.0.1/f" },
	{ "https://a.example.com/b", "../f", "https://a.example.com/../f" },
	{ "https://a.example.com/b", "@127.0.0.1/f",
	    "https://a.example.com/@127.0.0.1/f" },
	{ "https://a.example.com", "@127.0.0.1/f",
	    "https://a.example.com/@127.0.0.1/f" },
};

START_TEST(test_guard_join)
{
	struct sbuf b = { 0 };
	struct guard_url u;

	ck_assert(guard_url(slice_str(joins[_i].from), &u));
	guard_join(&u, slice_str(joins[_i].location), &b);
	ck_assert_str_eq(b.data, joins[_i].to);
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/guard");
	TCase *t = tcase_create("guard");

	tcase_add_loop_test(t, test_guard_refused, 0, (int)COUNT(refused));
	tcase_add_loop_test(t, test_guard_taken, 0, (int)COUNT(taken));
	tcase_add_test(t, test_guard_nul);
	tcase_add_test(t, test_guard_bytes);
	tcase_add_test(t, test_guard_length);
	tcase_add_loop_test(t, test_guard_join, 0, (int)COUNT(joins));
	suite_add_tcase(s, t);
	return s;
}

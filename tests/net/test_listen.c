#include "tests/suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "net/listen.h"

/* A bound on what loopback takes, far above it. */
enum { SOON_MS = 500, LATER_MS = 5000 };

static const char *const addresses[] = { "127.0.0.1", "*" };

static int
far_end(int listener)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static bool
has_come(int listener, int within_ms)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	return poll(&p, 1, within_ms) == 1;
}

/* Who is silent is told of at once. */
START_TEST(test_listen_silent)
{
	struct err e;
	int listener = listen_tcp(addresses[_i], 0, &e);
	int far = far_end(listener);

	ck_assert(has_come(listener, SOON_MS));
	close(far);
	close(listener);
}
END_TEST

/* ...or not at once, and not forgotten. */
START_TEST(test_listen_silent_deferred)
{
	struct err e;
	int listener = listen_tcp(addresses[_i], 0, &e), far;

	listen_defer(listener, true);
	far = far_end(listener);
	ck_assert(!has_come(listener, SOON_MS));
	ck_assert(has_come(listener, LATER_MS));
	close(far);
	close(listener);
}
END_TEST

START_TEST(test_listen_speaks)
{
	struct err e;
	int listener = listen_tcp(addresses[_i], 0, &e);
	int far, near;
	char byte;

	listen_defer(listener, true);
	far = far_end(listener);
	ck_assert_int_eq(send(far, "G", 1, 0), 1);
	ck_assert(has_come(listener, SOON_MS));
	near = accept(listener, NULL, NULL);
	ck_assert_int_eq(recv(near, &byte, 1, MSG_DONTWAIT), 1);
	close(near);
	close(far);
	close(listener);
}
END_TEST

/* So does a check of a load balancer: it connects and leaves. */
START_TEST(test_listen_leaves)
{
	struct err e;
	int listener = listen_tcp(addresses[_i], 0, &e);

	listen_defer(listener, true);
	close(far_end(listener));
	ck_assert(has_come(listener, SOON_MS));
	close(listener);
}
END_TEST

static const struct {
	const char *address;
	unsigned port;
} refused[] = {
	{ "", 0 }, { "localhost", 0 }, { "127.0.0.1:80", 0 }, { "[::1", 0 },
	{ "127.0.0.1", 65536 }, { "192.0.2.1", 0 }, /* RFC 5737: nobody's */
};

START_TEST(test_listen_refused)
{
	struct err e = { 0 };

	ck_assert_int_eq(listen_tcp(refused[_i].address, refused[_i].port, &e),
	    -1);
	ck_assert_int_eq(e.kind, ERR_SYSTEM);
	ck_assert_ptr_nonnull(strstr(e.text, "listen: "));
}
END_TEST

START_TEST(test_listen_taken)
{
	struct err e = { 0 };
	int fd = listen_tcp("127.0.0.1", 0, &e);

	ck_assert_int_eq(listen_tcp("127.0.0.1", listen_port(fd), &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, strerrordesc_np(EADDRINUSE)));
	close(fd);
}
END_TEST

/* The socket that a dead process left is replaced, that of a living one not. */
START_TEST(test_listen_unix)
{
	char folder[] = "/tmp/hf-listen-XXXXXX", path[64], longer[200];
	struct err e = { 0 };
	struct stat st;
	int first, second;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	first = listen_unix(path, 0600, &e);
	ck_assert_int_ge(first, 0);
	ck_assert_uint_eq(listen_port(first), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(listen_unix(path, 0600, &e), -1);
	close(first);
	second = listen_unix(path, 0660, &e);
	ck_assert_int_ge(second, 0);
	close(second);
	unlink(path);
	rmdir(folder);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(listen_unix(longer, 0600, &e), -1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/listen");
	TCase *t = tcase_create("listen");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, test_listen_silent, 0, (int)COUNT(addresses));
	tcase_add_loop_test(t, test_listen_silent_deferred, 0,
	    (int)COUNT(addresses));
	tcase_add_loop_test(t, test_listen_speaks, 0, (int)COUNT(addresses));
	tcase_add_loop_test(t, test_listen_leaves, 0, (int)COUNT(addresses));
	tcase_add_loop_test(t, test_listen_refused, 0, (int)COUNT(refused));
	tcase_add_test(t, test_listen_taken);
	tcase_add_test(t, test_listen_unix);
	suite_add_tcase(s, t);
	return s;
}

/* The lock, the words to systemd, the command line, the demo settings. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "master/demo.h"
#include "master/lock.h"
#include "master/notify.h"
#include "master/options.h"
#include "tests/suite.h"

static char dir[64];

static void
setup(void)
{
	strcpy(dir, "/tmp/holdfast-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(one_master_holds_the_lock)
{
	struct err e = { 0 };
	char expect[64];
	int fd, second, status;

	ck_assert_int_eq(lock_holder(dir), 0);
	ck_assert_int_eq(lock_take(dir, &fd, &e), 1);
	ck_assert_int_eq(lock_holder(dir), (int)getpid());
	ck_assert_int_eq(lock_take(dir, &second, &e), 0);
	snprintf(expect, sizeof expect, "already running as process %d",
	    (int)getpid());
	ck_assert_ptr_nonnull(strstr(e.text, expect));
	close(fd);
	/* The id of who had it stays in the file and means nothing. */
	ck_assert_int_eq(lock_holder(dir), 0);
	ck_assert_int_eq(lock_take(dir, &fd, &e), 1);
	if (fork() == 0)
		_exit(lock_holder(dir) == getppid() ? 0 : 1);
	wait(&status);
	ck_assert_int_eq(status, 0);
	close(fd);
}
END_TEST

START_TEST(a_missing_folder_is_made)
{
	struct err e = { 0 };
	char inner[80], deeper[96];
	int fd;

	snprintf(inner, sizeof inner, "%s/run", dir);
	snprintf(deeper, sizeof deeper, "%s/none/run", dir);
	ck_assert_int_eq(lock_take(inner, &fd, &e), 1);
	close(fd);
	ck_assert_int_eq(lock_take(deeper, &fd, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "No such file"));
}
END_TEST

START_TEST(systemd_gets_a_datagram)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[128] = "";

	snprintf(at.sun_path, sizeof at.sun_path, "%s/notify", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	unsetenv("NOTIFY_SOCKET");
	notify_send("nobody");
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	notify_send("READY=1\nSTATUS=%d workers", 2);
	ck_assert_int_gt((int)recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 0);
	ck_assert_str_eq(text, "READY=1\nSTATUS=2 workers");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}
END_TEST

START_TEST(the_watchdog_is_fed_twice_a_span)
{
	unsetenv("WATCHDOG_USEC");
	ck_assert_uint_eq(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "10000000", 1);
	ck_assert_uint_eq(notify_watchdog_ns(), 5000000000);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_uint_eq(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}
END_TEST

static const struct {
	const char *args[4];
	int good;
	enum options_verb verb;
	int signal_nr;
} lines[] = {
	{ { "x" }, 1, VERB_SERVE, 0 },
	{ { "x", "-t", "-q" }, 1, VERB_CHECK, 0 },
	{ { "x", "-T" }, 1, VERB_PRINT, 0 },
	{ { "x", "-V" }, 1, VERB_VERSION, 0 },
	{ { "x", "--help" }, 1, VERB_HELP, 0 },
	{ { "x", "-s", "reload" }, 1, VERB_SIGNAL, SIGHUP },
	{ { "x", "-s", "reopen" }, 1, VERB_SIGNAL, SIGUSR1 },
	{ { "x", "-s", "quit" }, 1, VERB_SIGNAL, SIGQUIT },
	{ { "x", "-s", "stop" }, 1, VERB_SIGNAL, SIGTERM },
	{ { "x", "-s", "halt" }, 0, VERB_SIGNAL, 0 },
	{ { "x", "-Z" }, 0, VERB_SERVE, 0 },
	{ { "x", "file" }, 0, VERB_SERVE, 0 },
};

START_TEST(command_lines)
{
	struct options o;
	char *argv[5] = { 0 };
	int argc = 0;

	while (argc < 4 && lines[_i].args[argc] != NULL) {
		argv[argc] = strdup(lines[_i].args[argc]);
		argc++;
	}
	ck_assert_int_eq(options_read(argc, argv, &o), lines[_i].good);
	ck_assert_int_eq(o.verb, lines[_i].verb);
	ck_assert_int_eq(o.signal_nr, lines[_i].signal_nr);
	while (argc > 0)
		free(argv[--argc]);
}
END_TEST

START_TEST(demo_makes_and_removes_its_folder)
{
	struct sbuf text = { 0 };
	struct err e = { 0 };
	char made[64], *at;

	setenv("TMPDIR", dir, 1);
	ck_assert_int_eq(demo_settings(&text, &e), 0);
	at = strstr(text.data, "run = { path = \"");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "run = { path = \"%63[^\"]", made), 1);
	ck_assert_int_eq(access(made, W_OK), 0);
	demo_clean();
	ck_assert_int_ne(access(made, F_OK), 0);
	sbuf_free(&text);
	unsetenv("TMPDIR");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("places");
	TCase *t = tcase_create("master");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_master_holds_the_lock);
	tcase_add_test(t, a_missing_folder_is_made);
	tcase_add_test(t, systemd_gets_a_datagram);
	tcase_add_test(t, the_watchdog_is_fed_twice_a_span);
	tcase_add_loop_test(t, command_lines, 0, COUNT(lines));
	tcase_add_test(t, demo_makes_and_removes_its_folder);
	suite_add_tcase(s, t);
	return s;
}

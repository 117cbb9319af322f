/* The last words of a process, as another process reads them. */

#include "base/crash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/suite.h"

static const unsigned char id[16] = { 0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 0xcd };

static const struct {
	const char *title;
	int signal_nr;
	const char *step;
	const unsigned char *id;
	const char *part;
} cases[] = {
	{ "abort", SIGABRT, NULL, NULL, " tester " },
	{ "step", SIGSEGV, "relay", NULL, " signal 11 step relay at +0x" },
	{ "request", SIGFPE, "hold", id,
	    " signal 8 step hold request ab0102030405060708090a0b0c0d0ecd at" },
	{ "build id", SIGBUS, NULL, NULL, "crash: holdfast " },
};

static void
die(int i, int fd)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	dup2(fd, STDERR_FILENO);
	crash_init("tester");
	crash_step(cases[i].step);
	crash_request(cases[i].id);
	raise(cases[i].signal_nr);
	_exit(0);
}

START_TEST(last_words)
{
	char text[4096] = "";
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		die(_i, ends[1]);
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	n = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	ck_assert_msg(n > 0, "%s", cases[_i].title);
	ck_assert_msg(WIFSIGNALED(status) &&
			  WTERMSIG(status) == cases[_i].signal_nr,
	    "%s", cases[_i].title);
	ck_assert_msg(strstr(text, cases[_i].part) != NULL, "%s: %s",
	    cases[_i].title, text);
	ck_assert_msg(text[n - 1] == '\n', "%s", cases[_i].title);
	ck_assert_ptr_null(strstr(text, "build unknown"));
}
END_TEST

/* A stack that overflowed leaves its words too. */
static int
deep(volatile int *n)
{
	volatile char room[4096] = { 0 };

	*n += room[(size_t)*n % sizeof room] + 1;
	return *n < 0 ? 0 : deep(n) + room[0];
}

START_TEST(a_full_stack)
{
	char text[4096] = "";
	int ends[2], status;
	volatile int n = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		crash_init("tester");
		_exit(deep(&n));
	}
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_gt((int)read(ends[0], text, sizeof text - 1), 0);
	close(ends[0]);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	ck_assert_ptr_nonnull(strstr(text, " signal 11 at"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("crash");
	TCase *t = tcase_create("last words");

	tcase_add_loop_test(t, last_words, 0, COUNT(cases));
	tcase_add_test(t, a_full_stack);
	suite_add_tcase(s, t);
	return s;
}

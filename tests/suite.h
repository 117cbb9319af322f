#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

/*
 * suite - what every unit test program has: tests/ROOM/test_NAME.c defines
 * test_suite(), tests/run.c runs it.
 */

#include <check.h>
#include <stdbool.h>

Suite *test_suite(void);

/*
 * With each assertion check writes to a file where the test is, which takes
 * longer than most of them; here when a line is reached for the first time.
 */
static inline void
suite_mark(const char *file, int line)
{
	static bool reached[4096];
	bool *r = &reached[line % 4096];

	if (!*r)
		_mark_point(file, line);
	*r = true;
}

#define _mark_point(file, line) suite_mark(file, line)

/*
 * From one place where a recording is cut to the next.  Sanitizers are slow,
 * and look for other things than what differs from byte to byte.
 */
#ifdef __SANITIZE_ADDRESS__
#define CUT_STEP 5
#else
#define CUT_STEP 1
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

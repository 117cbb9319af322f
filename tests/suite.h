#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

/*
 * suite - what every unit test program has: tests/ROOM/test_NAME.c defines
 * test_suite(), tests/run.c runs it.
 */

#include <check.h>

Suite *test_suite(void);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

#include "tests/suite.h"

#include <stdlib.h>

/* For one test; a busy machine is no fault, and what hangs is found later. */
#define TIMEOUT_S "60"

int
main(void)
{
	SRunner *r;
	int failed;

	setenv("CK_DEFAULT_TIMEOUT", TIMEOUT_S, 0);
	r = srunner_create(test_suite());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

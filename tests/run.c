#include "tests/suite.h"

#include <stdlib.h>

int
main(void)
{
	SRunner *r = srunner_create(test_suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

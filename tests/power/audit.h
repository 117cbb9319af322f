#ifndef TESTS_POWER_AUDIT_H
#define TESTS_POWER_AUDIT_H

/*
 * audit - open what a cut left with the product's code, compare it with the
 * promise and the past, let the product recover, compare again.
 */

#include "tests/power/past.h"

#define AUDIT_TEXT 256

struct audit {
	const char *path; /* the stores */
	struct world_settings settings;
	struct segment *seg; /* of after the cut; never the ledger's */
	char why[AUDIT_TEXT];
};

void audit_init(struct audit *a, const char *path);
void audit_fini(struct audit *a);

/* 0, or -1 with why. */
int audit_cut(struct audit *a, const struct promise *p);

#endif

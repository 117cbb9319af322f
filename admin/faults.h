#ifndef ADMIN_FAULTS_H
#define ADMIN_FAULTS_H

/*
 * faults - what is wrong with the members of a request: all of it together,
 * {"field":["message"],...} (spec/platform.md 1.1), or the first one.
 */

#include "base/err.h"
#include "base/sbuf.h"

struct faults {
	struct sbuf json;
	struct err first; /* "field: message", its param the field */
	unsigned n;
};

void faults_add(struct faults *f, struct slice field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void faults_free(struct faults *f);

#endif

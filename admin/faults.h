#ifndef ADMIN_FAULTS_H
#define ADMIN_FAULTS_H

/*
 * faults - what is wrong with the members of a request: all of it together,
 * {"field":["message"],...} (spec/platform.md 1.1), or the first one.
 */

#include "base/err.h"
#include "base/sbuf.h"

#define FAULTS_MOST 100 /* more are counted and not told */

/* Zeroes are no fault. */
struct faults {
	unsigned n;
	struct err first; /* "field: message" */
	struct sbuf texts;
	struct {
		struct slice field;
		size_t at, len; /* in texts */
	} list[FAULTS_MOST];
};

/* The field's name must stay as long as *f. */
void faults_add(struct faults *f, struct slice field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The object, each field once. */
void faults_write(const struct faults *f, struct sbuf *out);

void faults_free(struct faults *f);

#endif

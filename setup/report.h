#ifndef SETUP_REPORT_H
#define SETUP_REPORT_H

/*
 * report - the messages about settings, collected and written in file order.
 *
 *   FILE:LINE:COLUMN: error: TEXT
 *      68 |     models = ( { model = "gpt-4o-mni"; weight = 8; },
 *         |                           ^^^^^^^^^^
 *         = help: did you mean "gpt-4o-mini"? (defined at line 54)
 *
 * A string in a shown line that may be a secret is covered with stars.
 */

#include <stdbool.h>

#include "base/slice.h"
#include "setup/source.h"

struct report;
struct message;
struct sbuf;

struct report *report_new(void);
void report_free(struct report **rp);

/* Note a fault; the message returned takes a help, and dies with the report. */
struct message *report_error(struct report *r, struct place at, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
struct message *report_warn(struct report *r, struct place at, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void report_help(struct message *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

unsigned report_errors(const struct report *r);
unsigned report_warnings(const struct report *r);

/* All messages in file order; warnings are left out when errors_only. */
void report_write(const struct report *r, bool errors_only, bool colour,
    struct sbuf *out);

#endif

#ifndef ADMIN_ARGS_H
#define ADMIN_ARGS_H

/*
 * args - the arguments of a verb: a checked JSON object.
 *
 * 1 given, 0 not given, -1 with *e (ERR_INVALID_TYPE or _VALUE, its param the
 * name) when it is not what it should be.
 */

#include <stdint.h>

#include "base/sbuf.h"

struct err;

bool args_given(struct slice args, const char *name);

/* Text, appended to *b, which the answer is then a slice of: take it last. */
int args_text(struct slice args, const char *name, struct sbuf *b,
    struct err *e);

/* An integer of at least min. */
int args_int(struct slice args, const char *name, int64_t min, int64_t *value_r,
    struct err *e);

/* USD as a number or a decimal string; null is MONEY_NONE. */
int args_money(struct slice args, const char *name, int64_t *nano_r,
    struct err *e);

/* The same, and a sign. */
int args_signed_money(struct slice args, const char *name, int64_t *nano_r,
    struct err *e);

/* true or false. */
int args_bool(struct slice args, const char *name, bool *value_r,
    struct err *e);

/* An array of strings, each appended with a NUL (store/defs.h lists). */
int args_list(struct slice args, const char *name, struct sbuf *b,
    struct err *e);

/* "YYYY-MM-DD" or ISO 8601 in UTC, as seconds since 1970; null is 0. */
int args_time(struct slice args, const char *name, int64_t *time_r,
    struct err *e);

/* The same of a text that was found already.  False when it is none. */
#define ARGS_NO_TIME                                                           \
	"timestamp has to be a valid ISO 8601 formatted date-string "          \
	"YYYY-MM-DD"
struct jscan_item;
bool args_read_time(const struct jscan_item *item, int64_t *time_r);

/* "prod" (also when not given) or "test": 0, or -1. */
int args_environment(struct slice args, int32_t *environment_r, struct err *e);

#endif

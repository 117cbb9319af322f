#ifndef PROTO_RELAY_ERROR_H
#define PROTO_RELAY_ERROR_H

/*
 * relay_error - what a provider says when it says no: spec/providers.md 8.
 *
 * For the log, for the retry rules and for in-stream errors; a provider's
 * error body goes to the client byte for byte.
 */

#include <stdint.h>

#include "base/slice.h"

struct relay_error {
	int status;        /* as the retry rules see it; 502 when not named */
	char message[512]; /* cut at a character border; "" when none */
	char type[64];     /* the provider's, or by status */
	char code[64];     /* "" when none */
	int64_t wait_ms;   /* that it asks for; -1 = none: relay_wish */
};

/*
 * Read any JSON error body, or an event's data, of an HTTP answer of that
 * status (200: the status is looked for inside).  1 with *r filled; 0 when
 * the text says nothing (*r has status and type only).
 */
int relay_error_read(struct slice json, int status, struct relay_error *r);

/* The type of a status without one: "rate_limit_error" and so on. */
const char *relay_error_type(int status);

#endif

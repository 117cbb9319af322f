#ifndef DIALECT_TELL_JSON_H
#define DIALECT_TELL_JSON_H

/*
 * tell_json - what the readers of answers look for in a provider's JSON.
 *
 * Objects have passed proto/jscan, an empty slice is one without members;
 * what is returned lies in them.
 */

#include <stdint.h>

#include "base/slice.h"
#include "proto/jscan.h"

/* Raw text of a string, or of a number in its place; n 0: none. */
struct slice tell_raw(struct slice object, struct slice name);

/* The value of a member that is an object (or an array); n 0: none. */
struct slice tell_object(struct slice object, struct slice name);
struct slice tell_array(struct slice object, struct slice name);

/* A number of tokens, as usage_count() tells it; USAGE_ABSENT: no member. */
int64_t tell_count(struct slice object, struct slice name);

#endif

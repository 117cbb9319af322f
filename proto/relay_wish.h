#ifndef PROTO_RELAY_WISH_H
#define PROTO_RELAY_WISH_H

/* relay_wish - how long an error asks to wait before the next try. */

#include <stdint.h>

#include "base/slice.h"

/*
 * Of an error object (checked JSON) as Google's APIs write it: among its
 * details one with "retryDelay":"48.9s".  Milliseconds, rounded up; 0: it is
 * negative or unreadable; -1: there is none.
 */
int64_t relay_wish_ms(struct slice error);

#endif

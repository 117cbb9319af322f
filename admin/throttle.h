#ifndef ADMIN_THROTTLE_H
#define ADMIN_THROTTLE_H

/*
 * throttle - how often an organisation may call the platform API, however
 * many keys it has (spec/platform.md 1).
 */

#include <stdint.h>

struct office;

/* Count one call: 0, or the seconds after which it may be tried again. */
uint64_t throttle_wait_s(struct office *o);

#endif

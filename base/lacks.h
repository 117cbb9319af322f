#ifndef BASE_LACKS_H
#define BASE_LACKS_H

/*
 * lacks - what a provider's credential cannot do without (spec/routing.md
 * 1.2), wherever it was written.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define LACKS_MOST 5

/* Whether the credential has this member. */
typedef bool lacks_has_fn(const void *credential, const char *name);

/*
 * The members that are missing, static texts: how many.  kind: enum
 * provider_kind; base_url: of the provider, as written.
 */
unsigned lacks_list(int32_t kind, struct slice base_url, lacks_has_fn *has,
    const void *credential, const char *missing_r[LACKS_MOST]);

#endif

#ifndef DIALECT_CAMEL_H
#define DIALECT_CAMEL_H

/*
 * camel - members of Gemini's objects, whose clients may write
 * "generationConfig" or "generation_config": spec/providers.md 10.2.
 */

#include <stdbool.h>

#include "base/slice.h"

struct jscan_item;

/* Whether the item bears that name, in either spelling. */
bool camel_is(const struct jscan_item *item, struct slice camel);

/*
 * The first member of that name in a checked object that is not null.  1 with
 * *item_r; 0 when there is none, *item_r is a null then.
 */
int camel_find(struct slice object, struct slice camel,
    struct jscan_item *item_r);

#endif

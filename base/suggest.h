#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

/* suggest - which known name a misspelt one was meant to be. */

#include "base/slice.h"

struct suggest {
	struct slice wanted;
	struct slice best; /* n 0 while nothing is near enough */
	unsigned distance;
};

void suggest_init(struct suggest *s, struct slice wanted);

/* Consider a name; borrowed. */
void suggest_try(struct suggest *s, struct slice name);

#endif

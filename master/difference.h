#ifndef MASTER_DIFFERENCE_H
#define MASTER_DIFFERENCE_H

/*
 * difference - what a reload has changed, in one line for the log:
 *
 *	+1 model, price of gpt-4o output 2.5 -> 2.4, 2 customers changed,
 *	drain.reload 10m -> 5m
 *
 * Secrets are not in a snapshot, so nothing here can show one.
 */

#include "base/settings.h"

struct sbuf;

/* Append it; "nothing changed" when that is so. */
void difference_write(struct sbuf *out, const struct settings *old,
    const struct settings *now);

/* Append what waits for a restart: "run.path, store.path"; perhaps nothing. */
void difference_write_restart(struct sbuf *out, const struct settings *old,
    const struct settings *now);

#endif

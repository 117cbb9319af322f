#ifndef LOGGER_WATCH_H
#define LOGGER_WATCH_H

/*
 * watch - is the ledger there?  A keeper that cannot write it ends, and one
 * that is gone cannot say so: the logger sees that it does not beat.  And are
 * the providers: workers count in the segment how often one was ejected
 * (shm/verdict.h).
 */

#include <stdbool.h>
#include <stdint.h>

struct alert;
struct segment;
struct settings;

#define WATCH_SILENT_NS UINT64_C(5000000000)
/* An outage is over when the keeper beat for so long: it may end and begin. */
#define WATCH_STEADY_NS UINT64_C(60000000000)

struct watch {
	uint64_t since_ns;  /* the watch began */
	uint64_t steady_ns; /* since when the keeper beats without a gap */
	bool told;          /* of this outage */
};

void watch_init(struct watch *w, uint64_t now_ns);

/* True, once in an outage, with its alert: the same from another logger. */
bool watch_look(struct watch *w, const struct segment *seg, uint64_t now_ns,
    struct alert *alert_r);

/*
 * True, once for an ejection of a provider of the settings, with its alert,
 * whose strings are the settings'.  It is told then, by whatever logger.
 */
bool watch_provider(const struct settings *s, struct segment *seg,
    struct alert *alert_r);

#endif

#ifndef ADMIN_STANDING_H
#define ADMIN_STANDING_H

/*
 * standing - how the providers of the settings are: what the entries of
 * shm/health.h say, put together by credential and by provider.
 *
 * A credential is ejected when it was refused, or when some target of it is
 * ejected and none that is not was used in the last minute.  A provider is
 * ejected when all its credentials are.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct office;

/* One credential; where a provider needs none, one without a name. */
struct standing {
	uint64_t hash;    /* of its entry */
	int32_t provider; /* index in the settings */
	struct slice name;
	bool refused;
	uint32_t ejected, used; /* targets: ejected, and those that work */
	uint64_t back_ns;       /* when the first is tried again; 0 = none */
};

struct standings {
	struct standing *all;
	size_t n;
	uint64_t now_ns;
};

enum standing_state { STANDING_UP, STANDING_EJECTED, STANDING_DRAINED };

/* Those of all providers; to be freed. */
void standings_read(struct office *o, struct standings *s_r);
void standings_free(struct standings *s);

enum standing_state standing_state(const struct standing *c);

/* Seconds until it is tried again, rounded up; 0 = at its next request. */
uint64_t standing_back_s(const struct standings *s, const struct standing *c);

/* Of the whole provider. */
enum standing_state standings_provider(struct office *o,
    const struct standings *s, int32_t provider);

/* Attempts at a provider that have not ended. */
int64_t standing_inflight(struct office *o, struct slice provider);

#endif

#ifndef TESTS_SNAPSHOT_H
#define TESTS_SNAPSHOT_H

/*
 * snapshot - settings by hand: a struct that begins with struct settings and
 * has a snapshot_room for its texts.
 */

#include <string.h>

#include <check.h>

#include "base/settings.h"

struct snapshot_room {
	uint32_t n;
	char text[1024];
};

/* Put text into the room of a snapshot; where it is found there. */
static inline struct sref
snapshot_text(const void *snapshot, struct snapshot_room *room,
    const char *text)
{
	char *to = room->text + room->n;
	struct sref r = { (uint32_t)(to - (const char *)snapshot),
		(uint32_t)strlen(text) };

	ck_assert_uint_lt(room->n + r.len, sizeof room->text);
	memcpy(to, text, r.len + 1);
	room->n += r.len + 1;
	return r;
}

#endif

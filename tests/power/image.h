#ifndef TESTS_POWER_IMAGE_H
#define TESTS_POWER_IMAGE_H

/*
 * image - a data file as a disk may have it after a cut.
 *
 * What was synced is there.  Each write since then is there, or is not, or
 * some of its sectors are, whatever became of those before it.  One that
 * O_DSYNC made durable is there, and says nothing about others.
 */

#include "tests/power/draw.h"
#include "tests/power/record.h"

#define IMAGE_SECTOR 512

struct image_bytes {
	unsigned char *p;
	size_t n, room;
};

struct image_write {
	const struct tape_event *ev;
	bool durable;
};

struct image {
	struct image_bytes synced;
	struct image_write *writes; /* since then */
	size_t n, room;
};

void image_free(struct image *im);

/* Go on by one event of this file. */
void image_take(struct image *im, const struct tape_event *ev);

/* What a cut here leaves, by seed. */
void image_cut(const struct image *im, struct draw *d, struct image_bytes *to);

/* The same without a cut. */
void image_whole(const struct image *im, struct image_bytes *to);

/* 0 or -1. */
int image_save(const struct image_bytes *from, const char *path);

#endif

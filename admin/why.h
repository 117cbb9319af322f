#ifndef ADMIN_WHY_H
#define ADMIN_WHY_H

/* why - what a request cost and why, from what is known of it. */

#include "admin/office.h"

/* A request by the beginning of its id. */
struct why_id {
	struct slice digits;  /* 7 to 32, lower case, as they were given */
	unsigned char id[16]; /* once it is known */
	bool known;
};

/* Does this id begin so? */
bool why_fits(const struct why_id *w, const unsigned char id[16]);

/*
 * Member "in_flight" for a slot of the segment, where the request is one.
 * 1, 0 when it has none, -1.
 */
int why_show_flight(struct office *o, struct why_id *w, struct sbuf *out,
    struct err *e);

#endif

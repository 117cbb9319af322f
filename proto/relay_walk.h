#ifndef PROTO_RELAY_WALK_H
#define PROTO_RELAY_WALK_H

/* relay_walk - a chunk in hand, shared by the steps that it goes through. */

#include "proto/relay_delta.h"
#include "proto/relay_priv.h"

/* One chunk on its way through: what was found, what is being written. */
struct relay_walk {
	struct relay *r;
	const struct relay_members *members;
	struct relay_edit ed;
	bool is_usage; /* choices is empty and usage is there */
	bool has_choices;
	bool anonymous; /* no id of its own, and none known yet */
	unsigned kept, dropped;
	struct jscan_item usage; /* an object; value.n 0: none */
	struct slice padding;    /* a string that means nothing */
	unsigned seen;           /* bits of enum relay_name, and object */
	struct sbuf split;       /* choices of the finish chunk to come */
	struct relay_delta last; /* of the last choice that was kept */
};

extern const struct slice relay_object; /* the member "object" */

/* -1 with *e. */
int relay_malformed(struct err *e, const char *what);

/* Treat all members and make the edits.  0 or -1. */
int relay_walk_members(struct relay_walk *w, struct err *e);

/* Send what was walked, or keep it for the end. */
void relay_walk_finish(struct relay_walk *w, const struct sse_event *ev,
    struct relay_out *out);

/* What was written of this chunk is not to be sent now. */
void relay_walk_unwrite(struct relay_walk *w, struct relay_out *out);

/* The stream's names: relay_name() and what sets them. */
void relay_set_name(struct relay *r, enum relay_name which, struct slice raw);
void relay_make_name(struct relay *r, enum relay_name which);
bool relay_name_is_good(enum relay_name which, const struct jscan_item *item);

/* {"id":…,"object":…,"created":…,"model":… and no closing brace. */
void relay_add_names(const struct relay *r, struct sbuf *b);

#endif

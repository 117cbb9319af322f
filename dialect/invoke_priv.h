#ifndef DIALECT_INVOKE_PRIV_H
#define DIALECT_INVOKE_PRIV_H

/*
 * invoke_priv - the reader of Bedrock's older face: each family of models
 * speaks its own grammar, wrapped in frames of AWS's event stream
 * (spec/providers.md 7.2).
 */

#include "dialect/anthropic.h"
#include "dialect/converse_priv.h"

/* An answer is of one family: what that one's reader needs stands first. */
struct invoke_state {
	union {
		struct anthropic_state claude;
		struct converse_state nova;
	} family;
	char stop[40]; /* of other families; "" = not yet */
	bool measured; /* the metrics came: nothing follows them */
};

int invoke_reply(struct tell *t, struct slice json, struct err *e);
int invoke_event(struct tell *t, const struct dialect_event *ev, struct err *e);

/*
 * The family's own event that a frame wraps: 1 with its JSON in *inner, which
 * is cleared first; 0 when the frame wraps none; -1 when it is malformed.
 */
int invoke_unwrap(const struct dialect_event *ev, struct sbuf *inner,
    struct err *e);

/* The same as a server-sent event of Anthropic's; struct dialect's native. */
void invoke_native(const struct dialect_event *ev, struct sbuf *raw);

/*
 * What a family that has no reader of its own says: its text, its reason to
 * stop, Bedrock's metrics.  False when the object is of no known shape.
 */
bool invoke_other(struct tell *t, struct slice json);

/* The same of a whole answer, whose figures may be its own. */
bool invoke_other_reply(struct tell *t, struct slice json);

/* The answer of such a family is over. */
void invoke_finish(struct tell *t);

#endif

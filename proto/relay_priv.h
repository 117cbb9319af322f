#ifndef PROTO_RELAY_PRIV_H
#define PROTO_RELAY_PRIV_H

/* relay_priv - what the files of proto/relay share. */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/mend.h"
#include "proto/relay.h"
#include "proto/relay_edit.h"
#include "proto/sse.h"

struct assemble;

/*
 * The last event that was a plain piece of text, to recognise the next one by:
 * text that is the same but for the string in the hole (and padding in a
 * second hole) needs no more than a look at that string.
 */
struct relay_shape {
	struct sbuf text;            /* head, middle and tail, holes left out */
	unsigned head, middle, tail; /* bytes of text; middle 0: one hole */
	unsigned ncuts;
	struct relay_cut cuts[RELAY_CUTS_MAX]; /* places in text */
};

#define RELAY_FEW_MEMBERS 16

/* The members of a chunk, as the scan found them. */
struct relay_members {
	unsigned n, cap;
	struct jscan_item *items; /* few, or memory of its own */
	struct jscan_item few[RELAY_FEW_MEMBERS];
};

/* What every chunk of a stream must say alike: raw JSON values. */
enum relay_name { RELAY_NAME_ID, RELAY_NAME_CREATED, RELAY_NAME_MODEL };
#define RELAY_NAMES 3

/* Whether the calls of a choice have had arguments: bits by their index. */
struct relay_calls {
	uint64_t begun, argued;
};
#define RELAY_CALLERS_MAX 8 /* choices whose calls are watched */

/* Thoughts in tags, of each choice. */
struct relay_thoughts {
	struct mend_think choices[RELAY_CHOICES_MAX];
	struct mend_words words; /* of the choice at hand */
};

/* Many wait for long: what few streams need is made when it is needed. */
struct relay {
	struct relay_opts opts;
	struct relay_state state;
	struct sse sse;
	uint64_t opened[RELAY_CHOICES_MAX / 64]; /* choices that had a role */
	uint64_t finished[RELAY_CHOICES_MAX / 64];
	struct sbuf names; /* three raw values in a row */
	unsigned name_len[RELAY_NAMES];
	bool broken;  /* malformed: nothing more is read */
	bool greeted; /* the first chunk has gone out */
	struct relay_shape shape;
	struct sbuf held; /* a filter chunk that waits for the stream's id */
	struct sbuf tail; /* the usage chunk, JSON */
	struct relay_error *error;
	struct assemble *message;
	struct usage *usage;             /* the provider's or an estimate */
	struct relay_calls *calls;       /* of RELAY_CALLERS_MAX choices */
	struct relay_thoughts *thoughts; /* NULL: no tags are looked for */
};

static inline bool
relay_bit(const uint64_t *set, unsigned i)
{
	return set[i / 64] >> i % 64 & 1;
}

static inline void
relay_set_bit(uint64_t *set, unsigned i)
{
	set[i / 64] |= (uint64_t)1 << i % 64;
}

/* The raw value of a name, empty when the stream has none yet. */
struct slice relay_name(const struct relay *r, enum relay_name which);

/*
 * One chunk of the provider.  0, or -1 when it is malformed.  Frames go to
 * *out; has_error is set when it was an error.
 */
int relay_chunk(struct relay *r, const struct sse_event *ev,
    struct relay_out *out, struct err *e);

/* Where figures go that are not read yet. */
struct usage *relay_usage(struct relay *r);

/* Take an error event's text. */
void relay_take_error(struct relay *r, struct slice json);

/* The usage chunk that is sent last, from an object or from figures. */
void relay_build_usage(struct relay *r, struct slice usage_json);

/* True when the event was recognised and its frame has gone to *out. */
bool relay_shape_match(struct relay *r, const struct sse_event *ev,
    struct relay_out *out);

/* Remember an event by its holes (padding empty: one hole). */
void relay_shape_learn(struct relay_shape *s, const struct relay_edit *ed,
    struct slice hole, struct slice padding);

void relay_shape_forget(struct relay_shape *s);

#endif

#ifndef DIALECT_GEMINI_TELL_H
#define DIALECT_GEMINI_TELL_H

/* gemini_tell - the answers of Gemini: whole, and as a stream. */

#include "dialect/gemini_priv.h"

/* The state of one answer. */
struct gemini_state {
	struct gemini_figures figures;
	bool begun;    /* an event was read: the stream has its name */
	bool counted;  /* figures came */
	bool finished; /* a candidate said why it ended, or the prompt was */
	bool blocked;
	char reason[32];   /* of a blocked prompt */
	char message[256]; /* raw: why a candidate failed; "" = not told */
	size_t text;       /* bytes of the first choice's text: gemini_place */
	/* A reason to end may stand in every chunk: the last one counts. */
	char finish[CHATOUT_CHOICES][32];
	struct gemini_partial partial[CHATOUT_CHOICES];
	/* Of lists of sources, how much was told. */
	unsigned grounded[CHATOUT_CHOICES], cited[CHATOUT_CHOICES];
};

int gemini_reply(struct tell *t, struct slice json, struct err *e);
int gemini_event(struct tell *t, const struct dialect_event *ev, struct err *e);
void gemini_end(struct tell *t);

/*
 * Gemini counts the bytes of a text, chat's clients its characters: remember
 * some text of the choice that is spoken of, and tell characters from bytes.
 */
void gemini_place_add(struct tell *t, struct slice raw);
int64_t gemini_place(const struct tell *t, int64_t byte);

/* Where a candidate has its facts from. */
void gemini_sources(struct tell *t, const struct jscan_item *grounding,
    const struct jscan_item *citations);

/* One candidate's parts, in their order.  0, or -1 when there are too many. */
int gemini_parts(struct tell *t, struct slice content);

/*
 * Each choice is over, for the reason that was kept.  whole: one without a
 * reason is over, too.  False when something is missing: nothing is told.
 */
bool gemini_finish(struct tell *t, bool whole);

#endif

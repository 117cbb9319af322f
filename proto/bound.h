#ifndef PROTO_BOUND_H
#define PROTO_BOUND_H

/*
 * bound - the most that a request can cost, before it leaves, and what is
 * charged when nobody said: spec/money.md 5 and 9.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"

struct err;

/* What the bound depends on; all of the final upstream body. */
struct bound_request {
	int64_t body_bytes; /* without base64 media */
	int64_t images;
	bool unsized_media; /* audio, video, files, URLs of documents */
	bool audio_in, audio_out;
	bool tools;
	bool provider_tools; /* web search, code: results are fed back */
	bool cache_1h;       /* a one-hour cache marker */
	bool embeddings;     /* no output */
	int64_t n;           /* choices, at least 1 */
	int64_t max_tokens;  /* as sent; 0 = none */
	int64_t searches;    /* budgets.searches_per_request */
};

/*
 * The most tokens that the input of q can be, whatever the window: but for its
 * images, and for what nobody can size.  What is added for each image at m.
 */
int64_t bound_input(const struct bound_request *q);
int64_t bound_image(const struct settings_model *m);

struct bound {
	int64_t in_tokens, out_tokens;
	int64_t cost_nano; /* before markup */
};

/*
 * The hold of one attempt at m.  0, or -1 when it does not fit an amount.  A
 * price that is not known bounds the cost at 0, see price.h.
 */
int bound_hold(const struct settings_model *m, const struct bound_request *q,
    struct bound *b_r, struct err *e);

/*
 * The max_tokens that the gateway puts in when the client gave none and an
 * account is limited; free_nano is the tightest account's free money before
 * its markup.  At least min_output, never more than the model's max_output.
 */
int64_t bound_max_tokens(const struct settings_model *m,
    const struct bound_request *q, int64_t free_nano, int64_t default_max,
    int64_t min_output);

/*
 * What q->max_tokens is lowered to so that free_nano carries the hold, at
 * least min_output; 0 when it may stay.
 */
int64_t bound_clamp_tokens(const struct settings_model *m,
    const struct bound_request *q, int64_t free_nano, int64_t min_output);

/* What is known of an attempt that brought no usage. */
struct bound_seen {
	int64_t in_tokens;  /* the provider's own figure; -1 = none */
	int64_t body_bytes; /* of the request, without base64 media */
	int64_t text_bytes; /* of output seen */
	bool whole_hold;    /* reasoning is not visible in the stream */
};

/*
 * Charged for it and the part of that which is suspense.  hold is what
 * bound_hold() gave for the attempt.  charged <= hold->cost_nano.
 */
void bound_cut(const struct settings_model *m, const struct bound_request *q,
    const struct bound *hold, const struct bound_seen *seen,
    int64_t *charged_nano_r, int64_t *suspense_nano_r);

/* ceil(bytes / 4). */
static inline int64_t
bound_estimate_tokens(int64_t bytes)
{
	return (bytes + 3) / 4;
}

#endif

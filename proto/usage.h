#ifndef PROTO_USAGE_H
#define PROTO_USAGE_H

/*
 * usage - the tokens of one attempt in a form that all providers share:
 * spec/money.md 4, spec/providers.md 6, spec/api.md 7.3.
 *
 * The parts of struct usage are disjoint: their sum is what was used.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sbuf;

#define USAGE_TOKENS_MAX ((int64_t)1 << 40) /* a figure above is malformed */

struct usage {
	int64_t in_text, in_cached, in_cache_write_5m, in_cache_write_1h;
	int64_t in_audio, in_audio_cached, in_image;
	int64_t out_text, out_reasoning, out_audio;
	int64_t requests, searches;
	/* Shown, not priced: parts of out_text. */
	int64_t accepted_prediction, rejected_prediction;
	int64_t provider_cost_nano; /* its own figure; MONEY_NONE = none */
	/* What is priced instead of the parts above, which are shown (Cohere).
	 */
	bool has_billed;
	int64_t billed_in, billed_out;
	bool anomaly; /* figures contradicted each other */
};

/* What logs, headers and the written object show. */
struct usage_figures {
	int64_t prompt, completion, total;
	int64_t cached, cache_write, reasoning, in_audio, out_audio;
};

/* No tokens, one request, no cost of the provider's own. */
void usage_init(struct usage *u);

/*
 * Read the usage object of an OpenAI-dialect reply or chunk.  quirks are bits
 * of enum provider_quirk.  1 with *u_r filled; 0 when it is no usage (not an
 * object, no counts, or a count that is negative, fractional or above
 * USAGE_TOKENS_MAX); *u_r is untouched then.
 */
int usage_read(struct slice json, uint32_t quirks, struct usage *u_r);

/*
 * The same for the object at hand, while it is scanned: *found_r for what
 * usage_read() returns.  0, or -1 when it is no JSON.
 */
struct jscan_reader;
int usage_scan(struct jscan_reader *s, uint32_t quirks, struct usage *u_r,
    bool *found_r);

/*
 * One figure of a provider's: USAGE_ABSENT for null, USAGE_MALFORMED when it
 * is negative, fractional, no number or above USAGE_TOKENS_MAX.
 */
#define USAGE_ABSENT (-1)
#define USAGE_MALFORMED (-2)
struct jscan_item;
int64_t usage_count(const struct jscan_item *item);

/*
 * Cut a part out of *rest; one larger than what is left is capped, and
 * *anomaly set.  ABSENT and MALFORMED are 0.
 */
int64_t usage_part(int64_t part, int64_t *rest, bool *anomaly);

/* A usage known only as totals: estimates, demo. */
void usage_of_totals(struct usage *u_r, int64_t prompt, int64_t completion);

void usage_sum(const struct usage *u, struct usage_figures *f_r);

/* The full object of spec/api.md 7.1, every member present. */
void usage_write(struct sbuf *b, const struct usage *u);

#endif

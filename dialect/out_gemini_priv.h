#ifndef DIALECT_OUT_GEMINI_PRIV_H
#define DIALECT_OUT_GEMINI_PRIV_H

/* out_gemini_priv - the files of out_gemini. */

#include "dialect/calltext.h"
#include "dialect/mint.h"
#include "dialect/out_priv.h"

#define OUT_CANDIDATES 128   /* api.md 5.1: n */
#define OUT_GEMINI_CALLS 256 /* of a whole answer */

struct out_gemini_call {
	unsigned candidate, index;
	struct calltext args;
	bool told;
};

struct out_gemini {
	bool begun, over, minted;
	char id[MINT_DIGITS];
	enum out_finish finish[OUT_CANDIDATES];
	unsigned char told_text[OUT_CANDIDATES / 8]; /* bits */
	struct out_gemini_call calls[OUT_GEMINI_CALLS];
	unsigned n_calls;
	struct usage_figures usage;
};

/* Places in encode_ctx.kept. */
enum { KEPT_LOG, KEPT_MODEL };

/* What one candidate is in this chunk; it is opened when there is a part. */
struct out_candidate {
	struct encode_ctx *x;
	const struct out_choice *choice;
	struct sbuf parts;
};

/* What a choice says beside its calls, as parts. */
void out_gemini_said(struct out_candidate *c);

/* "logprobsResult":{...}; nothing when there are none. */
void out_gemini_logprobs(struct slice tokens, struct sbuf *out);

/* A delta's calls: those that are complete now are told. */
void out_gemini_calls(struct out_candidate *c);

/* A whole answer's calls. */
void out_gemini_whole_calls(struct out_candidate *c);

#endif

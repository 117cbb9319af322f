#ifndef DIALECT_OUT_GEMINI_PRIV_H
#define DIALECT_OUT_GEMINI_PRIV_H

/* out_gemini_priv - the files of out_gemini. */

#include "dialect/calltext.h"
#include "dialect/out_priv.h"

#define OUT_CANDIDATES 128   /* api.md 5.1: n */
#define OUT_GEMINI_CALLS 256 /* of a whole answer */

struct out_gemini_call {
	unsigned candidate, index;
	struct calltext args;
	bool told;
};

struct out_gemini {
	bool begun, over;
	enum out_finish finish[OUT_CANDIDATES];
	unsigned char told_text[OUT_CANDIDATES / 8]; /* bits */
	struct out_gemini_call calls[OUT_GEMINI_CALLS];
	unsigned n_calls;
	struct usage_figures usage;
};

/* Places in encode_ctx.kept. */
enum { KEPT_LOG, KEPT_MODEL };

#endif

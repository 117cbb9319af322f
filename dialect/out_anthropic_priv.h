#ifndef DIALECT_OUT_ANTHROPIC_PRIV_H
#define DIALECT_OUT_ANTHROPIC_PRIV_H

/* out_anthropic_priv - the files of out_anthropic. */

#include "dialect/calltext.h"
#include "dialect/out_priv.h"

#define OUT_CALLS_MAX 1024 /* further calls are not told */

enum out_block { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINKING, BLOCK_CALL };

struct out_anthropic {
	bool begun, over; /* message_start, message_stop are written */
	enum out_block block;
	unsigned index; /* of the open block, or of the next one */
	bool told_text, told_thinking; /* in the answer; in the open block */
	bool told_refusal, told_calls;
	unsigned call;        /* which one is open */
	struct calltext args; /* of that */
	bool wrapped;         /* they are no object: {"_raw":...} */
	unsigned char opened[OUT_CALLS_MAX / 8]; /* bits: calls that were */
	enum out_finish finish;
	struct usage_figures usage;
};

/* Places in encode_ctx.kept. */
enum { KEPT_LOG, KEPT_STOP };

/* Why an answer ended, as four members. */
void out_anthropic_stop(const struct out_anthropic *a, struct slice sequence,
    struct sbuf *out);

/* "usage":{...}; delta: of a message_delta, which has fewer members. */
void out_anthropic_usage(const struct usage_figures *f, bool delta,
    struct sbuf *out);
void out_anthropic_id(const struct encode_ctx *x, struct sbuf *out);

/* Is that the maker of Anthropic's signatures? */
bool out_anthropic_is_own(const struct out_detail *d);

void out_anthropic_whole(struct encode_ctx *x, struct slice json,
    struct sbuf *out);

/*
 * What a block says; it is opened, and the one before it closed, when that
 * needs be.  A signature ends its block.
 */
void out_block_text(struct encode_ctx *x, struct slice raw, struct sbuf *out);
void out_block_thinking(struct encode_ctx *x, struct slice raw,
    struct sbuf *out);
void out_block_signature(struct encode_ctx *x, struct slice signature,
    struct sbuf *out);
void out_block_redacted(struct encode_ctx *x, struct slice data,
    struct sbuf *out);
void out_block_call(struct encode_ctx *x, unsigned call, struct slice id,
    struct slice name, struct sbuf *out);
void out_block_arguments(struct encode_ctx *x, struct slice raw,
    struct sbuf *out);
void out_block_close(struct encode_ctx *x, struct sbuf *out);

/* Words of a choice become events; what must wait is logged. */
void out_anthropic_say(struct encode_ctx *x, const struct out_choice *choice,
    struct sbuf *out);

/* Nothing more will come: what was logged, and the end of the open block. */
void out_anthropic_settle(struct encode_ctx *x, bool forced, struct sbuf *out);

#endif

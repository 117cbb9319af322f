#ifndef DIALECT_ASK_H
#define DIALECT_ASK_H

/*
 * ask - a chat request on its way into another dialect, and what the writers
 * of all dialects share.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/chat.h"
#include "dialect/chatout.h"
#include "proto/params.h"

struct err;
struct pool;
struct sbuf;

struct ask {
	struct params *params; /* warnings are added */
	struct pool *pool;
	struct chat chat;
	struct slice model;             /* the provider's name for it */
	struct slice project, location; /* of a Google credential */
	uint32_t features;              /* of enum model_feature */
	uint32_t quirks;                /* of enum provider_quirk */
	int64_t max_output;             /* of the model; 0 = not known */
	int64_t max_tokens;             /* to be sent; 0 = nobody said */
	/*
	 * Told by the writer: the most tokens that its body lets the provider
	 * write, which may be more than max_tokens (thinking needs room, a
	 * dialect demands a figure); 0 = the body names no limit.  The hold
	 * has to cover it.
	 */
	int64_t output_asked;
	bool stream;
	bool send_user;       /* anthropic.send_user */
	unsigned char id[16]; /* of the request */
	/* Told by the writer: the reply's text is the arguments of a tool. */
	enum chatout_forced forced;
};

/* The parameters that a dialect carries, PARAM_COUNT behind the last. */
struct ask_carried {
	const enum param_id *ids;
	const char *const *members; /* names that params.def lacks; NULL ends */
};

/*
 * The decision of providers.md 4.9 for all that a dialect does not carry: 0
 * when it is dropped (each a warning), -1 with ERR_UNSUPPORTED_PARAMETER when
 * the answer would mean something else without it, or when the request says
 * require_parameters.
 */
int ask_check(struct ask *a, const struct ask_carried *carried, struct err *e);

/* Something was left out: a warning, or -1 with require_parameters. */
int ask_drop(struct ask *a, struct slice name, struct err *e);

/* Always -1: 400 unsupported_parameter for that name ("tools[0].type"). */
int ask_refuse(struct ask *a, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The type that the first bytes of base64 (raw) show; n 0: none of four. */
struct slice ask_image_type(struct slice base64);

/*
 * The id of a call as a provider takes it that allows letters, digits, "_" and
 * "-" alone: raw, at most max bytes; two ids that differ still do.
 */
struct slice ask_safe_id(struct ask *a, struct slice id, size_t max);

/*
 * A name as one segment of a path: percent-encoded but for letters, digits,
 * "-._~" and those of kept.
 */
void ask_segment(struct sbuf *b, struct slice name, const char *kept);

/* ",": but not behind an opening bracket. */
void ask_comma(struct sbuf *b);

/* Comma, "name": and what follows is the value. */
void ask_name(struct sbuf *b, const char *name);

/* Comma, "name":JSON; nothing when json is empty. */
void ask_json(struct sbuf *b, const char *name, struct slice json);

/* Comma, "name":"raw". */
void ask_text(struct sbuf *b, const char *name, struct slice raw);
/* The base64 of a part, which stands between quotes; it is counted. */
void ask_data(struct sbuf *b, const struct chat_media *m);

void ask_int(struct sbuf *b, const char *name, int64_t n);

/*
 * The number or object that the request has for a parameter, an integer
 * spelled as one; n 0: none.
 */
struct slice ask_value(const struct ask *a, enum param_id id);

/*
 * A tool as OpenAI defines it, but for "strict": a comma before it, and
 * parameters of an empty object where it has none.
 */
void ask_function(struct sbuf *b, const struct chat_tool *tool);

/* Comma, "name":[stop sequences]; nothing when there is none. */
void ask_stops(const struct ask *a, struct sbuf *b, const char *name);

/*
 * Whether reasoning is asked for: 1 yes, 0 it is to be off, -1 nothing is
 * said, or the model is known and does not reason (then *named_r is the
 * parameter that has no effect).  budget_r: tokens for it, 0 = not told.
 */
int ask_thinking(const struct ask *a, int64_t *budget_r, struct slice *named_r);

/* The media type of an image: what its bytes show, else what is declared. */
struct slice ask_media_type(const struct chat_media *m);

#endif

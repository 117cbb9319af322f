#ifndef PROTO_PARAMS_H
#define PROTO_PARAMS_H

/*
 * params - the parameters of a request, merged from its places and checked.
 *
 * One row of params.def is one parameter.  Values are slices into the body,
 * a decoded header or the pool; they live as long as the shortest of these.
 * Values of credentials are kept as spans of the body only: their owner wipes
 * the body, nobody may log them.
 */

#include <stdint.h>

#include "base/slice.h"
#include "proto/jscan.h"

struct err;
struct pool;

enum param_id {
#define PARAM(name, check, low, high, range, on, flow) PARAM_##name,
#include "proto/params.def"
#undef PARAM
	PARAM_COUNT,
	PARAM_UNKNOWN = 255
};

/* Where a value came from, highest first (api.md 4.2, dialect C). */
enum params_place {
	PLACE_BODY,
	PLACE_EXTRA_BODY,
	PLACE_RESPAN,
	PLACE_KEYWORDSAI,
	PLACE_HEADER, /* the first of the headers; the others follow */
};

struct param {
	struct jscan_item item; /* as sent */
	enum params_place place;
	enum param_id id;
	struct param *next; /* among the values of a request */
	/* What the check made of it; which one depends on the check: */
	struct slice text; /* strings, identifiers: decoded and cut */
	int64_t number;    /* booleans, integers; numbers in 10^-9 */
};

enum params_messages_fault {
	MESSAGES_FINE,
	MESSAGES_ELEMENT, /* that is no object */
	MESSAGES_TWICE,   /* a role, or a content */
	MESSAGES_ROLE,
	MESSAGES_CONTENT,
};

/* What reading the messages saw; behind a fault nothing is of use. */
struct params_messages {
	enum params_messages_fault fault; /* the first one */
	unsigned fault_at;                /* which message */
	struct jscan_item fault_item;
	unsigned n;
	unsigned developers; /* messages of that role */
	unsigned reasonings; /* members reasoning_content */
	unsigned images;     /* parts image_url */
	unsigned audios;     /* parts input_audio */
	unsigned documents; /* parts whose size is not known from the request */
	size_t media_bytes; /* base64 text in all of them */
	/* Content of the last message of the user; p NULL when there is none.
	 */
	struct jscan_item last_user;
};

enum customer_budget_state { BUDGET_ABSENT, BUDGET_SET, BUDGET_REMOVE };

struct params_budget {
	enum customer_budget_state state; /* REMOVE: null was sent */
	int64_t nano;                     /* of USD, when SET */
};

/* customer_params; texts with p NULL and numbers of -1 are absent. */
struct params_customer {
	struct slice identifier; /* inside, else the one beside it */
	struct slice name, email, group;
	struct slice period_start, period_end; /* YYYY-MM-DD */
	int32_t budget_duration; /* enum budget_duration of base/settings.h */
	struct params_budget period_budget, total_budget;
	int32_t markup_bp;
	int64_t rate_limit;    /* requests per minute; 0: null was sent */
	struct slice metadata; /* JSON */
};

#define PARAMS_WARNINGS 8

struct params {
	uint64_t present[2];  /* bits of enum param_id */
	struct param *values; /* of those, the last one first */
	const struct jscan_body *body;
	/* enum param_id of each member of the body; ours wherever it stands */
	const uint8_t *body_ids;
	struct params_messages messages;
	struct params_customer *customer; /* NULL = none, or ignored */
	bool forward_metadata;
	/* Names for the log and warning-holdfast; further ones are counted. */
	struct slice warnings[PARAMS_WARNINGS];
	unsigned n_warnings;
};

/* The dialects of api.md 1.2; names are known or unknown by them. */
enum params_dialect {
	DIALECT_CHAT,
	DIALECT_GENERATE,
	DIALECT_RESPONSES,
	DIALECT_ANTHROPIC,
	DIALECT_GEMINI,
	DIALECT_EMBEDDINGS,
};

/* Where the values come from. */
struct params_source {
	enum params_dialect dialect;
	const struct jscan_body *body;
	/* Decoded parameter headers in the order of their merge. */
	const struct jscan_body *headers;
	unsigned n_headers;
	/* server.extra_headers_allow, lower case. */
	const struct slice *headers_allow;
	unsigned n_headers_allow;
};

/*
 * A request's body as jscan_body() reads it, with its messages read in the
 * same pass: most bytes of most requests are theirs.
 */
int params_body(struct slice text, struct pool *pool, struct jscan_body *body_r,
    struct err *e);

/*
 * Merge and check the parameters of a request for chat or embeddings.  0 with
 * *p_r filled, or -1 with the first fault in the order of api.md 5.
 * source->body must live as long as *p_r.  A missing model is not a fault here
 * (api.md 5.5).
 */
int params_read(const struct params_source *source, struct pool *pool,
    struct params *p_r, struct err *e);

/*
 * Whether OpenAI takes an object as metadata: 16 members, names of 64
 * characters, values of 512.
 */
bool params_metadata_fits(struct slice object, struct pool *pool);

/* The check of a customer's email address. */
bool params_is_email(struct slice text);

/*
 * The customer the request is charged to: customer_identifier, else the one
 * inside customer_params; n 0 when there is none.
 */
struct slice params_customer_id(const struct params *p);

/* The text of the last message of the user, all text parts joined. */
struct slice params_last_user_text(const struct params *p, struct pool *pool);

/* max_tokens or max_completion_tokens; 0 when neither was sent. */
int64_t params_max_tokens(const struct params *p);

/* stream_options.include_usage was sent as true. */
bool params_wants_usage(const struct params *p);

/* Whether the body has a member of that name that is no parameter of ours. */
bool params_says(const struct params *p, struct slice name);

/* A member of cache_options; a plain boolean is cache_by_customer. */
bool params_cache_option(const struct params *p, struct slice name);

/* How often a request wants a failed model asked again. */
struct params_retry {
	bool enabled;
	unsigned retries; /* 0 when not enabled */
	int64_t retry_after_ms;
};

/*
 * By retry_params, else by retries; what is left out has its default.  False:
 * the request does not say.
 */
bool params_retry(const struct params *p, struct params_retry *r_r);

/* Add a name to the warnings, once; it must live as long as *p. */
void params_warn(struct params *p, struct slice name);

/* The parameter of that (raw) name, or PARAM_UNKNOWN. */
enum param_id params_find(struct slice name);

struct slice params_name(enum param_id id);

/* Whether an upstream of the same dialect may see it at all. */
bool params_is_ours(enum param_id id);

/* Whether the name means that parameter in this dialect. */
bool params_knows(enum params_dialect dialect, enum param_id id);

static inline bool
params_has(const struct params *p, enum param_id id)
{
	return p->present[id / 64] >> id % 64 & 1;
}

/* Any of those between two, in the order of params.def. */
static inline bool
params_has_between(const struct params *p, enum param_id first,
    enum param_id last)
{
	for (unsigned i = first / 64; i <= last / 64u; i++) {
		uint64_t mask = UINT64_MAX;

		if (i == first / 64)
			mask &= UINT64_MAX << first % 64;
		if (i == last / 64u)
			mask &= UINT64_MAX >> (63 - last % 64);
		if ((p->present[i] & mask) != 0)
			return true;
	}
	return false;
}

/* A request has few values: looking at each is cheaper than a table. */
static inline struct param *
params_at(const struct params *p, enum param_id id)
{
	struct param *v = p->values;

	if (!params_has(p, id))
		return NULL;
	while (v->id != id)
		v = v->next;
	return v;
}

static inline bool
params_bool(const struct params *p, enum param_id id)
{
	const struct param *v = params_at(p, id);

	return v != NULL && v->number != 0;
}

/* An integer, or a number in 10^-9. */
static inline int64_t
params_number(const struct params *p, enum param_id id, int64_t absent)
{
	const struct param *v = params_at(p, id);

	return v != NULL ? v->number : absent;
}

/* n 0 when absent. */
static inline struct slice
params_text(const struct params *p, enum param_id id)
{
	const struct param *v = params_at(p, id);

	return v != NULL ? v->text : (struct slice){ "", 0 };
}

/* The JSON as it was sent; n 0 when absent. */
static inline struct slice
params_json(const struct params *p, enum param_id id)
{
	const struct param *v = params_at(p, id);

	return v != NULL ? v->item.value : (struct slice){ "", 0 };
}

#endif

#ifndef PROTO_PARAMS_PRIV_H
#define PROTO_PARAMS_PRIV_H

/*
 * params_priv - what the files of params share: the row, the reading of one
 * value, and how a fault is put into words (api.md 4.5).
 */

#include "proto/params.h"

#define PARAMS_NTH 64 /* "name[i]" in a fault */

struct params_ctx {
	struct params *p;
	const struct params_source *source;
	struct pool *pool;
	struct err *e;
	struct slice inside; /* what names in faults are members of */
	long nth;            /* its element; -1 = itself */
};

struct params_row;

/* Check v->item by its row and fill v->text or v->number.  0, or -1. */
typedef int params_check_fn(struct params_ctx *c, const struct params_row *row,
    struct param *v);

/* A parameter, or a member of one. */
struct params_row {
	struct slice name;
	params_check_fn *check;
	int64_t low, high;
	const char *range; /* said when outside low and high */
};

/* All of these put the fault into words and return -1. */
int params_missing(struct params_ctx *c, const char *name);
int params_type(struct params_ctx *c, struct slice name, const char *expected,
    const struct jscan_item *got);
int params_value(struct params_ctx *c, struct slice name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int params_twice(struct params_ctx *c, struct slice name);
/* The vendor's own wording. */
int params_words(struct params_ctx *c, struct slice name, const char *text);

/* 0 when the item is of that type, else params_type(). */
int params_expect(struct params_ctx *c, struct slice name,
    const struct jscan_item *item, enum jscan_type type);

/*
 * Read the members of an object by a table: values[i] belongs to rows[i] and
 * its text.p is NULL when the member is absent or null.  *other_r (may be
 * NULL) is the first member that no row names.  The caller has entered it.
 */
struct params_members {
	const struct params_row *rows;
	unsigned n;
};

int params_read_members(struct params_ctx *c,
    const struct params_members *table, struct slice object,
    struct param *values, struct jscan_item *other_r);

/* The hook of params_body(): the array at hand into *arg, params_messages. */
struct jscan_reader;
int params_messages_scan(struct jscan_reader *s, struct jscan_item *item_r,
    void *arg);

/* One element of an array of content.  0 or -1. */
int params_part_scan(struct jscan_reader *s, struct params_messages *all);

/* The number itself, or the one inside a string; n 0 when it is neither. */
struct slice params_lenient(const struct param *v);

/* Names in faults stand behind "name." or "name[i].", until params_leave(). */
void params_enter(struct params_ctx *c, struct slice name);
void params_enter_nth(struct params_ctx *c, struct slice name, unsigned i);
void params_leave(struct params_ctx *c);

/* T(expected) of element i of an array itself. */
int params_type_nth(struct params_ctx *c, struct slice name, unsigned i,
    const char *expected, const struct jscan_item *got);

/* Whether it can be the name of a model at all (api.md 3). */
bool params_is_slug(struct slice s);

/* Rows of nested tables, and the table. */
#define PARAMS_NAME(name)                                                      \
	{                                                                      \
		name, sizeof name - 1                                          \
	}
#define PARAMS_TABLE(rows)                                                     \
	{                                                                      \
		rows, sizeof rows / sizeof *rows                               \
	}

/* One declaration for each check that params.def or a nested table names. */
params_check_fn params_check_bool, params_check_number, params_check_integer,
    params_check_string, params_check_object, params_check_array,
    params_check_string_or_object, params_check_flag,
    params_check_lenient_number, params_check_lenient_integer,
    params_check_identifier, params_check_text, params_check_weight,
    params_check_framing, params_check_without_effect;
params_check_fn params_check_messages, params_check_model,
    params_check_stream_options, params_check_max_completion_tokens,
    params_check_stop, params_check_logit_bias, params_check_top_logprobs,
    params_check_tools, params_check_tool_choice, params_check_response_format,
    params_check_extra_headers;
params_check_fn params_check_load_balance_group,
    params_check_load_balance_models, params_check_models, params_check_slugs,
    params_check_retry_params, params_check_customer_credentials,
    params_check_objects_map, params_check_strings_map,
    params_check_cache_options, params_check_prompt, params_check_api_controls;
params_check_fn params_check_customer_params, params_check_metadata;
params_check_fn params_check_input, params_check_encoding_format;

#endif

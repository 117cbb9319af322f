#ifndef PROTO_RECORD_DETAIL_H
#define PROTO_RECORD_DETAIL_H

/*
 * record_detail - limit_info and attempts of a record: the worker packs their
 * figures, the logger spells them out (logs.md 4, routing.md 12).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sbuf;

/* The names of logs.md 4. */
enum record_limit_name {
	RECORD_LIMIT_CUSTOMER,
	RECORD_LIMIT_CUSTOMER_TOTAL,
	RECORD_LIMIT_KEY,
	RECORD_LIMIT_KEY_TOTAL,
	RECORD_LIMIT_ORGANIZATION,
	RECORD_LIMIT_CREDITS,
	RECORD_LIMIT_NAMES
};

/* One account that limited the request; amounts in nano-USD. */
struct record_limit {
	int64_t name; /* enum record_limit_name */
	int64_t current, after, limit, held, needed, suspense;
	int64_t resets_s; /* since 1970; 0 = never */
};

/*
 * limit_info: the first appends whether the request was let in, then one
 * call for each account.
 */
void record_limits_begin(struct sbuf *packed, bool allowed);
void record_limits_add(struct sbuf *packed, const struct record_limit *l);

/* The JSON of packed bytes; "null" when they are none of ours. */
void record_limits_json(struct slice packed, struct sbuf *out);

/* One attempt at a provider.  Texts are cut at 512 bytes. */
struct record_attempt {
	int64_t n, started_us, duration_us, connect_us, first_byte_us;
	int64_t wait_us;        /* before it */
	int64_t retry_after_ms; /* the provider's wish; 0 = none */
	int64_t status;         /* 0 = none came */
	int64_t reused;         /* a kept connection */
	int64_t hold_nano, charge_nano, prompt_tokens, completion_tokens;
	struct slice model, provider, deployment, credential_source;
	struct slice credential_id; /* of a stored one; n 0 = null */
	struct slice upstream_host, upstream_model, outcome;
	struct slice error_class, error_message; /* n 0 = null */
	struct slice upstream_request_id;
};

void record_attempts_add(struct sbuf *packed, const struct record_attempt *a);
void record_attempts_json(struct slice packed, struct sbuf *out);

#endif

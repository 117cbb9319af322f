#ifndef WORKER_RETRY_H
#define WORKER_RETRY_H

/*
 * retry - what may follow a failed attempt, and after which wait:
 * spec/routing.md 5 and 6.
 *
 * Rules only: nothing waits here, nothing is counted, no clock is read.  What
 * they depend on comes as values; the plan of a request is not theirs.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct params;
struct req;
struct settings;

/* The rows of routing.md 5.2. */
enum failure_kind {
	FAILURE_DNS,
	FAILURE_CONNECT, /* refused, timed out, or no room in the pool */
	FAILURE_TLS,
	FAILURE_RESET, /* the connection broke before a byte of the reply */
	FAILURE_FIRST_BYTE,
	FAILURE_IDLE,
	FAILURE_TOTAL, /* the time of the attempt, not that of the request */
	FAILURE_MALFORMED,
	FAILURE_CUT,
	FAILURE_STATUS, /* of the provider, also inside a 200 or a stream */
	FAILURE_KINDS,
};

struct failure {
	enum failure_kind kind;
	int status; /* of FAILURE_STATUS; 0 = it named none: as 500 */
	bool callers_credential; /* the request brought it */
	bool in_stream; /* FAILURE_STATUS of an event: names its class */
};

/* How often one model is asked again. */
struct retry_rules {
	bool enabled;
	unsigned retries; /* N + 1 attempts; 0 when not enabled */
	int64_t retry_after_ms;
};

/* Of a request: retry_params, else retries, else the settings. */
void retry_rules_of(struct req *r, struct retry_rules *rules_r);

/* The same of its parts. */
void retry_rules_read(const struct settings *s, const struct params *p,
    struct retry_rules *rules_r);

/*
 * Those that hold after a 429 where no other deployment and no fallback is
 * left (routing.md 5.3): the request's own when they are enabled, else
 * routing.rate_limit_retries, the first after 1 s.  rules_r may be rules.
 */
void retry_rules_rate_limit(const struct settings *s,
    const struct retry_rules *rules, struct retry_rules *rules_r);

/* What may be done after a failure, before a byte was released. */
struct failure_policy {
	bool retry;              /* the same model, while retries remain */
	bool other_first;        /* before all: another deployment or entry */
	bool fallback_first;     /* 429: before a retry, and without a wait */
	bool fallback;           /* those that the request itself named */
	bool net;                /* the stored list and the safety net too */
	bool counts;             /* as a failure of the target's health */
	bool locks;              /* 401, 402, 403: the credential is ejected */
	const char *error_class; /* of routing.md 12; static */
};

/* The row of routing.md 5.2 that f falls into. */
void failure_policy(const struct settings *s, const struct failure *f,
    struct failure_policy *p_r);

/*
 * The wait before retry k (from 1), in ms: retry_after doubled k - 1 times, at
 * most retry.max_backoff, and up to a quarter of that on top as draw says (all
 * of 0 .. UINT32_MAX); at least the provider's wish (wish_ms; -1 = none).  -1:
 * do not wait, since the wish is over retry.max_wait or no time would be left
 * until deadline_ms (of the clock of now_ms; UINT64_MAX = none).
 */
int64_t retry_wait_ms(const struct settings *s, const struct retry_rules *r,
    unsigned k, int64_t wish_ms, uint32_t draw, uint64_t now_ms,
    uint64_t deadline_ms);

/*
 * A provider's wish from its headers: retry-after-ms, else retry-after in
 * seconds, decimals allowed, or an HTTP date against now_s (seconds since
 * 1970).  In ms, rounded up, at most RETRY_WISH_MAX_MS; -1: both are empty; 0:
 * what is there is unreadable, negative or past.
 */
#define RETRY_WISH_MAX_MS INT64_C(1000000000000) /* 31 years */
int64_t retry_wish_ms(struct slice retry_after_ms, struct slice retry_after,
    int64_t now_s);

#endif

#ifndef WORKER_REQ_H
#define WORKER_REQ_H

/*
 * req - one request from its first byte to its last.
 *
 * The steps of steps.def run in order; only req_run() moves req->step.  A
 * step that waits returns STEP_WAIT and later somebody calls req_run() again.
 * Whatever happens, settle and record run for every request that got past
 * identify, so that a hold always ends and nothing goes unrecorded.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/slice.h"
#include "net/client.h"
#include "net/loop.h"
#include "net/timer.h"
#include "proto/bound.h"
#include "proto/jscan.h"
#include "proto/paramhdr.h"
#include "proto/params.h"
#include "proto/record.h"
#include "proto/relay_frame.h"
#include "proto/routes.h"
#include "proto/usage.h"
#include "proto/edit.h"
#include "shm/hold.h"
#include "shm/inflight.h"
#include "shm/rate.h"

struct worker;

enum step_result {
	STEP_NEXT, /* go on */
	STEP_WAIT, /* a callback will call req_run() */
	STEP_DONE, /* the outcome is known: go to settle */
};

struct req;

#define STEP(name)                                                             \
	enum step_result step_##name##_run(struct req *r);                     \
	void step_##name##_cancel(struct req *r);
#include "worker/steps.def"
#undef STEP

enum step {
#define STEP(name) STEP_##name,
#include "worker/steps.def"
#undef STEP
	STEPS_END,
};

/* How the money of an attempt ends: spec/money.md 9. */
enum outcome {
	OUTCOME_NONE,     /* nothing was sent: 0 */
	OUTCOME_USAGE,    /* the provider said what it was */
	OUTCOME_NO_USAGE, /* whole answer, no usage */
	OUTCOME_ERROR,    /* the provider refused: 0 */
	OUTCOME_UNKNOWN,  /* sent whole, no answer: the hold */
	OUTCOME_CUT,      /* a part of an answer */
};

/* What the client gets, once the money is settled. */
enum answer_kind {
	ANSWER_NONE,   /* the client is gone, or the reply is out already */
	ANSWER_ERROR,  /* req->err, raised by us */
	ANSWER_BODY,   /* a whole body: status, headers, pieces */
	ANSWER_STREAM, /* a stream runs: its last frames */
	ANSWER_CUT,    /* a stream that failed: error event, no end */
};

#define ANSWER_PIECES 8

struct answer {
	enum answer_kind kind;
	unsigned status;
	bool from_provider; /* an error of the provider's */
	struct slice pieces[ANSWER_PIECES];
	unsigned n_pieces;
	int64_t retry_after_ms; /* 0 = none */
	bool retry_known;       /* send retry-after */
	int should_retry;       /* 1 true, -1 false, 0 not said */
};

/* What was chosen: one candidate. */
struct choice {
	const struct settings_model *model; /* NULL: an open model */
	struct slice slug, upstream_model;
	int32_t provider; /* index into the settings' list */
	struct target *target;
	enum provider_kind kind;
	/* Whose; NULL: the provider needs none. */
	const struct credential *credential;
};

struct ask;
struct credential;
struct decode;
struct dialect;
struct embed;
struct encode;
struct fetch;
struct google;
struct inbound;
struct plan;

/* One account that the request touches. */
struct req_account {
	struct hold_account hold;
	int64_t limit_nano; /* as its owner is defined; MONEY_NONE */
	int64_t end_s;      /* of its period; INT64_MAX = never */
};

enum cache_state {
	CACHE_OFF,
	CACHE_MISS,
	CACHE_HIT,
	CACHE_COLLAPSED,
	CACHE_BYPASS,
};

struct req_cache {
	enum cache_state state;
	bool lookup, store; /* what the request wants of it */
	bool spared;        /* and what it gets: the answer is not stored */
	bool leads, follows;
	bool followed; /* waited for a twin at some time */
	/* Of the text of the key (worker/cachekeys.h); n 0: not kept. */
	struct slice text;
	uint64_t mark, twin;   /* shm/sieve.h, shm/inflight.h */
	bool keyed;            /* key is filled */
	unsigned char key[32]; /* the SHA-256 */
	struct inflight_ref flight;
	bool asked;          /* what it wants is known */
	bool key_due;        /* the key is being made */
	uint64_t give_up_ms; /* of a follower */
	int64_t ttl_s, max_age_s;
	int64_t age_s, saved_cost_nano; /* of a hit */
	struct slice model, provider;   /* that made the entry */
};

/* Each open stream holds one: flags lie side by side. */
struct req {
	struct worker *w;
	struct list link; /* among the requests of the worker */
	struct pool *pool;
	struct exchange *x;    /* NULL when the reply is out or nobody waits */
	struct exchange *left; /* the client's that went: its body is ours */
	struct defer defer;
	struct timer timer;   /* of what is waited for, or the whole */
	uint64_t deadline_ms; /* of the whole; TIMER_NEVER */

	enum step step; /* the next one */
	bool waiting, running, again, ended;
	bool client_gone;

	/* Who and what. */
	unsigned char id[16];
	bool no_cache, no_store; /* Cache-Control of the request */
	bool forwarded;          /* a proxy stands between */
	bool all_models;         /* a list: those without credentials too */
	bool form_type;          /* curl's default media type */
	uint64_t arrived_ns;
	int64_t arrived_us;
	struct routes_match route;
	struct key *key;                     /* NULL until identified */
	struct slice http_method, http_path; /* for access.log */
	struct slice client_request_id, user_agent, client_address;
	struct slice route_provider; /* X-Respan-Route-Provider; n 0 = none */
	const char *verdict;         /* why the key was refused, for the log */
	uint64_t refuse_ms;          /* tell the refusal then; 0 = at once */
	struct slice raw_headers[PARAMHDR_COUNT]; /* p NULL = absent */
	struct slice openai_headers; /* lines for a caller's own credential */

	/* The body and what it says. */
	struct slice body;
	struct customer *customer; /* NULL = none */
	bool counted;              /* by the metrics, at its end */
	bool logged;               /* a record is written then, too */
	bool parsed;               /* params is filled */
	bool stream;

	/* Of a client that does not speak chat. */
	bool native;              /* the provider speaks the client's dialect */
	bool alt_sse;             /* Gemini: events, not an array */
	struct inbound *inbound;  /* NULL: it does */
	struct encode *encode;    /* of the answer, unless it is native */
	struct slice stored_name; /* of a stored answer: its id */
	int64_t stored_created_s; /* and its time */
	struct sbuf *raw;         /* of a native stream: what is to be sent */

	/* Where it goes. */
	struct plan *plan; /* NULL: to the model that it names */
	struct choice choice;
	uint32_t health; /* of the target that is asked; HEALTH_NONE */
	bool probes;     /* it was ejected: others wait for what comes of it */
	bool cost_known;
	bool token_retried;            /* a token was refused already */
	const struct dialect *dialect; /* NULL: the client's own bytes pass */
	const struct embed *embed;     /* the same for embeddings */
	struct ask *ask;               /* the request, read for dialects */
	struct fetch *fetch;           /* images of it that came by URL */
	struct decode *decode;         /* of an answer in one */
	struct google *google; /* whose token is waited for; NULL: none */
	struct slice token;    /* of Google, for this attempt */
	int64_t
	    in_tokens; /* its word on the input, before all usage; 0: none */
	const struct usage *head_usage; /* as source_head has it, or NULL */
	const struct settings_price *price;
	uint64_t validated_ns; /* params were good */

	/* Money. */
	struct req_account *accounts; /* n_accounts, of the pool */
	uint32_t n_accounts;
	int32_t markup_bp; /* of the customer */
	uint32_t slot;     /* SLOT_NONE before step limit and after its end */
	bool sent;         /* the slot says SENT */
	bool limited;      /* one of them has a limit */
	bool prepared;     /* edit, bound and price of this attempt are known */
	bool held_tried;   /* seen is filled, when limited */
	bool used;         /* its key was charged with a use */
	bool refused_by_budget;
	bool upserted;    /* customer_params were applied */
	bool over_tokens; /* refused for its tokens a minute */
	bool has_usage;
	bool thought; /* figures so far, of no whole answer, tell of thoughts */
	bool unenforced;                 /* served while the book was away */
	struct slice detail;             /* of the refusal, for "detail" */
	struct hold_refusal *refusal;    /* of the last hold; NULL = none */
	struct hold_seen *seen;          /* of each account */
	uint32_t counter[SLOT_COUNTERS]; /* concurrency words entered */
	uint64_t ticket;                 /* of a customer record, 0 = none */
	/* The tightest window of each kind; limit 0 = none. */
	struct rate_state rate[RATE_WINDOWS];
	struct rate_state *callers_rate; /* as it was before a target's */
	unsigned rated; /* bits of those whose windows were taken */
	enum outcome outcome;
	struct bound bound;
	int64_t put_max_tokens;
	int64_t hold_nano; /* the highest of all attempts */
	struct usage usage;
	int64_t cost_nano, suspense_nano; /* of the cost, the part in doubt */
	/* What the customer's book says: with the markup. */
	int64_t charge_nano, charge_suspense_nano;
	/* By earlier attempts. */
	int64_t spent_nano, spent_charge_nano, spent_suspense_nano;
	const char *usage_source;
	/* Since when it waits, 0 = it does not. */
	uint64_t keeper_since_ms; /* for the keeper */
	uint64_t held_since_ms;   /* for money that others hold */

	struct req_cache cache;

	struct platform *platform; /* NULL: not of the platform API */

	/* The attempt. */
	struct source *source;
	bool fresh;     /* not on a kept connection (C6) */
	bool done;      /* the outcome is known: go on to settle */
	bool whole;     /* not a stream for the client, or an error */
	bool in_flight; /* counted as such */
	bool reused;
	bool released;   /* the client has bytes of it, or will */
	bool paused;     /* the client is slow: the source waits */
	bool prepares;   /* a stream's request is on its way: make ready */
	bool head_ready; /* of a streamed reply: answer_prepare_stream() */
	bool sent_bytes; /* the first byte has left, or is about to */
	int64_t length;  /* of the provider's body; -1 = not told */
	unsigned attempts, retried; /* retried: those that another followed */
	uint64_t asked_ns, first_ns, ended_ns; /* of the upstream */
	uint64_t before_ns; /* went to attempts that failed, and to waits */
	const struct call_info
	    *call_info;  /* of a call that failed, else NULL */
	unsigned finish; /* of enum relay_finish_reason */
	int upstream_status;
	const char *attempt_error; /* error_class, or NULL */
	struct slice upstream_request_id;
	struct relay *relay; /* of a stream */
	struct relay *ready; /* the same, before the provider's head */
	struct sbuf *held;   /* output before release; body, joined */
	uint64_t released_ns, wrote_ms;
	uint64_t events_seen, moved_ms; /* of a stream: when the last came */
	const struct relay_error *provider_error; /* in a stream; of relay */
	struct slice provider_code, upstream_error;
	uint64_t ready_ns;
	int64_t head_us;     /* arrival of the provider's head */
	uint64_t text_bytes; /* of output seen */
	struct slice response_model;
	uint32_t log_index[RECORD_SOURCES]; /* fragments so far, per source */
	uint64_t log_message;      /* number in the log lane; 0 = none yet */
	bool tool_calls, declined; /* a refusal of the model's */
	bool write_usage;          /* in our own form */
	bool log_broken;           /* a fragment was dropped */
	bool answer_kept;          /* its pieces are the pool's */
	bool log_omitted;
	bool slot_taken; /* step limit was passed */
	uint64_t replied_ns, overhead_ns;
	uint64_t bytes_sent; /* of the body of the reply */
	struct answer answer;
	const struct err *err; /* why it failed; kind NONE: it did not */

	/* From here on: not cleared, filled by the step that needs it. */
	struct jscan_body json;
	struct params params;
	struct splice_result edit;
	struct bound_request bound_request;
};

/* A request whose head has come; the exchange is taken. */
struct req *req_new(struct worker *w, struct exchange *x);

/* Run steps until one waits or the request is over. */
void req_run(struct req *r);

/* Go on at the end of this turn: from callbacks that may be inside a step. */
void req_wake(struct req *r);

/* Go on in the next turn of the loop. */
void req_next_turn(struct req *r);

/* The client left: undo what is waited for, settle, record. */
void req_gone(struct req *r);

/* The buffer r->held, made when it is first asked for. */
struct sbuf *req_held(struct req *r);

/*
 * Where a step says why it fails, just before req_fail(), which keeps it in
 * r->err: an error is large and few requests have one.
 */
struct err *req_err(struct req *r);

/* Keep what req_err() holds without ending the request. */
void req_keep_err(struct req *r);

/* End it with the error in req_err(); returns STEP_DONE. */
enum step_result req_fail(struct req *r);

/* The same from a callback, while a step waits. */
void req_fail_waiting(struct req *r);

/* At a fast stop: what could not be settled stays with the master's reaping. */
void req_end_now(struct req *r);

/* The media type of the body: 0, or -1 with ERR_MEDIA_TYPE. */
struct http1_head;
int receive_check_media(struct req *r, const struct http1_head *h,
    struct err *e);

/* "relay": for crash notes and the lag line. */
const char *step_name(enum step step);

/* Deadline of what the current step waits for; 0 = only the whole. */
void req_wait_until(struct req *r, uint64_t deadline_ms);

#endif

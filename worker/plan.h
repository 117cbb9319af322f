#ifndef WORKER_PLAN_H
#define WORKER_PLAN_H

/*
 * plan - which models a request may be answered by, in which order, and what
 * follows a failure: spec/routing.md 2, 3, 5.
 *
 *	primaries   one that is named, or those that are drawn among
 *	fallbacks   of the request, the group, the settings or the router;
 *	            then the safety net
 *
 * A request whose model is named and answers at once has none: it is made by
 * the first failure, or by who asks for more than one model.
 */

#include "base/sbuf.h"
#include "worker/attempt.h"
#include "worker/candidate.h"
#include "worker/retry.h"

#define PLAN_WARNINGS 80    /* all that a request can name */
#define PLAN_CREDENTIALS 16 /* of one provider that are not drawn again */

/* Why a model was passed by: a member of warnings_dict. */
struct plan_warning {
	struct slice model, reason;
};

/* What a client is told when nobody else can be asked. */
struct plan_last {
	struct answer answer;
	struct choice choice;
	const struct err *err;
	const struct relay_error *provider_error;
	struct slice provider_code, upstream_error, upstream_request_id;
	int upstream_status;
	const char *attempt_error;
	struct usage usage;
	bool has_usage;
	const char *usage_source;
	struct rate_state rate[RATE_WINDOWS];
};

struct plan {
	struct candidate *primaries, *fallbacks;
	unsigned n_primaries, n_fallbacks;
	unsigned n_explicit;     /* fallbacks that the request names itself */
	struct candidate *cures; /* for what went wrong: before all others */
	unsigned n_cures;
	unsigned cured; /* bits of the causes whose models these are */
	int64_t
	    too_small; /* a window that the request did not fit in; 0 = none */
	bool fallbacks_made;
	bool no_net;              /* only those: the caller's key was refused */
	struct slice group_id;    /* as the log has it */
	bool grouped;             /* the primaries are a group's */
	const struct slice *more; /* the group's or the router's fallbacks */
	unsigned n_more;

	struct candidate *now;      /* who is asked; NULL: nobody yet */
	bool again;                 /* the same once more */
	bool named;                 /* the primary is what the request names */
	bool forced;                /* the last hope: whatever its health is */
	struct candidate *insists;  /* whose retry is due, after a wait */
	struct candidate *unlikely; /* named, and unable by the catalogue */
	struct candidate *ejected;  /* whose time ends first */
	uint64_t ejected_until_ns;
	/* Of the first that was passed by; NULL: nobody was. */
	struct err *err;
	struct answer err_answer;
	struct slice err_detail;
	bool err_tokens;
	struct rate_state err_rate[RATE_WINDOWS];
	struct retry_rules rules;
	unsigned retries; /* of this model, counted */
	uint64_t tried[PLAN_CREDENTIALS];
	unsigned n_tried;
	uint64_t wait_until_ms; /* 0: at once */
	uint64_t waits_since_ns;
	int64_t wait_us; /* before the attempt at hand */

	struct plan_last *last;       /* NULL: nobody was asked */
	struct sbuf attempts;         /* those that another followed, packed */
	struct record_attempt *ended; /* the last, if none did so far */
	enum attempt_outcome ended_how;
	struct plan_warning *warnings;
	unsigned n_warnings;
};

/* Of the pool, with its buffers freed by plan_free(). */
struct plan *plan_of(struct req *r);
void plan_free(struct req *r);

/* Append to the record's warnings, as "a: b; c: d" and as an object. */
void plan_write_warnings(const struct plan *p, struct sbuf *text,
    struct sbuf *json);

/* -- plan_read.c -- */

/* Whether the request comes to one model by its name: routing.md 2. */
bool plan_names(struct req *r, struct slice *name_r);

/* Else: the primaries of r->plan.  0, or -1 with req_err(). */
int plan_read(struct req *r);

/* Fill fallbacks, once. */
void plan_make_fallbacks(struct req *r);

/* -- plan_next.c -- */

/*
 * r->choice becomes who is to be asked next.  1; 0: not yet, r->timer is set;
 * -1: nobody is left, and the answer is what it was or req_err().
 */
int plan_next(struct req *r);

/* The wait of plan_next() is over, or nobody waits any more. */
void plan_waited(struct req *r);

/*
 * Past r->choice, which cannot be asked: the reason into the log, NULL is that
 * of req_err().  plan_next() is due.
 */
void plan_skip(struct req *r, const char *reason);

/* The same from behind its hold, which is given back.  STEP_NEXT. */
enum step_result plan_unasked(struct req *r);

/* plan_skip() of one that is ejected. */
void plan_eject(struct req *r, uint64_t until_ns);

/*
 * This credential is not drawn again while there are others.  False: too many
 * are noted.
 */
bool plan_tried(struct req *r, uint64_t credential);

/* plan_next() has said -1: the answer.  STEP_DONE. */
enum step_result plan_over(struct req *r);

/* -- plan_failed.c and plan_cause.c -- */

/*
 * The attempt has failed; r->answer or r->err says how.  True: another
 * follows, the request goes back to choose; false: that is the answer.
 */
bool plan_failed(struct req *r, enum failure_kind kind, int status);

/* Whether plan_filtered() has another model to ask. */
bool plan_heals_filtered(struct req *r);

/*
 * The answer is whole and without a word, since a content filter took them
 * away.  True: another model is asked, as after a failure.
 */
bool plan_filtered(struct req *r);

/* Whether the settings have models for that. */
bool plan_wants_filtered(const struct req *r);

/* It is lost and made once more at once, uncounted.  False: no lane. */
bool plan_repeat(struct req *r, const char *class);

#endif

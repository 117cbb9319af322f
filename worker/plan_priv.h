#ifndef WORKER_PLAN_PRIV_H
#define WORKER_PLAN_PRIV_H

/*
 * plan.c         its life, and what the log hears of it
 * plan_read.c    the lists, from the request's parameters
 * plan_next.c    who is asked
 * plan_failed.c  what a failure leads to
 * plan_cause.c   failures that another kind of model may heal
 */

#include "worker/plan.h"

/* A member of warnings_dict: why a model was passed by. */
void plan_warn(struct req *r, struct slice model, const char *reason);

/* -- plan_next.c -- */

/* Of those in the list that may be asked the first; the others are passed by.
 */
struct candidate *plan_first(struct req *r, struct candidate *list, unsigned n);
struct candidate *plan_fallback(struct req *r);

/* It is one of the cures, which are asked before the fallbacks. */
bool plan_is_cure(const struct plan *p, struct slice slug);

/* Of the cures the next that may be asked, or NULL. */
struct candidate *plan_cure_left(struct req *r);

/* -- plan_failed.c -- */

/* Was that model asked already? */
bool plan_has_asked(const struct plan *p, struct slice slug);

/* On to another model; the attempt has ended.  False: there is no lane. */
bool plan_leave(struct req *r);

/* -- plan_cause.c -- */

/* A provider says that the request is too long for its model. */
bool plan_is_too_long(const struct req *r, int status);

/*
 * A provider's refusal with that status is of a kind that the settings name
 * models for: they come first.  False: it is not, or they have been asked.
 */
bool plan_cure(struct req *r, int status);

#endif

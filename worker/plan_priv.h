#ifndef WORKER_PLAN_PRIV_H
#define WORKER_PLAN_PRIV_H

/*
 * plan.c        who is next, and what a failure leads to
 * plan_read.c   the lists, from the request's parameters
 */

#include "worker/plan.h"

/* A member of warnings_dict: why a model was passed by. */
void plan_warn(struct req *r, struct slice model, const char *reason);

#endif

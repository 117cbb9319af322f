#include "worker/fetch.h"
#include "worker/plan.h"

/* That others were asked before says that the request itself is in order. */
static enum step_result
fetch_pass(struct req *r)
{
	plan_skip(r, NULL);
	r->step = STEP_choose;
	return STEP_NEXT;
}

enum step_result
step_fetch_run(struct req *r)
{
	int got = fetch_images(r);

	if (got < 0)
		return r->plan != NULL && r->plan->last != NULL ? fetch_pass(r)
		                                                : req_fail(r);
	return got > 0 ? STEP_NEXT : STEP_WAIT;
}

void
step_fetch_cancel(struct req *r)
{
	fetch_stop(r);
}

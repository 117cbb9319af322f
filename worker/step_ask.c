#include "base/settings.h"
#include "worker/attempt.h"
#include "worker/google.h"
#include "worker/plan.h"
#include "worker/req.h"
#include "worker/source.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

enum step_result
step_ask_run(struct req *r)
{
	int got = 1;

	if (kind_auths[r->choice.kind] == AUTH_GOOGLE &&
	    r->choice.credential != NULL)
		got = google_token(r, &r->token);
	if (got == 0)
		return STEP_WAIT;
	/* Its account was refused or cannot be reached: nothing was sent. */
	if (got < 0)
		return plan_unasked(r);
	attempt_begin(r);
	r->done = false;
	r->prepares = false;
	if (params_has(&r->params, PARAM_mock_response))
		source_mock_start(r);
	else if (r->choice.target->demo)
		source_demo_start(r);
	else
		source_call_start(r);
	return STEP_NEXT;
}

void
step_ask_cancel(struct req *r)
{
	r->google = NULL;
}

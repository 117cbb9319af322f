#include "worker/attempt.h"
#include "worker/req.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

enum step_result
step_ask_run(struct req *r)
{
	attempt_begin(r);
	r->done = false;
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
	(void)r;
}

#include "worker/fetch.h"

enum step_result
step_fetch_run(struct req *r)
{
	int got = fetch_images(r);

	if (got < 0)
		return req_fail(r);
	return got > 0 ? STEP_NEXT : STEP_WAIT;
}

void
step_fetch_cancel(struct req *r)
{
	fetch_stop(r);
}

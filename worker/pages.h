#ifndef WORKER_PAGES_H
#define WORKER_PAGES_H

/*
 * pages - what is answered without a provider: health, readiness, probes of
 * the base URL, model lists.
 */

#include "worker/req.h"

/* Reply to a route that is no gateway call; STEP_DONE. */
enum step_result pages_serve(struct req *r);

#endif

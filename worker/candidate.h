#ifndef WORKER_CANDIDATE_H
#define WORKER_CANDIDATE_H

/*
 * candidate - a model that may be asked, and why it may not: spec/routing.md
 * 1.1, 5.1.
 */

#include "worker/req.h"

struct candidate {
	const struct settings_model *model; /* NULL: an open model */
	struct slice slug, upstream;
	int32_t provider; /* index into the settings' list */
	int64_t weight_nano;
	struct slice credentials; /* JSON of its entry; n 0: none of its own */
	bool over;                /* asked, or left out */
};

/* By any of its names.  1, or 0: nobody serves it. */
int candidate_find(const struct settings *s, struct slice name,
    struct candidate *c_r);

/*
 * May it be asked at all?  1; 0 with req_err(): the key may not use it, or its
 * provider is drained.
 */
int candidate_allowed(struct req *r, const struct candidate *c);

/* The same of the key alone, for the name as it is given. */
int candidate_may_name(struct req *r, struct slice name);

/* What the request asks and the model (NULL: open) lacks, as the log has it; or
 * NULL. */
const char *candidate_unable(struct req *r, const struct settings_model *m);

/* X-Respan-Route-Provider names a provider, or is absent.  0, or -1. */
int candidate_check_pin(struct req *r);

/*
 * c becomes the same model at that provider, of which
 * there is one.  1, also when none is asked for; 0: it does not serve it.
 */
int candidate_pin(const struct req *r, struct candidate *c);

/* r->choice becomes it, its target and its dialect still open. */
void candidate_choose(struct req *r, const struct candidate *c);

#endif

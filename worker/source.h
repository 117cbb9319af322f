#ifndef WORKER_SOURCE_H
#define WORKER_SOURCE_H

/*
 * source - where an answer comes from: a provider over HTTP, the demo
 * provider, a stored answer.
 *
 * A source is started by its own function, which sets req->source, and tells
 * the request what happens by the source_ functions below, in this order:
 * ready, head, data ..., end; or fail at any point.  None of them before the
 * starting function has returned but ready.  After end, fail and cancel the
 * source is gone.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/client.h"

struct err;
struct req;
struct source;
struct worker;

struct source_ops {
	void (*pause)(struct source *s);
	void (*resume)(struct source *s);
	/* Stop at once, no callback after. */
	void (*cancel)(struct source *s);
	/* The answer is whole: end by itself, no callback after. */
	void (*detach)(struct source *s);
	/* What is known when it failed; may be NULL. */
	void (*info)(const struct source *s, struct call_info *info_r);
};

/* The first member of every source. */
struct source {
	const struct source_ops *ops;
	struct req *req;
};

/* What a head says. */
struct source_head {
	unsigned status;
	struct slice content_type;
	int64_t length;         /* of the body; -1 = not told */
	int64_t retry_after_ms; /* the provider's wish; -1 = none */
	struct slice request_id;
	struct slice error_name;   /* Bedrock's, in a header; "" = none */
	const struct usage *usage; /* of Bedrock's headers; NULL = none */
	bool encoded;              /* a content coding, though refused */
};

/* Start the provider of req->choice. */
void source_call_start(struct req *r);
/* Free the memory that calls leave for others, at the end of the process. */
void source_call_forget(struct worker *w);

void source_demo_start(struct req *r);
/* mock_response: answered with this text, at no cost. */
void source_mock_start(struct req *r);

static inline void
source_cancel(struct source **sp)
{
	struct source *s = *sp;

	*sp = NULL;
	if (s != NULL)
		s->ops->cancel(s);
}

static inline void
source_detach(struct source **sp)
{
	struct source *s = *sp;

	*sp = NULL;
	if (s != NULL)
		s->ops->detach(s);
}

static inline void
source_pause(struct source *s)
{
	if (s != NULL && s->ops->pause != NULL)
		s->ops->pause(s);
}

static inline void
source_resume(struct source *s)
{
	if (s != NULL && s->ops->resume != NULL)
		s->ops->resume(s);
}

/* What a source tells; implemented by the steps ask and relay. */
void source_ready(struct req *r); /* the first byte leaves now */
void source_head(struct req *r, const struct source_head *h);
void source_data(struct req *r, struct slice bytes);
void source_end(struct req *r);
void source_fail(struct req *r, enum call_failure failure, const struct err *e);

#endif

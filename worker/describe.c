#include "worker/describe.h"

#include "base/money.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/inbound.h"
#include "proto/bound.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/* Members that have a provider search: xAI, OpenRouter, Qwen. */
static bool
describe_is_search(const struct jscan_item *member)
{
	static const struct slice names[] = { SLICE("search_parameters"),
		SLICE("plugins"), SLICE("enable_search") };

	if (member->type == JSCAN_NULL ||
	    (member->type == JSCAN_BOOL && !jscan_true(member)))
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (jstr_is(member, names[i]))
			return true;
	return false;
}

static bool
describe_searches(const struct params *p)
{
	for (unsigned i = 0; i < p->body->n; i++)
		if (p->body_ids[i] == PARAM_UNKNOWN &&
		    describe_is_search(&p->body->members[i]))
			return true;
	return false;
}

/* What the chat form of a request in its own dialect does not show. */
static void
describe_own(const struct inbound *in, struct bound_request *q)
{
	q->unsized_media |= in->unsized;
	q->tools |= in->own_tools;
	q->provider_tools |= in->runs_tools;
	q->audio_out |= in->speaks;
}

static bool
describe_has(struct slice json, struct slice form)
{
	return memmem(json.p, json.n, form.p, form.n) != NULL;
}

/* The string "1h" of a marker, in all the ways in which JSON writes it. */
static bool
describe_says_1h(struct slice json)
{
	return describe_has(json, SLICE("\"1h\"")) ||
	       (describe_has(json, SLICE("\\u00")) &&
		   (describe_has(json, SLICE("\\u0031")) ||
		       describe_has(json, SLICE("1\\u0068\""))));
}

/* A long body is searched once: what is made of it says no more. */
static bool
describe_has_headers(const struct req *r)
{
	for (int i = 0; i < PARAMHDR_COUNT; i++)
		if (r->raw_headers[i].p != NULL)
			return true;
	return false;
}

/* Writing to the provider's cache for an hour is dearer. */
static bool
describe_caches_1h(const struct req *r, const struct slice *pieces, unsigned n)
{
	if (r->price->cache_write_1h == MONEY_NONE)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (describe_says_1h(pieces[i]))
			return true;
	return false;
}

void
describe_params(const struct req *r, struct bound_request *q)
{
	const struct params *p = &r->params;

	memset(q, 0, sizeof *q);
	q->images = p->messages.images;
	q->unsized_media = p->messages.audios > 0 || p->messages.documents > 0;
	q->audio_in = p->messages.audios > 0;
	q->audio_out = params_has(p, PARAM_audio);
	q->tools = params_has(p, PARAM_tools) || params_has(p, PARAM_functions);
	q->provider_tools =
	    params_has(p, PARAM_web_search_options) || describe_searches(p);
	q->n = params_number(p, PARAM_n, 1);
	q->max_tokens = params_max_tokens(p);
	q->embeddings = r->route.route == ROUTE_EMBEDDINGS;
}

void
describe_request(struct req *r)
{
	struct bound_request *q = &r->bound_request;

	describe_params(r, q);
	q->searches = r->w->settings->budgets_searches_per_request;
	q->cache_1h = describe_caches_1h(r, &r->body, 1);
	if (r->native)
		describe_own(r->inbound, q);
}

/* Base64 media in the body, as it is sent: some dialects leave some out. */
static size_t
describe_media(const struct req *r)
{
	if (r->dialect != NULL && !r->native && r->ask != NULL)
		return r->ask->chat.media_sent;
	return r->params.messages.media_bytes;
}

void
describe_body(struct req *r)
{
	struct bound_request *q = &r->bound_request;

	q->body_bytes = (int64_t)(r->edit.len - describe_media(r));
	if (!q->cache_1h && describe_has_headers(r))
		q->cache_1h = describe_caches_1h(r, r->edit.pieces, r->edit.n);
}

#include "worker/prepare.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

static void
prepare_edit(struct req *r, int64_t put_max_tokens)
{
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_model *m = r->choice.model;
	struct edit_options o = {
		.model = r->choice.upstream_model,
		.add_usage = r->stream && p->ask_usage,
		.quirks = p->quirks,
		.put_max_tokens = put_max_tokens,
	};

	/* OpenAI itself takes the new name always, the old one not always. */
	o.use_max_completion_tokens =
	    p->max_name == MAX_COMPLETION_TOKENS ||
	    ((p->quirks & QUIRK_DEV_ROLE) != 0 &&
		params_has(&r->params, PARAM_max_completion_tokens)) ||
	    (m != NULL &&
		(m->features & FEATURE_MAX_COMPLETION_TOKENS_ONLY) != 0);
	edit_body(&r->params, &o, r->pool, &r->edit);
}

/* The request in memory, read once for all attempts. */
static struct ask *
prepare_ask(struct req *r)
{
	struct ask *a = r->ask;

	if (a != NULL)
		return a;
	a = pool_zalloc(r->pool, sizeof *a);
	a->params = &r->params;
	a->pool = r->pool;
	memcpy(a->id, r->id, sizeof a->id);
	a->stream = r->stream;
	if (chat_read(&r->params, r->pool, &a->chat, req_err(r)) != 0)
		return NULL;
	r->ask = a;
	return a;
}

/* What this attempt adds to it. */
static void
prepare_choice(struct req *r, struct ask *a, int64_t put_max_tokens)
{
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_model *m = r->choice.model;

	a->model = r->choice.upstream_model;
	a->quirks = p->quirks;
	a->features = m != NULL ? m->features : 0;
	a->max_output = m != NULL ? m->max_output : 0;
	a->max_tokens =
	    put_max_tokens > 0 ? put_max_tokens : params_max_tokens(&r->params);
	a->send_user = r->w->settings->anthropic_send_user;
	a->forced = FORCED_NONE;
}

static int
prepare_dialect(struct req *r, int64_t put_max_tokens)
{
	struct ask *a = prepare_ask(r);
	struct sbuf *b = &r->w->scratch;

	if (a == NULL)
		return -1;
	prepare_choice(r, a, put_max_tokens);
	sbuf_clear(b);
	if (r->dialect->ask(a, b, req_err(r)) != 0)
		return -1;
	r->edit.pieces = pool_alloc(r->pool, sizeof *r->edit.pieces);
	r->edit.pieces[0] = pool_copy(r->pool, sbuf_slice(b));
	r->edit.n = 1;
	r->edit.len = b->len;
	return 0;
}

int
prepare_body(struct req *r, int64_t put_max_tokens)
{
	if (r->dialect != NULL)
		return prepare_dialect(r, put_max_tokens);
	prepare_edit(r, put_max_tokens);
	return 0;
}

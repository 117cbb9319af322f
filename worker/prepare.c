#include "worker/prepare.h"

#include "base/err.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "dialect/embed.h"
#include "dialect/inbound.h"
#include "dialect/native.h"
#include "dialect/plain.h"
#include "worker/client_dialect.h"
#include "worker/google.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/* A body of one piece. */
static void
prepare_whole(struct req *r, const struct sbuf *b)
{
	r->edit.pieces = pool_alloc(r->pool, sizeof *r->edit.pieces);
	r->edit.pieces[0] = pool_copy(r->pool, sbuf_slice(b));
	r->edit.n = 1;
	r->edit.len = b->len;
}

/*
 * What was said again as chat has members that only some providers of this
 * dialect understand.
 */
static void
prepare_plain(struct req *r)
{
	const struct settings_provider *p = r->choice.target->provider;
	struct slice id = settings_str(r->w->settings, p->name);
	bool router = slice_eq(id, SLICE("openrouter"));
	const struct plain_keep keep = {
		.cache_control = router,
		.reasoning_details = router,
		.extra_content = slice_eq(id, SLICE("gemini_openai")),
		.reasoning_content = (p->quirks & QUIRK_REASONING_BACK) != 0,
	};
	struct sbuf chat = { 0 }, *b = &r->w->scratch;

	for (unsigned i = 0; i < r->edit.n; i++)
		sbuf_add_slice(&chat, r->edit.pieces[i]);
	sbuf_clear(b);
	plain_body(sbuf_slice(&chat), &keep, b);
	sbuf_free(&chat);
	prepare_whole(r, b);
}

static int
prepare_edit(struct req *r, int64_t put_max_tokens)
{
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_model *m = r->choice.model;
	struct edit_options o = {
		.model = r->choice.upstream_model,
		.add_usage = r->stream && p->ask_usage,
		.quirks = p->quirks,
		.features = m != NULL ? m->features : 0,
		.reasoning = (enum provider_reasoning)p->reasoning,
		.schema = (enum provider_schema)p->json_schema,
		.put_max_tokens = put_max_tokens,
	};

	o.use_max_completion_tokens = edit_uses_completion_cap(&r->params,
	    (enum provider_max)p->max_name, m != NULL ? m->features : 0);
	if (edit_check(&r->params, &o, req_err(r)) != 0)
		return -1;
	edit_body(&r->params, &o, r->pool, &r->edit);
	if (r->inbound != NULL)
		prepare_plain(r);
	return 0;
}

/* "by the provider" is not what the client asked for: the model is. */
static int
prepare_refuse(struct req *r)
{
	struct err *e = req_err(r);
	char param[sizeof e->param];

	if (e->kind != ERR_UNSUPPORTED_PARAMETER)
		return -1;
	memcpy(param, e->param, sizeof param);
	return err_param(e, e->kind, param,
	    "Parameter '%s' is not supported by %.*s.", param,
	    SLICE_ARGS(r->choice.slug));
}

/* What all attempts share. */
static struct ask *
prepare_ask(struct req *r)
{
	struct ask *a = r->ask;

	if (a != NULL)
		return a;
	r->ask = a = pool_zalloc(r->pool, sizeof *a);
	a->params = &r->params;
	a->pool = r->pool;
	memcpy(a->id, r->id, sizeof a->id);
	a->stream = r->stream;
	a->send_user = r->w->settings->anthropic_send_user;
	return a;
}

/* What this attempt adds. */
static void
prepare_choice(struct req *r, struct ask *a, int64_t put_max_tokens)
{
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_model *m = r->choice.model;
	const struct credential *c = r->choice.credential;

	a->model = r->choice.upstream_model;
	if (c != NULL) {
		a->project = c->vertex_ai_project;
		if (a->project.n == 0 &&
		    kind_auths[r->choice.kind] == AUTH_GOOGLE)
			a->project = google_project(r);
		a->location = c->vertex_ai_location;
	}
	a->quirks = p->quirks;
	a->features = m != NULL ? m->features : 0;
	a->max_output = m != NULL ? m->max_output : 0;
	a->max_tokens =
	    put_max_tokens > 0 ? put_max_tokens : params_max_tokens(&r->params);
	a->forced = FORCED_NONE;
	a->output_asked = 0;
}

/* The client's own bytes, for a provider of its dialect. */
static RARE int
prepare_native(struct req *r, int64_t put_max_tokens)
{
	struct native_opts o = {
		.kind = r->choice.kind,
		.model = r->choice.upstream_model,
		.put_max_tokens = put_max_tokens,
		.counts = client_counts(r),
		.headers = r->inbound->headers,
	};
	struct splice_result got;

	prepare_choice(r, prepare_ask(r), put_max_tokens);
	if (native_body(r->inbound->body, &o, r->pool, &got, req_err(r)) != 0)
		return -1;
	r->edit = got;
	return 0;
}

int
prepare_chat(struct req *r)
{
	struct ask *a = prepare_ask(r);

	if (a->chat.messages == NULL &&
	    chat_read(&r->params, r->pool, &a->chat, req_err(r)) != 0)
		return prepare_refuse(r);
	return 0;
}

static RARE int
prepare_embed(struct req *r)
{
	struct ask *a = prepare_ask(r);
	struct sbuf *b = &r->w->scratch;

	prepare_choice(r, a, 0);
	sbuf_clear(b);
	if (embed_ask(r->embed, a, b, req_err(r)) != 0)
		return prepare_refuse(r);
	prepare_whole(r, b);
	return 0;
}

static int
prepare_dialect(struct req *r, int64_t put_max_tokens)
{
	struct ask *a = prepare_ask(r);
	struct sbuf *b = &r->w->scratch;

	prepare_choice(r, a, put_max_tokens);
	if (prepare_chat(r) != 0)
		return -1;
	sbuf_clear(b);
	a->chat.media_sent = 0;
	if (r->dialect->ask(a, b, req_err(r)) != 0)
		return prepare_refuse(r);
	prepare_whole(r, b);
	return 0;
}

int
prepare_body(struct req *r, int64_t put_max_tokens)
{
	if (r->native)
		return prepare_native(r, put_max_tokens);
	if (r->dialect != NULL)
		return prepare_dialect(r, put_max_tokens);
	if (r->embed != NULL)
		return prepare_embed(r);
	return prepare_edit(r, put_max_tokens);
}

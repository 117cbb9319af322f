#include "worker/pages.h"

#include "base/clock.h"
#include "base/sbuf.h"
#include "net/http1.h"
#include "proto/models.h"
#include "shm/segment.h"
#include "worker/answer.h"
#include "worker/keys.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define PAGES_SILENT_NS 5000000000 /* a keeper that beats is younger */

/* Whether the caller may use the model, and it can be called at all. */
static bool
pages_show(const struct settings *s, const struct settings_model *m, void *arg)
{
	struct req *r = arg;
	struct slice slug = settings_str(s, m->name);
	struct target *t = targets_get(r->w->targets, m->provider);

	if (r->key != NULL && !key_permits(r->key->def.models, slug))
		return false;
	if (r->all_models)
		return true;
	return credential_in_settings(r->w, t,
	    r->key != NULL ? r->key->def.environment : ENV_PROD, slug);
}

static enum step_result
pages_health(struct req *r, struct sbuf *b)
{
	bool ours = slice_eq(r->w->head->path, SLICE("/health"));

	sbuf_adds(b, ours ? "{\"status\":\"ok\"}" : "{\"message\":\"OK\"}");
	answer_page(r, 200, "application/json", sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result
pages_ready(struct req *r, struct sbuf *b)
{
	struct worker *w = r->w;
	uint64_t beaten = segment_beaten_ns(w->segment, ROLE_KEEPER);
	uint64_t silent = now_mono_ns() - beaten;

	if (beaten == 0) {
		sbuf_adds(b, "{\"ready\":false,\"reasons\":[\"keeper not "
			     "started\"]}");
	} else if (now_mono_ns() > beaten && silent > PAGES_SILENT_NS) {
		sbuf_addf(b,
		    "{\"ready\":false,\"reasons\":[\"keeper silent for %u "
		    "s\"]}",
		    (unsigned)(silent / 1000000000));
	} else if (w->draining || w->announced) {
		sbuf_adds(b, "{\"ready\":false,\"reasons\":[\"draining\"]}");
	} else {
		sbuf_adds(b, "{\"ready\":true}");
	}
	answer_page(r, b->data[9] == 't' ? 200 : 503, "application/json",
	    sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result
pages_probe(struct req *r, struct sbuf *b)
{
	sbuf_adds(b, "{\"name\":\"holdfast\",\"status\":\"ok\"}");
	answer_page(r, 200, "application/json", sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result
pages_models(struct req *r, struct sbuf *b)
{
	const struct http1_head *h = r->w->head;
	enum models_shape shape = MODELS_OPENAI;

	if (r->route.shape == ROUTE_SHAPE_GEMINI)
		shape = MODELS_GEMINI;
	else if (r->route.shape == ROUTE_SHAPE_ANTHROPIC ||
		 http1_find(h, SLICE("anthropic-version")).p != NULL)
		shape = MODELS_ANTHROPIC;
	r->all_models = slice_eq(h->query, SLICE("all=true"));
	models_write_list(r->w->settings, shape, pages_show, r, b);
	answer_page(r, 200, "application/json", sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result
pages_model(struct req *r, struct sbuf *b)
{
	r->all_models = true;
	if (!models_write_one(r->w->settings, r->route.rest, pages_show, r,
		b)) {
		err_param(req_err(r), ERR_MODEL_NOT_FOUND, "model",
		    "Requested model %.*s is not available in the model list",
		    (int)(r->route.rest.n < 200 ? r->route.rest.n : 200),
		    r->route.rest.p);
		return req_fail(r);
	}
	answer_page(r, 200, "application/json", sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result
pages_models_public(struct req *r, struct sbuf *b)
{
	if (!r->w->settings->server_public_models) {
		err_set(req_err(r), ERR_UNKNOWN_PATH, "no such endpoint %.*s",
		    SLICE_ARGS(r->w->head->path));
		return req_fail(r);
	}
	models_write_public(r->w->settings, pages_show, r, b);
	answer_page(r, 200, "application/json", sbuf_slice(b));
	return STEP_DONE;
}

static enum step_result (*const pages[])(struct req *r, struct sbuf *b) = {
	[ROUTE_HEALTH] = pages_health,
	[ROUTE_READY] = pages_ready,
	[ROUTE_PROBE] = pages_probe,
	[ROUTE_MODELS] = pages_models,
	[ROUTE_MODEL] = pages_model,
	[ROUTE_MODELS_PUBLIC] = pages_models_public,
};

enum step_result
pages_serve(struct req *r)
{
	struct sbuf *b = &r->w->body;

	sbuf_clear(b);
	return pages[r->route.route](r, b);
}

#include "worker/plan.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "worker/plan_priv.h"
#include "worker/worker_priv.h"

struct plan *
plan_of(struct req *r)
{
	struct plan *p = r->plan;

	if (p != NULL)
		return p;
	r->plan = p = pool_zalloc(r->pool, sizeof *p);
	retry_rules_of(r, &p->rules);
	if (r->choice.slug.n == 0)
		return p;
	p->primaries = p->now = pool_alloc(r->pool, sizeof *p->now);
	p->n_primaries = 1;
	p->named = true;
	*p->now = (struct candidate){ .model = r->choice.model,
		.slug = r->choice.slug,
		.upstream = r->choice.upstream_model,
		.provider = r->choice.provider };
	return p;
}

void
plan_free(struct req *r)
{
	if (r->plan != NULL)
		sbuf_free(&r->plan->attempts);
}

void
plan_warn(struct req *r, struct slice model, const char *reason)
{
	struct plan *p = plan_of(r);
	struct plan_warning *w;

	if (p->n_warnings == PLAN_WARNINGS)
		return;
	if (p->warnings == NULL)
		p->warnings =
		    pool_alloc(r->pool, PLAN_WARNINGS * sizeof *p->warnings);
	w = &p->warnings[p->n_warnings++];
	w->model = model;
	w->reason = pool_copy(r->pool, slice_str(reason));
}

/* An object has each name once: the last reason stands for all. */
static bool
plan_warns_again(const struct plan *p, unsigned i)
{
	for (unsigned k = i + 1; k < p->n_warnings; k++)
		if (slice_eq(p->warnings[k].model, p->warnings[i].model))
			return true;
	return false;
}

void
plan_write_warnings(const struct plan *p, struct sbuf *text, struct sbuf *json)
{
	for (unsigned i = 0; i < p->n_warnings; i++) {
		const struct plan_warning *w = &p->warnings[i];

		if (text->len > 0)
			sbuf_adds(text, "; ");
		sbuf_add_slice(text, w->model);
		sbuf_adds(text, ": ");
		sbuf_add_slice(text, w->reason);
		if (plan_warns_again(p, i))
			continue;
		sbuf_addc(json, json->len == 0 ? '{' : ',');
		sbuf_add_json(json, w->model);
		sbuf_addc(json, ':');
		sbuf_add_json(json, w->reason);
	}
	if (p->n_warnings > 0)
		sbuf_addc(json, '}');
}

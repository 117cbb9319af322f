/*
 * plan_cause - failures that another kind of model may heal: a request that is
 * too long, and one that a content filter refused.  The settings name models
 * for both, which are asked before all others.
 */

#include "base/pool.h"
#include "base/settings.h"
#include "proto/relay.h"
#include "worker/client_dialect.h"
#include "worker/plan_priv.h"
#include "worker/worker_priv.h"

enum cause { CAUSE_NONE, CAUSE_WINDOW, CAUSE_POLICY };

/* Codes of the providers' errors. */
static const struct {
	struct slice code;
	enum cause cause;
} codes[] = {
	{ SLICE("context_length_exceeded"), CAUSE_WINDOW },
	{ SLICE("string_above_max_length"), CAUSE_WINDOW },
	{ SLICE("too_many_prompt_tokens"), CAUSE_WINDOW },
	{ SLICE("exceed_context_size_error"), CAUSE_WINDOW },
	{ SLICE("content_policy_violation"), CAUSE_POLICY },
	{ SLICE("content_filter"), CAUSE_POLICY },
};

/* Words of those who have no code for it. */
static const struct {
	const char *words;
	enum cause cause;
} texts[] = {
	{ "maximum context length", CAUSE_WINDOW },
	{ "prompt is too long", CAUSE_WINDOW },
	{ "input is too long", CAUSE_WINDOW },
	{ "input tokens exceeded", CAUSE_WINDOW },
	{ "exceed context limit", CAUSE_WINDOW },
	{ "exceeds the maximum number of tokens", CAUSE_WINDOW },
	{ "content management policy", CAUSE_POLICY },
	{ "content policy", CAUSE_POLICY },
};

static enum cause
cause_of(const struct req *r)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (slice_eq(r->provider_code, codes[i].code))
			return codes[i].cause;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcasestr(r->err->text, texts[i].words) != NULL)
			return texts[i].cause;
	return CAUSE_NONE;
}

static struct slist
cause_models(const struct settings *s, enum cause cause)
{
	switch (cause) {
	case CAUSE_WINDOW:
		return s->routing_context_window_fallbacks;
	case CAUSE_POLICY:
		return s->routing_content_policy_fallbacks;
	case CAUSE_NONE:
		break;
	}
	return (struct slist){ 0, 0 };
}

/* Room for all that the settings name: who is asked keeps his place. */
static void
cause_make_room(struct req *r)
{
	const struct settings *s = r->w->settings;
	struct plan *p = plan_of(r);

	if (p->cures == NULL)
		p->cures = pool_alloc(r->pool,
		    (s->routing_context_window_fallbacks.n +
			s->routing_content_policy_fallbacks.n) *
			sizeof *p->cures);
}

/* More of p->cures; true when one of them is still to be asked. */
static bool
cause_cure(struct req *r, enum cause cause)
{
	const struct settings *s = r->w->settings;
	struct slist models = cause_models(s, cause);
	const struct sref *names = settings_list(s, models);
	struct plan *p;

	/* Who goes on with a conversation goes on with its provider. */
	if (models.n == 0 || client_goes_on(r) ||
	    params_bool(&r->params, PARAM_disable_fallback))
		return false;
	cause_make_room(r);
	p = r->plan;
	for (uint32_t i = 0; (p->cured >> cause & 1) == 0 && i < models.n;
	     i++) {
		struct candidate *c = &p->cures[p->n_cures];

		if (candidate_find(s, settings_str(s, names[i]), c) &&
		    !plan_is_cure(p, c->slug) && !plan_has_asked(p, c->slug))
			p->n_cures++;
	}
	p->cured |= 1u << cause;
	return plan_cure_left(r) != NULL;
}

bool
plan_is_too_long(const struct req *r, int status)
{
	return (status == 400 || status == 413) && cause_of(r) == CAUSE_WINDOW;
}

bool
plan_cure(struct req *r, int status)
{
	return (status == 400 || status == 413 || status == 403) &&
	       cause_cure(r, cause_of(r));
}

bool
plan_wants_filtered(const struct req *r)
{
	return r->w->settings->routing_content_policy_fallbacks.n > 0;
}

bool
plan_heals_filtered(struct req *r)
{
	return !r->released && (r->finish & RELAY_CONTENT_FILTER) != 0 &&
	       r->text_bytes == 0 && cause_cure(r, CAUSE_POLICY);
}

bool
plan_filtered(struct req *r)
{
	return plan_heals_filtered(r) && plan_leave(r);
}

#include "proto/bound.h"

#include "base/err.h"
#include "proto/price.h"
#include "proto/usage.h"

#define OVERHEAD 64         /* tokens of a chat template */
#define OVERHEAD_TOOLS 1024 /* hidden tool prompts */
#define IMAGE_TOKENS 5000
#define WINDOW_UNKNOWN (1 << 20) /* a model without a stated window */

struct bound_prices {
	int64_t in, out; /* the highest that can apply, pico */
	__int128 fees_nano;
};

static int64_t
bound_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
bound_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
bound_window(const struct settings_model *m)
{
	return m->context > 0 ? m->context : WINDOW_UNKNOWN;
}

int64_t
bound_input(const struct bound_request *q)
{
	return q->body_bytes +
	       (q->tools || q->provider_tools ? OVERHEAD_TOOLS : OVERHEAD);
}

int64_t
bound_image(const struct settings_model *m)
{
	return m->image_tokens_max > 0 ? m->image_tokens_max : IMAGE_TOKENS;
}

static int64_t
bound_in_tokens(const struct settings_model *m, const struct bound_request *q)
{
	int64_t sum = bound_input(q) + q->images * bound_image(m);

	if (q->unsized_media || q->provider_tools)
		return m->context > 0 ? m->context
		                      : bound_max(sum, WINDOW_UNKNOWN);
	return m->context > 0 ? bound_min(sum, m->context) : sum;
}

static int64_t
bound_out_tokens(const struct settings_model *m, const struct bound_request *q)
{
	int64_t most = m->max_output > 0 ? m->max_output : bound_window(m);
	int64_t each = q->max_tokens > 0
	                   ? bound_min(q->max_tokens, USAGE_TOKENS_MAX)
	                   : most;

	if (q->embeddings)
		return 0;
	if (m->features & FEATURE_REASONING_OUTSIDE_MAX)
		each += most;
	/* A client may ask for more than any provider can count. */
	return q->n * bound_min(each, USAGE_TOKENS_MAX);
}

static void
bound_raise(const struct price_rates *r, const struct bound_request *q,
    struct bound_prices *p)
{
	p->in = bound_max(p->in, bound_max(r->input, r->cached_input));
	p->in = bound_max(p->in, bound_max(r->cache_write, r->image_input));
	if (q->cache_1h)
		p->in = bound_max(p->in, r->cache_write_1h);
	if (q->audio_in || q->unsized_media)
		p->in = bound_max(p->in,
		    bound_max(r->audio_input, r->cached_audio_input));
	p->out = bound_max(p->out, bound_max(r->output, r->reasoning_output));
	if (q->audio_out)
		p->out = bound_max(p->out, r->audio_output);
	p->fees_nano = r->per_request;
	if (q->provider_tools)
		p->fees_nano += (__int128)q->searches * r->per_search;
}

/* Both sides of a tier: a mistaken row may be dearer below it. */
static void
bound_prices(const struct settings_model *m, const struct bound_request *q,
    int64_t in_tokens, struct bound_prices *p_r)
{
	struct price_rates r;

	*p_r = (struct bound_prices){ 0 };
	price_rates(&m->price, 0, &r);
	bound_raise(&r, q, p_r);
	if (m->price.tier_above <= 0)
		return;
	price_rates(&m->price, in_tokens, &r);
	bound_raise(&r, q, p_r);
}

static int
bound_cost(const struct bound_prices *p, int64_t in_tokens, int64_t out_tokens,
    int64_t *cost_nano_r, struct err *e)
{
	return price_round((__int128)in_tokens * p->in +
			       (__int128)out_tokens * p->out,
	    p->fees_nano, cost_nano_r, e);
}

int
bound_hold(const struct settings_model *m, const struct bound_request *q,
    struct bound *b_r, struct err *e)
{
	struct bound_prices p;

	b_r->in_tokens = bound_in_tokens(m, q);
	b_r->out_tokens = bound_out_tokens(m, q);
	bound_prices(m, q, b_r->in_tokens, &p);
	return bound_cost(&p, b_r->in_tokens, b_r->out_tokens, &b_r->cost_nano,
	    e);
}

int64_t
bound_max_tokens(const struct settings_model *m, const struct bound_request *q,
    int64_t free_nano, int64_t default_max, int64_t min_output)
{
	struct bound_prices p;
	__int128 buys = default_max;
	int64_t tokens;

	bound_prices(m, q, bound_in_tokens(m, q), &p);
	if (p.out > 0)
		buys = (__int128)(free_nano / 4) * 1000 / p.out / q->n;
	tokens = buys < default_max ? (int64_t)buys : default_max;
	tokens = bound_max(tokens, min_output);
	return m->max_output > 0 ? bound_min(tokens, m->max_output) : tokens;
}

int64_t
bound_clamp_tokens(const struct settings_model *m,
    const struct bound_request *q, int64_t free_nano, int64_t min_output)
{
	struct bound_request least = *q;
	struct bound_prices p;
	__int128 pico, buys;
	int64_t in = bound_in_tokens(m, q);

	/* What comes with the output whatever its bound. */
	least.max_tokens = 1;
	bound_prices(m, q, in, &p);
	if (p.out == 0)
		return 0;
	pico = ((__int128)free_nano - p.fees_nano) * 1000 -
	       (__int128)in * p.in -
	       (__int128)(bound_out_tokens(m, &least) - q->n) * p.out;
	buys = pico / p.out / q->n;
	if (buys < min_output)
		buys = min_output;
	return buys < q->max_tokens ? (int64_t)buys : 0;
}

/* What a fair guess at the tokens would cost. */
static int64_t
bound_estimate(const struct settings_model *m, const struct bound_seen *seen)
{
	struct usage u;
	struct err e;
	int64_t cost_nano;

	usage_of_totals(&u,
	    seen->in_tokens >= 0 ? seen->in_tokens
				 : bound_estimate_tokens(seen->body_bytes),
	    bound_estimate_tokens(seen->text_bytes));
	return price_cost(&m->price, &u, &cost_nano, &e) == 0 ? cost_nano
	                                                      : INT64_MAX;
}

void
bound_cut(const struct settings_model *m, const struct bound_request *q,
    const struct bound *hold, const struct bound_seen *seen,
    int64_t *charged_nano_r, int64_t *suspense_nano_r)
{
	int64_t in = seen->in_tokens >= 0 ? seen->in_tokens : hold->in_tokens;
	int64_t charged = hold->cost_nano, bound;
	struct bound_prices p;
	struct err e;

	bound_prices(m, q, bound_max(in, hold->in_tokens), &p);
	if (!seen->whole_hold &&
	    bound_cost(&p, in, seen->text_bytes, &bound, &e) == 0)
		charged = bound_min(charged, bound);
	*charged_nano_r = charged;
	*suspense_nano_r = bound_max(0, charged - bound_estimate(m, seen));
}

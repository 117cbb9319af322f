#include "proto/price.h"

#include "base/err.h"
#include "base/money.h"
#include "proto/usage.h"

static int64_t
price_or(int64_t special, int64_t general)
{
	return special != MONEY_NONE ? special : general;
}

static int64_t
price_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Above a tier every token costs the tier's price or more. */
static void
price_raise(const struct settings_price *p, struct price_rates *r)
{
	r->input = price_or(p->tier_input, r->input);
	r->output = price_or(p->tier_output, r->output);
	r->cached_input = price_or(p->tier_cached_input, r->input);
	r->cache_write = price_max(r->cache_write, r->input);
	r->cache_write_1h = price_max(r->cache_write_1h, r->input);
	r->audio_input = price_max(r->audio_input, r->input);
	r->cached_audio_input =
	    price_max(r->cached_audio_input, r->cached_input);
	r->image_input = price_max(r->image_input, r->input);
	r->reasoning_output = price_max(r->reasoning_output, r->output);
	r->audio_output = price_max(r->audio_output, r->output);
}

void
price_rates(const struct settings_price *p, int64_t prompt_tokens,
    struct price_rates *r_r)
{
	struct price_rates *r = r_r;

	*r = (struct price_rates){ 0 };
	if (!p->known)
		return;
	r->input = price_or(p->input, 0);
	r->output = price_or(p->output, 0);
	r->cached_input = price_or(p->cached_input, r->input);
	r->cache_write = price_or(p->cache_write, r->input);
	r->cache_write_1h = price_or(p->cache_write_1h, r->cache_write);
	r->audio_input = price_or(p->audio_input, r->input);
	r->cached_audio_input =
	    price_or(p->cached_audio_input, r->cached_input);
	r->image_input = price_or(p->image_input, r->input);
	r->reasoning_output = price_or(p->reasoning_output, r->output);
	r->audio_output = price_or(p->audio_output, r->output);
	r->per_request = price_or(p->per_request_nano, 0);
	r->per_search = price_or(p->per_search_nano, 0);
	if (p->tier_above > 0 && prompt_tokens > p->tier_above)
		price_raise(p, r);
}

int
price_round(__int128 pico, __int128 fees_nano, int64_t *nano_r, struct err *e)
{
	__int128 nano = (pico + 999) / 1000 + fees_nano;

	if (nano > INT64_MAX)
		return err_set(e, ERR_INTERNAL, "price: price out of range");
	*nano_r = (int64_t)nano;
	return 0;
}

/* The tokens at their prices, in pico-USD. */
static __int128
price_tokens(const struct price_rates *r, const struct usage *u)
{
	/* Who bills in units of his own has taken the cache off already. */
	if (u->has_billed)
		return (__int128)u->billed_in * r->input +
		       (__int128)u->billed_out * r->output;
	return (__int128)u->in_text * r->input +
	       (__int128)u->in_cached * r->cached_input +
	       (__int128)u->in_cache_write_5m * r->cache_write +
	       (__int128)u->in_cache_write_1h * r->cache_write_1h +
	       (__int128)u->in_audio * r->audio_input +
	       (__int128)u->in_audio_cached * r->cached_audio_input +
	       (__int128)u->in_image * r->image_input +
	       (__int128)u->out_text * r->output +
	       (__int128)u->out_reasoning * r->reasoning_output +
	       (__int128)u->out_audio * r->audio_output;
}

int
price_cost(const struct settings_price *p, const struct usage *u,
    int64_t *cost_nano_r, struct err *e)
{
	struct usage_figures f;
	struct price_rates r;
	__int128 fees;

	usage_sum(u, &f);
	price_rates(p, f.prompt, &r);
	fees = (__int128)u->requests * r.per_request +
	       (__int128)u->searches * r.per_search;
	return price_round(price_tokens(&r, u), fees, cost_nano_r, e);
}

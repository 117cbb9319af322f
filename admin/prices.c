/* prices - the verb prices: what a token of each model costs. */

#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/money.h"

#define PICO_OF_MILLION 1000 /* pico a token = 1,000 nano a million tokens */

static const struct price_member {
	const char *name;
	size_t offset;
	bool fee; /* nano-USD each, not pico-USD a token */
} members[] = {
#define PRICE(name, member, fee)                                               \
	{                                                                      \
		name, offsetof(struct settings_price, member), fee             \
	}
	PRICE("input", input, false),
	PRICE("output", output, false),
	PRICE("cached_input", cached_input, false),
	PRICE("cache_write", cache_write, false),
	PRICE("cache_write_1h", cache_write_1h, false),
	PRICE("reasoning_output", reasoning_output, false),
	PRICE("audio_input", audio_input, false),
	PRICE("audio_output", audio_output, false),
	PRICE("cached_audio_input", cached_audio_input, false),
	PRICE("image_input", image_input, false),
	PRICE("per_request", per_request_nano, true),
	PRICE("per_search", per_search_nano, true),
	PRICE("per_image", per_image_nano, true),
	PRICE("input_above", tier_input, false),
	PRICE("output_above", tier_output, false),
	PRICE("cached_input_above", tier_cached_input, false),
};

#define MEMBERS (sizeof members / sizeof members[0])

static void
prices_amount(struct sbuf *out, const struct price_member *m, int64_t price)
{
	if (!m->fee && price > INT64_MAX / PICO_OF_MILLION)
		price = INT64_MAX / PICO_OF_MILLION;
	show_money(out, m->name,
	    m->fee || price == MONEY_NONE ? price : price * PICO_OF_MILLION);
}

/* What is not said falls back to another price and is left out. */
static void
prices_model(struct sbuf *out, const struct settings *s,
    const struct settings_model *m)
{
	const struct settings_provider *p =
	    settings_provider_at(s, m->provider);

	sbuf_addc(out, '{');
	show_text(out, "model", settings_str(s, m->name));
	show_text(out, "provider_id", settings_str(s, p->name));
	show_bool(out, "known", m->price.known);
	show_text(out, "price_source",
	    m->price_source == PRICE_OF_PROVIDER ? SLICE("provider")
						 : SLICE("table"));
	for (size_t i = 0; i < MEMBERS; i++) {
		int64_t price;

		memcpy(&price, (const char *)&m->price + members[i].offset,
		    sizeof price);
		if (price != MONEY_NONE || i < 2)
			prices_amount(out, &members[i], price);
	}
	if (m->price.tier_above > 0)
		show_int(out, "above_prompt_tokens", m->price.tier_above);
	sbuf_addc(out, '}');
}

static int
prices_list(struct office *o, struct slice wanted, struct sbuf *out)
{
	const struct settings *s = o->settings;
	const struct settings_model *m = settings_list(s, s->models);
	int n = 0;

	sbuf_addf(out, "{\"price_version\":\"%016llx\",\"results\":[",
	    (unsigned long long)s->price_version);
	for (uint32_t i = 0; i < s->models.n; i++) {
		if (wanted.n > 0 &&
		    !slice_eq(settings_str(s, m[i].name), wanted))
			continue;
		if (n++ > 0)
			sbuf_addc(out, ',');
		prices_model(out, s, &m[i]);
	}
	sbuf_adds(out, "]}");
	return wanted.n == 0 || n > 0;
}

int
verb_prices(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf wanted = { 0 };
	int done = args_text(args, "model", &wanted, e);

	if (done >= 0)
		done = prices_list(o, sbuf_slice(&wanted), out);
	sbuf_free(&wanted);
	return done;
}

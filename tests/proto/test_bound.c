/* The hold covers whatever comes: spec/money.md 5 and 9. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/money.h"
#include "base/random.h"
#include "proto/bound.h"
#include "proto/price.h"
#include "proto/usage.h"

#define ROUNDS 200000

static int64_t
draw(int64_t below)
{
	return (int64_t)(random_draw() % (uint64_t)below);
}

static int64_t
draw_price(void)
{
	return draw(3) == 0 ? MONEY_NONE : draw(100000000);
}

static struct settings_model
draw_model(void)
{
	struct settings_model m = { .context = 1 + draw(1000000),
		.max_output = draw(2) ? 1 + draw(100000) : 0,
		.image_tokens_max = draw(2) ? 1 + draw(50000) : 0 };
	struct settings_price *p = &m.price;

	p->known = true;
	p->input = draw(100000000);
	p->output = draw(100000000);
	p->cached_input = draw_price();
	p->cache_write = draw_price();
	p->cache_write_1h = draw_price();
	p->reasoning_output = draw_price();
	p->audio_input = draw_price();
	p->audio_output = draw_price();
	p->cached_audio_input = draw_price();
	p->image_input = draw_price();
	p->per_request_nano = draw_price();
	p->per_search_nano = draw_price();
	p->tier_above = draw(2) ? draw(500000) : 0;
	p->tier_input = draw_price();
	p->tier_output = draw_price();
	p->tier_cached_input = draw_price();
	return m;
}

static struct bound_request
draw_request(void)
{
	return (struct bound_request){ .body_bytes = draw(1000000),
		.images = draw(3),
		.unsized_media = draw(2),
		.audio_in = draw(2),
		.audio_out = draw(2),
		.tools = draw(2),
		.provider_tools = draw(2),
		.cache_1h = draw(2),
		.embeddings = draw(8) == 0,
		.n = 1 + draw(4),
		.max_tokens = draw(2) ? 1 + draw(10000) : 0,
		.searches = draw(11) };
}

/* Some of what is left. */
static int64_t
share(int64_t *left)
{
	int64_t n = draw(*left + 1);

	*left -= n;
	return n;
}

/* Any usage that a provider may report within the bound. */
static struct usage
draw_usage(const struct bound_request *q, const struct bound *b)
{
	struct usage u;
	int64_t in = b->in_tokens, out = b->out_tokens;
	bool audio = q->audio_in || q->unsized_media;

	usage_init(&u);
	u.in_cached = share(&in);
	u.in_cache_write_5m = share(&in);
	u.in_cache_write_1h = q->cache_1h ? share(&in) : 0;
	u.in_audio = audio ? share(&in) : 0;
	u.in_audio_cached = audio ? share(&in) : 0;
	u.in_image = share(&in);
	u.in_text = draw(2) ? in : share(&in);
	u.out_reasoning = share(&out);
	u.out_audio = q->audio_out ? share(&out) : 0;
	u.out_text = draw(2) ? out : share(&out);
	u.searches = q->provider_tools ? draw(q->searches + 1) : 0;
	return u;
}

START_TEST(test_hold_covers)
{
	struct settings_model m;
	struct bound_request q;
	struct bound b;
	struct usage u;
	struct err e;
	int64_t cost;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		m = draw_model();
		q = draw_request();
		ck_assert_int_eq(bound_hold(&m, &q, &b, &e), 0);
		u = draw_usage(&q, &b);
		ck_assert_int_eq(price_cost(&m.price, &u, &cost, &e), 0);
		ck_assert_msg(cost <= b.cost_nano, "round %d: %lld > %lld", i,
		    (long long)cost, (long long)b.cost_nano);
	}
}
END_TEST

static const struct row {
	const char *title;
	struct bound_request q;
	int64_t context, max_output, image_tokens;
	uint32_t features;
	int64_t in, out;
} rows[] = {
	{ "body and template", { .body_bytes = 100, .n = 1, .max_tokens = 10 },
	    100000, 1000, 0, 0, 164, 10 },
	{ "tools", { .body_bytes = 100, .n = 1, .max_tokens = 10, .tools = 1 },
	    100000, 1000, 0, 0, 1124, 10 },
	{ "the window is the most",
	    { .body_bytes = 9999999, .n = 1, .max_tokens = 10 }, 100000, 1000,
	    0, 0, 100000, 10 },
	{ "images", { .body_bytes = 100, .images = 2, .n = 1, .max_tokens = 1 },
	    100000, 1000, 0, 0, 10164, 1 },
	{ "images of a stated size",
	    { .body_bytes = 100, .images = 2, .n = 1, .max_tokens = 1 },
	    1000000, 1000, 50000, 0, 100164, 1 },
	{ "media of any size",
	    { .body_bytes = 1, .unsized_media = 1, .n = 1, .max_tokens = 1 },
	    100000, 1000, 0, 0, 100000, 1 },
	{ "the provider's tools",
	    { .body_bytes = 1, .provider_tools = 1, .n = 1, .max_tokens = 1 },
	    100000, 1000, 0, 0, 100000, 1 },
	{ "n choices", { .body_bytes = 0, .n = 3, .max_tokens = 7 }, 100000,
	    1000, 0, 0, 64, 21 },
	{ "no max_tokens", { .body_bytes = 0, .n = 2 }, 100000, 1000, 0, 0, 64,
	    2000 },
	{ "nothing known", { .body_bytes = 0, .n = 1 }, 0, 0, 0, 0, 64,
	    1 << 20 },
	{ "reasoning outside", { .body_bytes = 0, .n = 1, .max_tokens = 10 },
	    100000, 1000, 0, FEATURE_REASONING_OUTSIDE_MAX, 64, 1010 },
	{ "embeddings", { .body_bytes = 0, .n = 1, .embeddings = 1 }, 100000,
	    1000, 0, 0, 64, 0 },
};

START_TEST(test_tokens)
{
	const struct row *r = &rows[_i];
	struct settings_model m = { .context = r->context,
		.max_output = r->max_output,
		.image_tokens_max = r->image_tokens,
		.features = r->features };
	struct bound b;
	struct err e;

	ck_assert_int_eq(bound_hold(&m, &r->q, &b, &e), 0);
	ck_assert_msg(b.in_tokens == r->in && b.out_tokens == r->out,
	    "%s: %lld, %lld", r->title, (long long)b.in_tokens,
	    (long long)b.out_tokens);
}
END_TEST

/* Prices of $1 and $10 a million: 1,000 and 10,000 nano a token. */
static struct settings_model
priced(int64_t max_output)
{
	struct settings_model m = draw_model();

	m.context = 100000;
	m.max_output = max_output;
	m.price = (struct settings_price){ .known = true,
		.input = 1000000,
		.output = 10000000,
		.cached_input = MONEY_NONE,
		.cache_write = MONEY_NONE,
		.cache_write_1h = MONEY_NONE,
		.reasoning_output = MONEY_NONE,
		.audio_input = MONEY_NONE,
		.audio_output = MONEY_NONE,
		.cached_audio_input = MONEY_NONE,
		.image_input = MONEY_NONE,
		.per_request_nano = MONEY_NONE,
		.per_search_nano = MONEY_NONE };
	return m;
}

static const struct quarter {
	const char *title;
	int64_t max_output, free_nano, n, tokens;
} quarters[] = {
	{ "rich", 100000, INT64_C(1000000000000), 1, 16384 },
	{ "the model's own limit", 4096, INT64_C(1000000000000), 1, 4096 },
	{ "a quarter of $2", 100000, INT64_C(800000000), 1, 16384 },
	{ "a quarter of $0.40", 100000, 400000000, 1, 10000 },
	{ "shared by the choices", 100000, 400000000, 4, 2500 },
	{ "never less than the least", 100000, 1000, 1, 1024 },
	{ "but no more than the model can", 512, 1000, 1, 512 },
	{ "a model of unknown limit", 0, 400000000, 1, 10000 },
};

START_TEST(test_quarter)
{
	const struct quarter *r = &quarters[_i];
	struct settings_model m = priced(r->max_output);
	struct bound_request q = { .n = r->n };
	int64_t tokens = bound_max_tokens(&m, &q, r->free_nano, 16384, 1024);

	ck_assert_msg(tokens == r->tokens, "%s: %lld", r->title,
	    (long long)tokens);
}
END_TEST

static const struct clamp {
	const char *title;
	uint32_t features;
	int64_t free_nano, n, asked, tokens;
} clamps[] = {
	/* 164 tokens in are 164,000 nano; 10,000 a token out. */
	{ "enough", 0, INT64_C(1000000000), 1, 5000, 0 },
	{ "just enough", 0, 50164000, 1, 5000, 0 },
	{ "one token short", 0, 50163999, 1, 5000, 4999 },
	{ "shared by the choices", 0, 100164000, 4, 5000, 2500 },
	{ "never less than the least", 0, 1000, 1, 5000, 1024 },
	{ "nor more than was asked", 0, 1000, 1, 7, 0 },
	{ "thinking beside the limit", FEATURE_REASONING_OUTSIDE_MAX, 150164000,
	    1, 9000, 5000 },
};

START_TEST(test_clamp)
{
	const struct clamp *r = &clamps[_i];
	struct settings_model m = priced(10000);
	struct bound_request q = { .body_bytes = 100,
		.n = r->n,
		.max_tokens = r->asked };
	struct bound hold;
	struct err e;
	int64_t tokens;

	m.features = r->features;
	tokens = bound_clamp_tokens(&m, &q, r->free_nano, 1024);
	ck_assert_msg(tokens == r->tokens, "%s: %lld", r->title,
	    (long long)tokens);
	if (tokens <= 1024)
		return;
	q.max_tokens = tokens;
	ck_assert_int_eq(bound_hold(&m, &q, &hold, &e), 0);
	ck_assert_int_le(hold.cost_nano, r->free_nano);
}
END_TEST

static const struct cut {
	const char *title;
	struct bound_seen seen;
	int64_t charged, suspense;
} cuts[] = {
	/* The hold: 164 in, 100 out = 164,000 + 1,000,000. */
	{ "nothing seen", { -1, 100, 0, true }, 1164000, 1164000 - 25000 },
	{ "text seen", { -1, 100, 40, false }, 564000, 564000 - 125000 },
	{ "the input is known", { 30, 100, 40, false }, 430000,
	    430000 - 130000 },
	{ "never more than the hold", { -1, 100, 5000, false }, 1164000, 0 },
};

START_TEST(test_cut)
{
	const struct cut *r = &cuts[_i];
	struct settings_model m = priced(1000);
	struct bound_request q = { .body_bytes = 100,
		.n = 1,
		.max_tokens = 100 };
	struct bound hold;
	struct err e;
	int64_t charged, suspense;

	ck_assert_int_eq(bound_hold(&m, &q, &hold, &e), 0);
	ck_assert_int_eq(hold.cost_nano, 1164000);
	bound_cut(&m, &q, &hold, &r->seen, &charged, &suspense);
	ck_assert_msg(charged == r->charged && suspense == r->suspense,
	    "%s: %lld, %lld", r->title, (long long)charged,
	    (long long)suspense);
}
END_TEST

START_TEST(test_overflow)
{
	struct settings_model m = priced(0);
	struct bound_request q = { .n = 128, .max_tokens = INT64_C(1) << 40 };
	struct bound b;
	struct err e = { .kind = ERR_NONE };

	m.price.output = INT64_MAX;
	ck_assert_int_eq(bound_hold(&m, &q, &b, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INTERNAL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/bound");
	TCase *tc = tcase_create("bound");

	tcase_add_test(tc, test_hold_covers);
	tcase_add_loop_test(tc, test_tokens, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_quarter, 0, COUNT(quarters));
	tcase_add_loop_test(tc, test_clamp, 0, COUNT(clamps));
	tcase_add_loop_test(tc, test_cut, 0, COUNT(cuts));
	tcase_add_test(tc, test_overflow);
	suite_add_tcase(s, tc);
	return s;
}

/* The golden vectors of spec/money.md 4.1, one by one. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/money.h"
#include "proto/price.h"
#include "proto/usage.h"

/* USD per million tokens in pico-USD per token. */
#define USD(price) ((int64_t)((price)*1000000 + 0.5))
#define CENTS(n) ((n)*INT64_C(10000000)) /* in nano-USD */

/* In these rows a special price of 0 is one that is not given. */
static const struct vector {
	const char *title;
	struct settings_price price;
	struct usage usage;
	int64_t nano;
} vectors[] = {
	{ "1 vendor's log record", { .input = USD(0.5), .output = USD(1.5) },
	    { .in_text = 229, .out_text = 69 }, 218000 },
	{ "2 OpenAI with cache",
	    { .input = USD(5),
		.output = USD(30),
		.cached_input = USD(0.5),
		.cache_write = USD(6.25) },
	    { .in_text = 8, .in_cached = 4012, .out_text = 4 }, 2166000 },
	{ "3 Anthropic, cache and search",
	    { .input = USD(2),
		.output = USD(10),
		.cached_input = USD(0.2),
		.cache_write = USD(2.5),
		.per_search_nano = CENTS(1) },
	    { .in_text = 4,
		.in_cached = 2836,
		.in_cache_write_5m = 11107,
		.out_text = 129,
		.out_reasoning = 26,
		.searches = 1 },
	    39892700 },
	{ "4 Bedrock",
	    { .input = USD(3),
		.output = USD(15),
		.cached_input = USD(0.3),
		.cache_write = USD(3.75) },
	    { .in_text = 2, .in_cached = 1322, .out_text = 5 }, 477600 },
	{ "5 Gemini thinks",
	    { .input = USD(1.5), .output = USD(9), .cached_input = USD(0.15) },
	    { .in_text = 351,
		.in_cached = 217,
		.out_text = 305,
		.out_reasoning = 1027 },
	    12547050 },
	{ "6 Gemini runs code",
	    { .input = USD(0.3),
		.output = USD(2.5),
		.cached_input = USD(0.03) },
	    { .in_text = 1197,
		.in_cached = 1081,
		.out_text = 21,
		.out_reasoning = 41 },
	    546530 },
	{ "7 Gemini watches a video",
	    { .input = USD(0.3),
		.output = USD(2.5),
		.cached_input = USD(0.03),
		.audio_input = USD(1),
		.cached_audio_input = USD(0.1) },
	    { .in_text = 298,
		.in_audio = 36,
		.in_cached = 15498,
		.in_audio_cached = 1881,
		.out_text = 68,
		.out_reasoning = 821 },
	    3000940 },
	{ "8 xAI",
	    { .input = USD(0.2),
		.output = USD(0.5),
		.cached_input = USD(0.05) },
	    { .in_text = 284,
		.in_cached = 152,
		.out_text = 68,
		.out_reasoning = 148 },
	    172400 },
	{ "9 DeepSeek, rounded up",
	    { .input = USD(0.14),
		.output = USD(0.28),
		.cached_input = USD(0.0028) },
	    { .in_text = 108,
		.in_cached = 384,
		.out_text = 78,
		.out_reasoning = 25 },
	    45036 },
	{ "11 OpenAI Responses",
	    { .input = USD(1.1),
		.output = USD(4.4),
		.cached_input = USD(0.275) },
	    { .in_text = 11041, .out_text = 882, .out_reasoning = 640 },
	    18841900 },
	{ "12 OpenRouter", { .input = USD(0.15), .output = USD(0.6) },
	    { .in_text = 20, .out_text = 1 }, 3600 },
	{ "13 Perplexity",
	    { .input = USD(1), .output = USD(1), .per_request_nano = 5000000 },
	    { .in_text = 20, .out_text = 5, .requests = 1 }, 5025000 },
	{ "14 Cohere shows tokens and bills units",
	    { .input = USD(2.5), .output = USD(10), .cached_input = USD(1) },
	    { .in_text = 363,
		.in_cached = 400,
		.out_text = 408,
		.has_billed = true,
		.billed_in = 257,
		.billed_out = 405 },
	    4692500 },
	{ "15 Gemini's OpenAI face", { .input = USD(1.25), .output = USD(10) },
	    { .in_text = 66, .out_text = 6, .out_reasoning = 28 }, 422500 },
	{ "16 audio in",
	    { .input = USD(2.5), .output = USD(10), .audio_input = USD(40) },
	    { .in_text = 27, .in_audio = 1, .out_text = 17 }, 277500 },
	{ "17 Mistral's audio",
	    { .input = USD(0.1),
		.output = USD(0.3),
		.cached_input = USD(0.1),
		.audio_input = USD(1) },
	    { .in_text = 2, .in_cached = 9, .in_audio = 375, .out_text = 15 },
	    380600 },
	{ "18 above a tier",
	    { .input = USD(1.25),
		.output = USD(10),
		.tier_above = 200000,
		.tier_input = USD(2.5),
		.tier_output = USD(15) },
	    { .in_text = 250000, .out_text = 1000 }, 640000000 },
	{ "19 Groq", { .input = USD(0.075), .output = USD(0.3) },
	    { .in_text = 260, .out_text = 30, .out_reasoning = 70 }, 49500 },
	{ "a tier counts cached tokens, at its own price",
	    { .input = USD(1),
		.output = USD(2),
		.cached_input = USD(0.1),
		.tier_above = 100,
		.tier_input = USD(2),
		.tier_output = USD(4) },
	    { .in_text = 1, .in_cached = 100, .out_text = 1 }, 206000 },
	{ "at the tier's edge the low price holds",
	    { .input = USD(1),
		.output = USD(2),
		.tier_above = 100,
		.tier_input = USD(2),
		.tier_output = USD(4) },
	    { .in_text = 100, .out_text = 1 }, 102000 },
	{ "a missing special price is the general one",
	    { .input = USD(3), .output = USD(5) },
	    { .in_cached = 1,
		.in_cache_write_5m = 1,
		.in_cache_write_1h = 1,
		.in_audio = 1,
		.in_audio_cached = 1,
		.in_image = 1,
		.out_reasoning = 1,
		.out_audio = 1 },
	    28000 },
	{ "one pico is one nano", { .input = 1, .output = 0 }, { .in_text = 1 },
	    1 },
	{ "free", { .input = 0, .output = 0 },
	    { .in_text = 1000, .out_text = 1000 }, 0 },
};

static void
leave_out(int64_t *price)
{
	if (*price == 0)
		*price = MONEY_NONE;
}

/* A price row as the settings have it. */
static struct settings_price
fill(struct settings_price p)
{
	p.known = true;
	leave_out(&p.cached_input);
	leave_out(&p.cache_write);
	leave_out(&p.cache_write_1h);
	leave_out(&p.reasoning_output);
	leave_out(&p.audio_input);
	leave_out(&p.audio_output);
	leave_out(&p.cached_audio_input);
	leave_out(&p.image_input);
	leave_out(&p.per_request_nano);
	leave_out(&p.per_search_nano);
	leave_out(&p.tier_input);
	leave_out(&p.tier_output);
	leave_out(&p.tier_cached_input);
	return p;
}

START_TEST(test_vector)
{
	const struct vector *v = &vectors[_i];
	struct settings_price price = fill(v->price);
	int64_t nano = -1;
	struct err e;

	ck_assert_int_eq(price_cost(&price, &v->usage, &nano, &e), 0);
	ck_assert_msg(nano == v->nano, "%s: %lld, not %lld", v->title,
	    (long long)nano, (long long)v->nano);
}
END_TEST

/* A price that nobody stated costs nothing here: others refuse it. */
START_TEST(test_unknown)
{
	struct settings_price p = { .input = MONEY_NONE, .output = MONEY_NONE };
	struct usage u = { .in_text = 1000, .out_text = 1000, .requests = 1 };
	struct err e;
	int64_t nano = -1;

	ck_assert_int_eq(price_cost(&p, &u, &nano, &e), 0);
	ck_assert_int_eq(nano, 0);
}
END_TEST

START_TEST(test_markup)
{
	ck_assert_int_eq(money_markup(45036, 2000), 54044);
}
END_TEST

START_TEST(test_overflow)
{
	struct settings_price p =
	    fill((struct settings_price){ .input = INT64_MAX / 1000 });
	struct usage u = { .in_text = 1000000 };
	struct err e = { .kind = ERR_NONE };
	int64_t nano = 7;

	ck_assert_int_eq(price_cost(&p, &u, &nano, &e), 0);
	u.in_text = INT64_C(1) << 40;
	nano = 7;
	ck_assert_int_eq(price_cost(&p, &u, &nano, &e), -1);
	ck_assert_int_eq(nano, 7);
	ck_assert_int_eq(e.kind, ERR_INTERNAL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/price");
	TCase *tc = tcase_create("price");

	tcase_add_loop_test(tc, test_vector, 0, COUNT(vectors));
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_markup);
	tcase_add_test(tc, test_overflow);
	suite_add_tcase(s, tc);
	return s;
}

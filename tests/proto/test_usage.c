/* Figures of providers in one form: spec/providers.md 6, spec/money.md 4. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/reply.h"
#include "proto/usage.h"
#include "tests/proto/recordings.h"

static const struct shape {
	const char *title, *json;
	uint32_t quirks;
	int found;
	int64_t prompt, completion, cached, write, reasoning, audio_in;
	bool anomaly;
} shapes[] = {
	{ "OpenAI",
	    "{\"prompt_tokens\":4020,\"completion_tokens\":4,"
	    "\"total_tokens\":4024,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":4012}}",
	    0, 1, 4020, 4, 4012, 0, 0, 0, false },
	{ "newer OpenAI writes caches",
	    "{\"prompt_tokens\":100,"
	    "\"completion_tokens\":1,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":10,\"cache_write_tokens\":50}}",
	    0, 1, 100, 1, 10, 50, 0, 0, false },
	{ "reasoning inside",
	    "{\"prompt_tokens\":260,\"completion_tokens\":100,"
	    "\"total_tokens\":360,\"completion_tokens_details\":"
	    "{\"reasoning_tokens\":70}}",
	    0, 1, 260, 100, 0, 0, 70, 0, false },
	{ "xAI adds reasoning",
	    "{\"prompt_tokens\":436,"
	    "\"completion_tokens\":68,\"total_tokens\":652,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":152},"
	    "\"completion_tokens_details\":{\"reasoning_tokens\":148}}",
	    QUIRK_USAGE_ADD_REASONING, 1, 436, 216, 152, 0, 148, 0, false },
	{ "more reasoning than completion",
	    "{\"prompt_tokens\":28,\"completion_tokens\":9,"
	    "\"total_tokens\":37,\"completion_tokens_details\":"
	    "{\"reasoning_tokens\":69}}",
	    0, 1, 28, 78, 0, 0, 69, 0, false },
	{ "xAI once it counts like OpenAI",
	    "{\"prompt_tokens\":10,"
	    "\"completion_tokens\":9,\"total_tokens\":19,"
	    "\"completion_tokens_details\":{\"reasoning_tokens\":5}}",
	    QUIRK_USAGE_ADD_REASONING, 1, 10, 9, 0, 0, 5, 0, false },
	{ "DeepSeek",
	    "{\"prompt_tokens\":492,\"completion_tokens\":103,"
	    "\"total_tokens\":595,\"prompt_cache_hit_tokens\":384,"
	    "\"prompt_cache_miss_tokens\":108,"
	    "\"completion_tokens_details\":{\"reasoning_tokens\":25}}",
	    QUIRK_HIT_MISS, 1, 492, 103, 384, 0, 25, 0, false },
	{ "Mistral's old name",
	    "{\"prompt_tokens\":20,\"completion_tokens\":3,"
	    "\"total_tokens\":23,\"num_cached_tokens\":7}",
	    QUIRK_EXCESS_AUDIO_IN, 1, 20, 3, 7, 0, 0, 0, false },
	{ "Mistral's audio",
	    "{\"prompt_tokens\":11,\"completion_tokens\":15,"
	    "\"total_tokens\":401,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":9}}",
	    QUIRK_EXCESS_AUDIO_IN, 1, 386, 15, 9, 0, 0, 375, false },
	{ "Gemini's OpenAI face",
	    "{\"prompt_tokens\":66,"
	    "\"completion_tokens\":6,\"total_tokens\":100}",
	    QUIRK_USAGE_EXCESS_OUT, 1, 66, 34, 0, 0, 28, 0, false },
	{ "anybody's excess is output",
	    "{\"prompt_tokens\":66,"
	    "\"completion_tokens\":6,\"total_tokens\":100}",
	    0, 1, 66, 34, 0, 0, 0, 0, false },
	{ "audio in",
	    "{\"prompt_tokens\":28,\"completion_tokens\":17,"
	    "\"prompt_tokens_details\":{\"audio_tokens\":1}}",
	    0, 1, 28, 17, 0, 0, 0, 1, false },
	{ "more cached than prompt",
	    "{\"prompt_tokens\":347,"
	    "\"completion_tokens\":18,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":403}}",
	    0, 1, 347, 18, 347, 0, 0, 0, true },
	{ "embeddings", "{\"prompt_tokens\":8,\"total_tokens\":8}", 0, 1, 8, 0,
	    0, 0, 0, 0, false },
	{ "null members",
	    "{\"prompt_tokens\":8,\"completion_tokens\":null,"
	    "\"prompt_tokens_details\":null}",
	    0, 1, 8, 0, 0, 0, 0, 0, false },
	{ "100.0 is an integer",
	    "{\"prompt_tokens\":100.0,"
	    "\"completion_tokens\":1e1}",
	    0, 1, 100, 10, 0, 0, 0, 0, false },
	{ "a bad detail is no usage",
	    "{\"prompt_tokens\":10,"
	    "\"completion_tokens\":1,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":-3}}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "nor is a detail in words",
	    "{\"prompt_tokens\":10,"
	    "\"completion_tokens\":1,\"completion_tokens_details\":"
	    "{\"reasoning_tokens\":\"1\"}}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "nor a total of 2^40 + 1",
	    "{\"prompt_tokens\":10,"
	    "\"completion_tokens\":1,\"total_tokens\":1099511627777}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "a fraction is no usage",
	    "{\"prompt_tokens\":1.5,"
	    "\"completion_tokens\":1}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "a negative count is no usage",
	    "{\"prompt_tokens\":5,"
	    "\"completion_tokens\":-1}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "2^40 is the most",
	    "{\"prompt_tokens\":1099511627776,"
	    "\"completion_tokens\":0}",
	    0, 1, USAGE_TOKENS_MAX, 0, 0, 0, 0, 0, false },
	{ "2^40 + 1 is no usage",
	    "{\"prompt_tokens\":1099511627777,"
	    "\"completion_tokens\":0}",
	    0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "text is no usage", "{\"prompt_tokens\":\"5\"}", 0, 0, 0, 0, 0, 0, 0,
	    0, false },
	{ "nothing in it", "{}", 0, 0, 0, 0, 0, 0, 0, 0, false },
	{ "null", "null", 0, 0, 0, 0, 0, 0, 0, 0, false },
};

START_TEST(test_shape)
{
	const struct shape *s = &shapes[_i];
	struct usage_figures f;
	struct usage u;

	ck_assert_msg(usage_read(slice_str(s->json), s->quirks, &u) == s->found,
	    "%s", s->title);
	if (!s->found)
		return;
	usage_sum(&u, &f);
	ck_assert_msg(f.prompt == s->prompt && f.completion == s->completion &&
			  f.total == s->prompt + s->completion &&
			  f.cached == s->cached && f.cache_write == s->write &&
			  f.reasoning == s->reasoning &&
			  f.in_audio == s->audio_in &&
			  u.anomaly == s->anomaly && u.requests == 1,
	    "%s: %lld/%lld cached %lld write %lld reasoning %lld audio %lld",
	    s->title, (long long)f.prompt, (long long)f.completion,
	    (long long)f.cached, (long long)f.cache_write,
	    (long long)f.reasoning, (long long)f.in_audio);
}
END_TEST

static const struct cost {
	const char *title, *json;
	int64_t nano;
} costs[] = {
	{ "none", "{\"prompt_tokens\":1}", MONEY_NONE },
	{ "OpenRouter", "{\"prompt_tokens\":20,\"cost\":3.6e-06}", 3600 },
	{ "xAI's ticks", "{\"prompt_tokens\":1,\"cost_in_usd_ticks\":1724000}",
	    172400 },
	{ "Perplexity",
	    "{\"prompt_tokens\":20,\"cost\":{\"total_cost\":0.00503}}",
	    5030000 },
	{ "more ticks than tokens may be",
	    "{\"prompt_tokens\":1,\"cost_in_usd_ticks\":10995116277770}",
	    1099511627777 },
	{ "a part of a nano-USD is one",
	    "{\"prompt_tokens\":1,\"cost\":0.00000000101}", 2 },
	{ "below zero", "{\"prompt_tokens\":1,\"cost\":-0.5}", MONEY_NONE },
	{ "ticks below zero", "{\"prompt_tokens\":1,\"cost_in_usd_ticks\":-1}",
	    MONEY_NONE },
	{ "null", "{\"prompt_tokens\":1,\"cost\":null}", MONEY_NONE },
	{ "an object without a total",
	    "{\"prompt_tokens\":1,\"cost\":{\"input_tokens_cost\":1}}",
	    MONEY_NONE },
	{ "a word", "{\"prompt_tokens\":1,\"cost\":\"much\"}", MONEY_NONE },
};

START_TEST(test_cost)
{
	struct usage u;

	ck_assert_int_eq(usage_read(slice_str(costs[_i].json), 0, &u), 1);
	ck_assert_msg(u.provider_cost_nano == costs[_i].nano, "%s: %lld",
	    costs[_i].title, (long long)u.provider_cost_nano);
}
END_TEST

START_TEST(test_write)
{
	struct sbuf b = { 0 };
	struct usage u;

	usage_init(&u);
	u.in_text = 18;
	u.in_cached = 2601;
	u.out_text = 20;
	usage_write(&b, &u);
	ck_assert_str_eq(b.data,
	    "{\"completion_tokens\":20,\"prompt_tokens\":2619,"
	    "\"total_tokens\":2639,\"completion_tokens_details\":"
	    "{\"accepted_prediction_tokens\":0,\"audio_tokens\":0,"
	    "\"reasoning_tokens\":0,\"rejected_prediction_tokens\":0},"
	    "\"prompt_tokens_details\":{\"audio_tokens\":0,"
	    "\"cached_tokens\":2601,\"cache_creation_tokens\":0},"
	    "\"cache_creation_input_tokens\":0,"
	    "\"cache_read_input_tokens\":2601}");
	sbuf_free(&b);
}
END_TEST

/* The worked rows of spec/providers.md 6 that are of the OpenAI dialect. */
static const struct worked {
	const char *name;
	int64_t prompt, completion, cached, write, reasoning;
} worked[] = {
	{ "gemini-openai-compat/once-toolresult-reasoning-5bc419", 66, 34, 0, 0,
	    28 },
	{ "xai/once-ptools-reasoning-cacheread-caf5c7", 470, 253, 192, 0, 185 },
	{ "xai/once-toolresult-reasoning-cacheread-04ec40", 331, 343, 283, 0,
	    332 },
	{ "deepseek/once-ptools-reasoning-cacheread-f2ee4c", 492, 103, 384, 0,
	    25 },
	{ "together/once-text-657ac7", 45, 3, 0, 0, 0 },
	{ "zai/once-ptools-reasoning-cacheread-925f1e", 279, 131, 43, 0, 82 },
};

static void
check_worked(const struct recordings_case *c, void *arg)
{
	unsigned *seen = arg;
	const struct worked *w;
	struct usage_figures f;
	struct reply r;
	struct err e;

	for (w = worked; w < worked + COUNT(worked); w++) {
		if (strcmp(w->name, c->name) != 0)
			continue;
		ck_assert_int_eq(reply_read(sbuf_slice(&c->body),
				     c->group->quirks, &r, &e),
		    1);
		usage_sum(&r.usage, &f);
		ck_assert_msg(f.prompt == w->prompt &&
				  f.completion == w->completion &&
				  f.cached == w->cached &&
				  f.cache_write == w->write &&
				  f.reasoning == w->reasoning,
		    "%s", w->name);
		++*seen;
	}
}

START_TEST(test_worked)
{
	unsigned seen = 0;

	if (!recordings_exist())
		return;
	recordings_each(check_worked, &seen);
	ck_assert_uint_eq(seen, COUNT(worked));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/usage");
	TCase *tc = tcase_create("usage");

	tcase_add_loop_test(tc, test_shape, 0, COUNT(shapes));
	tcase_add_loop_test(tc, test_cost, 0, COUNT(costs));
	tcase_add_test(tc, test_write);
	tcase_add_test(tc, test_worked);
	suite_add_tcase(s, tc);
	return s;
}

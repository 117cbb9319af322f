/* What requests demand, and what models and dialects are known to lack. */
#include "worker/needs.h"

#include "tests/dialect/asking.h"
#include "tests/snapshot.h"
#include "tests/suite.h"
#include "worker/req.h"

#define CONTENT(parts)                                                         \
	"{\"messages\":[{\"role\":\"user\",\"content\":" parts "}]"
#define CHAT CONTENT("\"hi\"")
#define IMAGE                                                                  \
	"{\"type\":\"image_url\",\"image_url\":{\"url\":"                      \
	"\"data:image/png;base64,QUJDREVG\"}}"

static const struct {
	const char *body;
	uint32_t features;
	bool n, logprobs;
	int64_t max_tokens, images, added, media;
} asks[] = {
	{ CHAT "}", 0, false, false, 0, 0, 64, 0 },
	{ CHAT ",\"n\":1,\"logprobs\":false,\"max_tokens\":7}", 0, false, false,
	    7, 0, 64, 0 },
	{ CHAT ",\"n\":2}", 0, true, false, 0, 0, 64, 0 },
	{ CHAT ",\"logprobs\":true}", 0, false, true, 0, 0, 64, 0 },
	{ CHAT ",\"logprobs\":true,\"top_logprobs\":2}", 0, false, true, 0, 0,
	    64, 0 },
	{ CHAT ",\"max_completion_tokens\":9}", 0, false, false, 9, 0, 64, 0 },
	{ CHAT ",\"max_tokens\":9223372036854775807}", 0, false, false,
	    INT64_C(1) << 40, 0, 64, 0 },
	{ CHAT ",\"tools\":[{\"type\":\"function\",\"function\":"
	       "{\"name\":\"f\"}}]}",
	    FEATURE_TOOLS, false, false, 0, 0, 1024, 0 },
	{ CHAT ",\"functions\":[{\"name\":\"f\"}]}", FEATURE_TOOLS, false,
	    false, 0, 0, 1024, 0 },
	{ CHAT ",\"web_search_options\":{}}", 0, false, false, 0, 0, 1024, 0 },
	{ CHAT ",\"response_format\":{\"type\":\"json_object\"}}", 0, false,
	    false, 0, 0, 64, 0 },
	{ CHAT ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
	       "{\"name\":\"s\",\"schema\":{}}}}",
	    FEATURE_JSON_SCHEMA, false, false, 0, 0, 64, 0 },
	{ CONTENT("[" IMAGE "]") "}", FEATURE_VISION, false, false, 0, 1, 64,
	    8 },
	{ CONTENT("[" IMAGE "," IMAGE "]") "}", FEATURE_VISION, false, false, 0,
	    2, 64, 16 },
};

static struct req req;

START_TEST(what_is_demanded)
{
	struct slice body = slice_str(asks[_i].body);
	struct needs got;
	struct asked a;

	ck_assert_msg(asked_read(&a, body, NULL) == 0, "%s: %s", body.p,
	    a.err.text);
	memset(&req, 0, sizeof req);
	req.params = a.params;
	req.body = body;
	req.route.route = ROUTE_CHAT;
	needs_of(&req, &got);
	ck_assert_uint_eq(got.features, asks[_i].features);
	ck_assert_int_eq(got.n, asks[_i].n);
	ck_assert_int_eq(got.logprobs, asks[_i].logprobs);
	ck_assert_int_eq(got.max_tokens, asks[_i].max_tokens);
	ck_assert_int_eq(got.images, asks[_i].images);
	ck_assert_int_eq(got.tokens, (int64_t)body.n - asks[_i].media +
					 asks[_i].added + asks[_i].max_tokens);
	req.route.route = ROUTE_EMBEDDINGS;
	needs_of(&req, &got);
	ck_assert_uint_eq(got.features, asks[_i].features | FEATURE_EMBEDDINGS);
	asked_end(&a);
}
END_TEST

/* ---- what a model lacks ------------------------------------------------- */

#define ALL (FEATURE_TOOLS | FEATURE_VISION | FEATURE_JSON_SCHEMA)

static const struct {
	struct needs needs;
	uint32_t features;
	int64_t context, image_tokens;
	const char *words; /* NULL: nothing */
} lacks[] = {
	{ { .tokens = 100 }, 0, 100, 0, NULL },
	{ { .tokens = 101 }, ALL, 100, 0, needs_words_context },
	{ { .tokens = 1 << 30 }, ALL, 0, 0, NULL },
	{ { .tokens = 100, .images = 1 }, ALL, 5099, 0, needs_words_context },
	{ { .tokens = 100, .images = 1 }, ALL, 5100, 0, NULL },
	{ { .tokens = 100, .images = 2 }, ALL, 119, 10, needs_words_context },
	{ { .tokens = 100, .images = 2 }, ALL, 120, 10, NULL },
	{ { .features = FEATURE_TOOLS }, FEATURE_TOOLS, 0, 0, NULL },
	{ { .features = FEATURE_TOOLS }, ALL & ~FEATURE_TOOLS, 0, 0,
	    "Filtered by missing function calling." },
	{ { .features = FEATURE_VISION }, ALL & ~FEATURE_VISION, 0, 0,
	    "Filtered by missing image support." },
	{ { .features = FEATURE_JSON_SCHEMA }, ALL & ~FEATURE_JSON_SCHEMA, 0, 0,
	    "Filtered by missing JSON schema." },
	{ { .features = ALL }, ALL, 0, 0, NULL },
	{ { .features = ALL }, 0, 0, 0,
	    "Filtered by missing function calling." },
	{ { .features = ALL, .tokens = 2 }, 0, 1, 0, needs_words_context },
	{ { .features = FEATURE_EMBEDDINGS }, ALL, 0, 0,
	    "Filtered by missing embeddings." },
	{ { .features = FEATURE_EMBEDDINGS }, FEATURE_EMBEDDINGS, 0, 0, NULL },
	{ { .tokens = 1 }, FEATURE_EMBEDDINGS, 0, 0,
	    "Filtered by missing chat." },
	{ { .tokens = 1 }, FEATURE_EMBEDDINGS | FEATURE_TOOLS, 0, 0, NULL },
	/* Of the dialect, not of the model. */
	{ { .n = true, .logprobs = true }, 0, 0, 0, NULL },
};

static void
ck_words(int row, const char *got, const char *want)
{
	if (want == NULL)
		ck_assert_msg(got == NULL, "%d: %s", row, got);
	else
		ck_assert_msg(got != NULL && strcmp(got, want) == 0, "%d: %s",
		    row, got != NULL ? got : "nothing");
}

START_TEST(what_is_lacking)
{
	struct settings_model m = { .features = lacks[_i].features,
		.context = lacks[_i].context,
		.image_tokens_max = lacks[_i].image_tokens };

	ck_words(_i, needs_missing(&lacks[_i].needs, &m), lacks[_i].words);
	ck_assert_ptr_null(needs_missing(&lacks[_i].needs, NULL));
}
END_TEST

/* ---- what a provider lacks ---------------------------------------------- */

static struct {
	struct settings s;
	struct settings_provider provider;
	struct snapshot_room room;
} snapshot;

static void
provider_fill(enum provider_kind kind, uint32_t quirks)
{
	memset(&snapshot, 0, sizeof snapshot);
	snapshot.s.providers =
	    (struct slist){ offsetof(__typeof__(snapshot), provider), 1 };
	snapshot.provider.kind = (int32_t)kind;
	snapshot.provider.quirks = quirks;
}

static const struct {
	enum provider_kind kind;
	uint32_t quirks, features;
	const char *upstream;
	struct needs needs;
	const char *words;
} theirs[] = {
	{ KIND_OPENAI, 0, 0, "m", { .n = true, .logprobs = true }, NULL },
	{ KIND_OPENAI, QUIRK_NO_N, 0, "m", { .n = true },
	    "Filtered by missing n." },
	{ KIND_OPENAI, QUIRK_NO_N, 0, "m", { .logprobs = true }, NULL },
	{ KIND_OPENAI, QUIRK_NO_N_REASONING, 0, "m", { .n = true }, NULL },
	{ KIND_OPENAI, QUIRK_NO_N_REASONING, FEATURE_REASONING, "m",
	    { .n = true }, "Filtered by missing n." },
	{ KIND_OPENAI, QUIRK_NO_TOOLS, ALL, "m", { .features = FEATURE_TOOLS },
	    "Filtered by missing function calling." },
	{ KIND_OPENAI, QUIRK_NO_MEDIA, ALL, "m", { .features = FEATURE_VISION },
	    "Filtered by missing image support." },
	{ KIND_OPENAI, 0, FEATURE_RESPONSES_ONLY, "m", { .n = true },
	    "Filtered by missing n." },
	{ KIND_OPENAI, 0, 0, "m", { .features = FEATURE_TOOLS },
	    "Filtered by missing function calling." },
	{ KIND_ANTHROPIC, 0, 0, "m", { .logprobs = true },
	    "Filtered by missing logprobs." },
	{ KIND_VERTEX_GEMINI, 0, 0, "gemini-2.5-pro", { .n = true }, NULL },
	{ KIND_VERTEX_GEMINI, 0, 0, "claude-sonnet-4-5", { .n = true },
	    "Filtered by missing n." },
};

START_TEST(what_a_provider_lacks)
{
	struct settings_model m = { .features = theirs[_i].features };

	provider_fill(theirs[_i].kind, theirs[_i].quirks);
	m.upstream =
	    snapshot_text(&snapshot, &snapshot.room, theirs[_i].upstream);
	ck_words(_i, needs_missing_there(&theirs[_i].needs, &snapshot.s, &m),
	    theirs[_i].words);
}
END_TEST

/* What a dialect is said to lack is what it refuses, and nothing else. */
static bool
dialect_takes(const struct dialect *d, const char *members)
{
	struct sbuf b = { 0 };
	struct asking q;
	bool took;

	sbuf_addf(&b, "%s%s}", CHAT, members);
	asking_read(&q, sbuf_slice(&b));
	asking_put(&q, d);
	took = q.done == 0;
	asking_end(&q);
	sbuf_free(&b);
	return took;
}

START_TEST(a_dialect_refuses_what_it_lacks)
{
	uint32_t features = _i == KINDS ? FEATURE_RESPONSES_ONLY : 0;
	enum provider_kind kind =
	    _i == KINDS ? KIND_OPENAI : (enum provider_kind)_i;
	const struct dialect *d = dialect_find(kind, SLICE("m"), features);
	struct settings_model m = { .features = features };
	uint32_t can;

	if (d == NULL)
		return; /* the client's own bytes pass */
	provider_fill(kind, 0);
	m.upstream = snapshot_text(&snapshot, &snapshot.room, "m");
	can = needs_abilities(&snapshot.s, &m);
	ck_assert_msg(dialect_takes(d, ",\"n\":2") == ((can & ABLE_N) != 0),
	    "kind %d: n", kind);
	ck_assert_msg(dialect_takes(d, ",\"logprobs\":true") ==
			  ((can & ABLE_LOGPROBS) != 0),
	    "kind %d: logprobs", kind);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("worker/needs");
	TCase *t = tcase_create("needs");

	tcase_add_loop_test(t, what_is_demanded, 0, COUNT(asks));
	tcase_add_loop_test(t, what_is_lacking, 0, COUNT(lacks));
	tcase_add_loop_test(t, what_a_provider_lacks, 0, COUNT(theirs));
	tcase_add_loop_test(t, a_dialect_refuses_what_it_lacks, 0, KINDS + 1);
	suite_add_tcase(s, t);
	return s;
}

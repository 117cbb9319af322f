#include "proto/models.h"

#include "base/sbuf.h"
#include "base/settings.h"
#include "tests/suite.h"

/* A snapshot by hand: two models of one provider. */
static struct world {
	struct settings s;
	struct settings_provider providers[1];
	struct settings_model models[2];
	struct settings_model_name names[2];
	char text[32];
} world;

static struct sref
ref(uint32_t at, uint32_t n)
{
	return (struct sref){ (uint32_t)offsetof(struct world, text) + at, n };
}

static void
build(void)
{
	memcpy(world.text, "demo/echodemo/lorem\"", 20);
	world.providers[0].name = ref(0, 4);
	world.models[0] = (struct settings_model){ .name = ref(0, 9),
		.context = 8192,
		.max_output = 100,
		.created = 86400,
		.price = { .known = true, .input = 500000, .output = 0 } };
	world.models[1] = (struct settings_model){ .name = ref(9, 11) };
	world.names[0] = (struct settings_model_name){ ref(0, 9), 0 };
	world.names[1] = (struct settings_model_name){ ref(9, 11), 1 };
	world.s.providers =
	    (struct slist){ offsetof(struct world, providers), 1 };
	world.s.models = (struct slist){ offsetof(struct world, models), 2 };
	world.s.model_names =
	    (struct slist){ offsetof(struct world, names), 2 };
}

/* arg: how many of the models are shown. */
static bool
show(const struct settings *s, const struct settings_model *m, void *arg)
{
	const struct settings_model *first = settings_list(s, s->models);

	return m - first < *(int *)arg;
}

static const struct {
	enum models_shape shape;
	int shown;
	const char *json;
} lists[] = {
	{ MODELS_OPENAI, 0, "{\"object\":\"list\",\"data\":[]}" },
	{ MODELS_OPENAI, 2,
	    "{\"object\":\"list\",\"data\":["
	    "{\"id\":\"demo/echo\",\"object\":\"model\",\"created\":86400,"
	    "\"owned_by\":\"demo\"},"
	    "{\"id\":\"demo/lorem\\\"\",\"object\":\"model\","
	    "\"created\":1735689600,\"owned_by\":\"demo\"}]}" },
	{ MODELS_ANTHROPIC, 0,
	    "{\"data\":[],\"has_more\":false,\"first_id\":null,"
	    "\"last_id\":null}" },
	{ MODELS_ANTHROPIC, 1,
	    "{\"data\":[{\"type\":\"model\",\"id\":\"demo/echo\","
	    "\"display_name\":\"demo/echo\","
	    "\"created_at\":\"1970-01-02T00:00:00.000000Z\"}],"
	    "\"has_more\":false,\"first_id\":\"demo/echo\","
	    "\"last_id\":\"demo/echo\"}" },
	{ MODELS_GEMINI, 1,
	    "{\"models\":[{\"name\":\"models/demo/echo\","
	    "\"displayName\":\"demo/echo\",\"inputTokenLimit\":8192,"
	    "\"outputTokenLimit\":100,\"supportedGenerationMethods\":["
	    "\"generateContent\",\"streamGenerateContent\"]}]}" },
};

START_TEST(writes_lists)
{
	int shown = lists[_i].shown;
	struct sbuf out = { 0 };

	build();
	models_write_list(&world.s, lists[_i].shape, show, &shown, &out);
	ck_assert_str_eq(out.data, lists[_i].json);
	sbuf_free(&out);
}
END_TEST

START_TEST(writes_one)
{
	struct sbuf out = { 0 };
	int shown = 1;

	build();
	ck_assert_int_eq(models_write_one(&world.s, SLICE("demo/echo"), show,
			     &shown, &out),
	    1);
	ck_assert_str_eq(out.data,
	    "{\"id\":\"demo/echo\",\"object\":\"model\",\"created\":86400,"
	    "\"owned_by\":\"demo\"}");
	ck_assert_int_eq(models_write_one(&world.s, SLICE("demo/lorem\""), show,
			     &shown, &out),
	    0);
	ck_assert_int_eq(models_write_one(&world.s, SLICE("x"), show, &shown,
			     &out),
	    0);
	sbuf_free(&out);
}
END_TEST

START_TEST(writes_the_public_list)
{
	struct sbuf out = { 0 };
	int shown = 2;

	build();
	models_write_public(&world.s, show, &shown, &out);
	ck_assert_str_eq(out.data,
	    "{\"models\":[{\"model_name\":\"demo/echo\","
	    "\"max_context_window\":8192,\"input_cost\":0.5,"
	    "\"output_cost\":0.0,\"rate_limit\":null,\"provider\":"
	    "{\"provider_name\":\"demo\",\"provider_id\":\"demo\","
	    "\"moderation\":null,\"credential_fields\":[\"api_key\"]}},"
	    "{\"model_name\":\"demo/lorem\\\"\",\"max_context_window\":null,"
	    "\"input_cost\":null,\"output_cost\":null,\"rate_limit\":null,"
	    "\"provider\":{\"provider_name\":\"demo\",\"provider_id\":"
	    "\"demo\",\"moderation\":null,\"credential_fields\":["
	    "\"api_key\"]}}]}");
	sbuf_free(&out);
}
END_TEST

/* The names of routing.md 7, and some that are two models. */
static const struct {
	const char *a, *b;
	bool same;
} sames[] = {
	{ "gpt-4o", "gpt-4o", true },
	{ "gpt-4o", "openai/gpt-4o", true },
	{ "gpt-4o", "gpt-4o-mini", false },
	{ "claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929", true },
	{ "claude-sonnet-4-5-20250929",
	    "anthropic.claude-sonnet-4-5-20250929-v1:0", true },
	{ "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
	    "claude-sonnet-4-5@20250929", true },
	{ "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", false },
	{ "gpt-4.1", "1", false },
	{ "amazon.nova-pro-v1:0", "nova-pro", true },
	{ "deepseek-v3", "deepseek", false },
	{ "", "", false },
	{ "a/", "b/", false },
};

START_TEST(test_same)
{
	ck_assert_msg(models_same(slice_str(sames[_i].a),
			  slice_str(sames[_i].b)) == sames[_i].same &&
			  models_same(slice_str(sames[_i].b),
			      slice_str(sames[_i].a)) == sames[_i].same,
	    "%s %s", sames[_i].a, sames[_i].b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("models");
	TCase *t = tcase_create("models");

	tcase_add_loop_test(t, writes_lists, 0, COUNT(lists));
	tcase_add_test(t, writes_one);
	tcase_add_loop_test(t, test_same, 0, COUNT(sames));
	tcase_add_test(t, writes_the_public_list);
	suite_add_tcase(s, t);
	return s;
}

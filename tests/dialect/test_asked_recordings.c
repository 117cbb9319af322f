/*
 * Every recorded chat request asked of Cohere and of Ollama: the body is JSON
 * that says the same, or the refusal names what cannot be said.
 */

#include "tests/suite.h"

#include "tests/dialect/asking_rows.h"
#include "tests/dialect/told.h"

struct seen {
	enum provider_kind kind;
	unsigned asked, refused;
};

/* All texts of a content, joined without what stands between them. */
static void
add_texts(struct sbuf *b, json_object *content, bool blanks)
{
	const char *text;

	if (json_object_is_type(content, json_type_string)) {
		text = json_object_get_string(content);
		for (; *text != '\0'; text++)
			if (blanks || *text != '\n')
				sbuf_addc(b, *text);
	}
	for (size_t i = 0; i < told_length(content); i++)
		add_texts(b,
		    told_dig(json_object_array_get_idx(content, i), "text"),
		    blanks);
}

static void
add_calls(struct sbuf *b, json_object *message)
{
	json_object *calls = told_dig(message, "tool_calls"), *f, *arguments;

	for (size_t i = 0; i < told_length(calls); i++) {
		f = told_dig(json_object_array_get_idx(calls, i), "function");
		arguments = told_dig(f, "arguments");
		sbuf_addc(b, '(');
		told_add(b, f, "name");
		/* As text with or without an object around it. */
		if (json_object_is_type(arguments, json_type_string))
			arguments = json_tokener_parse(
			    json_object_get_string(arguments));
		else
			json_object_get(arguments);
		if (told_length(arguments) == 0 &&
		    json_object_is_type(arguments, json_type_object) &&
		    json_object_object_length(arguments) > 0)
			sbuf_adds(b, json_object_to_json_string_ext(arguments,
					 JSON_C_TO_STRING_PLAIN));
		json_object_put(arguments);
		sbuf_addc(b, ')');
	}
}

/* What a message says, whoever it is said to. */
static void
add_message(struct sbuf *b, json_object *message)
{
	const char *role = recordings_str(message, "role");

	sbuf_adds(b, strcmp(role, "developer") == 0 ? "system" : role);
	sbuf_addc(b, ':');
	add_texts(b, told_dig(message, "content"), false);
	add_texts(b, told_dig(message, "tool_plan"), false);
	add_texts(b, told_dig(message, "refusal"), false);
	add_calls(b, message);
	sbuf_addc(b, '\n');
}

static void
add_all(struct sbuf *b, json_object *request)
{
	json_object *messages = told_dig(request, "messages");

	for (size_t i = 0; i < told_length(messages); i++)
		add_message(b, json_object_array_get_idx(messages, i));
}

static void
check_sent(const struct told_case *c, const struct seen *seen,
    json_object *asked, const char *body)
{
	json_object *sent = json_tokener_parse(body);
	struct sbuf want = { 0 }, got = { 0 };
	size_t tools = told_length(told_dig(asked, "tools")) +
	               told_length(told_dig(asked, "functions"));

	ck_assert_msg(sent != NULL, "%s: %s", c->name, body);
	add_all(&want, asked);
	add_all(&got, sent);
	told_expect_text(&want, &got, "messages", c->name);
	ck_assert_str_eq(recordings_str(sent, "model"), "m");
	if (told_dig(asked, "tool_choice") == NULL &&
	    told_dig(asked, "function_call") == NULL)
		ck_assert_uint_eq(told_length(told_dig(sent, "tools")), tools);
	if (seen->kind == KIND_OLLAMA)
		ck_assert(told_dig(sent, "stream") != NULL);
	sbuf_free(&want);
	sbuf_free(&got);
	json_object_put(sent);
}

static void
ask_one(const struct told_case *c, void *arg)
{
	struct seen *seen = arg;
	json_object *asked = json_tokener_parse(c->body.data);
	struct asking k;

	if (!json_object_is_type(asked, json_type_object) ||
	    told_length(told_dig(asked, "messages")) == 0) {
		json_object_put(asked);
		return;
	}
	if (asking_try(&k, seen->kind, c->body.data) == 0) {
		check_sent(c, seen, asked, k.body.data);
		seen->asked++;
	} else {
		/* A fault of the request has been told by its parameters. */
		ck_assert_msg(k.err.param[0] != '\0' &&
				  (k.err.kind == ERR_UNSUPPORTED_PARAMETER ||
				      k.asked.err.kind == k.err.kind),
		    "%s: %d %s", c->name, (int)k.err.kind, k.err.text);
		seen->refused++;
	}
	asking_end(&k);
	json_object_put(asked);
}

static const char *const groups[] = { "openai-chat", "azure-openai-chat",
	"groq", "deepseek", "xai", "mistral", "together", "openrouter",
	"cerebras", "zai", "huggingface", "llamacpp", "vercel-gateway",
	"snowflake", "databricks", "cloudflare" };

START_TEST(test_asked)
{
	static const enum provider_kind kinds[] = { KIND_COHERE, KIND_OLLAMA };
	struct seen seen = { .kind = kinds[_i] };

	if (!recordings_exist())
		return;
	for (size_t i = 0; i < COUNT(groups); i++)
		told_each_file(groups[i], 1, "request.json", ask_one, &seen);
	ck_assert_uint_ge(seen.asked, 90);
	ck_assert_uint_ge(seen.refused, 10);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/asked_recordings");
	TCase *tc = tcase_create("requests");

	tcase_add_loop_test(tc, test_asked, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

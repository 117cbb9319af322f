#include "proto/errbody.h"

#include <string.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "tests/suite.h"

#define ERR_429                                                                \
	{                                                                      \
		ERR_RATE_LIMIT, "", "Rate limit exceeded: 60 \"x\"."           \
	}

static const struct {
	const char *title;
	struct errbody b;
	struct err e;
	const char *json;
} cases[] = {
	{ "a parameter at fault", { .status = 404 },
	    { ERR_MODEL_NOT_FOUND, "model",
		"Requested model gpt-99 is not available in the model list" },
	    "{\"error\":{\"message\":\"Requested model gpt-99 is not available "
	    "in the model list\",\"type\":\"respan_error\",\"param\":\"model\","
	    "\"code\":\"model_not_found\"}}" },
	{ "401 has a detail", { .status = 401 },
	    { ERR_MISSING_KEY, "",
		"Authentication credentials were not provided." },
	    "{\"detail\":\"Authentication credentials were not provided.\","
	    "\"error\":{\"message\":\"Authentication credentials were not "
	    "provided.\",\"type\":\"respan_error\",\"param\":null,"
	    "\"code\":\"missing_api_key\"}}" },
	{ "429 has a retry time",
	    { .status = 429,
		.detail = { "Rate limit exceeded", 19 },
		.retry_after_s = 12 },
	    ERR_429,
	    "{\"detail\":\"Rate limit exceeded\",\"retry_after\":12,"
	    "\"error\":{\"message\":\"Rate limit exceeded: 60 \\\"x\\\".\","
	    "\"type\":\"respan_error\",\"param\":null,"
	    "\"code\":\"rate_limit_exceeded\"}}" },
	{ "a text that was cut inside a character", { .status = 400 },
	    { ERR_INVALID_VALUE, "p", "x\xe4\xb8" },
	    "{\"error\":{\"message\":\"x\",\"type\":\"respan_error\","
	    "\"param\":\"p\",\"code\":\"invalid_value\"}}" },
	{ "Anthropic",
	    { .shape = ERRBODY_ANTHROPIC,
		.status = 429,
		.request_id = { "r-1", 3 } },
	    ERR_429,
	    "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\","
	    "\"message\":\"Rate limit exceeded: 60 \\\"x\\\".\","
	    "\"code\":\"rate_limit_exceeded\"},\"request_id\":\"r-1\"}" },
	{ "Anthropic, another status",
	    { .shape = ERRBODY_ANTHROPIC,
		.status = 502,
		.request_id = { "r-1", 3 } },
	    { ERR_UPSTREAM_INVALID, "", "t" },
	    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
	    "\"message\":\"t\",\"code\":\"upstream_invalid_response\"},"
	    "\"request_id\":\"r-1\"}" },
	{ "Anthropic, a provider that has too much to do",
	    { .shape = ERRBODY_ANTHROPIC,
		.status = 529,
		.request_id = { "r-1", 3 } },
	    { ERR_OVERLOADED, "", "t" },
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	    "\"message\":\"t\",\"code\":\"overloaded\"},"
	    "\"request_id\":\"r-1\"}" },
	{ "Gemini",
	    { .shape = ERRBODY_GEMINI, .status = 429, .retry_after_s = 3 },
	    ERR_429,
	    "{\"error\":{\"code\":429,\"message\":\"Rate limit exceeded: 60 "
	    "\\\"x\\\".\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
	    "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\","
	    "\"reason\":\"RATE_LIMIT_EXCEEDED\",\"domain\":\"holdfast\"},"
	    "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
	    "\"retryDelay\":\"3s\"}]}}" },
};

START_TEST(writes_the_body)
{
	struct sbuf out = { 0 };

	errbody_write(&cases[_i].b, &cases[_i].e, &out);
	ck_assert_str_eq(out.data, cases[_i].json);
	sbuf_free(&out);
}
END_TEST

/* An error of a provider that names none, in the shapes that have a code. */
START_TEST(no_code_is_null)
{
	struct errbody b = { .status = 502 };
	struct sbuf out = { 0 };

	errbody_write_code(&b, SLICE("m"), SLICE(""), "", &out);
	ck_assert_str_eq(out.data,
	    "{\"error\":{\"message\":\"m\",\"type\":\"respan_error\","
	    "\"param\":null,\"code\":null}}");
	sbuf_clear(&out);
	b.shape = ERRBODY_ANTHROPIC;
	errbody_write_code(&b, SLICE("m"), SLICE(""), "", &out);
	ck_assert(strstr(out.data, "\"code\":null}") != NULL);
	sbuf_free(&out);
}
END_TEST

/* Of a provider's code, which may be any text, only JSON is made. */
START_TEST(any_code_is_a_reason)
{
	struct errbody b = { .shape = ERRBODY_GEMINI, .status = 529 };
	struct sbuf out = { 0 };

	errbody_write_code(&b, SLICE("m"), SLICE(""), "a\"b\\.9\n\xc3", &out);
	ck_assert(strstr(out.data, "\"status\":\"UNAVAILABLE\"") != NULL);
	ck_assert(strstr(out.data, "\"reason\":\"A_B__9__\",") != NULL);
	sbuf_free(&out);
}
END_TEST

START_TEST(writes_the_event)
{
	struct err e = { ERR_UPSTREAM_STREAM, "", "gone" };
	struct sbuf out = { 0 };

	errbody_write_event(&e, &out);
	ck_assert_str_eq(out.data,
	    "{\"error\":{\"message\":\"gone\",\"type\":\"respan_error\","
	    "\"param\":null,\"code\":\"upstream_stream_error\"}}");
	sbuf_free(&out);
}
END_TEST

START_TEST(names_every_status_we_answer)
{
	for (int kind = ERR_BAD_REQUEST; kind <= ERR_HTTP_VERSION; kind++)
		if (kind != ERR_CLIENT_GONE)
			ck_assert_msg(*errbody_reason(err_status(
					  (enum err_kind)kind)) != '\0',
			    "%d", err_status((enum err_kind)kind));
	ck_assert_str_eq(errbody_reason(429), "Too Many Requests");
	ck_assert_str_eq(errbody_reason(299), "");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("errbody");
	TCase *t = tcase_create("errbody");

	tcase_add_loop_test(t, writes_the_body, 0, COUNT(cases));
	tcase_add_test(t, writes_the_event);
	tcase_add_test(t, no_code_is_null);
	tcase_add_test(t, any_code_is_a_reason);
	tcase_add_test(t, names_every_status_we_answer);
	suite_add_tcase(s, t);
	return s;
}

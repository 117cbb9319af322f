/* What providers say when they say no: spec/providers.md 8. */

#include "tests/suite.h"

#include "proto/relay_error.h"
#include "tests/proto/recordings.h"

static const struct row {
	const char *title, *json;
	int http, said, status;
	const char *message, *type, *code;
} rows[] = {
	{ "OpenAI",
	    "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":null,"
	    "\"code\":\"c\"}}",
	    429, 1, 429, "m", "t", "c" },
	{ "Azure, no type", "{\"error\":{\"code\":\"401\",\"message\":\"m\"}}",
	    401, 1, 401, "m", "authentication_error", "401" },
	{ "Azure's filter in a 200",
	    "{\"error\":{\"message\":\"m\",\"type\":null,\"code\":"
	    "\"content_filter\",\"status\":400}}",
	    200, 1, 400, "m", "invalid_request_error", "content_filter" },
	{ "Anthropic",
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	    "\"message\":\"m\"}}",
	    200, 1, 529, "m", "overloaded_error", "" },
	{ "Gemini in an array",
	    "[{\"error\":{\"code\":503,\"message\":\"m\",\"status\":"
	    "\"UNAVAILABLE\"}}]",
	    200, 1, 503, "m", "unavailable", "UNAVAILABLE" },
	{ "Gemini as an event",
	    "data: {\"error\":{\"code\":404,\"message\":\"m\",\"status\":"
	    "\"NOT_FOUND\"}}\r\n\r\n",
	    404, 1, 404, "m", "not_found", "NOT_FOUND" },
	{ "Mistral's details",
	    "{\"object\":\"error\",\"message\":{\"detail\":[{\"msg\":\"a\"},"
	    "{\"msg\":\"b\"}]},\"type\":\"t\",\"code\":null}",
	    422, 1, 422, "a; b", "t", "" },
	{ "Mistral's 401", "{\"detail\":\"Unauthorized\"}", 401, 1, 401,
	    "Unauthorized", "authentication_error", "" },
	{ "xAI", "{\"code\":\"c\",\"error\":\"text\"}", 400, 1, 400, "text",
	    "invalid_request_error", "c" },
	{ "Cohere", "{\"error_type\":\"T\",\"id\":\"i\",\"message\":\"m\"}",
	    400, 1, 400, "m", "invalid_request_error", "T" },
	{ "OpenRouter's inner words",
	    "{\"error\":{\"code\":502,\"message\":\"m\",\"metadata\":{\"raw\":"
	    "\"inner\"}},\"user_id\":\"u\"}",
	    200, 1, 502, "m: inner", "api_error", "502" },
	{ "Groq in a stream",
	    "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\","
	    "\"code\":\"tool_use_failed\",\"status_code\":400}}",
	    200, 1, 400, "m", "invalid_request_error", "tool_use_failed" },
	{ "a word for the status",
	    "{\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}",
	    200, 1, 429, "m", "rate_limit_error", "rate_limit_exceeded" },
	{ "no status anywhere", "{\"error\":{\"message\":\"m\"}}", 200, 1, 502,
	    "m", "api_error", "" },
	{ "a list of errors", "{\"errors\":[{\"message\":\"m\"}]}", 500, 1, 500,
	    "m", "api_error", "" },
	{ "plain text", "Bad gateway", 502, 1, 502, "Bad gateway", "api_error",
	    "" },
	{ "nothing", "{}", 500, 0, 500, "", "api_error", "" },
};

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct relay_error r;

	ck_assert_msg(relay_error_read(slice_str(row->json), row->http, &r) ==
			      row->said &&
			  r.status == row->status &&
			  strcmp(r.message, row->message) == 0 &&
			  strcmp(r.type, row->type) == 0 &&
			  strcmp(r.code, row->code) == 0,
	    "%s: %d \"%s\" %s %s", row->title, r.status, r.message, r.type,
	    r.code);
}
END_TEST

/* A long message ends at a character. */
START_TEST(test_long)
{
	struct sbuf b = { 0 };
	struct relay_error r;
	int i;

	sbuf_adds(&b, "{\"error\":\"");
	for (i = 0; i < 400; i++)
		sbuf_adds(&b, "\xc3\xa9");
	sbuf_adds(&b, "\"}");
	relay_error_read(sbuf_slice(&b), 400, &r);
	ck_assert_uint_eq(strlen(r.message), 510);
	sbuf_free(&b);
}
END_TEST

/* How long an error asks to wait. */
static const struct {
	const char *details;
	int64_t ms;
} waits[] = {
	{ "[{\"@type\":\"t\"},{\"retryDelay\":\"48s\"}]", 48000 },
	{ "[{\"retryDelay\":\"48.939935699s\"}]", 48940 },
	{ "[{\"retryDelay\":\"0s\"}]", 0 },
	{ "[7,{\"retryDelay\":7},{\"retryDelay\":\"1s\"}]", 1000 },
	{ "[{\"retryDelay\":\"99999999999999999999s\"}]", INT64_MAX },
	{ "[{\"retryDelay\":\"3.5s\"}]", 3500 },
	{ "[{\"retryDelay\":\"0.2s\"}]", 200 },
	{ "[{\"retryDelay\":\"-1s\"}]", 0 },
	{ "[{\"retryDelay\":\"48\"}]", 0 },
	{ "[{\"retryDelay\":\"s\"}]", 0 },
	{ "[{\"retryDelay\":\"\"},{\"retryDelay\":\"1s\"}]", 0 },
	{ "{\"retryDelay\":\"48s\"}", -1 },
	{ "null", -1 },
};

START_TEST(test_wait)
{
	struct relay_error r;
	struct sbuf b = { 0 };

	sbuf_addf(&b, "{\"error\":{\"details\":%s}}", waits[_i].details);
	relay_error_read(sbuf_slice(&b), 429, &r);
	ck_assert_msg(r.wait_ms == waits[_i].ms, "%s: %lld", waits[_i].details,
	    (long long)r.wait_ms);
	sbuf_free(&b);
}
END_TEST

static void
check_recorded(const struct recordings_case *c, void *arg)
{
	json_object *o, *error;
	unsigned *seen = arg;
	struct relay_error r;
	const char *message;

	if (c->status < 400)
		return;
	o = json_tokener_parse(c->body.data);
	error = json_object_object_get(o, "error");
	message =
	    recordings_str(json_object_is_type(error, json_type_object) ? error
									: o,
		"message");
	ck_assert_msg(relay_error_read(sbuf_slice(&c->body), c->status, &r) ==
			  1,
	    "%s", c->name);
	ck_assert_int_eq(r.status, c->status);
	ck_assert_msg(strncmp(r.message, message,
			  strnlen(message, sizeof r.message - 4)) == 0,
	    "%s: %s", c->name, r.message);
	json_object_put(o);
	++*seen;
}

START_TEST(test_recorded)
{
	recordings_check(check_recorded, 15);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/relay_error");
	TCase *tc = tcase_create("relay_error");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_long);
	tcase_add_loop_test(tc, test_wait, 0, COUNT(waits));
	tcase_add_test(tc, test_recorded);
	suite_add_tcase(s, tc);
	return s;
}

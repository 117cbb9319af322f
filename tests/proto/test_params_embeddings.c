/* Parameters of requests for embeddings: api.md 5.2, and who never leaves. */

#include "tests/suite.h"

#include "tests/proto/asked.h"

#define INPUT "\"input\":\"x\""
#define WITH(member) "{" INPUT "," member "}"

#define T(param, expected, got)                                                \
	"invalid_type", param,                                                 \
	    "Invalid type for '" param "': expected " expected ", got " got    \
	    "."
#define V(param, why)                                                          \
	"invalid_value", param, "Invalid value for '" param "': " why "."
#define MISSING(param)                                                         \
	"missing_required_parameter", param,                                   \
	    "Missing required parameter: '" param "'."

static const struct {
	const char *body, *code, *param, *text;
} faults[] = {
	{ "{}", MISSING("input") },
	{ "{\"input\":null}", MISSING("input") },
	{ "{\"messages\":[]}", MISSING("input") },
	{ "{\"model\":1}", T("model", "string", "integer") },
	{ "{\"dimensions\":0}", MISSING("input") },
	{ "{\"input\":{}}", T("input", "string or array", "object") },
	{ "{\"input\":7}", T("input", "string or array", "integer") },
	{ "{\"input\":[ ]}", V("input", "must not be empty") },
	{ WITH("\"encoding_format\":\"int8\""),
	    V("encoding_format", "must be float or base64") },
	{ WITH("\"encoding_format\":1"),
	    V("encoding_format", "must be float or base64") },
	{ WITH("\"dimensions\":0"), V("dimensions", "must be at least 1") },
	{ WITH("\"dimensions\":1.5"), T("dimensions", "integer", "number") },
	{ WITH("\"dimensions\":\"8\""), T("dimensions", "integer", "string") },
	{ WITH("\"user\":7"), T("user", "string", "integer") },
	{ WITH("\"timeout\":0"), V("timeout", "must be greater than 0") },
	{ WITH("\"retries\":11"), V("retries", "must be between 0 and 10") },
	{ WITH("\"prompt\":{\"prompt_id\":\"p\"}"), "unsupported_parameter",
	    "prompt", "Parameter 'prompt' is not supported by this endpoint." },
	{ WITH("\"prompt\":\"x\""), "unsupported_parameter", "prompt",
	    "Parameter 'prompt' is not supported by this endpoint." },
};

START_TEST(words_each_fault)
{
	struct asked a;

	ck_assert_msg(asked_read_as(&a, DIALECT_EMBEDDINGS,
			  slice_str(faults[_i].body), NULL) == -1,
	    "%s", faults[_i].body);
	ck_assert_str_eq(a.err.text, faults[_i].text);
	ck_assert_str_eq(a.err.param, faults[_i].param);
	ck_assert_str_eq(err_code(a.err.kind), faults[_i].code);
	asked_end(&a);
}
END_TEST

/* What is sent to a provider of OpenAI's API. */
static const struct {
	const char *title, *body, *sent;
} rows[] = {
	{ "the client's bytes", "{ \"input\" : \"\\u0061\", \"model\":\"m\" }",
	    "{ \"input\" : \"\\u0061\", \"model\":\"up\" }" },
	{ "tokens", "{\"input\":[[1,2],[3]],\"model\":\"up\"}",
	    "{\"input\":[[1,2],[3]],\"model\":\"up\"}" },
	{ "its own parameters",
	    "{\"input\":[\"a\"],\"model\":\"up\",\"dimensions\":8.0,"
	    "\"encoding_format\":\"base64\",\"user\":\"u\"}",
	    "{\"input\":[\"a\"],\"model\":\"up\",\"dimensions\":8,"
	    "\"encoding_format\":\"base64\",\"user\":\"u\"}" },
	{ "unknown members", WITH("\"model\":\"up\",\"stream\":1,\"x\":2"),
	    WITH("\"model\":\"up\",\"stream\":1,\"x\":2") },
	{ "names of Respan's that mean nothing here",
	    WITH("\"echo\":true,\"mock_response\":\"m\",\"variables\":{},"
		 "\"field_name\":9,\"model\":\"up\",\"weight\":\"w\","
		 "\"request_breakdown\":1"),
	    "{" INPUT ",\"model\":\"up\"}" },
	{ "and that do",
	    WITH("\"metadata\":{},\"note\":\"n\","
		 "\"model\":\"up\",\"cache_enabled\":true"),
	    "{" INPUT ",\"model\":\"up\"}" },
	{ "from a container",
	    "{\"model\":\"up\",\"respan_params\":{\"input\":\"b\",\"max_"
	    "tokens\""
	    ":3}}",
	    "{\"model\":\"up\",\"input\":\"b\"}" },
};

START_TEST(sends_what_is_the_providers)
{
	struct edit_options options = { .model = SLICE("up") };
	struct splice_result sent;
	struct asked a;

	ck_assert_int_eq(asked_read_as(&a, DIALECT_EMBEDDINGS,
			     slice_str(rows[_i].body), NULL),
	    0);
	edit_body(&a.params, &options, a.pool, &sent);
	ck_assert_str_eq(asked_join(&a, &sent).p, rows[_i].sent);
	asked_end(&a);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("params_embeddings");
	TCase *t = tcase_create("params_embeddings");

	tcase_add_loop_test(t, words_each_fault, 0, (int)COUNT(faults));
	tcase_add_loop_test(t, sends_what_is_the_providers, 0,
	    (int)COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}

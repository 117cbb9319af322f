#include "proto/params.h"

#include <stdio.h>

#include "base/settings.h"
#include "tests/proto/asked.h"
#include "tests/suite.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"
#define WITH(member) "{" MESSAGES "," member "}"
#define IN_MESSAGE(member) "{\"messages\":[{\"role\":\"user\"}," member "]}"

#define T(param, expected, got)                                                \
	"invalid_type", param,                                                 \
	    "Invalid type for '" param "': expected " expected ", got " got    \
	    "."
#define V(param, why)                                                          \
	"invalid_value", param, "Invalid value for '" param "': " why "."
#define W(param, text) "invalid_value", param, text
#define MISSING(param)                                                         \
	"missing_required_parameter", param,                                   \
	    "Missing required parameter: '" param "'."

static const struct {
	const char *body, *code, *param, *text;
} faults[] = {
	{ "{}", MISSING("messages") },
	{ "{\"messages\":null}", MISSING("messages") },
	{ "{\"messages\":\"hi\"}", T("messages", "array", "string") },
	{ "{\"messages\":[]}", V("messages", "must not be empty") },
	{ "{\"messages\":[1]}", T("messages[0]", "object", "integer") },
	{ "{\"messages\":[{}]}", MISSING("messages[0].role") },
	{ IN_MESSAGE("{\"role\":null}"), MISSING("messages[1].role") },
	{ IN_MESSAGE("{\"role\":1}"),
	    T("messages[1].role", "string", "integer") },
	{ IN_MESSAGE("{\"role\":\"boss\"}"),
	    V("messages[1].role", "unknown role 'boss'") },
	{ IN_MESSAGE("{\"role\":\"user\",\"content\":{}}"),
	    T("messages[1].content", "string or array", "object") },
	{ IN_MESSAGE("{\"role\":\"user\",\"role\":\"system\"}"),
	    "duplicate_parameter", "messages[1].role",
	    "Duplicate parameter: 'messages[1].role'." },
	{ IN_MESSAGE("{\"role\":1,\"content\":{}},[1]"),
	    T("messages[1].role", "string", "integer") },
	{ "{\"respan_params\":{\"messages\":[{\"role\":\"boss\"}]}}",
	    V("messages[0].role", "unknown role 'boss'") },
	{ "{\"mess\\u0061ges\":[1]}", T("messages[0]", "object", "integer") },
	{ WITH("\"model\":1"), T("model", "string", "integer") },
	{ WITH("\"model\":\"\""), V("model", "must not be empty") },
	{ WITH("\"stream\":1"), T("stream", "boolean", "integer") },
	{ WITH("\"stream\":\"true\""), T("stream", "boolean", "string") },
	{ WITH("\"stream_options\":{}"),
	    V("stream_options", "only allowed when stream is true") },
	{ WITH("\"stream\":true,\"stream_options\":[]"),
	    T("stream_options", "object", "array") },
	{ WITH("\"temperature\":2.1"),
	    V("temperature", "must be between 0 and 2") },
	{ WITH("\"temperature\":2.0000000000000001"),
	    V("temperature", "must be between 0 and 2") },
	{ WITH("\"temperature\":-1e-30"),
	    V("temperature", "must be between 0 and 2") },
	{ WITH("\"temperature\":\"1\""), T("temperature", "number", "string") },
	{ WITH("\"top_p\":1.5"), V("top_p", "must be between 0 and 1") },
	{ WITH("\"max_tokens\":0"), V("max_tokens", "must be at least 1") },
	{ WITH("\"max_tokens\":1.5"), T("max_tokens", "integer", "number") },
	{ WITH("\"max_tokens\":5,\"max_completion_tokens\":6"),
	    V("max_completion_tokens", "conflicts with max_tokens") },
	{ WITH("\"n\":129"), V("n", "must be between 1 and 128") },
	{ WITH("\"stop\":[1]"),
	    T("stop", "string or array of strings", "array") },
	{ WITH("\"frequency_penalty\":-2.5"),
	    V("frequency_penalty", "must be between -2 and 2") },
	{ WITH("\"logit_bias\":{\"50256\":\"x\"}"),
	    T("logit_bias.50256", "number", "string") },
	{ WITH("\"logit_bias\":{\"1\":101}"),
	    V("logit_bias.1", "must be between -100 and 100") },
	{ WITH("\"top_logprobs\":3"),
	    V("top_logprobs", "requires logprobs to be true") },
	{ WITH("\"logprobs\":true,\"top_logprobs\":21"),
	    V("top_logprobs", "must be between 0 and 20") },
	{ WITH("\"tools\":{}"), T("tools", "array", "object") },
	{ WITH("\"tools\":[{\"type\":\"function\",\"function\":"
	       "{\"name\":\"f\"}},1]"),
	    T("tools[1]", "object", "integer") },
	{ WITH("\"tools\":[{\"type\":\"web\"}]"),
	    V("tools[0].type", "unsupported tool type 'web'") },
	{ WITH("\"tools\":[{\"type\":\"function\",\"function\":{}}]"),
	    MISSING("tools[0].function.name") },
	{ WITH("\"tool_choice\":1"),
	    T("tool_choice", "string or object", "integer") },
	{ WITH("\"tool_choice\":\"maybe\""),
	    V("tool_choice", "must be none, auto, required or an object") },
	{ WITH("\"tool_choice\":\"required\""),
	    V("tool_choice", "requires tools") },
	{ WITH("\"response_format\":{}"), MISSING("response_format.type") },
	{ WITH("\"response_format\":\"xml\""),
	    V("response_format", "must be text, json_object or json_schema") },
	{ WITH("\"response_format\":{\"type\":\"json_schema\"}"),
	    MISSING("response_format.json_schema") },
	{ WITH("\"user\":7"), T("user", "string", "integer") },
	{ WITH("\"timeout\":0"), V("timeout", "must be greater than 0") },
	{ WITH("\"extra_headers\":{\"cookie\":\"x\"}"),
	    V("extra_headers", "header 'cookie' is not allowed") },
	{ WITH("\"extra_headers\":{\"x-title\":1}"),
	    T("extra_headers.x-title", "string", "integer") },
	{ WITH("\"extra_headers\":{\"x-title\":\"a\\r\\nb\"}"),
	    V("extra_headers.x-title",
		"must be printable ASCII of at most 1024 bytes") },
	{ WITH("\"load_balance_group\":{}"),
	    MISSING("load_balance_group.group_id") },
	{ WITH("\"load_balance_models\":[{\"model\":\"a\",\"weight\":1},"
	       "{\"weight\":1}]"),
	    MISSING("load_balance_models[1].model") },
	{ WITH("\"load_balance_models\":[{\"model\":\"a\",\"weight\":0}]"),
	    W("load_balance_models[0].weight",
		"Weight has to be greater than 0") },
	{ WITH("\"models\":[\"a\",{}]"),
	    V("models", "must be all strings or all objects") },
	{ WITH("\"fallback_models\":[\"a\",2]"),
	    T("fallback_models[1]", "string", "integer") },
	{ WITH("\"retry_params\":{\"num_retries\":2}"),
	    MISSING("retry_params.retry_enabled") },
	{ WITH("\"retry_params\":{\"retry_enabled\":true,\"num_retries\":0}"),
	    W("retry_params.num_retries",
		"num_retries has to be greater than 0") },
	{ WITH("\"retry_params\":{\"retry_enabled\":true,\"num_retries\":11}"),
	    V("retry_params.num_retries", "must be at most 10") },
	{ WITH("\"retry_params\":{\"retry_enabled\":true,\"retry_after\":-1}"),
	    W("retry_params.retry_after",
		"retry_after has to be greater than 0") },
	{ WITH("\"retry_params\":{\"retry_enabled\":true,\"often\":1}"),
	    V("retry_params", "unknown member 'often'") },
	{ WITH("\"retries\":11"), V("retries", "must be between 0 and 10") },
	{ WITH("\"weight\":0"),
	    W("weight", "Weight has to be greater than 0") },
	{ WITH("\"customer_credentials\":7"),
	    T("customer_credentials", "object or array", "integer") },
	{ WITH("\"customer_credentials\":[{\"weight\":0}]"),
	    W("customer_credentials[0].weight",
		"Weight must be greater than 0") },
	{ WITH("\"credential_override\":{\"a\":1}"),
	    T("credential_override.a", "object", "integer") },
	{ WITH("\"customer_api_keys\":{\"a\":1}"),
	    T("customer_api_keys.a", "string", "integer") },
	{ WITH("\"cache_enabled\":\"yes\""),
	    T("cache_enabled", "boolean", "string") },
	{ WITH("\"cache_ttl\":0.5"),
	    V("cache_ttl", "must be between 1 and 31536000") },
	{ WITH("\"cache_options\":[]"),
	    T("cache_options", "object or boolean", "array") },
	{ WITH("\"cache_options\":{\"omit_log\":[]}"),
	    T("cache_options.omit_log", "boolean", "array") },
	{ WITH("\"prompt\":\"x\""), T("prompt", "object", "string") },
	{ WITH("\"prompt\":{}"), MISSING("prompt.prompt_id") },
	{ WITH("\"prompt\":{\"prompt_id\":\"p\",\"version\":\"old\"}"),
	    V("prompt.version", "must be an integer or \"latest\"") },
	{ WITH("\"delimiter\":\"\""), V("delimiter", "must be 1 to 64 bytes") },
	{ WITH("\"respan_params\":[]"), T("respan_params", "object", "array") },
	{ WITH("\"respan_params\":{\"note\":\"a\",\"note\":\"b\"}"),
	    "duplicate_parameter", "respan_params.note",
	    "Duplicate parameter: 'respan_params.note'." },
	{ WITH("\"respan_params\":{\"max_tokens\":-1}"),
	    V("max_tokens", "must be at least 1") },
	{ WITH("\"customer_identifier\":[]"),
	    T("customer_identifier", "string", "array") },
	{ WITH("\"customer_identifier\":1.5"),
	    T("customer_identifier", "string", "number") },
	{ WITH("\"customer_identifier\":\"c\",\"customer_params\":"
	       "{\"email\":\"nobody\"}"),
	    V("customer_params.email", "is not a valid email address") },
	{ WITH("\"customer_identifier\":\"c\",\"customer_params\":"
	       "{\"period_start\":\"2025-02-29\"}"),
	    W("customer_params.period_start",
		"timestamp has to be a valid ISO 8601 formatted date-string "
		"YYYY-MM-DD") },
	{ WITH("\"customer_identifier\":\"c\",\"customer_params\":"
	       "{\"budget_duration\":\"hourly\"}"),
	    V("customer_params.budget_duration",
		"must be daily, weekly, monthly or yearly") },
	{ WITH("\"customer_identifier\":\"c\",\"customer_params\":"
	       "{\"period_budget\":-1}"),
	    V("customer_params.period_budget", "must not be negative") },
	{ WITH("\"customer_identifier\":\"c\",\"customer_params\":"
	       "{\"rate_limit\":0}"),
	    V("customer_params.rate_limit", "must be at least 1") },
	{ WITH("\"metadata\":\"no json\""), T("metadata", "object", "string") },
	{ WITH("\"note\":1"), T("note", "string", "integer") },
	{ WITH("\"disable_log\":2"), T("disable_log", "boolean", "integer") },
	{ WITH("\"temperature\":9,\"model\":1"),
	    T("model", "string", "integer") },
};

START_TEST(words_each_fault)
{
	struct asked a;

	ck_assert_msg(asked_read(&a, slice_str(faults[_i].body), NULL) == -1,
	    "%s", faults[_i].body);
	ck_assert_str_eq(a.err.text, faults[_i].text);
	ck_assert_str_eq(a.err.param, faults[_i].param);
	ck_assert_str_eq(err_code(a.err.kind), faults[_i].code);
	asked_end(&a);
}
END_TEST

static const char *const fine[] = {
	WITH("\"temperature\":2.000,\"top_p\":0,\"n\":1e0"),
	WITH("\"seed\":12345678901234567890"),
	WITH("\"stop\":[\"a\",\"b\"],\"logit_bias\":{\"1\":-100}"),
	WITH("\"tool_choice\":\"auto\""),
	WITH("\"tools\":[{\"type\":\"custom\",\"custom\":{}}],"
	     "\"tool_choice\":\"any\""),
	WITH("\"response_format\":\"json_object\""),
	WITH("\"load_balance_models\":[\"a\",{\"model\":\"b\"}]"),
	WITH("\"load_balance_group\":\"g\",\"models\":[]"),
	WITH("\"customer_credentials\":{\"openai\":\"sk\"}"),
	WITH("\"customer_credentials\":{\"openai\":[{\"credentials\":{},"
	     "\"weight\":1.0}]}"),
	WITH("\"field_name\":\"\",\"delimiter\":\"\\n\""),
	WITH("\"respan_api_controls\":{\"block\":\"True\"}"),
	WITH("\"extra_headers\":{\"HTTP-Referer\":\"https://a\"}"),
	"{\"prompt\":{\"prompt_id\":\"p\",\"version\":\"latest\"}}",
	("{\"messages\":[{\"role\":\"assistant\",\"content\":null},"
	 "{\"role\":\"tool\",\"content\":[]},{\"role\":\"us\\u0065r\"}]}"),
};

START_TEST(takes_what_is_right)
{
	struct asked a;

	asked_read(&a, slice_str(fine[_i]), NULL);
	ck_assert_msg(a.err.kind == ERR_NONE, "%s: %s", fine[_i], a.err.text);
	asked_end(&a);
}
END_TEST

static void
is_text(const struct asked *a, enum param_id id, const char *text)
{
	ck_assert_msg(slice_eq(params_text(&a->params, id), slice_str(text)),
	    "%s", text);
}

START_TEST(merges_by_place)
{
	struct asked a;

	ck_assert_int_eq(asked_read(&a,
			     SLICE(WITH("\"customer_identifier\":\"a\","
					"\"span_path\":null,"
					"\"extra_body\":{\"trace_name\":\"e\"},"
					"\"respan_params\":{"
					"\"customer_identifier\":\"b\","
					"\"custom_identifier\":\"x\","
					"\"trace_name\":\"r\",\"odd\":1,"
					"\"extra_body\":{\"note\":\"no\"}},"
					"\"keywordsai_params\":{"
					"\"custom_identifier\":\"y\","
					"\"note\":\"z\"}")),
			     "{\"note\":\"h\",\"span_name\":\"s\","
			     "\"span_path\":\"p\"}"),
	    0);
	is_text(&a, PARAM_customer_identifier, "a");
	is_text(&a, PARAM_custom_identifier, "x");
	is_text(&a, PARAM_note, "z");
	is_text(&a, PARAM_span_name, "s");
	is_text(&a, PARAM_span_path, "p");
	is_text(&a, PARAM_trace_name, "e");
	ck_assert_uint_eq(a.params.n_warnings, 2);
	ck_assert(slice_eq(a.params.warnings[0], SLICE("odd")));
	ck_assert(slice_eq(a.params.warnings[1], SLICE("extra_body")));
	asked_end(&a);
}
END_TEST

START_TEST(reads_leniently)
{
	struct asked a;

	ck_assert_int_eq(asked_read(&a,
			     SLICE(WITH("\"disable_log\":\"True\","
					"\"cache_enabled\":1,"
					"\"cache_ttl\":\"60\","
					"\"custom_identifier\":42,"
					"\"group_identifier\":true,"
					"\"cache_options\":{\"omit_logs\":"
					"true}")),
			     NULL),
	    0);
	ck_assert(params_bool(&a.params, PARAM_disable_log));
	ck_assert(params_bool(&a.params, PARAM_cache_enabled));
	ck_assert_int_eq(params_number(&a.params, PARAM_cache_ttl, 0),
	    60000000000);
	is_text(&a, PARAM_custom_identifier, "42");
	is_text(&a, PARAM_group_identifier, "true");
	ck_assert(params_cache_option(&a.params, SLICE("omit_log")));
	ck_assert(!params_cache_option(&a.params, SLICE("cache_by_customer")));
	asked_end(&a);
}
END_TEST

START_TEST(cuts_long_identifiers)
{
	char body[1200] = "{" MESSAGES ",\"customer_identifier\":\"";
	struct asked a;
	size_t at = strlen(body);

	for (int i = 0; i < 300; i++, at += 2)
		memcpy(body + at, "\xc3\xa9", 2);
	strcpy(body + at, "\"}");
	ck_assert_int_eq(asked_read(&a, slice_str(body), NULL), 0);
	ck_assert_uint_eq(params_text(&a.params, PARAM_customer_identifier).n,
	    2 * 254);
	asked_end(&a);
}
END_TEST

START_TEST(reads_the_customer)
{
	const struct params_customer *c;
	struct asked a;

	ck_assert_int_eq(asked_read(&a,
			     SLICE(WITH("\"customer_params\":{"
					"\"customer_identifier\":\"c\","
					"\"name\":\"N\","
					"\"period_budget\":10.000000001,"
					"\"total_budget\":null,"
					"\"budget_duration\":\"weekly\","
					"\"markup_percentage\":12.5,"
					"\"rate_limit\":60,"
					"\"metadata\":{\"k\":1}}")),
			     NULL),
	    0);
	c = a.params.customer;
	ck_assert_ptr_nonnull(c);
	ck_assert(slice_eq(params_customer_id(&a.params), SLICE("c")));
	ck_assert(slice_eq(c->name, SLICE("N")));
	ck_assert_ptr_null(c->email.p);
	ck_assert_int_eq(c->period_budget.state, BUDGET_SET);
	ck_assert_int_eq(c->period_budget.nano, 10000000001);
	ck_assert_int_eq(c->total_budget.state, BUDGET_REMOVE);
	ck_assert_int_eq(c->budget_duration, DURATION_WEEKLY);
	ck_assert_int_eq(c->markup_bp, 1250);
	ck_assert_int_eq(c->rate_limit, 60);
	ck_assert(slice_eq(c->metadata, SLICE("{\"k\":1}")));
	asked_end(&a);
}
END_TEST

/* One record of the store takes them all, whatever a client sends. */
START_TEST(cuts_the_texts_of_a_customer)
{
	char body[4096], name[1024];
	const struct params_customer *c;
	struct asked a;

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	snprintf(body, sizeof body,
	    WITH("\"customer_params\":{\"customer_identifier\":\"c\","
		 "\"name\":\"%s\",\"group_identifier\":\"%s\"}"),
	    name, name);
	ck_assert_int_eq(asked_read(&a, slice_str(body), NULL), 0);
	c = a.params.customer;
	ck_assert_uint_eq(c->name.n, 254);
	ck_assert_uint_eq(c->group.n, 120);
	asked_end(&a);

	for (size_t n = 254; n <= 255; n++) {
		snprintf(body, sizeof body,
		    WITH("\"customer_params\":{\"customer_identifier\":\"c\","
			 "\"email\":\"%.*s@x.y\"}"),
		    (int)n - 4, name);
		ck_assert_int_eq(asked_read(&a, slice_str(body), NULL),
		    n == 254 ? 0 : -1);
		asked_end(&a);
	}
}
END_TEST

START_TEST(ignores_a_customer_without_identifier)
{
	struct asked a;

	ck_assert_int_eq(asked_read(&a,
			     SLICE(WITH("\"customer_params\":{\"email\":7}")),
			     NULL),
	    0);
	ck_assert_ptr_null(a.params.customer);
	ck_assert_uint_eq(a.params.n_warnings, 1);
	asked_end(&a);
}
END_TEST

START_TEST(counts_media_and_finds_the_last_text)
{
	struct asked a;

	ck_assert_int_eq(
	    asked_read(&a,
		SLICE("{\"messages\":[{\"role\":\"user\",\"content\":\"old\"},"
		      "{\"role\":\"user\",\"content\":["
		      "{\"type\":\"text\",\"text\":\"a\\n\"},"
		      "{\"type\":\"image_url\",\"image_url\":"
		      "{\"url\":\"data:image/png;base64,AAAABBBB\"}},"
		      "{\"type\":\"image_url\",\"image_url\":"
		      "{\"url\":\"https://a/b\"}},"
		      "{\"type\":\"input_audio\",\"input_audio\":"
		      "{\"data\":\"CCCC\",\"format\":\"wav\"}},"
		      "{\"type\":\"file\",\"file\":{\"file_data\":\"DD\"}},"
		      "{\"type\":\"text\",\"text\":\"b\"}]},"
		      "{\"role\":\"assistant\",\"content\":\"later\"}]}"),
		NULL),
	    0);
	ck_assert_uint_eq(a.params.messages.n, 3);
	ck_assert_uint_eq(a.params.messages.images, 2);
	ck_assert_uint_eq(a.params.messages.audios, 1);
	ck_assert_uint_eq(a.params.messages.documents, 1);
	ck_assert_uint_eq(a.params.messages.media_bytes, 8 + 4 + 2);
	ck_assert(
	    slice_eq(params_last_user_text(&a.params, a.pool), SLICE("a\nb")));
	asked_end(&a);
}
END_TEST

/* What messages are made of, behind their opening brace. */
static const char *const insides[] = {
	"\"role\": \"user\", \"content\": \"a\"}",
	"\"role\": \"user\", \"content\": \"longer\\n\"}",
	"\"role\": \"assistant\", \"content\": \"\xe4\xb8\xad\"}",
	"\"role\":\"assistant\",\"content\":\"b\",\"tool_calls\":[{}]}",
	"\"role\": \"user\", \"content\": \"a\", \"name\": \"n\" }",
	"\"role\": \"user\", \"name\": {\"x\": 1}, \"content\": \"c\"}",
	"\"role\": \"user\", \"content\": null}",
	"\"role\": \"user\", \"content\": [{\"type\":\"file\"}]}",
	"\"content\": \"d\", \"role\": \"user\"}",
	"\"r\\u006fle\": \"user\", \"content\": \"e\"}",
	"\"role\": \"user\", \"c\\u006fntent\": \"f\"}",
	"\"role\": \"user\", \"content\": \"a\", \"content\": \"z\"}",
	"\"role\": \"user\", \"content\": \"a\", \"role\": \"user\"}",
	"\"role\": \"user\", \"content\": \"a\", \"content\": 1}",
	"\"role\": \"user\", \"content\": 1}",
	"\"role\": \"boss\", \"content\": \"a\"}",
	"\"role\": \"user\"}",
	"\"role\": \"user\", \"content\": \"\x01\"}",
	"\"role\": \"user\", \"content\": \"a\"",
};

/* The messages of a draw; different: each gets a first member of its own. */
static struct slice
draw_messages(unsigned seed, bool different, char *out)
{
	unsigned count = 1 + seed % 7;
	/* Faults are rare, so that the rest is read too. */
	unsigned kinds = seed % 3 == 0 ? COUNT(insides) : 11;
	size_t n = (size_t)sprintf(out, "{\"messages\": [");

	for (unsigned i = 0; i < count; i++) {
		seed = seed * 1103515245 + 12345;
		n += (size_t)sprintf(out + n, "%s{", i > 0 ? ", " : "");
		if (different)
			n += (size_t)sprintf(out + n, "\"x%u\": 0, ", i);
		n += (size_t)sprintf(out + n, "%s",
		    insides[(seed >> 16) % kinds]);
	}
	n += (size_t)sprintf(out + n, "]}");
	return (struct slice){ out, n };
}

/* Messages that begin with the same bytes are read as if they did not. */
START_TEST(reads_each_head_alike)
{
	static char same[4096], different[4096];
	struct params_messages *x, *y;
	struct asked a, b;
	int got;

	for (unsigned seed = 0; seed < 20000; seed++) {
		got = asked_read(&a, draw_messages(seed, false, same), NULL);
		ck_assert_msg(asked_read(&b,
				  draw_messages(seed, true, different),
				  NULL) == got,
		    "%s", same);
		x = &a.params.messages;
		y = &b.params.messages;
		if (got != 0 && a.err.kind != ERR_INVALID_JSON)
			ck_assert_str_eq(a.err.text, b.err.text);
		if (got == 0) {
			ck_assert_uint_eq(x->n, y->n);
			ck_assert_uint_eq(x->documents, y->documents);
			ck_assert_msg(slice_eq(params_last_user_text(&a.params,
						   a.pool),
					  params_last_user_text(&b.params,
					      b.pool)),
			    "%s", same);
		}
		asked_end(&a);
		asked_end(&b);
	}
}
END_TEST

START_TEST(finds_every_name_and_no_other)
{
	char longer[80];

	for (unsigned id = 0; id < PARAM_COUNT; id++) {
		struct slice name = params_name(id);

		ck_assert_int_eq(params_find(name), id);
		snprintf(longer, sizeof longer, "%.*sx", SLICE_ARGS(name));
		ck_assert_int_eq(params_find(slice_str(longer)), PARAM_UNKNOWN);
		longer[0] = 'X';
		ck_assert_int_eq(params_find((struct slice){ longer, name.n }),
		    PARAM_UNKNOWN);
	}
	ck_assert_int_eq(params_find(SLICE("")), PARAM_UNKNOWN);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("params");
	TCase *t = tcase_create("params");

	tcase_add_loop_test(t, words_each_fault, 0, COUNT(faults));
	tcase_add_loop_test(t, takes_what_is_right, 0, COUNT(fine));
	tcase_add_test(t, merges_by_place);
	tcase_add_test(t, reads_leniently);
	tcase_add_test(t, cuts_long_identifiers);
	tcase_add_test(t, reads_the_customer);
	tcase_add_test(t, cuts_the_texts_of_a_customer);
	tcase_add_test(t, ignores_a_customer_without_identifier);
	tcase_add_test(t, counts_media_and_finds_the_last_text);
	tcase_add_test(t, reads_each_head_alike);
	tcase_add_test(t, finds_every_name_and_no_other);
	suite_add_tcase(s, t);
	return s;
}

#include "tests/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/record.h"
#include "proto/record_json.h"

static const struct record_origin origin = { 3, 77 };

/* Memory of exactly n bytes, so that a sanitizer sees one byte too many. */
static char *
exact(const void *p, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	return copy;
}

static void
fill(struct record *r)
{
	record_init(r);
	memcpy(r->id,
	    "\x44\x43\x03\x17\x0c\x6a\x43\xd1"
	    "\xb0\xa1\xe7\x94\x54\x2a\xa3\xe3",
	    16);
	r->message = 9;
	r->status = SLICE("success");
	r->status_code = 200;
	r->timestamp = 1767323045000006;
	r->latency = 1053315;
	r->prompt_tokens = 229;
	r->completion_tokens = 69;
	r->cost = 218000;
	r->model = SLICE("gpt-4o-mini");
	r->customer_identifier = SLICE("user_123");
	r->metadata = SLICE("{\"a\":1}");
	r->period_end = 1767323045000000;
	r->http_path = SLICE("/api/chat/completions");
}

static size_t
encode(const struct record *r, char **bytes_r)
{
	size_t n = record_size(r);

	*bytes_r = malloc(n);
	record_encode(r, *bytes_r);
	return n;
}

START_TEST(what_is_encoded_is_decoded)
{
	struct record in, out;
	struct err e;
	char *bytes;
	size_t n;

	fill(&in);
	n = encode(&in, &bytes);
	ck_assert_int_eq(record_decode((struct slice){ bytes, n }, &out, &e),
	    0);
	ck_assert_mem_eq(in.id, out.id, sizeof in.id);
	ck_assert_uint_eq(out.message, 9);
#define NUMBER(form, name, shown, column) ck_assert_int_eq(in.name, out.name);
#define STRING(form, name, shown, column)                                      \
	ck_assert_msg(slice_eq(in.name, out.name), #name);
#include "proto/record.def"
	free(bytes);
}
END_TEST

START_TEST(a_cut_record_is_refused)
{
	struct record in, out;
	struct err e;
	char *bytes;
	size_t n;

	fill(&in);
	n = encode(&in, &bytes);
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = exact(bytes, cut);

		ck_assert_int_eq(record_decode((struct slice){ copy, cut },
				     &out, &e),
		    -1);
		free(copy);
	}
	free(bytes);
}
END_TEST

START_TEST(a_changed_byte_never_leads_outside)
{
	struct record in, out;
	struct sbuf line = { 0 };
	struct err e;
	char *bytes;
	size_t n;

	fill(&in);
	n = encode(&in, &bytes);
	for (size_t at = 0; at < n; at++) {
		for (int bit = 0; bit < 8; bit++) {
			char *copy = exact(bytes, n);

			copy[at] = (char)(copy[at] ^ 1 << bit);
			sbuf_clear(&line);
			if (record_decode((struct slice){ copy, n }, &out,
				&e) == 0)
				record_json(&out, &origin, &line);
			free(copy);
		}
	}
	sbuf_free(&line);
	free(bytes);
}
END_TEST

START_TEST(a_long_record_is_limited)
{
	static char big[100000];
	struct record r;

	fill(&r);
	memset(big, 'x', sizeof big);
	r.properties = r.metadata = (struct slice){ big, sizeof big };
	r.error_message = (struct slice){ big, sizeof big };
	r.user_agent = SLICE("ok");
	ck_assert_uint_eq(record_limit(&r), record_size(&r));
	ck_assert_uint_le(record_size(&r), RECORD_MAX);
	ck_assert_uint_eq(r.metadata.n, 0);
	ck_assert_uint_eq(r.error_message.n, 1024);
	ck_assert_uint_eq(r.user_agent.n, 2);
}
END_TEST

static const struct {
	const char *title, *member, *value; /* value NULL: not in the line */
} line_cases[] = {
	{ "id", "id", "\"444303170c6a43d1b0a1e794542aa3e3\"" },
	{ "seven digits", "unique_id", "\"4443031\"" },
	{ "the id again", "full_unique_id",
	    "\"444303170c6a43d1b0a1e794542aa3e3\"" },
	{ "time", "timestamp", "\"2026-01-02T03:04:05.000006Z\"" },
	{ "start", "start_time", "\"2026-01-02T03:04:05.000006Z\"" },
	{ "another second's fraction", "period_end",
	    "\"2026-01-02T03:04:05.000000Z\"" },
	{ "seconds", "latency", "1.053315" },
	{ "vendor's speed", "tokens_per_second", "65.507" },
	{ "money", "cost", "0.000218" },
	{ "no money", "charge", "0.0" },
	{ "money that may be absent", "provider_cost", NULL },
	{ "flag", "stream", "false" },
	{ "number", "prompt_tokens", "229" },
	{ "error bit", "error_bit", "0" },
	{ "lane", "worker", "3" },
	{ "number in the lane", "lane_seq", "77" },
	{ "metadata as text", "metadata", "{\"a\":\"1\"}" },
	{ "empty text", "note", NULL },
	{ "no time", "end_time", NULL },
	{ "no JSON", "attempts", NULL },
	{ "empty constant", "category", NULL },
	{ "constant", "blurred", "false" },
	{ "only for access.log", "http_path", NULL },
};

static struct sbuf
line_of(const struct record *r)
{
	struct sbuf line = { 0 };

	record_json(r, &origin, &line);
	sbuf_addc(&line, '}');
	return line;
}

START_TEST(the_line_has_its_fields)
{
	struct record r;
	struct sbuf line;
	struct jscan_item object, item;
	struct err e;
	const char *want = line_cases[_i].value;
	int found;

	fill(&r);
	line = line_of(&r);
	ck_assert_int_eq(jscan_value(sbuf_slice(&line), &object, &e), 0);
	found =
	    jscan_find(object.value, slice_str(line_cases[_i].member), &item);
	ck_assert_msg(found == (want != NULL), "%s: %s", line_cases[_i].title,
	    line.data);
	if (found)
		ck_assert_msg(slice_eq(item.value, slice_str(want)), "%s: %.*s",
		    line_cases[_i].title, SLICE_ARGS(item.value));
	sbuf_free(&line);
}
END_TEST

START_TEST(what_is_always_there_is_there_when_empty)
{
	static const char *const always[] = { "id", "timestamp", "status",
		"status_code", "model", "cost", "latency" };
	struct record r;
	struct sbuf line;
	struct jscan_item item;

	record_init(&r);
	line = line_of(&r);
	for (size_t i = 0; i < COUNT(always); i++)
		ck_assert_msg(jscan_find(sbuf_slice(&line),
				  slice_str(always[i]), &item),
		    "%s", always[i]);
	sbuf_free(&line);
}
END_TEST

START_TEST(every_field_is_filled_in)
{
	struct record r;
	struct sbuf line, full = { 0 };
	struct jscan_item item;
	size_t fields = 0;

	fill(&r);
	line = line_of(&r);
	sbuf_clear(&full);
	line.len--;
	sbuf_adds(&line, ",\"input\":\"hello\"}");
	record_json_fill(sbuf_slice(&line), true, &full);
#define FIELD(name)                                                            \
	ck_assert_msg(jscan_find(sbuf_slice(&full), SLICE(#name), &item),      \
	    #name);                                                            \
	fields++;
#define HAS_ALWAYS(name) FIELD(name)
#define HAS_LIST(name) FIELD(name)
#define HAS_DETAIL(name) FIELD(name)
#define HAS_HIDDEN(name)
#define NUMBER(form, name, shown, column) HAS_##shown(name)
#define STRING(form, name, shown, column) HAS_##shown(name)
#define DERIVED(name, shown, json) HAS_##shown(name)
#define CONSTANT(name, shown, json) HAS_##shown(name)
#include "proto/record.def"
	ck_assert_uint_gt(fields, 120);
	ck_assert_int_eq(jscan_find(sbuf_slice(&full), SLICE("input"), &item),
	    1);
	ck_assert_int_eq(jscan_find(sbuf_slice(&full), SLICE("attempts"),
			     &item),
	    1);
	ck_assert(slice_eq(item.value, SLICE("[]")));
	sbuf_clear(&full);
	record_json_fill(sbuf_slice(&line), false, &full);
	ck_assert_int_eq(jscan_find(sbuf_slice(&full), SLICE("attempts"),
			     &item),
	    0);
	ck_assert_int_eq(jscan_find(sbuf_slice(&full), SLICE("model"), &item),
	    1);
	sbuf_free(&full);
	sbuf_free(&line);
}
END_TEST

static const struct {
	const char *title, *in, *out;
} text_cases[] = {
	{ "logs.md 10 test 4",
	    "{\"a\":1,\"b\":true,\"c\":{\"d\":[1]},\"e\":null,\"f\":\"x\"}",
	    "{\"a\":\"1\",\"b\":\"true\",\"c\":\"{\\\"d\\\":[1]}\","
	    "\"f\":\"x\"}" },
	{ "spelling kept", "{\"a\":1.50}", "{\"a\":\"1.50\"}" },
	{ "blanks go", "{ \"a\" : [ 1 , \"b c\" ] }",
	    "{\"a\":\"[1,\\\"b c\\\"]\"}" },
	{ "a string of JSON", "\"{\\\"a\\\":1}\"", "{\"a\":\"1\"}" },
	{ "no object", "[1]", "{}" },
	{ "no JSON", "{\"a\":", "{}" },
	{ "escapes", "{\"\\u0061\":\"\\n\"}", "{\"a\":\"\\n\"}" },
	{ "nothing", "{}", "{}" },
};

START_TEST(metadata_becomes_text)
{
	struct sbuf out = { 0 };

	record_json_texts(slice_str(text_cases[_i].in), &out);
	ck_assert_msg(strcmp(out.data, text_cases[_i].out) == 0, "%s: %s",
	    text_cases[_i].title, out.data);
	sbuf_free(&out);
}
END_TEST

START_TEST(long_metadata_is_cut)
{
	static char in[40000];
	struct sbuf out = { 0 };

	memset(in, 'x', sizeof in - 1);
	memcpy(in, "{\"n\":\"", 6);
	memcpy(in + sizeof in - 3, "\"}", 2);
	record_json_texts(slice_str(in), &out);
	ck_assert_uint_eq(out.len, 16384 + strlen("{\"n\":\"\"}"));
	sbuf_free(&out);
}
END_TEST

START_TEST(a_line_is_one_line_of_utf8)
{
	struct record r;
	struct sbuf line;
	struct jscan_item item;
	struct err e;

	fill(&r);
	r.user_agent = (struct slice){ "a\n\xff\xc3\xa9\0b", 7 };
	r.properties = SLICE("{\n \"x\" : \"a\\nb\"\n}");
	r.stop = SLICE("[{]");
	line = line_of(&r);
	ck_assert_ptr_null(memchr(line.data, '\n', line.len));
	ck_assert_int_eq(jscan_value(sbuf_slice(&line), &item, &e), 0);
	ck_assert_ptr_nonnull(strstr(line.data,
	    "\"user_agent\":\"a\\n\xef\xbf\xbd\xc3\xa9\\u0000b\""));
	ck_assert_ptr_nonnull(
	    strstr(line.data, "\"properties\":{\"x\":\"a\\nb\"}"));
	ck_assert_ptr_nonnull(strstr(line.data, "\"stop\":null"));
	sbuf_free(&line);
}
END_TEST

static const struct {
	const char *title, *request, *response, *has;
} contents_cases[] = {
	{ "input", "{\"messages\":[ {\"role\":\"user\"} ]}", NULL,
	    ",\"input\":\"[{\\\"role\\\":\\\"user\\\"}]\",\"output\":\"\"" },
	{ "output", NULL, "{\"choices\":[{\"message\":{\"content\":\"x\"}}]}",
	    "\"output\":\"{\\\"content\\\":\\\"x\\\"}\"" },
	{ "all choices", NULL,
	    "{\"choices\":[{\"message\":1},{\"message\":2}]}",
	    "\"completion_message\":1,\"completion_messages\":[1,2]" },
	{ "tools", "{\"tools\":[1, 2]}", NULL, "\"tools\":[1,2]" },
	{ "whole bodies", "{\"a\":1}", "{\"b\":2}",
	    "\"full_request\":{\"a\":1},\"full_response\":{\"b\":2}" },
	{ "no body", NULL, NULL,
	    "\"full_request\":null,\"full_response\":null" },
	{ "no JSON", NULL, "oops\n", "\"full_response\":\"oops\\n\"" },
	{ "tool calls", NULL,
	    "{\"choices\":[{\"message\":{\"tool_calls\":[7]}}]}",
	    "\"tool_calls\":[7]" },
};

static struct slice
maybe(const char *text)
{
	return text == NULL ? (struct slice){ NULL, 0 } : slice_str(text);
}

START_TEST(contents_come_from_the_bodies)
{
	struct sbuf out = { 0 };

	record_json_bodies(maybe(contents_cases[_i].request),
	    maybe(contents_cases[_i].response), RECORD_ALL, &out);
	ck_assert_msg(strstr(out.data, contents_cases[_i].has) != NULL,
	    "%s: %s", contents_cases[_i].title, out.data);
	sbuf_free(&out);
}
END_TEST

START_TEST(texts_are_counted)
{
	struct record r;

	record_init(&r);
	record_json_count(SLICE("{\"messages\":[\"a b\",\"\xc3\xa9\"]}"),
	    SLICE("{\"choices\":[{\"message\":\"c d e\"},{}]}"), &r);
	ck_assert_int_eq(r.input_words, 2);
	ck_assert_int_eq(r.input_chars, 11);
	ck_assert_int_eq(r.output_words, 3);
	ck_assert_int_eq(r.output_chars, 7);
	ck_assert_int_eq(r.completion_message_count, 2);
	record_json_count(maybe(NULL), maybe(NULL), &r);
	ck_assert_int_eq(r.output_words, 3);
}
END_TEST

static const struct {
	const char *title, *in, *out; /* out NULL: nothing to hide */
} redact_cases[] = {
	{ "nothing", "{\"messages\":[{\"content\":\"hi\"}]}", NULL },
	{ "a key", "{\"api_key\":\"S\"}", "{\"api_key\":\"[redacted]\"}" },
	{ "names below stay",
	    "{\"customer_credentials\":{\"openai\":{\"x\":"
	    "\"S\",\"n\":null}},\"m\":1}",
	    "{\"customer_credentials\":{\"openai\":{\"x\":\"[redacted]\","
	    "\"n\":null}},\"m\":1}" },
	{ "in a list", "{\"a\":[{\"aws_session_token\":\"S\"}]}",
	    "{\"a\":[{\"aws_session_token\":\"[redacted]\"}]}" },
	{ "an escaped name", "{\"\\u0061pi_key\":\"S\"}",
	    "{\"\\u0061pi_key\":\"[redacted]\"}" },
	{ "letter case", "{\"Authorization\":\"S\"}",
	    "{\"Authorization\":\"[redacted]\"}" },
	{ "capitals", "{\"a\":{\"API_KEY\" : \"S\"}}",
	    "{\"a\":{\"API_KEY\":\"[redacted]\"}}" },
	{ "another name", "{\"my_api_key\":1,\"API_KEY_\":[2]}",
	    "{\"my_api_key\":1,\"API_KEY_\":[2]}" },
	{ "the word alone", "{\"content\":\"api_key\"}",
	    "{\"content\":\"api_key\"}" },
	{ "no JSON", "api_key=S", "\"[redacted]\"" },
	{ "short media", "{\"url\":\"data:image/png;base64,AAAA\"}", NULL },
};

START_TEST(credentials_are_redacted)
{
	struct sbuf out = { 0 };
	int rc = record_redact(slice_str(redact_cases[_i].in), &out);
	const char *want = redact_cases[_i].out;

	ck_assert_msg(rc == (want != NULL), "%s", redact_cases[_i].title);
	if (rc == 1)
		ck_assert_msg(strcmp(out.data, want) == 0, "%s: %s",
		    redact_cases[_i].title, out.data);
	sbuf_free(&out);
}
END_TEST

START_TEST(media_is_cut)
{
	static const char head[] = "{\"url\":\"data:image/png;base64,";
	struct sbuf in = { 0 }, out = { 0 };
	struct jscan_item item;
	struct err e;

	sbuf_adds(&in, head);
	for (int i = 0; i < 2048; i++)
		sbuf_addc(&in, 'A');
	sbuf_adds(&in, "\",\"n\":1}");
	ck_assert_int_eq(record_redact(sbuf_slice(&in), &out), 1);
	ck_assert_int_eq(jscan_value(sbuf_slice(&out), &item, &e), 0);
	ck_assert_msg(strncmp(out.data, head, strlen(head)) == 0 &&
			  strstr(out.data, "base64,[2048 bytes sha256:") &&
			  strstr(out.data, "]\",\"n\":1}"),
	    "%s", out.data);
	ck_assert_uint_lt(out.len, 200);
	sbuf_free(&in);
	sbuf_free(&out);
}
END_TEST

START_TEST(a_fragment_goes_both_ways)
{
	char bytes[RECORD_BODY_HEAD + 5];
	struct record_body in = { .message = 7,
		.index = 2,
		.source = RECORD_STREAM,
		.flags = RECORD_LAST };
	struct record_body out;
	struct err e;

	record_body_encode_head(&in, bytes);
	memcpy(bytes + RECORD_BODY_HEAD, "hello", 5);
	ck_assert_int_eq(record_body_decode((struct slice){ bytes,
						sizeof bytes },
			     &out, &e),
	    0);
	ck_assert_uint_eq(out.message, 7);
	ck_assert_uint_eq(out.index, 2);
	ck_assert_uint_eq(out.source, RECORD_STREAM);
	ck_assert_uint_eq(out.flags, RECORD_LAST);
	ck_assert(slice_eq(out.bytes, SLICE("hello")));
	bytes[12] = RECORD_SOURCES;
	ck_assert_int_eq(record_body_decode((struct slice){ bytes,
						sizeof bytes },
			     &out, &e),
	    -1);
}
END_TEST

START_TEST(an_answer_goes_both_ways)
{
	struct record_cache in = { .message = 7,
		.flight = 12,
		.source = RECORD_STREAM,
		.ttl_s = 60,
		.cost_nano = 5,
		.organization = SLICE("default"),
		.model = SLICE("m"),
		.prompt = SLICE("[]") };
	struct record_cache out;
	struct err e;
	size_t n = record_cache_size(&in);
	char *bytes = malloc(n);

	record_cache_encode(&in, bytes);
	ck_assert_int_eq(record_cache_decode((struct slice){ bytes, n }, &out,
			     &e),
	    0);
	ck_assert_uint_eq(out.flight, 12);
	ck_assert_int_eq(out.ttl_s, 60);
	ck_assert(slice_eq(out.model, SLICE("m")));
	ck_assert(slice_eq(out.prompt, SLICE("[]")));
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = exact(bytes, cut);

		ck_assert_int_eq(record_cache_decode((struct slice){ copy,
							 cut },
				     &out, &e),
		    -1);
		free(copy);
	}
	free(bytes);
}
END_TEST

START_TEST(only_answers_are_stored)
{
	struct record_cache in = { .source = (uint8_t)_i }, out;
	bool answer =
	    _i == RECORD_RESPONSE || _i == RECORD_STREAM || _i == RECORD_NATIVE;
	char bytes[1024];
	struct err e;

	record_cache_encode(&in, bytes);
	ck_assert_int_eq(record_cache_decode((struct slice){ bytes,
						 record_cache_size(&in) },
			     &out, &e),
	    answer ? 0 : -1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/record");
	TCase *t = tcase_create("all");

	tcase_add_test(t, what_is_encoded_is_decoded);
	tcase_add_test(t, a_cut_record_is_refused);
	tcase_add_test(t, a_changed_byte_never_leads_outside);
	tcase_add_test(t, a_long_record_is_limited);
	tcase_add_loop_test(t, the_line_has_its_fields, 0, COUNT(line_cases));
	tcase_add_test(t, what_is_always_there_is_there_when_empty);
	tcase_add_test(t, every_field_is_filled_in);
	tcase_add_loop_test(t, metadata_becomes_text, 0, COUNT(text_cases));
	tcase_add_test(t, long_metadata_is_cut);
	tcase_add_test(t, a_line_is_one_line_of_utf8);
	tcase_add_loop_test(t, contents_come_from_the_bodies, 0,
	    COUNT(contents_cases));
	tcase_add_test(t, texts_are_counted);
	tcase_add_loop_test(t, credentials_are_redacted, 0,
	    COUNT(redact_cases));
	tcase_add_test(t, media_is_cut);
	tcase_add_test(t, a_fragment_goes_both_ways);
	tcase_add_test(t, an_answer_goes_both_ways);
	tcase_add_loop_test(t, only_answers_are_stored, 0, RECORD_SOURCES + 2);
	suite_add_tcase(s, t);
	return s;
}

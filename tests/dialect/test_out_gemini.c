#include "tests/suite.h"

#include "tests/dialect/chat_told.h"
#include "tests/dialect/encoding.h"

#define FINISH(i, word)                                                        \
	"\n{'choices':[{'index':" #i ",'delta':{},'finish_reason':'" word "'}" \
	"]}"
#define STOP FINISH(0, "stop")
#define USAGE                                                                  \
	"\n{'choices':[],'usage':{'prompt_tokens':10,'completion_tokens':9,"   \
	"'total_tokens':19,'prompt_tokens_details':{'cached_tokens':3},"       \
	"'completion_tokens_details':{'reasoning_tokens':4}}}"
#define DONE "\n[DONE]"
#define CALL(i, id, name)                                                      \
	"'tool_calls':[{'index':" #i ",'id':'" id "','type':'function',"       \
	"'function':{'name':'" name "','arguments':''}}]\n"
#define PIECE(i, text)                                                         \
	"'tool_calls':[{'index':" #i ",'function':{'arguments':'" text "'}}]"  \
	"\n"

/* What a Gemini client reads. */
struct reading {
	struct sbuf told; /* parts of candidate 0: [t:..][thought:..][call..] */
	struct sbuf text, thoughts, calls, text1;
	char finish[2][24];
	unsigned chunks, ends; /* with usageMetadata */
	int64_t prompt, out, reasoning, cached, total;
	bool loose;
};

static void
reading_free(struct reading *r)
{
	sbuf_free(&r->told);
	sbuf_free(&r->text);
	sbuf_free(&r->thoughts);
	sbuf_free(&r->calls);
	sbuf_free(&r->text1);
}

static void
read_call(struct reading *r, json_object *part, json_object *call)
{
	json_object *args = harvest_get(call, "args");

	ck_assert(json_object_is_type(args, json_type_object));
	sbuf_addf(&r->told, "[call %s %s ", harvest_str(call, "id"),
	    harvest_str(call, "name"));
	sbuf_addf(&r->told, "%s%s%s]", harvest_plain(args),
	    harvest_get(part, "thoughtSignature") != NULL ? "|" : "",
	    harvest_str(part, "thoughtSignature"));
	sbuf_addf(&r->calls, "%s|%s|", harvest_str(call, "id"),
	    harvest_str(call, "name"));
	sbuf_addf(&r->calls, "%s\n",
	    r->loose && harvest_get(args, "_raw") != NULL
		? "?"
		: harvest_plain(args));
}

static void
read_part(struct reading *r, json_object *part, int at)
{
	json_object *call = harvest_get(part, "functionCall");
	json_object *image = harvest_get(part, "inlineData");
	const char *text = harvest_str(part, "text");
	bool thought = json_object_get_boolean(harvest_get(part, "thought"));

	if (at != 0) {
		sbuf_adds(&r->text1, text);
		return;
	}
	if (call != NULL) {
		read_call(r, part, call);
	} else if (image != NULL) {
		sbuf_addf(&r->told, "[%s %s]", harvest_str(image, "mimeType"),
		    harvest_str(image, "data"));
	} else {
		ck_assert(harvest_get(part, "text") != NULL);
		sbuf_adds(thought ? &r->thoughts : &r->text, text);
		if (text[0] != '\0')
			sbuf_addf(&r->told, "[%s:%s]",
			    thought ? "thought" : "t", text);
		if (harvest_get(part, "thoughtSignature") != NULL)
			sbuf_addf(&r->told, "[|%s]",
			    harvest_str(part, "thoughtSignature"));
	}
}

static void
read_candidate(struct reading *r, json_object *candidate)
{
	json_object *content = harvest_get(candidate, "content");
	json_object *parts = harvest_get(content, "parts");
	const char *finish = harvest_str(candidate, "finishReason");
	int at = json_object_get_int(harvest_get(candidate, "index"));

	ck_assert(harvest_get(candidate, "index") != NULL);
	ck_assert_str_eq(harvest_str(content, "role"), "model");
	ck_assert_uint_ge(harvest_count(parts), 1);
	for (size_t i = 0; i < harvest_count(parts); i++)
		read_part(r, json_object_array_get_idx(parts, i), at);
	if (finish[0] != '\0' && at < 2)
		snprintf(r->finish[at], sizeof r->finish[at], "%s", finish);
}

static void
read_object(struct reading *r, json_object *o)
{
	json_object *candidates = harvest_get(o, "candidates");
	json_object *usage = harvest_get(o, "usageMetadata");

	ck_assert_uint_eq(r->ends, 0);
	r->chunks++;
	ck_assert(harvest_str(o, "modelVersion")[0] != '\0');
	ck_assert_uint_eq(strlen(harvest_str(o, "responseId")), 24);
	for (size_t i = 0; i < harvest_count(candidates); i++)
		read_candidate(r, json_object_array_get_idx(candidates, i));
	if (usage == NULL)
		return;
	r->ends++;
	r->prompt =
	    json_object_get_int64(harvest_get(usage, "promptTokenCount"));
	r->out =
	    json_object_get_int64(harvest_get(usage, "candidatesTokenCount"));
	r->reasoning =
	    json_object_get_int64(harvest_get(usage, "thoughtsTokenCount"));
	r->cached = json_object_get_int64(
	    harvest_get(usage, "cachedContentTokenCount"));
	r->total = json_object_get_int64(harvest_get(usage, "totalTokenCount"));
}

/* "data: JSON\r\n\r\n" and nothing else. */
static void
read_sse(struct reading *r, struct slice stream)
{
	char *copy = strndup(stream.p, stream.n), *p = copy, *end;
	json_object *o;

	while (*p != '\0') {
		ck_assert_msg(strncmp(p, "data: ", 6) == 0, "not: %.40s", p);
		end = strstr(p, "\r\n\r\n");
		ck_assert(end != NULL);
		*end = '\0';
		ck_assert_msg(strpbrk(p, "\r\n") == NULL, "lines: %s", p);
		o = json_tokener_parse(p + 6);
		ck_assert_msg(o != NULL, "no JSON: %s", p + 6);
		read_object(r, o);
		json_object_put(o);
		p = end + 4;
	}
	free(copy);
}

static void
read_array(struct reading *r, struct slice stream)
{
	char *copy = strndup(stream.p, stream.n);
	json_object *all = json_tokener_parse(copy);

	ck_assert_msg(json_object_is_type(all, json_type_array), "%s", copy);
	for (size_t i = 0; i < harvest_count(all); i++)
		read_object(r, json_object_array_get_idx(all, i));
	json_object_put(all);
	free(copy);
}

static const struct {
	const char *title, *chunks, *told, *finish;
} rows[] = {
	{ "text",
	    "'role':'assistant','content':''\n'content':'a'\n'content':'"
	    "\\nb'" STOP USAGE DONE,
	    "[t:a][t:\nb]", "STOP" },
	{ "nothing at all", "'role':'assistant','content':''" STOP DONE, "",
	    "STOP" },
	{ "length", "'content':'a'" FINISH(0, "length") DONE, "[t:a]",
	    "MAX_TOKENS" },
	{ "filter", "'content':'a'" FINISH(0, "content_filter") DONE, "[t:a]",
	    "SAFETY" },
	{ "thoughts",
	    "'reasoning_content':'h'\n'reasoning':'m'\n'content':'a'" STOP DONE,
	    "[thought:h][thought:m][t:a]", "STOP" },
	{ "a signature of a text",
	    "'content':'a'\n'reasoning_details':[{'type':'reasoning.encrypted',"
	    "'data':'Sg','format':'google-gemini-v1','id':null}]" STOP DONE,
	    "[t:a][|Sg]", "STOP" },
	{ "those of another provider are not Google's",
	    "'reasoning_details':[{'type':'reasoning.encrypted','data':'Rd',"
	    "'format':'anthropic-claude-v1'}]\n'content':'a'" STOP DONE,
	    "[t:a]", "STOP" },
	{ "thoughts as details alone, then signed by somebody else",
	    "'reasoning_details':[{'type':'reasoning.text','text':'h'}]\n"
	    "'reasoning_details':[{'type':'reasoning.text','text':'h',"
	    "'signature':'S'}]" STOP DONE,
	    "[thought:h]", "STOP" },
	{ "refusal", "'refusal':'I '\n'refusal':'cannot'" STOP DONE,
	    "[t:I ][t:cannot]", "STOP" },
	{ "a refusal beside content",
	    "'content':'no'\n'refusal':'no'" STOP DONE, "[t:no]", "STOP" },
	{ "a call is told when it is whole",
	    "'content':'ok'\n" CALL(0, "a", "w") PIECE(0, "{\\'c\\':")
		PIECE(0, "1}") "'content':'more'\n" CALL(1, "b", "v")
		    PIECE(1, "{}") "'content':''" FINISH(0, "tool_calls") DONE,
	    "[t:ok][call a w {\"c\":1}][t:more][call b v {}]", "STOP" },
	{ "calls whose pieces are mixed",
	    CALL(0, "a", "w") PIECE(0, "{\\'c\\':") CALL(1, "b", "v")
		PIECE(1, "{\\'d\\':") PIECE(0, "1}")
		    PIECE(1, "2}") "'content':''" FINISH(0, "tool_calls") DONE,
	    "[call a w {\"c\":1}][call b v {\"d\":2}]", "STOP" },
	{ "a call without arguments, one that is cut",
	    CALL(0, "a", "w") CALL(1, "b", "v")
		PIECE(1, "{\\'c\\':") "'content':''" FINISH(0, "length") DONE,
	    "[call a w {}][call b v {\"_raw\":\"{\\\"c\\\":\"}]",
	    "MAX_TOKENS" },
	{ "arguments over several lines",
	    CALL(0, "a", "w") PIECE(0,
		"{\\n \\'c\\': \\'\\\\n\\'\\r\\n}") "'content':''" FINISH(0,
		"tool_calls") DONE,
	    "[call a w {\"c\":\"\\n\"}]", "STOP" },
	{ "a call with its signature",
	    "'tool_calls':[{'index':0,'id':'a','type':'function','function':"
	    "{'name':'w','arguments':'{}'},'extra_content':{'google':"
	    "{'thought_signature':'Sg=='}}}]" FINISH(0, "tool_calls") DONE,
	    "[call a w {}|Sg==]", "STOP" },
	{ "pictures",
	    "'images':[{'type':'image_url','image_url':{'url':"
	    "'data:image/png;base64,iVBO'}}]" STOP DONE,
	    "[image/png iVBO]", "STOP" },
};

static void
run(enum encode_family family, const char *chunks, struct sbuf *out)
{
	struct encode *x = encoding_new(family);
	struct sbuf frames = { 0 };

	encoding_frames(chunks, &frames);
	encoding_feed(x, sbuf_slice(&frames), CUT_WHOLE, out);
	encode_free(&x);
	sbuf_free(&frames);
}

START_TEST(test_rows)
{
	struct reading r = { .chunks = 0 }, again = { .chunks = 0 };
	struct sbuf out = { 0 };

	run(ENCODE_GEMINI, rows[_i].chunks, &out);
	read_sse(&r, sbuf_slice(&out));
	ck_assert_msg(slice_eq(sbuf_slice(&r.told), slice_str(rows[_i].told)),
	    "%s:\n%s\n%s", rows[_i].title, r.told.data, rows[_i].told);
	ck_assert_str_eq(r.finish[0], rows[_i].finish);
	ck_assert_uint_eq(r.ends, 1);
	sbuf_clear(&out);
	run(ENCODE_GEMINI_ARRAY, rows[_i].chunks, &out);
	read_array(&again, sbuf_slice(&out));
	harvest_same(rows[_i].title, "array", &r.told, &again.told);
	ck_assert_uint_eq(again.chunks, r.chunks);
	reading_free(&r);
	reading_free(&again);
	sbuf_free(&out);
}
END_TEST

#define ID "aaaaaaaaaaaaaaaaaaaaaaaa"
#define NAMES "'modelVersion':'m','responseId':'" ID "'"
#define COUNTS                                                                 \
	"'usageMetadata':{'promptTokenCount':10,'candidatesTokenCount':5,"     \
	"'thoughtsTokenCount':4,'cachedContentTokenCount':3,"                  \
	"'totalTokenCount':19},"
#define ONE                                                                    \
	"{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]},"   \
	"'index':0}]," NAMES "}"
#define LAST                                                                   \
	"{'candidates':[{'content':{'role':'model','parts':[{'text':''}]},"    \
	"'finishReason':'STOP','index':0}]," COUNTS NAMES "}"

/* Bytes, with the minted ids made plain and quotation marks as in rows. */
static void
plain(struct sbuf *out)
{
	char *at = out->data;

	while ((at = strstr(at, "\"responseId\":\"")) != NULL) {
		memcpy(at + 14, ID, 24);
		at += 14;
	}
	for (at = out->data; at != NULL && *at != '\0'; at++)
		if (*at == '"')
			*at = '\'';
}

START_TEST(test_bytes)
{
	struct sbuf out = { 0 };

	run(ENCODE_GEMINI, "'content':'a'" STOP USAGE DONE, &out);
	plain(&out);
	ck_assert_str_eq(out.data,
	    "data: " ONE "\r\n\r\ndata: " LAST "\r\n\r\n");
	sbuf_clear(&out);
	run(ENCODE_GEMINI_ARRAY, "'content':'a'" STOP USAGE DONE, &out);
	plain(&out);
	ck_assert_str_eq(out.data, "[" ONE ",\r\n" LAST "]");
	sbuf_free(&out);
}
END_TEST

START_TEST(test_several_candidates)
{
	struct reading r = { .chunks = 0 };
	struct sbuf out = { 0 };

	run(ENCODE_GEMINI,
	    "{'choices':[{'index':1,'delta':{'content':'x'}},{'index':0,"
	    "'delta':{'content':'a'}}]}\n"
	    "{'choices':[{'index':1,'delta':{'content':'y'}}]}" FINISH(1,
		"length") STOP USAGE DONE,
	    &out);
	read_sse(&r, sbuf_slice(&out));
	ck_assert_str_eq(r.text.data, "a");
	ck_assert_str_eq(r.text1.data, "xy");
	ck_assert_str_eq(r.finish[0], "STOP");
	ck_assert_str_eq(r.finish[1], "MAX_TOKENS");
	reading_free(&r);
	sbuf_free(&out);
}
END_TEST

START_TEST(test_no_reason_no_end)
{
	struct sbuf out = { 0 };

	run(ENCODE_GEMINI_ARRAY, "'content':'a'" DONE, &out);
	plain(&out);
	ck_assert_str_eq(out.data, "[" ONE);
	sbuf_free(&out);
}
END_TEST

#define ERROR "{'error':{'code':502,'message':'cut','status':'UNAVAILABLE'}}"

/* Whoever reads the array sees that it is not whole. */
START_TEST(test_errors)
{
	static const struct {
		enum encode_family family;
		bool begun;
		const char *want;
	} cases[] = {
		{ ENCODE_GEMINI, false, "data: " ERROR "\r\n\r\n" },
		{ ENCODE_GEMINI, true,
		    "data: " ONE "\r\n\r\ndata: " ERROR "\r\n\r\n" },
		{ ENCODE_GEMINI_ARRAY, false, "[" ERROR },
		{ ENCODE_GEMINI_ARRAY, true, "[" ONE ",\r\n" ERROR },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct encode *x = encoding_new(cases[i].family);
		struct sbuf out = { 0 }, frames = { 0 };

		if (cases[i].begun)
			encoding_frames("'content':'a'", &frames);
		encoding_feed(x, sbuf_slice(&frames), CUT_WHOLE, &out);
		encode_error(x, 502, SLICE("cut"), SLICE("respan_error"),
		    SLICE("upstream_stream_error"), &out);
		plain(&out);
		ck_assert_str_eq(out.data, cases[i].want);
		encode_free(&x);
		sbuf_free(&out);
		sbuf_free(&frames);
	}
}
END_TEST

/* Google's own word for it stays. */
START_TEST(test_error_of_google)
{
	struct encode *x = encoding_new(ENCODE_GEMINI);
	struct sbuf out = { 0 };

	encode_error(x, 500, SLICE("m\"n"), SLICE("data_loss"),
	    SLICE("DATA_LOSS"), &out);
	ck_assert_str_eq(out.data,
	    "data: {\"error\":{\"code\":500,\"message\":\"m\\\"n\","
	    "\"status\":\"DATA_LOSS\"}}\r\n\r\n");
	encode_free(&x);
	sbuf_free(&out);
}
END_TEST

/* What is written while nothing is said must not break an array. */
START_TEST(test_idle)
{
	struct encode *x = encoding_new(ENCODE_GEMINI_ARRAY);
	struct reading r = { .chunks = 0 };
	struct sbuf out = { 0 }, frames = { 0 };

	encode_idle(x, &out);
	encoding_frames("'content':'a'", &frames);
	encoding_feed(x, sbuf_slice(&frames), CUT_WHOLE, &out);
	encode_idle(x, &out);
	sbuf_clear(&frames);
	encoding_frames("'content':'b'" STOP DONE, &frames);
	encoding_feed(x, sbuf_slice(&frames), CUT_WHOLE, &out);
	read_array(&r, sbuf_slice(&out));
	ck_assert_str_eq(r.text.data, "ab");
	encode_free(&x);
	x = encoding_new(ENCODE_GEMINI);
	sbuf_clear(&out);
	encode_idle(x, &out);
	ck_assert_str_eq(out.data, ": keep-alive\r\n\r\n");
	encode_free(&x);
	reading_free(&r);
	sbuf_free(&out);
	sbuf_free(&frames);
}
END_TEST

#define REPLY(message, finish)                                                 \
	"{'model':'m','choices':[{'index':0,'message':{" message               \
	"},'finish_reason':'" finish "'}],'usage':{'prompt_tokens':10,"        \
	"'completion_tokens':9,'prompt_tokens_details':{'cached_tokens':3},"   \
	"'completion_tokens_details':{'reasoning_tokens':4}}}"
#define WHOLE(parts, finish)                                                   \
	"{'candidates':[{'content':{'role':'model','parts':[" parts            \
	"]},'finishReason':'" finish "','index':0}]," COUNTS NAMES "}"

static const struct {
	const char *title, *in, *out;
} wholes[] = {
	{ "text", REPLY("'content':'a'", "stop"),
	    WHOLE("{'text':'a'}", "STOP") },
	{ "nothing", REPLY("'content':null", "length"),
	    WHOLE("{'text':''}", "MAX_TOKENS") },
	{ "thoughts and calls",
	    REPLY("'content':'a','reasoning_content':'hm','tool_calls':[{"
		  "'id':'i','type':'function','function':{'name':'w',"
		  "'arguments':'{\\'c\\':1.0}'},'extra_content':{'google':"
		  "{'thought_signature':'S'}}}]",
		"tool_calls"),
	    WHOLE("{'text':'hm','thought':true},{'text':'a'},{'functionCall':"
		  "{'id':'i','name':'w','args':{'c':1.0}},'thoughtSignature':"
		  "'S'}",
		"STOP") },
	{ "how probable it was",
	    "{'model':'m','choices':[{'index':0,'message':{'content':'a'},"
	    "'logprobs':{'content':[{'token':'a','logprob':-0.5,'bytes':[97],"
	    "'top_logprobs':[{'token':'a','logprob':-0.5},{'token':'\\n',"
	    "'logprob':-9999.0}]}]},'finish_reason':'stop'}],'usage':{"
	    "'prompt_tokens':10,'completion_tokens':9,"
	    "'prompt_tokens_details':{'cached_tokens':3},"
	    "'completion_tokens_details':{'reasoning_tokens':4}}}",
	    "{'candidates':[{'content':{'role':'model','parts':[{'text':'a'}]"
	    "},'finishReason':'STOP','index':0,'logprobsResult':{"
	    "'chosenCandidates':[{'token':'a','logProbability':-0.5}],"
	    "'topCandidates':[{'candidates':[{'token':'a','logProbability':"
	    "-0.5},{'token':'\\n','logProbability':-9999.0}]}]}}]," COUNTS NAMES
	    "}" },
	{ "refusal", REPLY("'content':null,'refusal':'no'", "content_filter"),
	    WHOLE("{'text':'no'}", "SAFETY") },
};

START_TEST(test_wholes)
{
	struct encode *x = encoding_new(ENCODE_GEMINI);
	struct sbuf in = { 0 }, out = { 0 };
	struct err e;

	for (const char *c = wholes[_i].in; *c != '\0'; c++)
		sbuf_addc(&in, *c == '\'' ? '"' : *c);
	ck_assert_int_eq(encode_whole(x, sbuf_slice(&in), &out, &e), 0);
	plain(&out);
	ck_assert_str_eq(out.data, wholes[_i].out);
	sbuf_free(&in);
	sbuf_free(&out);
	encode_free(&x);
}
END_TEST

static const char *
finish_of(const char *chat)
{
	if (strcmp(chat, "length") == 0)
		return "MAX_TOKENS";
	return strcmp(chat, "content_filter") == 0 ? "SAFETY" : "STOP";
}

static void
check_told(const char *name, const struct told *t, const struct reading *r)
{
	const struct told_choice *c = &t->choices[0];
	struct sbuf calls = { 0 };

	harvest_same(name, "text", c->text.len > 0 ? &c->text : &c->refusal,
	    &r->text);
	harvest_same(name, "reasoning", &c->reasoning, &r->thoughts);
	told_calls_text(c, true, &calls);
	harvest_same(name, "calls", &calls, &r->calls);
	ck_assert_str_eq(r->finish[0], finish_of(c->finish));
	ck_assert_uint_eq(r->ends, 1);
	ck_assert_int_eq(r->prompt, told_figure(t, "prompt_tokens"));
	ck_assert_int_eq(r->out + r->reasoning,
	    told_figure(t, "completion_tokens"));
	sbuf_free(&calls);
}

static void
check_stream(const struct recordings_case *c, struct slice frames)
{
	struct sbuf first = { 0 }, out = { 0 };
	struct told t = { .n = 0 };
	struct reading r = { .chunks = 0 };

	told_frames(&t, frames);
	for (int cut = CUT_WHOLE; cut < CUTS; cut++) {
		struct encode *x = encoding_new(ENCODE_GEMINI);

		sbuf_clear(&out);
		encoding_feed(x, frames, (enum encoding_cut)cut, &out);
		encode_free(&x);
		if (cut == CUT_WHOLE)
			sbuf_add_slice(&first, sbuf_slice(&out));
		ck_assert_msg(slice_eq(sbuf_slice(&first), sbuf_slice(&out)),
		    "%s: other bytes when cut", c->name);
	}
	r.loose = strcmp(t.choices[0].finish, "length") == 0;
	read_sse(&r, sbuf_slice(&first));
	check_told(c->name, &t, &r);
	reading_free(&r);
	told_free(&t);
	sbuf_free(&first);
	sbuf_free(&out);
}

static void
check_recorded(const struct recordings_case *c, void *arg)
{
	struct sbuf frames = { 0 };

	if (c->status == 200 && c->stream && encoding_relay(c, &frames)) {
		check_stream(c, sbuf_slice(&frames));
		++*(unsigned *)arg;
	}
	sbuf_free(&frames);
}

START_TEST(test_86_recorded_streams)
{
	unsigned n = 0;

	if (!recordings_exist())
		return;
	recordings_each(check_recorded, &n);
	ck_assert_uint_ge(n, 86);
}
END_TEST

static void
check_whole(const struct recordings_case *c, void *arg)
{
	struct encode *x;
	struct told t = { .n = 0 };
	struct reading r = { .chunks = 0 };
	struct sbuf out = { 0 };
	struct err e;
	json_object *from, *to;

	if (c->status != 200 || c->stream)
		return;
	x = encoding_new(ENCODE_GEMINI);
	ck_assert_int_eq(encode_whole(x, sbuf_slice(&c->body), &out, &e), 0);
	from = json_tokener_parse(c->body.data);
	to = json_tokener_parse(out.data);
	told_read(&t, from, "message");
	r.loose = strcmp(t.choices[0].finish, "length") == 0;
	read_object(&r, to);
	sbuf_clear(&r.told);
	told_calls_text(&t.choices[0], true, &r.told);
	harvest_same(c->name, "calls", &r.told, &r.calls);
	harvest_same(c->name, "text",
	    t.choices[0].text.len > 0 ? &t.choices[0].text
				      : &t.choices[0].refusal,
	    &r.text);
	harvest_same(c->name, "reasoning", &t.choices[0].reasoning,
	    &r.thoughts);
	++*(unsigned *)arg;
	json_object_put(from);
	json_object_put(to);
	told_free(&t);
	reading_free(&r);
	sbuf_free(&out);
	encode_free(&x);
}

START_TEST(test_87_recorded_answers)
{
	unsigned n = 0;

	if (!recordings_exist())
		return;
	recordings_each(check_whole, &n);
	ck_assert_uint_ge(n, 87);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("out_gemini");
	TCase *t = tcase_create("out_gemini");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_bytes);
	tcase_add_test(t, test_several_candidates);
	tcase_add_test(t, test_no_reason_no_end);
	tcase_add_test(t, test_errors);
	tcase_add_test(t, test_error_of_google);
	tcase_add_test(t, test_idle);
	tcase_add_loop_test(t, test_wholes, 0, COUNT(wholes));
	tcase_add_test(t, test_86_recorded_streams);
	tcase_add_test(t, test_87_recorded_answers);
	suite_add_tcase(s, t);
	return s;
}

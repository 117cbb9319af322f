#include "tests/suite.h"

#include "tests/dialect/anthropic_events.h"
#include "tests/dialect/chat_told.h"
#include "tests/dialect/encoding.h"

#define STOP "\n{'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]}"
#define CALLS                                                                  \
	"\n{'choices':[{'index':0,'delta':{},'finish_reason':'tool_calls'}]}"
#define USAGE                                                                  \
	"\n{'choices':[],'usage':{'prompt_tokens':10,'completion_tokens':4,"   \
	"'total_tokens':14,'prompt_tokens_details':{'cached_tokens':3,"        \
	"'cache_creation_tokens':2}}}"
#define DONE "\n[DONE]"
#define CALL(i, id, name)                                                      \
	"'tool_calls':[{'index':" #i ",'id':'" id "','type':'function',"       \
	"'function':{'name':'" name "','arguments':''}}]\n"
#define PIECE(i, text)                                                         \
	"'tool_calls':[{'index':" #i ",'function':{'arguments':'" text "'}}]"  \
	"\n"

static const struct {
	const char *title, *chunks, *told, *stop, *sequence;
} rows[] = {
	{ "text",
	    "'role':'assistant','content':''\n'content':'a'\n"
	    "'content':'\\nb'" STOP USAGE DONE,
	    "[text:a\nb]", "end_turn", "" },
	{ "nothing at all", "'role':'assistant','content':''" STOP DONE, "",
	    "end_turn", "" },
	{ "length",
	    "'content':'a'\n{'choices':[{'index':0,'delta':{},"
	    "'finish_reason':'length'}]}" DONE,
	    "[text:a]", "max_tokens", "" },
	{ "filter",
	    "'content':'a'\n{'choices':[{'index':0,'delta':{},"
	    "'finish_reason':'content_filter'}]}" DONE,
	    "[text:a]", "refusal", "" },
	{ "reasoning, then text",
	    "'reasoning_content':'h'\n'reasoning':'m'\n'content':'a'" STOP DONE,
	    "[thinking:hm][text:a]", "end_turn", "" },
	{ "a signature ends its block",
	    "'reasoning_content':'hm'\n'reasoning_details':[{'type':"
	    "'reasoning.text','text':'hm','signature':'Sg==','format':"
	    "'anthropic-claude-v1','index':0}]\n'reasoning_content':'more'\n"
	    "'content':'a'" STOP DONE,
	    "[thinking:hm|Sg==][thinking:more][text:a]", "end_turn", "" },
	{ "hidden thoughts",
	    "'reasoning_details':[{'type':'reasoning.encrypted','data':'Rd',"
	    "'format':'anthropic-claude-v1','index':0}]\n'content':'a'" STOP
		DONE,
	    "[redacted_thinking:Rd][text:a]", "end_turn", "" },
	{ "those of another provider are not Anthropic's",
	    "'reasoning_details':[{'type':'reasoning.encrypted','data':'Rd',"
	    "'format':'google-gemini-v1','id':null}]\n'content':'a'" STOP DONE,
	    "[text:a]", "end_turn", "" },
	{ "details that repeat the reasoning beside them",
	    "'reasoning':'hm','reasoning_details':[{'type':'reasoning.text',"
	    "'text':'hm'}]\n'content':'a'" STOP DONE,
	    "[thinking:hm][text:a]", "end_turn", "" },
	{ "details alone",
	    "'reasoning_details':[{'type':'reasoning.text','text':'hm'}]\n"
	    "'content':'a'" STOP DONE,
	    "[thinking:hm][text:a]", "end_turn", "" },
	{ "a refusal is text, and tells why",
	    "'refusal':'I '\n'refusal':'cannot'" STOP DONE, "[text:I cannot]",
	    "refusal", "" },
	{ "a refusal beside content is told once",
	    "'content':'no'\n'refusal':'no'\n{'choices':[{'index':0,'delta':{},"
	    "'finish_reason':'content_filter'}]}" DONE,
	    "[text:no]", "refusal", "" },
	{ "calls one after the other",
	    "'content':'ok'\n" CALL(0, "a", "w") PIECE(0, "{\\'c\\':")
		PIECE(0, "1}") CALL(1, "b", "v")
		    PIECE(1, "{}") "'content':''" CALLS USAGE DONE,
	    "[text:ok][tool_use a w {\"c\":1}][tool_use b v {}]", "tool_use",
	    "" },
	{ "calls whose pieces are mixed",
	    CALL(0, "a", "w") PIECE(0, "{\\'c\\':") CALL(1, "b", "v") PIECE(1,
		"{\\'d\\':") PIECE(0, "1}") CALL(2, "c", "u") PIECE(1, "2}")
		PIECE(2, "{\\'e\\':3}") "'content':''" CALLS DONE,
	    "[tool_use a w {\"c\":1}][tool_use b v {\"d\":2}]"
	    "[tool_use c u {\"e\":3}]",
	    "tool_use", "" },
	{ "calls in another order",
	    CALL(1, "b", "v") PIECE(1, "{\\'d\\':") CALL(0, "a", "w")
		PIECE(0, "{}") PIECE(1, "2}") "'content':''" CALLS DONE,
	    "[tool_use b v {\"d\":2}][tool_use a w {}]", "tool_use", "" },
	{ "text in the middle of a call waits",
	    CALL(0, "a", "w")
		PIECE(0, "{\\'c\\':") "'content':'x'\n"
				      "'reasoning_content':'y'\n" PIECE(0,
					  "1}") "'content':'z'" CALLS DONE,
	    "[tool_use a w {\"c\":1}][text:x][thinking:y][text:z]", "tool_use",
	    "" },
	{ "no arguments", CALL(0, "a", "w") "'content':''" CALLS DONE,
	    "[tool_use a w {}]", "tool_use", "" },
	{ "arguments that are no object",
	    CALL(0, "a", "w") PIECE(0, " [1,") PIECE(0, "\\'x\\']")
		CALL(1, "b", "v") PIECE(1, "{}") "'content':''" CALLS DONE,
	    "[tool_use a w {\"_raw\":\" [1,\\\"x\\\"]\"}][tool_use b v {}]",
	    "tool_use", "" },
	{ "brackets in strings are no brackets",
	    CALL(0, "a", "w") PIECE(0, "{\\'c\\':\\'}\\\\\\'}")
		CALL(1, "b", "v") PIECE(0, "\\u0022}")
		    PIECE(1, "{}") "'content':''" CALLS DONE,
	    "[tool_use a w {\"c\":\"}\\\"}\"}][tool_use b v {}]", "tool_use",
	    "" },
	{ "stop beside calls",
	    CALL(0, "a", "w") PIECE(0, "{}") "'content':''" STOP DONE,
	    "[tool_use a w {}]", "tool_use", "" },
	{ "where it stopped",
	    "'content':'a'\n{'choices':[{'index':0,'delta':{},"
	    "'finish_reason':'stop','stop_reason':'END'}]}" DONE,
	    "[text:a]", "stop_sequence", "END" },
	{ "where it stopped, told before",
	    "'content':'a'\n{'choices':[],'provider_specific_fields':"
	    "{'stop_sequence':'E'}}" STOP DONE,
	    "[text:a]", "stop_sequence", "E" },
	{ "other choices are not Anthropic's",
	    "'content':'a'\n{'choices':[{'index':1,'delta':{'content':'b'}}]"
	    "}" STOP DONE,
	    "[text:a]", "end_turn", "" },
};

static void
run(const char *chunks, struct sbuf *out)
{
	struct encode *x = encoding_new(ENCODE_ANTHROPIC);
	struct sbuf frames = { 0 };

	encoding_frames(chunks, &frames);
	encoding_feed(x, sbuf_slice(&frames), CUT_WHOLE, out);
	encode_free(&x);
	sbuf_free(&frames);
}

START_TEST(test_rows)
{
	struct events v = { .at = EV_NOTHING };
	struct sbuf out = { 0 };

	run(rows[_i].chunks, &out);
	events_read(&v, sbuf_slice(&out));
	ck_assert_int_eq(v.at, EV_STOPPED);
	ck_assert_msg(slice_eq(sbuf_slice(&v.told), slice_str(rows[_i].told)),
	    "%s:\n%s\n%s", rows[_i].title, v.told.data, rows[_i].told);
	ck_assert_str_eq(v.stop, rows[_i].stop);
	ck_assert_str_eq(v.sequence, rows[_i].sequence);
	ck_assert_uint_eq(v.pings, 1);
	events_free(&v);
	sbuf_free(&out);
}
END_TEST

#define SSE(type, json)                                                        \
	"event: " type "\ndata: {\"type\":\"" type "\"" json "}\n\n"
#define ENDED ",\"stop_details\":null,\"container\":null"
#define MESSAGE_START                                                          \
	SSE("message_start",                                                   \
	    ",\"message\":{\"id\":\"msg_" ID "\",\"type\":\"message\","        \
	    "\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"           \
	    "\"stop_reason\":null,\"stop_sequence\":null" ENDED                \
	    ",\"usage\":{\"input_tokens\":0,"                                  \
	    "\"cache_creation_input_tokens\":0,"                               \
	    "\"cache_read_input_tokens\":0,\"output_tokens\":0,"               \
	    "\"server_tool_use\":null,\"cache_creation\":null,"                \
	    "\"inference_geo\":null,\"service_tier\":null}}")                  \
	SSE("ping", "")
#define ID "aaaaaaaaaaaaaaaaaaaaaaaa"

/* Bytes, with the minted id made plain. */
static void
plain_id(struct sbuf *out)
{
	char *at = strstr(out->data, "\"msg_");

	ck_assert(at != NULL && strlen(at) > 5 + 24);
	memcpy(at + 5, ID, 24);
}

START_TEST(test_bytes)
{
	static const char want[] = MESSAGE_START SSE("content_block_start",
	    ",\"index\":0,\"content_block\":{\"type\":\"text\","
	    "\"text\":\"\",\"citations\":[]}") SSE("content_block_delta",
	    ",\"index\":0,\"delta\":{\"type\":\"text_delta\","
	    "\"text\":\"h\\u00e9\"}") SSE("content_block_stop", ",\"index\":0")
	    SSE("message_delta",
		",\"delta\":{\"stop_reason\":\"end_turn\","
		"\"stop_sequence\":null" ENDED "},\"usage\":{"
		"\"input_tokens\":5,"
		"\"cache_creation_input_tokens\":2,"
		"\"cache_read_input_tokens\":3,"
		"\"output_tokens\":4,\"server_tool_use\":null}")
		SSE("message_stop", "");
	struct sbuf out = { 0 };

	run("'role':'assistant','content':''\n'content':'h\\u00e9'" STOP USAGE
		DONE,
	    &out);
	plain_id(&out);
	ck_assert_str_eq(out.data, want);
	sbuf_free(&out);
}
END_TEST

/* Without a finish reason nothing is told of an end. */
START_TEST(test_no_reason_no_end)
{
	struct events v = { .at = EV_NOTHING };
	struct sbuf out = { 0 };

	run("'content':'a'" DONE, &out);
	events_read(&v, sbuf_slice(&out));
	ck_assert_int_eq(v.at, EV_MESSAGE);
	events_free(&v);
	sbuf_free(&out);
}
END_TEST

static const struct {
	int status;
	const char *message, *type, *code, *want;
} errors[] = {
	{ 502, "cut \"off\"", "respan_error", "upstream_stream_error",
	    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
	    "\"message\":\"cut \\\"off\\\"\"}}" },
	{ 503, "bye", "", "server_shutdown",
	    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
	    "\"message\":\"bye\"}}" },
	{ 529, "busy", "overloaded_error", "",
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	    "\"message\":\"busy\"}}" },
	{ 429, "slow", "rate_limit_error", "tpm",
	    "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\","
	    "\"message\":\"slow\",\"code\":\"tpm\"}}" },
};

START_TEST(test_errors)
{
	struct encode *x = encoding_new(ENCODE_ANTHROPIC);
	struct sbuf out = { 0 };

	encode_error(x, errors[_i].status, slice_str(errors[_i].message),
	    slice_str(errors[_i].type), slice_str(errors[_i].code), &out);
	ck_assert_int_eq(strncmp(out.data, "event: error\ndata: ", 19), 0);
	ck_assert_int_eq(strcmp(out.data + out.len - 2, "\n\n"), 0);
	out.data[out.len - 2] = '\0';
	ck_assert_str_eq(out.data + 19, errors[_i].want);
	sbuf_free(&out);
	encode_free(&x);
}
END_TEST

START_TEST(test_idle)
{
	struct encode *x = encoding_new(ENCODE_ANTHROPIC);
	struct events v = { .at = EV_NOTHING };
	struct sbuf out = { 0 };

	encode_idle(x, &out);
	encode_idle(x, &out);
	events_read(&v, sbuf_slice(&out));
	ck_assert_uint_eq(v.pings, 2);
	events_free(&v);
	sbuf_free(&out);
	encode_free(&x);
}
END_TEST

#define WHOLE(content, stop, sequence)                                         \
	"{'id':'msg_" ID "','type':'message','role':'assistant','model':'m',"  \
	"'content':[" content "],'stop_reason':" stop                          \
	",'stop_sequence':" sequence                                           \
	",'stop_details':null,'container':null,'usage':{"                      \
	"'input_tokens':5,'cache_creation_input_tokens':2,"                    \
	"'cache_read_input_tokens':3,'output_tokens':4,"                       \
	"'server_tool_use':null,'cache_creation':null,'inference_geo':null,"   \
	"'service_tier':null}}"
#define TEXT(text) "{'type':'text','text':'" text "','citations':[]}"
#define USE(id, name, input)                                                   \
	"{'type':'tool_use','id':'" id "','name':'" name "','input':" input    \
	",'caller':{'type':'direct'}}"
#define REPLY(message, rest)                                                   \
	"{'id':'c','model':'m','choices':[{'index':0,'message':{" message      \
	"}," rest "}],'usage':{'prompt_tokens':10,'completion_tokens':4,"      \
	"'prompt_tokens_details':{'cached_tokens':3,"                          \
	"'cache_creation_tokens':2}}}"

static const struct {
	const char *title, *in, *out;
} wholes[] = {
	{ "text", REPLY("'content':'a\\n'", "'finish_reason':'stop'"),
	    WHOLE(TEXT("a\\n"), "'end_turn'", "null") },
	{ "nothing", REPLY("'content':null", "'finish_reason':'length'"),
	    WHOLE("", "'max_tokens'", "null") },
	{ "calls",
	    REPLY("'content':null,'tool_calls':[{'id':'a','type':'function',"
		  "'function':{'name':'w','arguments':'{\\'c\\':1.0}'}},"
		  "{'id':'b','type':'function','function':{'name':'v',"
		  "'arguments':''}},{'id':'d','type':'function','function':"
		  "{'name':'u','arguments':'[1,\\'x\\']'}}]",
		"'finish_reason':'tool_calls'"),
	    WHOLE(USE("a", "w", "{'c':1.0}") "," USE("b", "v",
		      "{}") "," USE("d", "u", "{'_raw':'[1,\\'x\\']'}"),
		"'tool_use'", "null") },
	{ "thoughts",
	    REPLY("'content':'a','reasoning_content':'hm','reasoning_details':"
		  "[{'type':'reasoning.text','text':'h','signature':'S1',"
		  "'format':'anthropic-claude-v1','index':0},{'type':"
		  "'reasoning.encrypted','data':'Rd','format':"
		  "'anthropic-claude-v1','index':1},{'type':'reasoning.text',"
		  "'text':'m','signature':'S2','format':'anthropic-claude-v1',"
		  "'index':2}]",
		"'finish_reason':'stop'"),
	    WHOLE("{'type':'thinking','thinking':'h','signature':'S1'},"
		  "{'type':'redacted_thinking','data':'Rd'},"
		  "{'type':'thinking','thinking':'m','signature':'S2'}," TEXT(
		      "a"),
		"'end_turn'", "null") },
	{ "unsigned thoughts",
	    REPLY("'content':'a','reasoning':'hm'", "'finish_reason':'stop'"),
	    WHOLE("{'type':'thinking','thinking':'hm','signature':''}," TEXT(
		      "a"),
		"'end_turn'", "null") },
	{ "a signature without its text",
	    REPLY("'content':'a','reasoning_content':'hm','reasoning_details':"
		  "[{'type':'reasoning.text','signature':'S1'}]",
		"'finish_reason':'stop'"),
	    WHOLE("{'type':'thinking','thinking':'hm','signature':'S1'}," TEXT(
		      "a"),
		"'end_turn'", "null") },
	{ "refusal",
	    REPLY("'content':null,'refusal':'no'", "'finish_reason':'stop'"),
	    WHOLE(TEXT("no"), "'refusal'", "null") },
	{ "where it stopped",
	    REPLY("'content':'a'",
		"'finish_reason':'stop','stop_reason':'END'"),
	    WHOLE(TEXT("a"), "'stop_sequence'", "'END'") },
};

static void
unquote(const char *row, struct sbuf *b)
{
	for (; *row != '\0'; row++)
		sbuf_addc(b, *row == '\'' ? '"' : *row);
}

START_TEST(test_wholes)
{
	struct encode *x = encoding_new(ENCODE_ANTHROPIC);
	struct sbuf in = { 0 }, want = { 0 }, out = { 0 };
	struct err e;

	unquote(wholes[_i].in, &in);
	unquote(wholes[_i].out, &want);
	ck_assert_int_eq(encode_whole(x, sbuf_slice(&in), &out, &e), 0);
	plain_id(&out);
	ck_assert_str_eq(out.data, want.data);
	sbuf_free(&in);
	sbuf_free(&want);
	sbuf_free(&out);
	encode_free(&x);
}
END_TEST

static const char *
stop_of(const struct told_choice *c)
{
	if (strcmp(c->finish, "length") == 0)
		return "max_tokens";
	if (strcmp(c->finish, "content_filter") == 0)
		return "refusal";
	if (c->n_calls > 0)
		return "tool_use";
	return c->refusal.len > 0 ? "refusal" : "end_turn";
}

static void
check_told(const char *name, const struct told *t, const struct events *v)
{
	const struct told_choice *c = &t->choices[0];
	struct sbuf calls = { 0 };

	harvest_same(name, "text", c->text.len > 0 ? &c->text : &c->refusal,
	    &v->texts);
	harvest_same(name, "reasoning", &c->reasoning, &v->thoughts);
	told_calls_text(c, true, &calls);
	harvest_same(name, "calls", &calls, &v->calls);
	if (strcmp(v->stop, "stop_sequence") != 0)
		ck_assert_str_eq(v->stop, stop_of(c));
	ck_assert_int_eq(v->input + v->read + v->created,
	    told_figure(t, "prompt_tokens"));
	ck_assert_int_eq(v->output, told_figure(t, "completion_tokens"));
	sbuf_free(&calls);
}

static void
check_stream(const struct recordings_case *c, struct slice frames)
{
	struct sbuf first = { 0 }, out = { 0 };
	struct told t = { .n = 0 };
	struct events v = { .at = EV_NOTHING };

	told_frames(&t, frames);
	for (int cut = CUT_WHOLE; cut < CUTS; cut++) {
		struct encode *x = encoding_new(ENCODE_ANTHROPIC);

		sbuf_clear(&out);
		encoding_feed(x, frames, (enum encoding_cut)cut, &out);
		encode_free(&x);
		if (cut == CUT_WHOLE)
			sbuf_add_slice(&first, sbuf_slice(&out));
		ck_assert_msg(slice_eq(sbuf_slice(&first), sbuf_slice(&out)),
		    "%s: other bytes when cut", c->name);
	}
	v.loose = strcmp(t.choices[0].finish, "length") == 0;
	events_read(&v, sbuf_slice(&first));
	ck_assert_msg(v.at == EV_STOPPED, "%s: no end", c->name);
	check_told(c->name, &t, &v);
	events_free(&v);
	told_free(&t);
	sbuf_free(&first);
	sbuf_free(&out);
}

/* Cut anywhere before its last chunk, nothing tells of an end. */
static void
check_cuts(const struct recordings_case *c, struct slice frames)
{
	size_t done = frames.n - strlen("data: [DONE]\n\n");

	for (size_t n = 0; n <= done && frames.n < 20000; n += 97) {
		struct encode *x = encoding_new(ENCODE_ANTHROPIC);
		struct sbuf out = { 0 };

		encoding_feed(x, (struct slice){ frames.p, n }, CUT_WHOLE,
		    &out);
		ck_assert_msg(out.len == 0 ||
				  strstr(out.data, "message_stop") == NULL,
		    "%s: an end at %zu", c->name, n);
		sbuf_free(&out);
		encode_free(&x);
	}
}

static void
check_recorded(const struct recordings_case *c, void *arg)
{
	struct sbuf frames = { 0 };

	if (c->status == 200 && c->stream && encoding_relay(c, &frames)) {
		check_stream(c, sbuf_slice(&frames));
		check_cuts(c, sbuf_slice(&frames));
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

/* What was said in a whole answer, told as an Anthropic client reads it. */
static void
check_whole(const struct recordings_case *c, void *arg)
{
	struct encode *x = encoding_new(ENCODE_ANTHROPIC);
	struct told t = { .n = 0 };
	struct events v = { .at = EV_NOTHING };
	struct sbuf out = { 0 };
	struct err e;
	json_object *o, *m, *blocks;

	if (c->status != 200 || c->stream) {
		encode_free(&x);
		return;
	}
	ck_assert_int_eq(encode_whole(x, sbuf_slice(&c->body), &out, &e), 0);
	o = json_tokener_parse(c->body.data);
	m = json_tokener_parse(out.data);
	ck_assert_msg(m != NULL, "%s: %s", c->name, out.data);
	told_read(&t, o, "message");
	blocks = harvest_get(m, "content");
	for (size_t i = 0; i < harvest_count(blocks); i++) {
		json_object *b = json_object_array_get_idx(blocks, i);

		sbuf_adds(&v.texts, harvest_str(b, "text"));
		sbuf_adds(&v.thoughts, harvest_str(b, "thinking"));
		if (strcmp(harvest_str(b, "type"), "tool_use") == 0)
			sbuf_addf(&v.calls, "%s|%s|%s\n", harvest_str(b, "id"),
			    harvest_str(b, "name"),
			    harvest_plain(harvest_get(b, "input")));
	}
	sbuf_clear(&v.told);
	told_calls_text(&t.choices[0], true, &v.told);
	harvest_same(c->name, "text",
	    t.choices[0].text.len > 0 ? &t.choices[0].text
				      : &t.choices[0].refusal,
	    &v.texts);
	harvest_same(c->name, "reasoning", &t.choices[0].reasoning,
	    &v.thoughts);
	harvest_same(c->name, "calls", &v.told, &v.calls);
	++*(unsigned *)arg;
	json_object_put(o);
	json_object_put(m);
	told_free(&t);
	events_free(&v);
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
	Suite *s = suite_create("out_anthropic");
	TCase *t = tcase_create("out_anthropic");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_bytes);
	tcase_add_test(t, test_no_reason_no_end);
	tcase_add_loop_test(t, test_errors, 0, COUNT(errors));
	tcase_add_test(t, test_idle);
	tcase_add_loop_test(t, test_wholes, 0, COUNT(wholes));
	tcase_add_test(t, test_86_recorded_streams);
	tcase_add_test(t, test_87_recorded_answers);
	suite_add_tcase(s, t);
	return s;
}

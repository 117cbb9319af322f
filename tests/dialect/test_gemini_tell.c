/* What Gemini answers, as chat: spec/providers.md 5 to 9. */

#include "tests/suite.h"

#include "base/err.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"
#include "proto/reply.h"
#include "tests/proto/recordings.h"

static struct decode *
decoder(void)
{
	struct decode_opts opts = {
		.dialect = dialect_find(KIND_GEMINI, SLICE("m"), 0),
		.id = SLICE("i"),
		.model = SLICE("asked"),
		.created_s = 1,
	};

	return decode_new(&opts);
}

/* One candidate with these parts, and what else. */
#define ONE(parts, more)                                                       \
	"{\"candidates\":[{\"content\":{\"parts\":[" parts "]}" more "}]}"
#define STOP ",\"finishReason\":\"STOP\""
#define FIN(word) ",\"finishReason\":" word
#define T(text) "{\"text\":\"" text "\"}"
#define CALL(more) "{\"functionCall\":{\"name\":\"f\"" more "}}"

/* The id that the first call gets here. */
#define ID "call_ywDFZx2wfg68elt4CbOVXxee"

#define CHOICE(index, message, finish)                                         \
	"{\"index\":" index                                                    \
	",\"message\":{\"role\":\"assistant\",\"content\":" message            \
	",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"" finish     \
	"\"}"
#define CALLED(args)                                                           \
	"null,\"refusal\":null,\"tool_calls\":[{\"id\":\"" ID "\",\"type\":"   \
	"\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" args      \
	"\"}}]},\"logprobs\":null,\"finish_reason\":"
#define CITED(url, title, from, to)                                            \
	"{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"" url          \
	"\",\"title\":\"" title "\",\"start_index\":" from                     \
	",\"end_index\":" to "}}"
#define DETAIL(data, id)                                                       \
	"{\"type\":\"reasoning.encrypted\",\"data\":\"" data "\",\"format\":"  \
	"\"google-gemini-v1\",\"id\":" id "}"

static const struct whole {
	const char *title, *reply, *choices;
} wholes[] = {
	{ "a text", ONE(T("a\\n") "," T("\\u00e9"), STOP),
	    CHOICE("0", "\"a\\n\\u00e9\"", "stop") },
	{ "no reason to end", ONE(T("a"), ""), CHOICE("0", "\"a\"", "stop") },
	{ "no candidate", "{\"candidates\":[]}", CHOICE("0", "\"\"", "stop") },
	{ "nothing said", "{\"candidates\":[{\"content\":{}" STOP "}]}",
	    CHOICE("0", "\"\"", "stop") },
	{ "all spent on thoughts",
	    "{\"candidates\":[{"
	    "\"index\":0" FIN("\"MAX_TOKENS\"") "}]}",
	    CHOICE("0", "\"\"", "length") },
	{ "nulls",
	    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\","
	    "\"thought\":null,\"functionCall\":null,\"thoughtSignature\":null}]"
	    "},\"groundingMetadata\":null" STOP "}],\"promptFeedback\":null,"
	    "\"error\":null,\"usageMetadata\":null}",
	    CHOICE("0", "\"a\"", "stop") },
	{ "what nobody knows",
	    "{\"what\":{},\"candidates\":[7,{\"what\":[],\"content\":{"
	    "\"parts\":"
	    "[1,{\"what\":{}},{\"text\":\"a\",\"what\":1}]}" STOP "}]}",
	    CHOICE("1", "\"a\"", "stop") },
	{ "a number where text belongs", ONE("{\"text\":12}", STOP),
	    CHOICE("0", "\"12\"", "stop") },
	{ "choices by index, else by position",
	    "{\"candidates\":[{\"index\":1,\"content\":{\"parts\":[" T(
		"b") "]}" STOP
		     "},{\"index\":0,\"content\":{\"parts\":[" T("a") "]}" FIN(
			 "\"SAFETY\"") "},{\"content\":{"
				       "\"parts\":[" T("c") "]"
							    "}" STOP "}]}",
	    CHOICE("0", "\"a\"", "content_filter") "," CHOICE("1", "\"b\"",
		"stop") "," CHOICE("2", "\"c\"", "stop") },
	{ "a blocked prompt",
	    "{\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}",
	    CHOICE("0", "\"\"", "content_filter") },
	{ "feedback that blocks nothing",
	    "{\"promptFeedback\":{\"safetyRatings\":[]},\"candidates\":[{"
	    "\"content\":{\"parts\":[" T("a") "]}" STOP "}]}",
	    CHOICE("0", "\"a\"", "stop") },
	{ "thoughts", ONE("{\"text\":\"t\",\"thought\":true}," T("a"), STOP),
	    "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
	    "\"a\",\"reasoning_content\":\"t\",\"refusal\":null},"
	    "\"logprobs\":null,\"finish_reason\":\"stop\"}" },
	{ "a call", ONE(CALL(",\"args\":{\"a\":\"\\\"\"}"), STOP),
	    CALLED("{\\\"a\\\":\\\"\\\\\\\"\\\"}") "\"tool_calls\"}" },
	{ "a call without arguments", ONE(CALL(""), STOP),
	    CALLED("{}") "\"tool_calls\"}" },
	{ "a call with null", ONE(CALL(",\"args\":null"), STOP),
	    CALLED("{}") "\"tool_calls\"}" },
	{ "a call, cut by the limit", ONE(CALL(""), FIN("\"MAX_TOKENS\"")),
	    CALLED("{}") "\"length\"}" },
	{ "a call that was not expected",
	    ONE(CALL(""), FIN("\"UNEXPECTED_TOOL_CALL\"")),
	    CALLED("{}") "\"tool_calls\"}" },
	{ "a call's id", ONE(CALL(",\"id\":\"x1\""), STOP),
	    "\"tool_calls\":[{\"id\":\"x1\",\"type\"" },
	{ "a call's signature",
	    ONE("{\"functionCall\":{\"name\":\"f\"},\"thoughtSignature\":"
		"\"S/+=\"}",
		STOP),
	    "\"reasoning_details\":[" DETAIL("S/+=",
		"\"" ID
		"\"") "],"
		      "\"tool_calls\":[{\"id\":\"" ID
		      "\",\"type\":\"function\","
		      "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},"
		      "\"extra_content\":{\"google\":{\"thought_signature\":"
		      "\"S/+=\"}}}]" },
	{ "a text's signature",
	    ONE("{\"text\":\"a\",\"thoughtSignature\":\"S\"}", STOP),
	    "\"reasoning_details\":[" DETAIL("S", "null") "]" },
	{ "an image",
	    ONE("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"AA\"}}",
		STOP),
	    "\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
	    "\"data:image/png;base64,AA\"}}]" },
	{ "code that ran",
	    ONE(T("x") ",{\"executableCode\":{\"language\":\"PYTHON\","
		       "\"code\":\"1\"}},{\"codeExecutionResult\":{"
		       "\"output\":\"1\\n\"}}",
		STOP),
	    CHOICE("0", "\"x\\n```python\\n1\\n```\\n\\n```\\n1\\n```\\n\"",
		"stop") },
	{ "citations of AI Studio",
	    ONE(T("abc"),
		STOP ",\"citationMetadata\":{\"citationSources\":[{"
		     "\"startIndex\":1,\"endIndex\":2,\"uri\":\"u\"},{"
		     "\"endIndex\":3}]}"),
	    "\"annotations\":[" CITED("u", "", "1", "2") "]" },
	{ "citations of Vertex",
	    ONE(T("abc"),
		STOP ",\"citationMetadata\":{\"citations\":[{"
		     "\"endIndex\":2,\"uri\":\"u\",\"title\":\"t\"}]}"),
	    "\"annotations\":[" CITED("u", "t", "0", "2") "]" },
	{ "where facts are from",
	    ONE(T("a"), STOP
		",\"groundingMetadata\":{\"groundingChunks\":[{\"web\":{"
		"\"uri\":\"u\",\"title\":\"t\"}},{\"web\":{\"uri\":\"v\"}}],"
		"\"groundingSupports\":[{\"segment\":{\"endIndex\":1},"
		"\"groundingChunkIndices\":[1,0,9,-1]}]}"),
	    "\"annotations\":[" CITED("v", "", "0", "1") "," CITED("u", "t",
		"0", "1") "]" },
	{ "places in characters",
	    ONE(T("\\u00e9\xc3\xa9\\ud83d\\ude00x"),
		STOP ",\"citationMetadata\":{\"citations\":[{\"startIndex\":2,"
		     "\"endIndex\":9,\"uri\":\"u\"},{\"startIndex\":-1,"
		     "\"endIndex\":1000,\"uri\":\"v\"}]}"),
	    "\"annotations\":[" CITED("u", "", "1", "4") "," CITED("v", "", "0",
		"4") "]" },
	{ "facts of no place in the text",
	    ONE(T("a"), STOP ",\"groundingMetadata\":{\"groundingChunks\":[{"
			     "\"web\":{\"uri\":\"u\",\"title\":\"t\"}}]}"),
	    "\"annotations\":[" CITED("u", "t", "0", "0") "]" },
	{ "logprobs",
	    ONE(T("a"), STOP
		",\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"a\","
		"\"logProbability\":-0.5},{\"token\":\"b\"}],"
		"\"topCandidates\":[{\"candidates\":[{\"token\":\"c\","
		"\"logProbability\":-1}]}]}"),
	    "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,"
	    "\"bytes\":null,\"top_logprobs\":[{\"token\":\"c\",\"logprob\":-1,"
	    "\"bytes\":null}]},{\"token\":\"b\",\"logprob\":0,\"bytes\":null,"
	    "\"top_logprobs\":[]}],\"refusal\":null}" },
};

START_TEST(test_whole)
{
	const struct whole *row = &wholes[_i];
	struct decode *d = decoder();
	struct sbuf chat = { 0 };
	struct reply reply;
	struct err e;

	ck_assert_msg(decode_whole(d, slice_str(row->reply), &chat, &e) == 1,
	    "%s: %s", row->title, e.text);
	ck_assert_msg(strstr(chat.data, row->choices) != NULL, "%s:\n%s\n%s",
	    row->title, chat.data, row->choices);
	ck_assert_msg(reply_read(sbuf_slice(&chat), 0, &reply, &e) == 1, "%s",
	    row->title);
	sbuf_free(&chat);
	decode_free(&d);
}
END_TEST

/* Whole answers that are none: what is said, and with which status. */
static const struct bad {
	const char *title, *reply;
	int is, status;
	const char *message, *code;
} bads[] = {
	{ "an error in a 200",
	    "{\"error\":{\"code\":503,\"message\":\"m\",\n\"status\":"
	    "\"UNAVAILABLE\"}}",
	    0, 503, "m", "UNAVAILABLE" },
	{ "a call that went wrong",
	    "{\"candidates\":[{\"finishMessage\":\"Malformed \\\"x\\\"\"" FIN(
		"\"MALFORMED_FUNCTION_CALL\"") "}]}",
	    0, 502, "Malformed \"x\"", "MALFORMED_FUNCTION_CALL" },
	{ "the same after thoughts",
	    ONE("{\"text\":\"t\",\"thought\":true}",
		FIN("\"MISSING_THOUGHT_SIGNATURE\"")),
	    0, 502, "The model stopped with MISSING_THOUGHT_SIGNATURE.",
	    "MISSING_THOUGHT_SIGNATURE" },
	{ "no candidates", "{\"usageMetadata\":{}}", -1, 0, "", "" },
	{ "candidates that are none", "{\"candidates\":7}", -1, 0, "", "" },
	{ "an array", "[]", -1, 0, "", "" },
	{ "no JSON", "{\"candidates\":[}", -1, 0, "", "" },
	{ "a candidate too many", "{\"candidates\":[{\"index\":16}]}", -1, 0,
	    "", "" },
};

START_TEST(test_bad)
{
	const struct bad *row = &bads[_i];
	struct decode *d = decoder();
	struct sbuf chat = { 0 };
	struct relay_error r;
	struct err e;
	int is = decode_whole(d, slice_str(row->reply), &chat, &e);

	ck_assert_msg(is == row->is, "%s: %d", row->title, is);
	if (is == -1)
		ck_assert_int_eq(e.kind, ERR_UPSTREAM_INVALID);
	if (is == 0) {
		relay_error_read(sbuf_slice(&chat), 200, &r);
		ck_assert_msg(r.status == row->status &&
				  strcmp(r.message, row->message) == 0 &&
				  strcmp(r.code, row->code) == 0,
		    "%s: %d %s %s", row->title, r.status, r.message, r.code);
	}
	sbuf_free(&chat);
	decode_free(&d);
}
END_TEST

/* Each reason to end, of an answer with a text and of one without. */
static const struct reason {
	const char *word, *with, *without; /* NULL: an error */
} reasons[] = {
	{ "\"STOP\"", "stop", "stop" },
	{ "\"FINISH_REASON_UNSPECIFIED\"", "stop", "stop" },
	{ "\"OTHER\"", "stop", "stop" },
	{ "\"LANGUAGE\"", "stop", "stop" },
	{ "\"SOMETHING_NEW\"", "stop", "stop" },
	{ "\"MAX_TOKENS\"", "length", "length" },
	{ "\"SAFETY\"", "content_filter", "content_filter" },
	{ "\"RECITATION\"", "content_filter", "content_filter" },
	{ "\"BLOCKLIST\"", "content_filter", "content_filter" },
	{ "\"PROHIBITED_CONTENT\"", "content_filter", "content_filter" },
	{ "\"SPII\"", "content_filter", "content_filter" },
	{ "\"IMAGE_SAFETY\"", "content_filter", "content_filter" },
	{ "\"IMAGE_PROHIBITED_CONTENT\"", "content_filter", "content_filter" },
	{ "\"IMAGE_RECITATION\"", "content_filter", "content_filter" },
	{ "\"MODEL_ARMOR\"", "content_filter", "content_filter" },
	{ "\"ESCALATION\"", "content_filter", "content_filter" },
	{ "\"MALFORMED_FUNCTION_CALL\"", "stop", NULL },
	{ "\"UNEXPECTED_TOOL_CALL\"", "stop", NULL },
	{ "\"TOO_MANY_TOOL_CALLS\"", "stop", NULL },
	{ "\"MISSING_THOUGHT_SIGNATURE\"", "stop", NULL },
	{ "\"MALFORMED_RESPONSE\"", "stop", NULL },
	{ "1", "stop", "stop" },
	{ "2", "length", "length" },
	{ "3", "content_filter", "content_filter" },
	{ "4", "content_filter", "content_filter" },
	{ "5", "stop", "stop" },
};

static void
expect_reason(const char *word, const char *part, const char *finish)
{
	struct sbuf in = { 0 }, chat = { 0 }, want = { 0 }, native = { 0 };
	struct decode *d = decoder();
	struct decode_state state;
	struct err e;
	int is;

	sbuf_addf(&in,
	    "{\"candidates\":[{\"finishReason\":%s,\"content\":{\"parts\":"
	    "[%s]}}]}",
	    word, part);
	sbuf_addf(&want, "\"finish_reason\":\"%s\"", finish);
	is = decode_whole(d, sbuf_slice(&in), &chat, &e);
	ck_assert_msg(is == (finish != NULL), "%s: %d", word, is);
	ck_assert_msg(finish == NULL || strstr(chat.data, want.data) != NULL,
	    "%s: %s", word, chat.data);
	decode_state(d, &state);
	sbuf_addf(&native, *word == '"' ? "\"%s\"" : "%s", state.native_finish);
	ck_assert_str_eq(finish != NULL ? native.data : word, word);
	sbuf_free(&in);
	sbuf_free(&chat);
	sbuf_free(&want);
	sbuf_free(&native);
	decode_free(&d);
}

START_TEST(test_reason)
{
	expect_reason(reasons[_i].word, T("a"), reasons[_i].with);
	expect_reason(reasons[_i].word, "", reasons[_i].without);
}
END_TEST

#define U(members) "\"usageMetadata\":{" members "}"
#define MOD(name, n) "{\"modality\":" name ",\"tokenCount\":" n "}"

static const struct used {
	const char *title, *usage;
	bool has;
	struct usage want;
} useds[] = {
	{ "money.md 4.1, 5",
	    U("\"promptTokenCount\":568,\"cachedContentTokenCount\":217,"
	      "\"candidatesTokenCount\":305,\"thoughtsTokenCount\":1027"),
	    true,
	    { .in_text = 351,
		.in_cached = 217,
		.out_text = 305,
		.out_reasoning = 1027 } },
	{ "money.md 4.1, 6",
	    U("\"promptTokenCount\":1107,\"cachedContentTokenCount\":1081,"
	      "\"toolUsePromptTokenCount\":1171,\"candidatesTokenCount\":21,"
	      "\"thoughtsTokenCount\":41"),
	    true,
	    { .in_text = 1197,
		.in_cached = 1081,
		.out_text = 21,
		.out_reasoning = 41 } },
	{ "money.md 4.1, 7",
	    U("\"promptTokenCount\":17713,\"cachedContentTokenCount\":17379,"
	      "\"candidatesTokenCount\":68,\"thoughtsTokenCount\":821,"
	      "\"promptTokensDetails\":[" MOD("\"TEXT\"",
		  "16") "," MOD("\"VIDEO\"", "15780") "," MOD("\"AUDIO\"",
		  "1917") "],"
			  "\"cacheTokensDetails\":[" MOD("\"AUDIO\"",
			      "1881") "," MOD("\"VIDEO\"",
			      "15483") "," MOD("\"TEXT\"", "15") "]"),
	    true,
	    { .in_text = 298,
		.in_audio = 36,
		.in_cached = 15498,
		.in_audio_cached = 1881,
		.out_text = 68,
		.out_reasoning = 821 } },
	{ "images, some of them cached, and speech",
	    U("\"promptTokenCount\":500,\"cachedContentTokenCount\":258,"
	      "\"candidatesTokenCount\":30,\"promptTokensDetails\":[" MOD(
		  "\"IMAGE\"",
		  "400") "],\"cacheTokensDetails\":[" MOD("\"IMAGE\"",
		  "258") "],\"candidatesTokensDetails\":[" MOD("\"AUDIO\"",
		  "20") "]"),
	    true,
	    { .in_text = 100,
		.in_image = 142,
		.in_cached = 258,
		.out_text = 10,
		.out_audio = 20 } },
	{ "modalities as numbers",
	    U("\"promptTokenCount\":10,\"promptTokensDetails\":[" MOD("4",
		"3") "," MOD("2", "2") "," MOD("1", "5") "]"),
	    true, { .in_text = 5, .in_audio = 3, .in_image = 2 } },
	{ "more audio than prompt",
	    U("\"promptTokenCount\":10,\"promptTokensDetails\":[" MOD(
		"\"AUDIO\"", "30") "]"),
	    true, { .in_audio = 10 } },
	{ "more cached than prompt",
	    U("\"promptTokenCount\":10,\"cachedContentTokenCount\":12"), true,
	    { .in_cached = 10, .anomaly = true } },
	{ "no output", U("\"promptTokenCount\":10,\"thoughtsTokenCount\":null"),
	    true, { .in_text = 10 } },
	{ "no figures", U("\"trafficType\":\"ON_DEMAND\""), false,
	    { .in_text = 0 } },
	{ "a negative figure",
	    U("\"promptTokenCount\":10,\"candidatesTokenCount\":-1"), false,
	    { .in_text = 0 } },
	{ "a fraction", U("\"promptTokenCount\":10.5"), false,
	    { .in_text = 0 } },
	{ "a text", U("\"promptTokenCount\":\"10\""), false, { .in_text = 0 } },
	{ "no object", "\"usageMetadata\":7", false, { .in_text = 0 } },
};

START_TEST(test_usage)
{
	const struct used *row = &useds[_i];
	struct decode_state state;
	const struct usage *want = &row->want, *got = &state.usage;
	struct decode *d = decoder();
	struct sbuf in = { 0 }, chat = { 0 };
	struct err e;

	sbuf_addf(&in, "{\"candidates\":[],%s}", row->usage);
	ck_assert_int_eq(decode_whole(d, sbuf_slice(&in), &chat, &e), 1);
	decode_state(d, &state);
	ck_assert_msg(state.has_usage == row->has, "%s", row->title);
	if (row->has)
		ck_assert_msg(got->in_text == want->in_text &&
				  got->in_cached == want->in_cached &&
				  got->in_audio == want->in_audio &&
				  got->in_audio_cached ==
				      want->in_audio_cached &&
				  got->in_image == want->in_image &&
				  got->out_text == want->out_text &&
				  got->out_audio == want->out_audio &&
				  got->out_reasoning == want->out_reasoning &&
				  got->requests == 1 &&
				  got->anomaly == want->anomaly,
		    "%s: %s", row->title, chat.data);
	ck_assert_msg((strstr(chat.data, "\"usage\"") != NULL) == row->has,
	    "%s: %s", row->title, chat.data);
	sbuf_free(&in);
	sbuf_free(&chat);
	decode_free(&d);
}
END_TEST

#define D(json) "data: " json "\r\n\r\n"
#define PIECE(more) ONE("{\"functionCall\":{" more "}}", "")
#define GOES ",\"willContinue\":true"
#define AT(path, value) "{\"jsonPath\":\"" path "\"," value "}"

/* Streams; end -1: malformed. */
static const struct stream {
	const char *title, *in;
	int end;
	const char *text, *finish;  /* content and calls; of all choices */
	int64_t prompt, completion; /* -1: no usage */
} streams[] = {
	{ "a reason in every chunk, words behind it",
	    D(ONE(T("a"), STOP)) D(ONE(T("b"), STOP)) D(ONE(T("c"), ""))
		D(ONE("", FIN("\"MAX_TOKENS\""))),
	    RELAY_COMPLETE, "abc", "length", -1, -1 },
	{ "no reason", D(ONE(T("a"), "")), RELAY_CUT, "a", "", -1, -1 },
	{ "nothing", "", RELAY_CUT, "", "", -1, -1 },
	{ "figures of each name, the last one",
	    D("{\"candidates\":[{\"content\":{\"parts\":[" T("a") "]}}]," U(
		"\"promptTokenCount\":7,\"toolUsePromptTokenCount\":2,"
		"\"candidatesTokenCount\":1") "}")
		D("{\"candidates\":[{\"finishReason\":\"STOP\"}]," U(
		    "\"promptTokenCount\":6,\"candidatesTokenCount\":4") "}"),
	    RELAY_COMPLETE, "a", "stop", 8, 4 },
	{ "figures behind the end",
	    D(ONE(T("a"), STOP)) D("{" U("\"promptTokenCount\":7") "}"),
	    RELAY_COMPLETE, "a", "stop", 7, 0 },
	{ "figures of what was cut",
	    D("{\"candidates\":[{\"content\":{\"parts\":[" T("a") "]}}]," U(
		"\"promptTokenCount\":7") "}"),
	    RELAY_CUT, "a", "", -1, -1 },
	{ "a blocked prompt",
	    D("{\"promptFeedback\":{\"blockReason\":\"OTHER\"}," U(
		"\"promptTokenCount\":7") "}"),
	    RELAY_COMPLETE, "", "content_filter", 7, 0 },
	{ "feedback alone is no end",
	    D("{\"promptFeedback\":{\"safetyRatings\":[]}}"), RELAY_CUT, "", "",
	    -1, -1 },
	{ "blocked half way",
	    D(ONE(T("a"), ""))
		D("{\"promptFeedback\":{\"blockReason\":\"OTHER\"}}"),
	    RELAY_COMPLETE, "a", "content_filter", -1, -1 },
	{ "one of two is not over",
	    D("{\"candidates\":[{\"index\":0,\"content\":{\"parts\":[" T(
		"a") "]}" STOP
		     "},{\"index\":1,\"content\":{\"parts\":[" T("b") "]}}]}"),
	    RELAY_CUT, "ab", "", -1, -1 },
	{ "two choices, interleaved",
	    D("{\"candidates\":[{\"index\":0,\"content\":{\"parts\":[" T(
		"a") "]}},{\"index\":1,\"content\":{\"parts\":[" T("b") "]}}]}")
		D("{\"candidates\":[{\"index\":1" STOP "}]}")
		    D("{\"candidates\":[{\"index\":0" FIN("\"SAFETY\"") "}]}"),
	    RELAY_COMPLETE, "ab", "content_filter stop", -1, -1 },
	{ "an error",
	    D(ONE(T("a"), "")) "{\n \"error\": {\n  \"code\": 503,\n  "
			       "\"status\": \"UNAVAILABLE\"\n"
			       " }\n}\n\n",
	    RELAY_ERROR, "a", "", -1, -1 },
	{ "an error as an event",
	    D(ONE(T("a"), "")) D("{\"error\":{\"code\":500}}")
		D(ONE(T("b"), STOP)),
	    RELAY_ERROR, "a", "", -1, -1 },
	{ "an error that is a text", D("{\"error\":\"no\"}"), RELAY_ERROR, "",
	    "", -1, -1 },
	{ "a call that went wrong",
	    D(ONE("", FIN("\"MALFORMED_FUNCTION_CALL\""))), RELAY_ERROR, "", "",
	    -1, -1 },
	{ "the same behind words",
	    D(ONE(T("a"), "")) D(ONE("", FIN("\"MALFORMED_FUNCTION_CALL\""))),
	    RELAY_COMPLETE, "a", "stop", -1, -1 },
	{ "[DONE] from a proxy", D(ONE(T("a"), STOP)) "data: [DONE]\n\n",
	    RELAY_COMPLETE, "a", "stop", -1, -1 },
	{ "no JSON", D("{"), -1, "", "", -1, -1 },
	{ "no object", D("[1]"), -1, "", "", -1, -1 },
	{ "a candidate too many", D("{\"candidates\":[{\"index\":99}]}"), -1,
	    "", "", -1, -1 },
	{ "arguments in pieces",
	    D(ONE(CALL(GOES), "")) D(PIECE("\"partialArgs\":[" AT("$.a.b[0].c",
		"\"stringValue\":\"x\\\"\",\"willContinue\":true") "]" GOES))
		D(PIECE("\"partialArgs\":[" AT("$.a.b[0].c",
		    "\"stringValue\":\"y\"") "," AT("$.a.b[0].d",
		    "\"numberValue\":1.5") "," AT("$.a.b[1]",
		    "\"boolValue\":true") "," AT("$['e f']",
		    "\"nullValue\":null") "]" GOES)) D(PIECE(""))
		    D(ONE("", STOP)),
	    RELAY_COMPLETE,
	    "f{\"a\":{\"b\":[{\"c\":\"x\\\"y\",\"d\":1.5},true]},\"e f\":null}",
	    "tool_calls", -1, -1 },
	{ "pieces that end with the answer",
	    D(ONE(CALL(GOES), "")) D(PIECE("\"partialArgs\":[" AT("$.a",
		"\"stringValue\":\"x\",\"willContinue\":true") "]" GOES))
		D(ONE("", FIN("\"MAX_TOKENS\""))),
	    RELAY_COMPLETE, "f{\"a\":\"x\"}", "length", -1, -1 },
	{ "two calls in pieces, the first without any",
	    D(ONE(CALL(GOES), "")) D(ONE(CALL(GOES), ""))
		D(PIECE("\"partialArgs\":[" AT("$.a", "\"numberValue\":1") "]"))
		    D(ONE("", STOP)),
	    RELAY_COMPLETE, "f{}f{\"a\":1}", "tool_calls", -1, -1 },
	{ "pieces of no call", D(PIECE("")) D(ONE(T("a"), STOP)),
	    RELAY_COMPLETE, "a", "stop", -1, -1 },
	{ "a piece in no order",
	    D(ONE(CALL(GOES), "")) D(PIECE("\"partialArgs\":[" AT("$.a",
		"\"numberValue\":1") "," AT("$.a.b",
		"\"numberValue\":1") "]" GOES)),
	    -1, "", "", -1, -1 },
	{ "a member of an array",
	    D(ONE(CALL(GOES), "")) D(PIECE("\"partialArgs\":[" AT("$.a[0]",
		"\"numberValue\":1") "," AT("$.a.0",
		"\"numberValue\":1") "]" GOES)),
	    -1, "", "", -1, -1 },
	{ "a piece of nowhere",
	    D(ONE(CALL(GOES), ""))
		D(PIECE("\"partialArgs\":[{\"numberValue\":1}]" GOES)),
	    -1, "", "", -1, -1 },
	{ "an array",
	    "[" ONE(T("a]}\\\"[{"), "") "\r\n,\r\n" ONE(T("b"), STOP) "\r\n]\n",
	    RELAY_COMPLETE, "a]}\"[{b", "stop", -1, -1 },
	{ "an array that is cut", "[" ONE(T("a"), "") ",{\"candidates\":[",
	    RELAY_CUT, "a", "", -1, -1 },
	{ "an error in an array",
	    "[" ONE(T("a"), "") ",{\"error\":{\"code\":503}}]", RELAY_ERROR,
	    "a", "", -1, -1 },
	{ "an array of something else", "[" ONE(T("a"), "") ",7]", -1, "", "",
	    -1, -1 },
};

struct heard {
	struct sbuf text, finish;
};

static void
hear_choice(struct heard *h, json_object *choice)
{
	json_object *delta = json_object_object_get(choice, "delta");
	json_object *calls = json_object_object_get(delta, "tool_calls");
	const char *finish = recordings_str(choice, "finish_reason");

	if (json_object_object_get(delta, "content") != NULL)
		sbuf_adds(&h->text, recordings_str(delta, "content"));
	if (calls != NULL) {
		json_object *f =
		    json_object_object_get(json_object_array_get_idx(calls, 0),
			"function");

		sbuf_adds(&h->text, recordings_str(f, "name"));
		sbuf_adds(&h->text, recordings_str(f, "arguments"));
	}
	if (json_object_object_get(choice, "finish_reason") != NULL)
		sbuf_addf(&h->finish, "%s%s", h->finish.len > 0 ? " " : "",
		    finish);
}

static void
hear(struct heard *h, const char *frames)
{
	char *copy = strdup(frames), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")) != NULL) {
		json_object *o, *choices;

		if (strncmp(line, "data: {", 7) != 0)
			continue;
		o = json_tokener_parse(line + 6);
		ck_assert_msg(o != NULL, "%s", line);
		choices = json_object_object_get(o, "choices");
		for (size_t i = 0;
		     choices != NULL && i < json_object_array_length(choices);
		     i++)
			hear_choice(h, json_object_array_get_idx(choices, i));
		json_object_put(o);
	}
	free(copy);
}

static int
feed(struct decode *d, struct slice in, size_t step, struct sbuf *chat)
{
	struct err e;
	int done = 0;

	while (in.n > 0 && done == 0) {
		size_t n = step < in.n ? step : in.n;
		char *piece = malloc(n);

		memcpy(piece, in.p, n);
		done = decode_feed(d, (struct slice){ piece, n }, chat, &e);
		free(piece);
		in = slice_skip(in, n);
	}
	if (done == 0)
		done = decode_end(d, chat, &e);
	if (done == -1)
		ck_assert_int_ne(e.kind, ERR_NONE);
	sbuf_addc(chat, '\0');
	chat->len--;
	return done;
}

/* As the client has it; frames of ours never disturb proto/relay. */
static int
relayed(const struct sbuf *chat, struct sbuf *sent)
{
	struct relay_opts opts = { .end = END_DONE,
		.id = SLICE("other"),
		.model = SLICE("other"),
		.created = 1 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	enum relay_end end;
	struct err e;

	relay_out_init(&out);
	ck_assert_int_eq(relay_feed(r, sbuf_slice(chat), &out, &e), 0);
	end = relay_finish(r, true, &out);
	for (size_t i = 0; i < out.n; i++)
		sbuf_add_slice(sent, out.slices[i]);
	relay_out_fini(&out);
	relay_free(&r);
	sbuf_addc(sent, '\0');
	return (int)end;
}

START_TEST(test_stream)
{
	static const size_t steps[] = { 100000, 1, 7 };
	const struct stream *row = &streams[_i];

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct sbuf chat = { 0 }, sent = { 0 };
		struct decode *d = decoder();
		struct heard h = { .text = { 0 } };
		struct decode_state state;
		struct usage_figures f;
		int end = feed(d, slice_str(row->in), steps[i], &chat);

		if (end == 0)
			end = relayed(&chat, &sent);
		ck_assert_msg(end == row->end, "%s: %d\n%s", row->title, end,
		    chat.data);
		ck_assert_int_eq(strstr(chat.data, "[DONE]") != NULL,
		    row->end == RELAY_COMPLETE);
		if (end != -1) {
			hear(&h, sent.data);
			ck_assert_msg(slice_eq(sbuf_slice(&h.text),
					  slice_str(row->text)),
			    "%s: %s", row->title, h.text.data);
			ck_assert_msg(slice_eq(sbuf_slice(&h.finish),
					  slice_str(row->finish)),
			    "%s: %s", row->title, h.finish.data);
			decode_state(d, &state);
			usage_sum(&state.usage, &f);
			ck_assert_int_eq(state.has_usage, row->prompt >= 0);
			if (state.has_usage)
				ck_assert(f.prompt == row->prompt &&
					  f.completion == row->completion);
		}
		sbuf_free(&h.text);
		sbuf_free(&h.finish);
		sbuf_free(&chat);
		sbuf_free(&sent);
		decode_free(&d);
	}
}
END_TEST

#define CITES(list)                                                            \
	D(ONE(T("a"), STOP ",\"citationMetadata\":{\"citations\":[" list "]"   \
			   "}"))

/* Sources of each chunk, that are told once. */
static const struct {
	const char *in, *urls;
} cites[] = {
	{ CITES("{\"uri\":\"u\"}") CITES("{\"uri\":\"u\"}"), "u" },
	{ CITES("{\"uri\":\"u\"}") CITES("{\"uri\":\"u\"},{\"uri\":\"v\"}"),
	    "uv" },
	{ CITES("{\"uri\":\"u\"},{\"uri\":\"v\"}") CITES("{\"uri\":\"w\"}"),
	    "uvw" },
};

START_TEST(test_cites)
{
	struct sbuf chat = { 0 }, urls = { 0 };
	struct decode *d = decoder();
	const char *p;

	ck_assert_int_eq(feed(d, slice_str(cites[_i].in), 1000, &chat), 0);
	for (p = chat.data; (p = strstr(p, "\"url\":\"")) != NULL;)
		sbuf_addc(&urls, *(p += strlen("\"url\":\"")));
	ck_assert_str_eq(urls.data, cites[_i].urls);
	sbuf_free(&chat);
	sbuf_free(&urls);
	decode_free(&d);
}
END_TEST

/* More calls than a choice may have. */
START_TEST(test_many_calls)
{
	struct sbuf in = { 0 }, chat = { 0 };
	struct decode *d = decoder();
	struct err e;

	sbuf_adds(&in, "{\"candidates\":[{\"content\":{\"parts\":[" CALL(""));
	for (int i = 0; i < CHATOUT_CALLS_MAX; i++)
		sbuf_adds(&in, "," CALL(""));
	sbuf_adds(&in, "]}}]}");
	ck_assert_int_eq(decode_whole(d, sbuf_slice(&in), &chat, &e), -1);
	sbuf_free(&in);
	sbuf_free(&chat);
	decode_free(&d);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/gemini_tell");
	TCase *tc = tcase_create("tell");

	tcase_add_loop_test(tc, test_whole, 0, COUNT(wholes));
	tcase_add_loop_test(tc, test_bad, 0, COUNT(bads));
	tcase_add_loop_test(tc, test_reason, 0, COUNT(reasons));
	tcase_add_loop_test(tc, test_usage, 0, COUNT(useds));
	tcase_add_loop_test(tc, test_stream, 0, COUNT(streams));
	tcase_add_loop_test(tc, test_cites, 0, COUNT(cites));
	tcase_add_test(tc, test_many_calls);
	suite_add_tcase(s, tc);
	return s;
}

/* Each oddity of a provider, and what a client sees of it. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/settings.h"
#include "proto/relay.h"

#define H                                                                      \
	"\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,"     \
	"\"model\":\"m\""
#define C(choices) "data: {" H ",\"choices\":[" choices "]}\n\n"
#define D0(delta) "{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}"
#define F0(word) "{\"index\":0,\"delta\":{},\"finish_reason\":" word "}"
#define ROLE C(D0("\"role\":\"assistant\",\"content\":\"\""))
#define TEXT(t) C(D0("\"content\":\"" t "\""))
#define STOP C(F0("\"stop\""))
#define DONE "data: [DONE]\n\n"
#define USAGE "{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}"
#define USAGE_CHUNK "data: {" H ",\"choices\":[],\"usage\":" USAGE "}\n\n"
#define REASON(t) C(D0("\"reasoning_content\":\"" t "\""))
#define CALL(rest) C(D0("\"tool_calls\":[" rest "]"))
#define F(args)                                                                \
	"{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"" args "}}"
#define NONE(i) "{\"index\":" i ",\"function\":{\"arguments\":\"{}\"}}"
#define CALLED C(F0("\"tool_calls\""))
#define GOOD ROLE TEXT("a") TEXT("b") TEXT("c") STOP

static const struct row {
	const char *title, *in, *out;
	uint32_t quirks;
	int32_t end;
	bool ask;
	enum relay_end how;
} rows[] = {
	{ "untouched", GOOD DONE, GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "usage asked", GOOD USAGE_CHUNK DONE, GOOD USAGE_CHUNK DONE, 0, 0,
	    true, RELAY_COMPLETE },
	{ "usage not asked", GOOD USAGE_CHUNK DONE, GOOD DONE, 0, 0, false,
	    RELAY_COMPLETE },
	{ "usage twice: the last",
	    GOOD "data: {" H ",\"choices\":[],\"usage\":{\"prompt_tokens\":1,"
		 "\"completion_tokens\":1}}\n\n" USAGE_CHUNK DONE,
	    GOOD USAGE_CHUNK DONE, 0, 0, true, RELAY_COMPLETE },
	{ "usage null goes when not asked",
	    ROLE "data: {" H ",\"choices\":[" D0(
		"\"content\":\"x\"") "],\"usage\":null}\n\ndata: {" H
				     ",\"choices\":[" D0(
					 "\"content\":\"y\"") "],\"usage\":"
							      "null}"
							      "\n\n" STOP DONE,
	    ROLE TEXT("x") TEXT("y") STOP DONE, 0, 0, false, RELAY_COMPLETE },
	{ "usage in the finish chunk",
	    ROLE "data: {" H ",\"choices\":[" F0(
		"\"stop\"") "],\"usage\":" USAGE "}\n\n" DONE,
	    ROLE STOP USAGE_CHUNK DONE, 0, 0, true, RELAY_COMPLETE },
	{ "usage first in every chunk",
	    "data: {\"usage\":" USAGE "," H ",\"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":"
		"\"\"") "]}\n\n"
			"data: {\"usage\":" USAGE "," H
			",\"choices\":[" F0("\"stop\"") "]}\n\n" DONE,
	    ROLE STOP DONE, 0, 0, false, RELAY_COMPLETE },
	{ "role in every delta",
	    ROLE C(D0("\"role\":\"assistant\",\"content\":\"a\""))
		C(D0("\"role\":\"assistant\",\"content\":\"b\""))
		    C(D0("\"role\":\"assistant\",\"content\":\"c\"")) STOP DONE,
	    GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "role behind the content",
	    ROLE C(D0("\"content\":\"a\",\"role\":\"assistant\""))
		C(D0("\"content\":\"b\",\"role\":\"assistant\"")) TEXT("c")
		    STOP DONE,
	    GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "no role at all", TEXT("a") TEXT("b") STOP DONE,
	    C(D0("\"role\":\"assistant\",\"content\":\"a\"")) TEXT("b")
		STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "finish twice",
	    GOOD C("{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_"
		   "reason\":\"stop\"}") DONE,
	    GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "delta of null behind a delta",
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"a\"},\"delta\":null}")
		STOP DONE,
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"a\"}}") STOP DONE, 0,
	    0, false, RELAY_COMPLETE },
	{ "two reasons in a choice",
	    ROLE C("{\"finish_reason\":\"x\",\"delta\":{\"content\":\"a\"},"
		   "\"finish_reason\":null}") STOP DONE,
	    ROLE C("{\"finish_reason\":null,\"delta\":{\"content\":\"a\"},"
		   "\"finish_reason\":null}") STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "nothing after the finish", GOOD TEXT("late") DONE, GOOD DONE, 0, 0,
	    false, RELAY_COMPLETE },
	{ "finish with content is split",
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_"
		   "reason\":\"length\"}") DONE,
	    ROLE TEXT("a") C(F0("\"length\"")) DONE, QUIRK_FINISH_HAS_CONTENT,
	    0, false, RELAY_COMPLETE },
	{ "and stays whole elsewhere",
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_"
		   "reason\":\"length\"}") DONE,
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_"
		   "reason\":\"length\"}") DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "eos is stop", ROLE C(F0("\"eos\"")) DONE, ROLE STOP DONE,
	    QUIRK_FIN_EOS, 0, false, RELAY_COMPLETE },
	{ "model_length is length", ROLE C(F0("\"model_length\"")) DONE,
	    ROLE C(F0("\"length\"")) DONE, 0, 0, false, RELAY_COMPLETE },
	{ "CRLF and comments",
	    ": hello\r\n\r\ndata: {" H ",\"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":\"\"") "]}\r\n\r\n"
							   "data: {" H
							   ",\"choices\":"
							   "[" F0("\"stop"
								  "\"") "]}"
									"\r"
									"\n"
									"\r"
									"\n"
									"da"
									"ta"
									": "
									"[D"
									"ON"
									"E]"
									"\r"
									"\n"
									"\r"
									"\n",
	    ROLE STOP DONE, 0, 0, false, RELAY_COMPLETE },
	{ "several data lines become one",
	    "data: {" H ",\ndata: \"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":\"\"") "]}\n\n" STOP DONE,
	    "data: {" H ", \"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":\"\"") "]}\n\n" STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "names that change",
	    ROLE "data: {\"id\":\"j\",\"object\":\"\",\"created\":2,"
		 "\"model\":\"n\",\"choices\":[" D0(
		     "\"content\":\"a\"") "]}\n\n" TEXT("b") TEXT("c")
		     STOP DONE,
	    GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "no names",
	    "data: {\"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":"
		"\"x\"") "]}\n\ndata: "
			 "{\"choices\":[" F0("\"stop\"") "]}"
							 "\n\n" DONE,
	    "data: {\"choices\":[" D0(
		"\"role\":\"assistant\",\"content\":"
		"\"x\"") "],\"id\":\"minted\","
			 "\"created\":7,\"model\":"
			 "\"asked\","
			 "\"object\":\"chat."
			 "completion.chunk\"}"
			 "\n\ndata: "
			 "{\"choices\":[" F0("\"stop\"") "],\"id\":"
							 "\"minted\","
							 "\"created\""
							 ":7,"
							 "\"model\":"
							 "\"asked\","
							 "\"object\":"
							 "\"chat."
							 "completion."
							 "chunk\"}"
							 "\n\n" DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "Azure's filter chunk waits for the id",
	    "data: "
	    "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\","
	    "\"object\":\"\",\"prompt_filter_results\":[1]}\n\n" GOOD DONE,
	    "data: "
	    "{\"choices\":[],\"created\":1,\"id\":\"i\",\"model\":\"m\","
	    "\"object\":\"chat.completion.chunk\",\"prompt_filter_"
	    "results\":"
	    "[1]}\n\n" GOOD DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a message that repeats the text",
	    ROLE C("{\"index\":0,\"message\":{\"content\":\"a\"},\"delta\":"
		   "{\"content\":\"a\"},\"finish_reason\":null}")
		C("{\"index\":0,\"message\":{\"content\":\"ab\"},\"delta\":"
		  "{\"content\":\"b\"},\"finish_reason\":null}") TEXT("c") STOP,
	    GOOD DONE, QUIRK_MSG_REPEAT, END_OPTIONAL, false, RELAY_COMPLETE },
	{ "two choices",
	    C(D0("\"role\":\"assistant\"") ",{\"index\":1,\"delta\":{"
					   "\"role\":\"assistant\"}}")
		C(F0("\"stop\"") ",{\"index\":1,\"delta\":{\"content\":\"x\"}}")
		    C("{\"index\":0,\"delta\":{}},{\"index\":1,\"delta\":{},"
		      "\"finish_reason\":\"stop\"}") DONE,
	    C(D0("\"role\":\"assistant\"") ",{\"index\":1,\"delta\":{"
					   "\"role\":\"assistant\"}}")
		C(F0("\"stop\"") ",{\"index\":1,\"delta\":{\"content\":\"x\"}}")
		    C("{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}")
			DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "neighbours that both go",
	    ROLE "data: {" H ",\"usage\":null,\"usage\":null,\"choices\":[" D0(
		"\"content\":\"a\",\"role\":1,\"role\":2") "]}\n\n" TEXT("b")
		TEXT("c") STOP DONE,
	    GOOD DONE, 0, 0, false, RELAY_COMPLETE },
	{ "a call without its index",
	    ROLE C(D0("\"tool_calls\":[{\"id\":\"a\"},{\"index\":1,\"id\":"
		      "\"b\"}]")) STOP DONE,
	    ROLE C(D0("\"tool_calls\":[{\"index\":0,\"id\":\"a\"},{"
		      "\"index\":1,\"id\":\"b\"}]")) STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a choice without a delta",
	    ROLE C("{\"index\":0,\"finish_reason\":\"stop\"}") DONE,
	    ROLE C("{\"index\":0,\"finish_reason\":\"stop\",\"delta\":{}}")
		DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "padding does not stop recognition",
	    ROLE "data: {" H ",\"choices\":[" D0(
		"\"content\":\"x\"") "],\"obfuscation\":\"abc\",\"usage\":"
				     "null}\n\ndata: {" H ",\"choices\":[" D0(
					 "\"content\":\"\\\"}\"") "],"
								  "\"obfusc"
								  "ation\":"
								  "\"\","
								  "\"usage"
								  "\":null}"
								  "\n"
								  "\n" STOP
								      DONE,
	    ROLE "data: {" H ",\"choices\":[" D0(
		"\"content\":\"x\"") "],\"obfuscation\":\"abc\"}\n\ndata: "
				     "{" H ",\"choices\":[" D0(
					 "\"content\":\"\\\"}\"") "],"
								  "\"obfusc"
								  "ation\":"
								  "\"\"}"
								  "\n"
								  "\n" STOP
								      DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "thoughts among the parts of content",
	    ROLE C(D0("\"content\":[{\"type\":\"thinking\",\"thinking\":[{"
		      "\"type\":\"text\",\"text\":\"a\\\"\"},{\"type\":"
		      "\"text\",\"text\":\"b\"}],\"closed\":true}]"))
		C(D0("\"content\":[{\"type\":\"text\",\"text\":\"c\"},{"
		     "\"type\":\"new\"}]"))
		    C(D0("\"content\":[{\"type\":\"reasoning\",\"summary\":[{"
			 "\"text\":\"d\"}]},{\"type\":\"text\",\"text\":"
			 "\"e\"}]")) C(D0("\"content\":[]")) STOP DONE,
	    ROLE REASON("a\\\"b") TEXT("c")
		C(D0("\"reasoning_content\":\"d\",\"content\":\"e\"")) TEXT("")
		    STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "arguments of null", ROLE CALL(F(",\"arguments\":null")) CALLED DONE,
	    ROLE CALL(F(",\"arguments\":\"\"")) CALL(NONE("0")) CALLED DONE, 0,
	    0, false, RELAY_COMPLETE },
	{ "no arguments, of two calls, and no calls at the end",
	    ROLE CALL(F("") ","
			    "{\"index\":1,\"id\":\"b\",\"function\":{"
			    "\"name\":\"g\",\"arguments\":\"\"}}")
		C("{\"index\":0,\"delta\":{\"tool_calls\":null},\"finish_"
		  "reason\":\"tool_calls\"}") DONE,
	    ROLE CALL(F("") ","
			    "{\"index\":1,\"id\":\"b\",\"function\":{"
			    "\"name\":\"g\",\"arguments\":\"\"}}")
		CALL(NONE("0") "," NONE("1")) CALLED DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "arguments of \"null\", and an object",
	    ROLE CALL(F(",\"arguments\":\"null\""))
		CALL("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":"
		     "\"g\",\"arguments\":{\"a\":\"b\"}}}") CALLED DONE,
	    ROLE CALL(F(",\"arguments\":\"\""))
		CALL("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":"
		     "\"g\",\"arguments\":\"{\\\"a\\\":\\\"b\\\"}\"}}")
		    CALL(NONE("0")) CALLED DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "arguments in pieces are left alone",
	    ROLE CALL(F(",\"arguments\":\"\""))
		CALL("{\"index\":0,\"function\":{\"arguments\":\"{}\"}}")
		    CALLED DONE,
	    ROLE CALL(F(",\"arguments\":\"\""))
		CALL("{\"index\":0,\"function\":{\"arguments\":\"{}\"}}")
		    CALLED DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a call with neither index nor arguments in the last chunk",
	    ROLE C("{\"index\":0,\"delta\":{\"tool_calls\":[{\"id\":\"a\","
		   "\"function\":{\"name\":\"f\",\"arguments\":null}}]},"
		   "\"finish_reason\":\"tool_calls\"}") DONE,
	    ROLE C("{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
		   "\"id\":\"a\",\"function\":{\"name\":\"f\","
		   "\"arguments\":\"\"}}," NONE("0") "]},\"finish_reason\":"
						     "null}") CALLED DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a finish without a delta behind a call without arguments",
	    ROLE CALL(F("")) C("{\"index\":0,\"finish_reason\":\"tool_"
			       "calls\"}") DONE,
	    ROLE CALL(F("")) C("{\"index\":0,\"finish_reason\":null,"
			       "\"delta\":{\"tool_calls\":[" NONE("0") "]}}")
		CALLED DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a finish with a role behind a call without arguments",
	    ROLE CALL(F("")) C("{\"index\":0,\"delta\":{\"role\":"
			       "\"assistant\"},\"finish_reason\":\"tool_"
			       "calls\"}") DONE,
	    ROLE CALL(F("")) CALL(NONE("0")) CALLED DONE, 0, 0, false,
	    RELAY_COMPLETE },
	{ "thoughts in tags",
	    ROLE TEXT("\\n\\u003cthink\\u003ea\\\"b</think>\\nc")
		TEXT("<think>") STOP DONE,
	    ROLE C(D0("\"reasoning_content\":\"a\\\"b\",\"content\":"
		      "\"\\nc\"")) TEXT("<think>") STOP DONE,
	    QUIRK_THINK_TAG, 0, false, RELAY_COMPLETE },
	{ "not where nobody looks for them",
	    ROLE TEXT("<think>a</think>") STOP DONE,
	    ROLE TEXT("<think>a</think>") STOP DONE, 0, 0, false,
	    RELAY_COMPLETE },
	{ "not behind other text",
	    ROLE TEXT("a") TEXT("<think>a</think>") STOP DONE,
	    ROLE TEXT("a") TEXT("<think>a</think>") STOP DONE, QUIRK_THINK_TAG,
	    0, false, RELAY_COMPLETE },
	{ "a piece of a tag that is none",
	    ROLE TEXT(" <th") TEXT("<") TEXT("x") STOP DONE,
	    ROLE TEXT(" <th<") TEXT("x") STOP DONE, QUIRK_THINK_TAG, 0, false,
	    RELAY_COMPLETE },
	{ "thoughts without an end",
	    ROLE TEXT("<think>") TEXT("a<") TEXT("/thin") STOP DONE,
	    ROLE REASON("a") C("{\"index\":0,\"delta\":{\"reasoning_"
			       "content\":\"</thin\"},\"finish_reason\":"
			       "\"stop\"}") DONE,
	    QUIRK_THINK_TAG, 0, false, RELAY_COMPLETE },
	{ "a tag begun and nothing more",
	    ROLE TEXT("<thi") C("{\"index\":0,\"delta\":{\"content\":null},"
				"\"finish_reason\":\"stop\"}") DONE,
	    ROLE C("{\"index\":0,\"delta\":{\"content\":\"<thi\"},"
		   "\"finish_reason\":\"stop\"}") DONE,
	    QUIRK_THINK_TAG, 0, false, RELAY_COMPLETE },
	{ "many blanks are no beginning",
	    ROLE TEXT("                                     ") TEXT("<think>")
		STOP DONE,
	    ROLE TEXT("                                     ") TEXT("<think>")
		STOP DONE,
	    QUIRK_THINK_TAG, 0, false, RELAY_COMPLETE },
	{ "no [DONE] where it is optional", GOOD, GOOD DONE, 0, END_OPTIONAL,
	    false, RELAY_COMPLETE },
	{ "no [DONE] where it is required", GOOD, GOOD, 0, END_DONE, false,
	    RELAY_CUT },
	{ "[DONE] without a finish", ROLE TEXT("a") DONE, ROLE TEXT("a"), 0, 0,
	    false, RELAY_CUT },
	{ "only [DONE]", DONE, "", 0, 0, false, RELAY_CUT },
	{ "the last empty line is missing", GOOD "data: [DONE]", GOOD DONE, 0,
	    0, false, RELAY_COMPLETE },
	{ "an error event",
	    ROLE "event: error\ndata: {\"error\":{\"message\":"
		 "\"bad\",\"status_code\":400}}\n\n",
	    ROLE, 0, 0, false, RELAY_ERROR },
	{ "an error in a chunk",
	    ROLE
	    "data: {" H ",\"error\":{\"code\":502,"
	    "\"message\":\"bad\"},\"choices\":[" F0("\"error\"") "]}\n\n" DONE,
	    ROLE, 0, 0, false, RELAY_ERROR },
	{ "error null is none",
	    "data: {" H ",\"error\":null,\"choices\":[" D0(
		"\"role\":\"assistant\"") "]}\n\n" STOP DONE,
	    "data: {" H ",\"error\":null,\"choices\":[" D0(
		"\"role\":\"assistant\"") "]}\n\n" STOP DONE,
	    0, 0, false, RELAY_COMPLETE },
	{ "a bare error", ROLE "{\n \"error\": {\"message\": \"bad\"}\n}", ROLE,
	    0, 0, false, RELAY_ERROR },
};

static void
drain(struct relay_out *out, struct sbuf *sent)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		sbuf_add_slice(sent, out->slices[i]);
	relay_out_clear(out);
}

/* Feed in pieces of step; what goes out is left in *sent. */
static enum relay_end
run(const struct relay_opts *opts, const char *in, size_t step,
    struct sbuf *sent)
{
	struct relay *r = relay_new(opts);
	struct slice left = slice_str(in);
	struct relay_out out;
	enum relay_end how;
	struct err e;
	size_t n;
	int fed = 0;

	relay_out_init(&out);
	sbuf_clear(sent);
	while (left.n > 0 && fed == 0) {
		n = step < left.n ? step : left.n;
		fed = relay_feed(r, (struct slice){ left.p, n }, &out, &e);
		drain(&out, sent);
		left = slice_skip(left, n);
	}
	how = relay_finish(r, true, &out);
	if (how == RELAY_COMPLETE)
		relay_close(SLICE(""), &out);
	drain(&out, sent);
	relay_out_fini(&out);
	relay_free(&r);
	sbuf_addc(sent, '\0');
	sent->len--;
	return how;
}

static struct relay_opts
usual(void)
{
	return (struct relay_opts){ .usage_as_is = true,
		.id = SLICE("minted"),
		.model = SLICE("asked"),
		.created = 7 };
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct relay_opts opts = usual();
	struct sbuf sent = { 0 };
	enum relay_end how;
	size_t step;

	opts.quirks = row->quirks;
	opts.end = row->end;
	opts.include_usage = row->ask;
	for (step = 1; step < 40; step++) {
		how = run(&opts, row->in, step < 39 ? step : 100000, &sent);
		ck_assert_msg(how == row->how &&
				  strcmp(sent.data, row->out) == 0,
		    "%s, in pieces of %zu: %d\n%s\nnot\n%s", row->title, step,
		    (int)how, sent.data, row->out);
	}
	sbuf_free(&sent);
}
END_TEST

/* Tags in any cutting of the text: all of it arrives, on its side. */
START_TEST(test_think_cut)
{
	static const char text[] = "\n<think>ab<c</think>de</think>";
	struct relay_opts opts = usual();
	struct sbuf in = { 0 }, sent = { 0 }, message = { 0 };
	struct relay_out out;
	struct relay *r;
	struct err e;
	size_t at, n;

	opts.quirks = QUIRK_THINK_TAG;
	opts.keep_message = true;
	for (size_t step = 1; step < sizeof text; step++) {
		sbuf_clear(&in);
		sbuf_adds(&in, ROLE);
		for (at = 0; at < sizeof text - 1; at += step) {
			n = sizeof text - 1 - at;
			sbuf_adds(&in, "data: {" H ",\"choices\":[{\"index\":0,"
				       "\"delta\":{\"content\":\"");
			sbuf_add_json_part(&in,
			    (struct slice){ text + at, n < step ? n : step });
			sbuf_adds(&in, "\"},\"finish_reason\":null}]}\n\n");
		}
		sbuf_adds(&in, STOP DONE);
		r = relay_new(&opts);
		relay_out_init(&out);
		ck_assert_int_eq(relay_feed(r, sbuf_slice(&in), &out, &e), 0);
		drain(&out, &sent);
		ck_assert_int_eq(relay_finish(r, true, &out), RELAY_COMPLETE);
		sbuf_clear(&message);
		relay_message(r, &message);
		ck_assert_str_eq(message.data,
		    "{\"role\":\"assistant\",\"content\":\"de</think>\","
		    "\"reasoning_content\":\"ab<c\",\"refusal\":null}");
		ck_assert(strstr(sent.data, "\"delta\":{}}") == NULL &&
			  strstr(sent.data, "\"content\":\"\"},\"finish_"
					    "reason\":\"") == NULL);
		relay_out_fini(&out);
		relay_free(&r);
		sbuf_clear(&sent);
	}
	sbuf_free(&in);
	sbuf_free(&sent);
	sbuf_free(&message);
}
END_TEST

START_TEST(test_usage_in_our_form)
{
	struct relay_opts opts = usual();
	struct sbuf sent = { 0 };

	opts.usage_as_is = false;
	opts.include_usage = true;
	run(&opts, GOOD USAGE_CHUNK DONE, 7, &sent);
	ck_assert_ptr_nonnull(strstr(sent.data,
	    "\"choices\":[],\"usage\":{\"completion_tokens\":2,"
	    "\"prompt_tokens\":3,\"total_tokens\":5,"));
	sbuf_free(&sent);
}
END_TEST

START_TEST(test_echo)
{
	struct relay_opts opts = usual();
	struct sbuf sent = { 0 };

	opts.prompt_message = SLICE("[{\"role\":\"user\"}]");
	run(&opts, GOOD DONE, 1000, &sent);
	ck_assert_int_eq(
	    strncmp(sent.data,
		"data: {" H ",\"choices\":[" D0(
		    "\"role\":\"assistant\",\"content\":\"\"") "],\"prompt_"
							       "message\":[{"
							       "\"role\":"
							       "\"user\"}]}"
							       "\n\n" TEXT("a"),
		strlen(H) + 150),
	    0);
	ck_assert_ptr_null(
	    strstr(strstr(sent.data, "prompt_message") + 1, "prompt_message"));
	sbuf_free(&sent);
}
END_TEST

/* What the caller learns on the way. */
START_TEST(test_state)
{
	struct relay_opts opts = usual();
	struct relay *r;
	struct relay_out out;
	struct err e;
	struct sbuf message = { 0 };

	opts.keep_message = true;
	r = relay_new(&opts);
	relay_out_init(&out);
	relay_feed(r, SLICE(ROLE), &out, &e);
	ck_assert(!relay_state(r)->has_content);
	ck_assert_uint_eq(out.n, 1);
	relay_feed(r, SLICE(TEXT("ab") TEXT("cde")), &out, &e);
	ck_assert(relay_state(r)->has_content);
	ck_assert_uint_eq(relay_state(r)->text_bytes, 5);
	relay_feed(r, SLICE(C(F0("\"eos\"")) USAGE_CHUNK), &out, &e);
	ck_assert_uint_eq(relay_state(r)->finish, RELAY_STOP);
	ck_assert_str_eq(relay_state(r)->native_finish, "eos");
	ck_assert(relay_state(r)->usage != NULL && !relay_state(r)->done);
	ck_assert_int_eq(relay_state(r)->usage->in_text, 3);
	relay_feed(r, SLICE(DONE), &out, &e);
	ck_assert(relay_state(r)->done);
	ck_assert(slice_eq(relay_id(r), SLICE("i")));
	ck_assert(slice_eq(relay_model(r), SLICE("m")));
	relay_message(r, &message);
	ck_assert_str_eq(message.data,
	    "{\"role\":\"assistant\",\"content\":\"abcde\",\"refusal\":null}");
	sbuf_free(&message);
	relay_out_fini(&out);
	relay_free(&r);
}
END_TEST

START_TEST(test_error)
{
	struct relay_opts opts = usual();
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	relay_feed(r,
	    SLICE("event: error\ndata: {\"error\":{\"message\":\"bad\","
		  "\"type\":\"invalid_request_error\",\"code\":\"c\","
		  "\"status_code\":400}}\n\n" TEXT("ignored")),
	    &out, &e);
	ck_assert_uint_eq(out.n, 0);
	ck_assert_int_eq(relay_finish(r, true, &out), RELAY_ERROR);
	ck_assert_int_eq(relay_error_of(r)->status, 400);
	ck_assert_str_eq(relay_error_of(r)->message, "bad");
	ck_assert_str_eq(relay_error_of(r)->code, "c");
	relay_error_frame(slice_str(relay_error_of(r)->message),
	    SLICE("respan_error"), SLICE("upstream_stream_error"), &out);
	ck_assert_uint_eq(out.n, 1);
	ck_assert(slice_eq(out.slices[0],
	    SLICE("data: {\"error\":{\"message\":\"bad\",\"type\":"
		  "\"respan_error\",\"param\":null,\"code\":"
		  "\"upstream_stream_error\"}}\n\n")));
	relay_out_fini(&out);
	relay_free(&r);
}
END_TEST

static const char *const malformed[] = {
	"data: {\"choices\":[}\n\n",
	"data: 5\n\n",
	"data: {\"choices\":5}\n\n",
	"data: {\"choices\":[5]}\n\n",
	"data: {\"choices\":[{\"index\":128,\"delta\":{}}]}\n\n",
	"data: {\"choices\":[{\"index\":-1,\"delta\":{}}]}\n\n",
	"data: {\"id\":\"x\"}\n\n",
	"{\"choices\":[]}\n\n",
};

START_TEST(test_malformed)
{
	struct relay_opts opts = usual();
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e = { .kind = ERR_NONE };

	relay_out_init(&out);
	ck_assert_int_eq(relay_feed(r, SLICE(ROLE), &out, &e), 0);
	ck_assert_int_eq(relay_feed(r, slice_str(malformed[_i]), &out, &e), -1);
	ck_assert_int_eq(e.kind, ERR_UPSTREAM_STREAM);
	ck_assert_uint_eq(out.bytes, strlen(ROLE));
	ck_assert_int_eq(relay_feed(r, SLICE(STOP DONE), &out, &e), 0);
	ck_assert_int_eq(relay_finish(r, true, &out), RELAY_CUT);
	relay_out_fini(&out);
	relay_free(&r);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/relay");
	TCase *tc = tcase_create("relay");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_malformed, 0, COUNT(malformed));
	tcase_add_test(tc, test_think_cut);
	tcase_add_test(tc, test_usage_in_our_form);
	tcase_add_test(tc, test_echo);
	tcase_add_test(tc, test_state);
	tcase_add_test(tc, test_error);
	suite_add_tcase(s, tc);
	return s;
}

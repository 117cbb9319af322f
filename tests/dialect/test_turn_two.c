/*
 * A client sends back what it was told: the assistant's message is the one
 * that it came from, with calls, thoughts and signatures (providers.md 9).
 */

#include "tests/suite.h"

#include "tests/dialect/anthropic_events.h"
#include "tests/dialect/encoding.h"
#include "tests/dialect/inbound_rows.h"

#define SIGNED                                                                 \
	"'reasoning_details':[{'type':'reasoning.text','text':'h\\n','"        \
	"signature':'Sg==','format':'anthropic-claude-v1','index':0}"
#define CALL_A                                                                 \
	"'tool_calls':[{'id':'a','type':'function','function':{'name':'w',"    \
	"'arguments':'{\\'c\\':\\'R\\\\n\\'}'}"

/* What is told once as a whole, once as deltas; and the message that is it. */
static const struct row {
	const char *title, *message;
	const char *deltas; /* NULL: the message in one */
	const char *back;   /* NULL: the same */
} rows[][8] = {
	{
	    { "text", "'role':'assistant','content':'a\\n\\u00e9'", NULL,
		NULL },
	    { "a call", "'role':'assistant','content':null," CALL_A "}]", NULL,
		NULL },
	    { "signed and hidden thoughts before a call",
		"'role':'assistant','content':'t'," SIGNED
		",{'type':'reasoning.encrypted','data':'Rd==','format':"
		"'anthropic-claude-v1','index':1}]," CALL_A "}]",
		"'reasoning_content':'h\\n'\n" SIGNED
		",{'type':'reasoning.encrypted','data':'Rd==','format':"
		"'anthropic-claude-v1','index':1}]\n'content':'t'\n" CALL_A
		"}]",
		NULL },
	    { "plain reasoning",
		"'role':'assistant','content':'t','reasoning_content':'h'",
		NULL, NULL },
	},
	{
	    { "text", "'role':'assistant','content':'a\\n\\u00e9'", NULL,
		NULL },
	    { "a call",
		"'role':'assistant','content':null," CALL_A
		",'extra_content':{'google':{'thought_signature':'Sg=='}}}]",
		NULL, NULL },
	    { "a signature of text",
		"'role':'assistant','content':'t','reasoning_content':'h',"
		"'reasoning_details':[{'type':'reasoning.encrypted','data':"
		"'Sg==','format':'google-gemini-v1','index':0}]",
		NULL, NULL },
	},
};

/* A request whose last message is the answer's; its chat form. */
static void
check_back(const struct row *row, inbound_fn *fn, const char *request,
    bool streamed)
{
	struct inbound_run r = { .done = 0 };
	struct sbuf want = { 0 };
	json_object *chat, *messages, *given;

	sbuf_adds(&r.text, request);
	inbound_run_text(&r, fn, false);
	ck_assert_msg(r.done == 0, "%s: %s: %s", row->title, r.err.text,
	    request);
	inbound_unquote("{", &want);
	inbound_unquote(row->back != NULL ? row->back : row->message, &want);
	sbuf_addc(&want, '}');
	given = json_tokener_parse(want.data);
	chat = json_tokener_parse(r.chat.data);
	messages = harvest_get(chat, "messages");
	ck_assert_msg(json_object_equal(given,
			  json_object_array_get_idx(messages, 0)),
	    "%s%s:\n%s\n%s", row->title, streamed ? ", streamed" : "",
	    r.chat.data, want.data);
	json_object_put(given);
	json_object_put(chat);
	sbuf_free(&want);
	inbound_run_end(&r);
}

static void
tell(const struct row *row, enum encode_family family, bool streamed,
    struct sbuf *out)
{
	struct encode *x = encoding_new(family);
	struct sbuf chat = { 0 };
	struct err e;

	if (streamed) {
		encoding_frames(row->deltas != NULL ? row->deltas
						    : row->message,
		    &chat);
		encoding_frames("{'choices':[{'index':0,'delta':{},"
				"'finish_reason':'stop'}]}\n[DONE]",
		    &chat);
		encoding_feed(x, sbuf_slice(&chat), CUT_WHOLE, out);
	} else {
		inbound_unquote("{'choices':[{'index':0,'finish_reason':"
				"'stop','message':{",
		    &chat);
		inbound_unquote(row->message, &chat);
		sbuf_adds(&chat, "}}]}");
		ck_assert_int_eq(encode_whole(x, sbuf_slice(&chat), out, &e),
		    0);
	}
	encode_free(&x);
	sbuf_free(&chat);
}

/* The assistant's content as the client has it. */
static json_object *
anthropic_content(const struct sbuf *out, bool streamed)
{
	struct events v = { .at = EV_NOTHING };
	json_object *o, *content;

	if (streamed) {
		events_read(&v, sbuf_slice(out));
		content = json_object_get(v.content);
		events_free(&v);
		return content;
	}
	o = json_tokener_parse(out->data);
	content = json_object_get(harvest_get(o, "content"));
	json_object_put(o);
	return content;
}

static void
add_parts(json_object *o, json_object *all)
{
	json_object *candidate =
	    json_object_array_get_idx(harvest_get(o, "candidates"), 0);
	json_object *parts =
	    harvest_get(harvest_get(candidate, "content"), "parts");

	for (size_t i = 0; i < harvest_count(parts); i++) {
		json_object *part = json_object_array_get_idx(parts, i);

		/* An empty text says nothing, unless it is signed. */
		if (harvest_get(part, "text") == NULL ||
		    harvest_str(part, "text")[0] != '\0' ||
		    harvest_get(part, "thoughtSignature") != NULL)
			json_object_array_add(all, json_object_get(part));
	}
}

static json_object *
gemini_parts(const struct sbuf *out)
{
	json_object *o = json_tokener_parse(out->data);
	json_object *all = json_object_new_array();

	if (json_object_is_type(o, json_type_object))
		add_parts(o, all);
	for (size_t i = 0; i < harvest_count(o); i++)
		add_parts(json_object_array_get_idx(o, i), all);
	json_object_put(o);
	return all;
}

static void
check_anthropic(const struct row *row, bool streamed)
{
	struct sbuf out = { 0 }, request = { 0 };
	json_object *content;

	tell(row, ENCODE_ANTHROPIC, streamed, &out);
	content = anthropic_content(&out, streamed);
	sbuf_adds(&request, "{\"max_tokens\":5,\"messages\":[{\"role\":"
			    "\"assistant\",\"content\":");
	sbuf_adds(&request, harvest_plain(content));
	sbuf_adds(&request, "}]}");
	check_back(row, inbound_anthropic, request.data, streamed);
	json_object_put(content);
	sbuf_free(&request);
	sbuf_free(&out);
}

static void
check_gemini(const struct row *row, bool streamed)
{
	struct sbuf out = { 0 }, request = { 0 };
	json_object *parts;

	tell(row, ENCODE_GEMINI_ARRAY, streamed, &out);
	parts = gemini_parts(&out);
	sbuf_adds(&request, "{\"contents\":[{\"role\":\"model\",\"parts\":");
	sbuf_adds(&request, harvest_plain(parts));
	sbuf_adds(&request, "}]}");
	check_back(row, inbound_gemini, request.data, streamed);
	json_object_put(parts);
	sbuf_free(&request);
	sbuf_free(&out);
}

START_TEST(test_anthropic)
{
	for (const struct row *row = rows[0]; row->title != NULL; row++) {
		check_anthropic(row, false);
		check_anthropic(row, true);
	}
}
END_TEST

START_TEST(test_gemini)
{
	for (const struct row *row = rows[1]; row->title != NULL; row++) {
		check_gemini(row, false);
		check_gemini(row, true);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("turn_two");
	TCase *t = tcase_create("turn_two");

	tcase_add_test(t, test_anthropic);
	tcase_add_test(t, test_gemini);
	suite_add_tcase(s, t);
	return s;
}

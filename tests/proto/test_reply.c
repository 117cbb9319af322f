/* Whole replies: what is read, and what is spliced in. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/relay.h"
#include "proto/reply.h"
#include "tests/proto/recordings.h"

#define MESSAGE "{\"role\":\"assistant\",\"content\":\"hello\"}"
#define CHOICES                                                                \
	"\"choices\":[{\"index\":0,\"message\":" MESSAGE                       \
	",\"finish_reason\":\"stop\"}]"

static const struct row {
	const char *title, *body;
	int read;
	unsigned choices, finish;
	bool tool_calls, refusal, has_usage;
	uint64_t text_bytes;
} rows[] = {
	{ "plain", "{\"id\":\"i\"," CHOICES "}", 1, 1, RELAY_STOP, false, false,
	    false, 5 },
	{ "usage", "{" CHOICES ",\"usage\":{\"prompt_tokens\":1}}", 1, 1,
	    RELAY_STOP, false, false, true, 5 },
	{ "error null is none", "{\"error\":null," CHOICES "}", 1, 1,
	    RELAY_STOP, false, false, false, 5 },
	{ "a call",
	    "{\"choices\":[{\"message\":{\"content\":null,"
	    "\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":"
	    "\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":"
	    "\"tool_calls\"}]}",
	    1, 1, RELAY_TOOL_CALLS, true, false, false, 3 },
	{ "a refusal",
	    "{\"choices\":[{\"message\":{\"content\":null,"
	    "\"refusal\":\"no\"},\"finish_reason\":\"stop\"}]}",
	    1, 1, RELAY_STOP, false, true, false, 2 },
	{ "two choices",
	    "{\"choices\":[{\"message\":" MESSAGE
	    ",\"finish_reason\":\"length\"},{\"message\":" MESSAGE
	    ",\"finish_reason\":null}]}",
	    1, 2, RELAY_LENGTH | RELAY_STOP, false, false, false, 10 },
	{ "choices twice: the last ones count",
	    "{" CHOICES ",\"choices\":[{\"message\":{\"content\":\"ab\"},"
	    "\"finish_reason\":\"length\"}]}",
	    1, 1, RELAY_LENGTH, false, false, false, 2 },
	{ "a message twice: the first one counts",
	    "{\"choices\":[{\"message\":" MESSAGE ",\"message\":{\"content\":"
	    "\"ab\"},\"finish_reason\":\"stop\",\"finish_reason\":\"length\"}]"
	    "}",
	    1, 1, RELAY_STOP, false, false, false, 5 },
	{ "a message that is none",
	    "{\"choices\":[{\"message\":[1]},null,[{\"message\":1}]]}", 1, 3,
	    RELAY_STOP, false, false, false, 0 },
	{ "choices, then no choices", "{" CHOICES ",\"choices\":null}", -1, 0,
	    0, false, false, false, 0 },
	{ "an error behind choices", "{" CHOICES ",\"error\":{}}", 0, 0, 0,
	    false, false, false, 0 },
	{ "cut in a message", "{\"choices\":[{\"message\":{\"content\":\"a", -1,
	    0, 0, false, false, false, 0 },
	{ "an error in a 200", "{\"error\":{\"message\":\"m\",\"code\":429}}",
	    0, 0, 0, false, false, false, 0 },
	{ "Mistral's error", "{\"object\":\"error\",\"message\":\"m\"}", 0, 0,
	    0, false, false, false, 0 },
	{ "no choices", "{\"id\":\"i\"}", -1, 0, 0, false, false, false, 0 },
	{ "no choice", "{\"choices\":[]}", -1, 0, 0, false, false, false, 0 },
	{ "choices of another type", "{\"choices\":{}}", -1, 0, 0, false, false,
	    false, 0 },
	{ "no object", "[]", -1, 0, 0, false, false, false, 0 },
	{ "cut", "{" CHOICES, -1, 0, 0, false, false, false, 0 },
	{ "nothing", "", -1, 0, 0, false, false, false, 0 },
};

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct reply r;
	struct err e = { .kind = ERR_NONE };

	ck_assert_msg(reply_read(slice_str(row->body), 0, &r, &e) == row->read,
	    "%s", row->title);
	if (row->read == -1)
		ck_assert_int_eq(e.kind, ERR_UPSTREAM_INVALID);
	if (row->read == 1)
		ck_assert_msg(r.choices == row->choices &&
				  r.finish == row->finish &&
				  r.tool_calls == row->tool_calls &&
				  r.refusal == row->refusal &&
				  r.has_usage == row->has_usage &&
				  r.text_bytes == row->text_bytes,
		    "%s", row->title);
}
END_TEST

#define OURS                                                                   \
	"{\"completion_tokens\":2,\"prompt_tokens\":1,\"total_tokens\":3,"     \
	"\"completion_tokens_details\":{\"accepted_prediction_tokens\":0,"     \
	"\"audio_tokens\":0,\"reasoning_tokens\":0,"                           \
	"\"rejected_prediction_tokens\":0},\"prompt_tokens_details\":"         \
	"{\"audio_tokens\":0,\"cached_tokens\":0,"                             \
	"\"cache_creation_tokens\":0},\"cache_creation_input_tokens\":0,"      \
	"\"cache_read_input_tokens\":0}"

#define ONE(message, finish)                                                   \
	"{\"choices\":[{\"index\":0,\"message\":{" message "}" finish "}]}"
#define STOPS ",\"finish_reason\":\"stop\""
#define FUNCTION(args)                                                         \
	"\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"function\":{"        \
	"\"name\":\"f\"" args "}}]"
#define CALLS ",\"finish_reason\":\"tool_calls\""

/* What is put right; out NULL: nothing. */
static const struct mend {
	const char *title, *in, *out;
	uint32_t quirks;
} mends[] = {
	{ "nothing to do", ONE("\"content\":\"a\"", STOPS), NULL, 0 },
	{ "parts",
	    ONE("\"tool_calls\":null,\"content\":[{\"type\":\"thinking\","
		"\"thinking\":[{\"type\":\"text\",\"text\":\"a\\n\"}]},{"
		"\"type\":\"text\",\"text\":\"b\"},{\"type\":\"text\","
		"\"text\":\"c\"}],\"x\":1",
		STOPS),
	    ONE("\"tool_calls\":null,\"reasoning_content\":\"a\\n\","
		"\"content\":\"bc\",\"x\":1",
		STOPS),
	    0 },
	{ "no parts", ONE("\"content\":[]", STOPS),
	    ONE("\"content\":\"\"", STOPS), 0 },
	{ "tags", ONE("\"content\":\"<think>\\na\\n</think>\\nb\"", STOPS),
	    ONE("\"reasoning_content\":\"\\na\\n\",\"content\":\"\\nb\"",
		STOPS),
	    QUIRK_THINK_TAG },
	{ "tags that are not asked for",
	    ONE("\"content\":\"<think>a</think>b\"", STOPS), NULL, 0 },
	{ "a tag that does not lead",
	    ONE("\"content\":\"I \\u0074hink <think>\"", STOPS),
	    ONE("\"content\":\"I \\u0074hink <think>\"", STOPS),
	    QUIRK_THINK_TAG },
	{ "arguments of null", ONE(FUNCTION(",\"arguments\":null"), CALLS),
	    ONE(FUNCTION(",\"arguments\":\"{}\""), CALLS), 0 },
	{ "of \"\"", ONE(FUNCTION(",\"arguments\":\"\""), CALLS),
	    ONE(FUNCTION(",\"arguments\":\"{}\""), CALLS), 0 },
	{ "of \"null\"", ONE(FUNCTION(",\"arguments\":\"null\""), CALLS),
	    ONE(FUNCTION(",\"arguments\":\"{}\""), CALLS), 0 },
	{ "as an object",
	    ONE(FUNCTION(",\"arguments\":{ \"a\" : \"\\n\" }"), CALLS),
	    ONE(FUNCTION(",\"arguments\":\"{ \\\"a\\\" : \\\"\\\\n\\\" }\""),
		CALLS),
	    0 },
	{ "none",
	    ONE("\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]", CALLS),
	    ONE("\"tool_calls\":[{\"function\":{\"arguments\":\"{}\","
		"\"name\":\"f\"}}]",
		CALLS),
	    0 },
	{ "eos", ONE("\"content\":\"a\"", ",\"finish_reason\":\"eos\""),
	    ONE("\"content\":\"a\"", STOPS), QUIRK_FIN_EOS },
	{ "another word for length",
	    ONE("\"content\":\"a\"", ",\"finish_reason\":\"model_length\""),
	    ONE("\"content\":\"a\"", ",\"finish_reason\":\"length\""), 0 },
	{ "no reason", ONE("\"content\":\"a\"", ""),
	    ONE("\"content\":\"a\"", STOPS), 0 },
	{ "a reason of null, with calls",
	    ONE(FUNCTION(",\"arguments\":\"{}\""), ",\"finish_reason\":null"),
	    ONE(FUNCTION(",\"arguments\":\"{}\""), CALLS), 0 },
	{ "a reason of \"\", and a call that is none",
	    ONE("\"content\":\"a\",\"function_call\":{\"name\":\"\"}",
		",\"finish_reason\":\"\""),
	    ONE("\"content\":\"a\",\"function_call\":{\"name\":\"\"}", STOPS),
	    0 },
	{ "stop beside calls stays",
	    ONE(FUNCTION(",\"arguments\":\"{}\""), STOPS), NULL, 0 },
};

START_TEST(test_mend)
{
	const struct mend *m = &mends[_i];
	struct sbuf b = { 0 };
	struct reply r;
	struct err e;

	ck_assert_int_eq(reply_read(slice_str(m->in), m->quirks, &r, &e), 1);
	ck_assert_msg(r.mends == (m->out != NULL), "%s", m->title);
	reply_mend(&r, m->quirks, &b);
	ck_assert_msg(strcmp(b.data, m->out != NULL ? m->out : m->in) == 0,
	    "%s: %s", m->title, b.data);
	ck_assert_int_eq(reply_read(sbuf_slice(&b), m->quirks, &r, &e), 1);
	ck_assert_msg(!r.mends || m->quirks == QUIRK_THINK_TAG, "%s: again",
	    m->title);
	sbuf_free(&b);
}
END_TEST

static const struct edit {
	const char *title, *body;
	bool usage;
	const char *prompt, *breakdown, *out;
} edits[] = {
	{ "untouched", " {" CHOICES ", \"x\" : 1 } \n", false, "", "",
	    "{" CHOICES ", \"x\" : 1 }" },
	{ "usage in our form", "{\"usage\":{\"a\":1} ," CHOICES "}", true, "",
	    "", "{\"usage\":" OURS " ," CHOICES "}" },
	{ "usage that was missing", "{" CHOICES "}", true, "", "",
	    "{" CHOICES ",\"usage\":" OURS "}" },
	{ "usage null", "{\"usage\":null," CHOICES "}", true, "", "",
	    "{\"usage\":" OURS "," CHOICES "}" },
	{ "prompt_message", "{" CHOICES "}", false, "[1]", "",
	    "{" CHOICES ",\"prompt_message\":[1]}" },
	{ "all of it", "{\"usage\":{}," CHOICES "}", true, "[1]", "{\"b\":2}",
	    "{\"usage\":" OURS "," CHOICES
	    ",\"prompt_message\":[1],\"request_breakdown\":{\"b\":2}}" },
};

START_TEST(test_edit)
{
	const struct edit *t = &edits[_i];
	struct usage u;
	struct reply_edit edit = { .usage = t->usage ? &u : NULL,
		.prompt_message = slice_str(t->prompt),
		.breakdown = slice_str(t->breakdown) };
	struct slice out[REPLY_SLICES];
	struct sbuf scratch = { 0 }, sent = { 0 };
	struct reply r;
	struct err e;
	size_t i, n;

	usage_of_totals(&u, 1, 2);
	ck_assert_int_eq(reply_read(slice_str(t->body), 0, &r, &e), 1);
	n = reply_slices(&r, &edit, &scratch, out);
	ck_assert_uint_le(n, REPLY_SLICES);
	for (i = 0; i < n; i++)
		sbuf_add_slice(&sent, out[i]);
	ck_assert_msg(strcmp(sent.data, t->out) == 0, "%s: %s", t->title,
	    sent.data);
	sbuf_free(&sent);
	sbuf_free(&scratch);
}
END_TEST

/* Every recorded reply is read; nothing is cut from it or put in. */
static void
check_recorded(const struct recordings_case *c, void *arg)
{
	static const struct reply_edit none;
	struct slice out[REPLY_SLICES];
	struct sbuf scratch = { 0 };
	json_object *o, *usage;
	unsigned *seen = arg;
	struct reply r;
	struct err e;
	int read;

	if (c->stream || c->status != 200)
		return;
	read = reply_read(sbuf_slice(&c->body), c->group->quirks, &r, &e);
	o = json_tokener_parse(c->body.data);
	usage = json_object_object_get(o, "usage");
	++*seen;
	if (json_object_object_get(o, "error") != NULL) {
		ck_assert_int_eq(read, 0);
		ck_assert_int_eq(r.error.status, 400);
		json_object_put(o);
		return;
	}
	ck_assert_msg(read == 1, "%s", c->name);
	ck_assert_msg(r.has_usage == (usage != NULL), "%s", c->name);
	if (usage != NULL)
		ck_assert_int_ge(r.usage.in_text + r.usage.in_cached +
				     r.usage.in_audio + r.usage.in_image +
				     r.usage.in_cache_write_5m,
		    json_object_get_int64(
			json_object_object_get(usage, "prompt_tokens")));
	ck_assert_uint_eq(r.choices,
	    json_object_array_length(json_object_object_get(o, "choices")));
	ck_assert_uint_eq(r.id.n, strlen(recordings_str(o, "id")));
	ck_assert_uint_eq(reply_slices(&r, &none, &scratch, out), 1);
	ck_assert_uint_eq(out[0].n, r.body.n);
	json_object_put(o);
}

START_TEST(test_recorded)
{
	recordings_check(check_recorded, 70);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/reply");
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, test_mend, 0, COUNT(mends));
	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_edit, 0, COUNT(edits));
	tcase_add_test(tc, test_recorded);
	suite_add_tcase(s, tc);
	return s;
}

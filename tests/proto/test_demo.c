/* The provider without a network: spec/api.md 13. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/assemble.h"
#include "proto/demo.h"
#include "proto/embeddings.h"
#include "proto/relay.h"
#include "proto/reply.h"

#define SAY(text) "\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]"

static const struct row {
	const char *title, *model, *body, *content;
	unsigned finish, choices;
	int64_t prompt, completion;
} rows[] = {
	{ "echo", "echo", "{" SAY("Hello") "}", "\"content\":\"Hello\"",
	    RELAY_STOP, 1, 2, 2 },
	{ "a slug", "demo/echo", "{" SAY("Hello") "}", "\"content\":\"Hello\"",
	    RELAY_STOP, 1, 2, 2 },
	{ "the last user's text", "echo",
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"b\"}"
	    ","
	    "{\"type\":\"text\",\"text\":\"c\\n\"}]},"
	    "{\"role\":\"assistant\",\"content\":\"d\"}]}",
	    "\"content\":\"bc\\n\"", RELAY_STOP, 1, 3, 1 },
	{ "nobody said anything", "echo", "{\"messages\":[]}",
	    "\"content\":\"\"", RELAY_STOP, 1, 0, 0 },
	{ "max_tokens", "echo", "{" SAY("123456789") ",\"max_tokens\":2}",
	    "\"content\":\"12345678\"", RELAY_LENGTH, 1, 3, 2 },
	{ "max_tokens keeps characters whole", "echo",
	    "{" SAY("123\xc3\xa9") ",\"max_completion_tokens\":1}",
	    "\"content\":\"123\"", RELAY_LENGTH, 1, 2, 1 },
	{ "stop", "echo", "{" SAY("one two three") ",\"stop\":[\"x\",\" th\"]}",
	    "\"content\":\"one two\"", RELAY_STOP, 1, 4, 2 },
	{ "stop before max_tokens is reached", "echo",
	    "{" SAY("one two three") ",\"max_tokens\":2,\"stop\":\" t\"}",
	    "\"content\":\"one\"", RELAY_STOP, 1, 4, 1 },
	{ "n", "echo", "{" SAY("Hello") ",\"n\":3}", "\"content\":\"Hello\"",
	    RELAY_STOP, 3, 2, 6 },
	{ "lorem, so many words", "lorem", "{" SAY("x") ",\"max_tokens\":4}",
	    "\"content\":\"Sed ut qui in\"", RELAY_LENGTH, 1, 1, 4 },
	{ "a tool", "echo", "{" SAY("!tool f {\\\"a\\\":1}") "}",
	    "\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"", RELAY_TOOL_CALLS,
	    1, 4, 2 },
};

static struct demo *
open_demo(const char *model, const char *body)
{
	struct demo_opts opts = { .model = slice_str(model),
		.id = SLICE("chatcmpl-1"),
		.created = 7,
		.directives = true };
	struct demo *d;
	struct err e;

	ck_assert_int_eq(demo_open(&d, &opts, slice_str(body), &e), 0);
	return d;
}

START_TEST(test_reply)
{
	const struct row *row = &rows[_i];
	struct demo *d = open_demo(row->model, row->body);
	struct usage_figures f;
	struct sbuf b = { 0 };
	struct reply r;
	struct err e;

	demo_reply(d, &b);
	ck_assert_msg(strstr(b.data, row->content) != NULL, "%s: %s",
	    row->title, b.data);
	ck_assert_int_eq(reply_read(sbuf_slice(&b), 0, &r, &e), 1);
	usage_sum(&r.usage, &f);
	ck_assert_msg(r.finish == row->finish && r.choices == row->choices &&
			  f.prompt == row->prompt &&
			  f.completion == row->completion,
	    "%s: %s", row->title, b.data);
	demo_free(&d);
	sbuf_free(&b);
}
END_TEST

/* The stream obeys the relay's rules as it is and says the same. */
START_TEST(test_stream)
{
	const struct row *row = &rows[_i];
	struct demo *d = open_demo(row->model, row->body);
	struct relay_opts opts = { 0 };
	struct relay *r = relay_new(&opts);
	struct assemble *a = assemble_new(1 << 20);
	struct sbuf event = { 0 }, sent = { 0 }, joined = { 0 };
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	while (demo_next(d, &event) == 1) {
		ck_assert_int_eq(relay_feed(r, sbuf_slice(&event), &out, &e),
		    0);
		ck_assert_int_eq(assemble_frames(a, sbuf_slice(&event)), 0);
		if (!relay_state(r)->done) {
			ck_assert_uint_eq(out.n, 1);
			ck_assert(slice_eq(out.slices[0], sbuf_slice(&event)));
		}
		relay_out_clear(&out);
		sbuf_clear(&event);
	}
	ck_assert_int_eq(relay_finish(r, true, &out), RELAY_COMPLETE);
	ck_assert(assemble_is_whole(a));
	assemble_write(a, NULL, &joined);
	ck_assert_msg(strstr(joined.data, row->content) != NULL, "%s: %s",
	    row->title, joined.data);
	relay_out_fini(&out);
	relay_free(&r);
	assemble_free(&a);
	demo_free(&d);
	sbuf_free(&event);
	sbuf_free(&sent);
	sbuf_free(&joined);
}
END_TEST

static const struct directive {
	const char *body;
	enum demo_directive directive;
	int64_t value;
} directives[] = {
	{ "{" SAY("!status 503") "}", DEMO_STATUS, 503 },
	{ "{" SAY("!status 200") "}", DEMO_NONE, 0 },
	{ "{" SAY("!delay 2s") "}", DEMO_DELAY, 2000 },
	{ "{" SAY("!delay 15ms") "}", DEMO_DELAY, 15 },
	{ "{" SAY("!delay 2") "}", DEMO_NONE, 0 },
	{ "{" SAY("!cut 3") "}", DEMO_CUT, 3 },
	{ "{" SAY("!stall 0") "}", DEMO_STALL, 0 },
	{ "{" SAY("!malformed 2") "}", DEMO_MALFORMED, 2 },
	{ "{" SAY("!malformed 2 x") "}", DEMO_NONE, 0 },
	{ "{" SAY("!cut 99999999999999999999") "}", DEMO_NONE, 0 },
	{ "{" SAY("please !cut 3") "}", DEMO_NONE, 0 },
	{ "{" SAY("!tool ") "}", DEMO_NONE, 0 },
};

START_TEST(test_directive)
{
	const struct directive *t = &directives[_i];
	struct demo *d = open_demo("echo", t->body);
	int64_t value;

	ck_assert_msg(demo_directive(d, &value) == t->directive &&
			  value == t->value,
	    "%s", t->body);
	demo_free(&d);
}
END_TEST

START_TEST(test_malformed)
{
	struct demo *d = open_demo("echo", "{" SAY("!malformed 2") "}");
	struct sbuf b = { 0 };

	ck_assert_int_eq(demo_next(d, &b), 1);
	ck_assert_int_eq(demo_next(d, &b), 1);
	sbuf_clear(&b);
	ck_assert_int_eq(demo_next(d, &b), 1);
	ck_assert_str_eq(b.data, "data: {\"malformed\":\n\n");
	ck_assert_int_eq(demo_next(d, &b), 0);
	demo_free(&d);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_other_model)
{
	struct demo_opts opts = { .model = SLICE("demo/other") };
	struct demo *d = NULL;
	struct err e;

	ck_assert_int_eq(demo_open(&d, &opts, SLICE("{}"), &e), -1);
	ck_assert_int_eq(e.kind, ERR_MODEL_NOT_FOUND);
	ck_assert_ptr_null(d);
}
END_TEST

/* Words are tokens: a limit on tokens is one on words, to any length. */
START_TEST(test_lorem_is_bounded)
{
	struct usage_figures f;
	struct sbuf body = { 0 }, b = { 0 };
	struct reply r;
	struct demo *d;
	struct err e;
	int words;

	for (words = 1; words < 300; words++) {
		sbuf_clear(&body);
		sbuf_clear(&b);
		sbuf_addf(&body, "{" SAY("x") ",\"max_tokens\":%d}", words);
		d = open_demo("lorem", body.data);
		demo_reply(d, &b);
		ck_assert_int_eq(reply_read(sbuf_slice(&b), 0, &r, &e), 1);
		usage_sum(&r.usage, &f);
		ck_assert_int_le(f.completion, words);
		demo_free(&d);
	}
	sbuf_free(&body);
	sbuf_free(&b);
}
END_TEST

static int
open_embed(struct demo **dp, const char *model, const char *body, struct err *e)
{
	struct demo_opts opts = { .model = slice_str(model),
		.embeddings = true,
		.directives = true };

	*dp = NULL;
	return demo_open(dp, &opts, slice_str(body), e);
}

#define HELLO                                                                  \
	"[-0.104814,0.745497,0.161036,0.276894,0.212504,"                      \
	"-0.829614,-0.648185,-0.850548]"

static const struct {
	const char *title, *body, *part;
	int64_t prompt;
} embeds[] = {
	{ "a text", "{\"input\":\"Hello\"}", "\"embedding\":" HELLO "}]", 2 },
	{ "the same text, said otherwise", "{\"input\":[\"Hell\\u006f\"]}",
	    "\"embedding\":" HELLO "}]", 2 },
	{ "the last of two", "{\"input\":[\"x\",\"Hello\"]}",
	    "{\"object\":\"embedding\",\"index\":1,\"embedding\":" HELLO "}]",
	    3 },
	{ "base64",
	    "{\"input\":\"x\",\"encoding_format\":\"base64\","
	    "\"dimensions\":1}",
	    "=\"}]", 1 },
	{ "tokens", "{\"input\":[1,2,3],\"dimensions\":1}", "\"index\":0", 3 },
	{ "two of tokens", "{\"input\":[[1,2],[3]],\"dimensions\":1}",
	    "\"index\":1", 3 },
	{ "a tool is no output", "{\"input\":\"!tool f\"}", "\"index\":0", 2 },
};

START_TEST(test_embeddings)
{
	struct usage_figures f;
	struct sbuf b = { 0 };
	struct embeddings r;
	struct demo *d;
	struct err e;

	ck_assert_int_eq(open_embed(&d, "demo/embed", embeds[_i].body, &e), 0);
	demo_reply(d, &b);
	ck_assert_int_eq(embeddings_read(sbuf_slice(&b), &r, &e), 1);
	ck_assert_msg(memmem(b.data, b.len, embeds[_i].part,
			  strlen(embeds[_i].part)) != NULL,
	    "%s: %.*s", embeds[_i].title, SLICE_ARGS(sbuf_slice(&b)));
	usage_sum(&r.usage, &f);
	ck_assert_msg(r.has_usage && f.prompt == embeds[_i].prompt &&
			  usage_read(r.usage_json, 0, &r.usage) == 1 &&
			  r.usage.out_text == 0,
	    "%s", embeds[_i].title);
	demo_free(&d);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_embeddings_refused)
{
	static const struct {
		const char *model, *body;
		enum err_kind kind;
	} refused[] = {
		{ "echo", "{\"input\":\"x\"}", ERR_MODEL_NOT_FOUND },
		{ "embed", "{}", ERR_MISSING_PARAMETER },
		{ "embed", "{\"input\":\"x\",\"dimensions\":4097}",
		    ERR_INVALID_VALUE },
	};
	struct demo_opts chat = { .model = SLICE("embed") };
	struct sbuf many = { 0 };
	struct demo *d = NULL;
	struct err e;

	for (size_t i = 0; i < COUNT(refused); i++) {
		ck_assert_int_eq(open_embed(&d, refused[i].model,
				     refused[i].body, &e),
		    -1);
		ck_assert_int_eq(e.kind, refused[i].kind);
		ck_assert_ptr_null(d);
	}
	ck_assert_int_eq(demo_open(&d, &chat, SLICE("{" SAY("x") "}"), &e), -1);
	ck_assert_int_eq(e.kind, ERR_MODEL_NOT_FOUND);
	sbuf_adds(&many, "{\"input\":[\"\"");
	for (int i = 0; i < DEMO_TEXTS_MAX; i++)
		sbuf_adds(&many, ",\"\"");
	sbuf_adds(&many, "]}");
	ck_assert_int_eq(open_embed(&d, "embed", many.data, &e), -1);
	ck_assert_str_eq(e.param, "input");
	sbuf_free(&many);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/demo");
	TCase *tc = tcase_create("demo");

	tcase_add_loop_test(tc, test_reply, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_stream, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_directive, 0, COUNT(directives));
	tcase_add_test(tc, test_malformed);
	tcase_add_test(tc, test_other_model);
	tcase_add_test(tc, test_lorem_is_bounded);
	tcase_add_loop_test(tc, test_embeddings, 0, COUNT(embeds));
	tcase_add_test(tc, test_embeddings_refused);
	suite_add_tcase(s, tc);
	return s;
}

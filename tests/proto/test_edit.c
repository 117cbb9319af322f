#include "proto/edit.h"

#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/canon.h"
#include "proto/jstr.h"
#include "tests/proto/asked.h"
#include "tests/proto/corpus.h"
#include "tests/suite.h"

#define MSG "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"

static const struct edit_options plain = { .model = { "up", 2 } };
static const struct edit_options usage = { .model = { "up", 2 },
	.add_usage = true };
static const struct edit_options capped = { .model = { "up", 2 },
	.put_max_tokens = 77 };
static const struct edit_options newer = { .model = { "up", 2 },
	.use_max_completion_tokens = true };
static const struct edit_options mistral = { .model = { "up", 2 },
	.quirks = QUIRK_ANY_TOOL | QUIRK_NO_USER | QUIRK_NO_STOP };

static const struct {
	const char *title;
	const struct edit_options *options;
	const char *from, *to;
} cases[] = {
	{ "everything but model stays", &plain,
	    "{\"model\":\"m\", " MSG
	    ", \"temperature\":1.0,\"x\":12345678901234567890}",
	    "{\"model\":\"up\", " MSG
	    ", \"temperature\":1.0,\"x\":12345678901234567890}" },
	{ "blanks and escapes stay", &plain,
	    " {\n \"mod\\u0065l\" : \"m\" ,\t" MSG " , \"a\\/b\" : [ ] }\n",
	    " {\n \"mod\\u0065l\" : \"up\" ,\t" MSG " , \"a\\/b\" : [ ] }\n" },
	{ "a model that is right already", &plain, "{\"model\":\"up\"," MSG "}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "first member dropped", &plain,
	    "{\"note\":\"n\", \"model\":\"m\"," MSG "}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "middle members dropped", &plain,
	    "{\"model\":\"m\", \"note\":\"n\" ,\"echo\":false, " MSG " }",
	    "{\"model\":\"up\", " MSG " }" },
	{ "last members dropped", &plain,
	    "{\"model\":\"m\"," MSG " , \"note\":\"n\" , \"echo\":false }",
	    "{\"model\":\"up\"," MSG " }" },
	{ "nulls dropped", &plain,
	    "{\"tools\":null,\"model\":\"m\",\"x\":null," MSG ",\"y\":null}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "containers dropped, members appended", &plain,
	    "{\"model\":\"m\"," MSG ",\"respan_params\":{\"top_p\":0.5,"
	    "\"note\":\"n\",\"max_tokens\":9.0}}",
	    "{\"model\":\"up\"," MSG ",\"top_p\":0.5,\"max_tokens\":9}" },
	{ "all members from a container", &plain,
	    "{ \"extra_body\":{\"model\":\"m\"," MSG "} }",
	    "{" MSG ",\"model\":\"up\" }" },
	{ "a null gives way to a container", &plain,
	    "{\"model\":\"m\"," MSG ",\"seed\":null,"
	    "\"respan_params\":{\"seed\":7}}",
	    "{\"model\":\"up\"," MSG ",\"seed\":7}" },
	{ "integers are sent as integers", &plain,
	    "{\"model\":\"m\"," MSG ",\"max_tokens\":100.0,\"n\":1e0}",
	    "{\"model\":\"up\"," MSG ",\"max_tokens\":100,\"n\":1}" },
	{ "large integers keep their digits", &plain,
	    "{\"model\":\"m\"," MSG ",\"seed\":12345678901234567890}",
	    "{\"model\":\"up\"," MSG ",\"seed\":12345678901234567890}" },
	{ "usage is asked for", &usage,
	    "{\"model\":\"m\"," MSG ",\"stream\":true}",
	    "{\"model\":\"up\"," MSG ",\"stream\":true,"
	    "\"stream_options\":{\"include_usage\":true}}" },
	{ "not without a stream", &usage, "{\"model\":\"m\"," MSG "}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "usage was asked for already", &usage,
	    "{\"stream_options\":{ \"include_usage\":true },"
	    "\"model\":\"m\"," MSG ",\"stream\":true}",
	    "{\"stream_options\":{ \"include_usage\":true },"
	    "\"model\":\"up\"," MSG ",\"stream\":true}" },
	{ "usage was refused", &usage,
	    "{\"stream_options\":{\"include_usage\":false,\"a\":1},"
	    "\"model\":\"m\"," MSG ",\"stream\":true}",
	    "{\"stream_options\":{\"include_usage\":true,\"a\":1},"
	    "\"model\":\"up\"," MSG ",\"stream\":true}" },
	{ "a limit is put in", &capped, "{\"model\":\"m\"," MSG "}",
	    "{\"model\":\"up\"," MSG ",\"max_tokens\":77}" },
	{ "a limit is lowered", &capped,
	    "{\"model\":\"m\",\"max_tokens\":100," MSG "}",
	    "{\"model\":\"up\",\"max_tokens\":77," MSG "}" },
	{ "the limit is renamed", &newer,
	    "{\"model\":\"m\",\"max_tokens\": 5.0 ," MSG "}",
	    "{\"model\":\"up\",\"max_completion_tokens\": 5 ," MSG "}" },
	{ "and back", &plain,
	    "{\"model\":\"m\",\"max_completion_tokens\": 5 ," MSG "}",
	    "{\"model\":\"up\",\"max_tokens\": 5 ," MSG "}" },
	{ "both names, one is sent", &plain,
	    "{\"max_completion_tokens\":5,\"model\":\"m\",\"max_tokens\":5," MSG
	    "}",
	    "{\"model\":\"up\",\"max_tokens\":5," MSG "}" },
	{ "response_format becomes an object", &plain,
	    "{\"model\":\"m\",\"response_format\":\"text\"," MSG "}",
	    "{\"model\":\"up\",\"response_format\":{\"type\":\"text\"}," MSG
	    "}" },
	{ "tool_choice any is required", &plain,
	    "{\"model\":\"m\",\"tools\":[],\"tool_choice\":\"any\"," MSG "}",
	    "{\"model\":\"up\",\"tools\":[],\"tool_choice\":\"required\"," MSG
	    "}" },
	{ "tool_choice required is any", &mistral,
	    "{\"model\":\"m\",\"tools\":[],\"tool_choice\":\"required\"," MSG
	    "}",
	    "{\"model\":\"up\",\"tools\":[],\"tool_choice\":\"any\"," MSG "}" },
	{ "tool_choice auto stays", &mistral,
	    "{\"model\":\"m\",\"tool_choice\":\"auto\"," MSG "}",
	    "{\"model\":\"up\",\"tool_choice\":\"auto\"," MSG "}" },
	{ "what a provider refuses", &mistral,
	    "{\"model\":\"m\",\"user\":\"u\",\"stop\":\"s\"," MSG "}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "metadata is kept here", &plain,
	    "{\"model\":\"m\",\"metadata\":{\"a\":\"b\"}," MSG "}",
	    "{\"model\":\"up\"," MSG "}" },
	{ "metadata goes with store", &plain,
	    "{\"model\":\"m\",\"store\":true,\"metadata\":{\"a\":\"b\"}," MSG
	    "}",
	    "{\"model\":\"up\",\"store\":true,\"metadata\":{\"a\":\"b\"}," MSG
	    "}" },
	{ "metadata as text goes as an object", &plain,
	    "{\"model\":\"m\",\"store\":true,"
	    "\"metadata\":\"{\\\"a\\\":\\\"b\\\"}\"," MSG "}",
	    "{\"model\":\"up\",\"store\":true,\"metadata\":{\"a\":\"b\"}," MSG
	    "}" },
	{ "metadata that OpenAI would refuse", &plain,
	    "{\"model\":\"m\",\"store\":true,\"metadata\":{\"a\":1}," MSG "}",
	    "{\"model\":\"up\",\"store\":true," MSG "}" },
	{ "no edits for the log", NULL,
	    "{\"model\":\"m\",\"note\":\"n\",\"max_tokens\":1.0," MSG "}",
	    "{\"model\":\"m\",\"max_tokens\":1.0," MSG "}" },
};

static struct slice
edited(struct asked *a, const struct edit_options *options)
{
	struct splice_result r;

	if (options != NULL)
		edit_body(&a->params, options, a->pool, &r);
	else
		edit_plain(&a->params, a->pool, &r);
	return asked_join(a, &r);
}

/* The members given by themselves make the same object as the text. */
static void
check_members(struct asked *a)
{
	struct slice text = edited(a, NULL);
	struct sbuf whole = { 0 }, members = { 0 };
	struct jscan_item *items;
	unsigned n = edit_plain_members(&a->params, a->pool, &items);

	canon_write(&whole, text);
	canon_write_members(&members, items, n);
	ck_assert_msg(slice_eq(sbuf_slice(&whole), sbuf_slice(&members)), "%s",
	    members.data);
	sbuf_free(&whole);
	sbuf_free(&members);
}

START_TEST(splices)
{
	struct jscan_item item;
	struct asked a;
	struct slice got;

	asked_read(&a, slice_str(cases[_i].from), NULL);
	ck_assert_msg(a.err.kind == ERR_NONE, "%s: %s", cases[_i].title,
	    a.err.text);
	got = edited(&a, cases[_i].options);
	ck_assert_msg(slice_eq(got, slice_str(cases[_i].to)), "%s: %s",
	    cases[_i].title, got.p);
	ck_assert_int_eq(jscan_value(got, &item, &a.err), 0);
	/* A second attempt gives the same. */
	ck_assert(slice_eq(edited(&a, cases[_i].options), got));
	check_members(&a);
	asked_end(&a);
}
END_TEST

START_TEST(does_not_copy_the_messages)
{
	struct slice body = SLICE("{\"model\":\"m\"," MSG ",\"note\":\"n\"}");
	struct splice_result r;
	struct asked a;
	bool lent = false;

	ck_assert_int_eq(asked_read(&a, body, NULL), 0);
	edit_body(&a.params, &plain, a.pool, &r);
	for (unsigned i = 0; i < r.n; i++)
		lent |=
		    r.pieces[i].p <= params_json(&a.params, PARAM_messages).p &&
		    r.pieces[i].p + r.pieces[i].n > body.p + 20;
	ck_assert(lent);
	ck_assert_uint_le(r.n, 4);
	asked_end(&a);
}
END_TEST

START_TEST(writes_a_model_with_escapes)
{
	struct edit_options odd = { .model = SLICE("a\"b\n") };
	struct asked a;

	ck_assert_int_eq(asked_read(&a, SLICE("{" MSG "}"), NULL), 0);
	ck_assert_str_eq(edited(&a, &odd).p,
	    "{" MSG ",\"model\":\"a\\\"b\\n\"}");
	asked_end(&a);
}
END_TEST

static void
add_members(struct sbuf *b, struct slice raw)
{
	static const char *const names[] = { "model", "user",
		"customer_identifier", "custom_identifier", "note", "span_name",
		"service_tier", "safety_identifier" };

	for (size_t i = 0; i < COUNT(names); i++) {
		sbuf_addf(b, ",\"%s\":", names[i]);
		sbuf_add_slice(b, raw);
	}
	sbuf_adds(b, ",\"metadata\":{");
	sbuf_add_slice(b, raw);
	sbuf_addc(b, ':');
	sbuf_add_slice(b, raw);
	sbuf_adds(b, "},\"tools\":[{\"type\":\"function\",\"function\":"
		     "{\"name\":");
	sbuf_add_slice(b, raw);
	sbuf_adds(b, "}}]}");
}

static unsigned
count_of(struct slice text, struct slice part)
{
	unsigned n = 0;
	const char *at;

	while ((at = memmem(text.p, text.n, part.p, part.n)) != NULL) {
		text = slice_skip(text, (size_t)(at - text.p) + part.n);
		n++;
	}
	return n;
}

/* It comes out byte for byte, or the request is refused as a bad value. */
static void
try_string(const struct jscan_item *string, unsigned *passed)
{
	struct sbuf b = { 0 };
	struct asked a;

	sbuf_adds(&b, "{\"messages\":[{\"role\":\"user\",\"content\":");
	sbuf_add_slice(&b, string->value);
	sbuf_adds(&b, "}]");
	add_members(&b, string->value);
	if (asked_read(&a, sbuf_slice(&b), NULL) == 0) {
		(*passed)++;
		ck_assert_uint_ge(count_of(edited(&a, &plain), string->value),
		    5);
		ck_assert(slice_eq(params_last_user_text(&a.params, a.pool),
		    jstr_item(string, a.pool)));
		ck_assert(slice_eq(params_text(&a.params, PARAM_note),
		    jstr_item(string, a.pool)));
	} else {
		ck_assert_int_eq(a.err.kind, ERR_INVALID_VALUE);
		ck_assert_str_eq(a.err.param, "model");
	}
	asked_end(&a);
	sbuf_free(&b);
}

START_TEST(carries_naughty_strings)
{
	char path[400];
	struct slice text = corpus_read(
	    corpus_path(path, sizeof path, "naughty-strings/blns.json"));
	struct jscan_item all, string;
	struct jscan_iter it;
	unsigned n = 0, passed = 0;
	struct err e;

	if (text.p == NULL)
		return; /* a tree without the corpora */
	ck_assert_int_eq(jscan_value(text, &all, &e), 0);
	jscan_enter(&it, all.value);
	for (; jscan_element_next(&it, &string); n++)
		try_string(&string, &passed);
	ck_assert_uint_eq(n, 515);
	ck_assert_uint_ge(passed, 200);
	free((void *)(uintptr_t)text.p);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("edit");
	TCase *t = tcase_create("edit");

	tcase_add_loop_test(t, splices, 0, COUNT(cases));
	tcase_add_test(t, does_not_copy_the_messages);
	tcase_add_test(t, writes_a_model_with_escapes);
	tcase_add_test(t, carries_naughty_strings);
	suite_add_tcase(s, t);
	return s;
}

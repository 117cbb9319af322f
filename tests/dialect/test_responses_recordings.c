/*
 * Every recorded answer of Responses as chat, compared with what another JSON
 * parser finds in the provider's items.
 */

#include "tests/suite.h"

#include "base/kind.h"
#include "base/settings.h"
#include "tests/dialect/told.h"

static const struct {
	const char *group;
	unsigned least;
	uint32_t quirks;
} groups[] = {
	{ "openai-responses", 36, 0 },
	{ "azure-openai-responses", 7, 0 },
	{ "xai-responses", 7, QUIRK_USAGE_ADD_REASONING },
	{ "deepseek-responses", 3, QUIRK_HIT_MISS },
	{ "openrouter-responses", 3, QUIRK_OWN_COST },
	{ "llamacpp-responses", 1, QUIRK_LOCAL },
	{ "mistralrs-responses", 1, 0 },
	{ "copilot-responses", 4, 0 },
	{ "chatgpt-codex-responses", 2, 0 },
	{ "openai-compatible-local-responses", 2, 0 },
	{ "bedrock-mantle-responses", 4, 0 },
	{ "_responses_only/openai-responses", 32, 0 },
	{ "_responses_only/azure-openai-responses", 9, 0 },
	{ "_responses_only/xai-responses", 5, 0 },
	{ "_errors_reported/openai-responses", 1, 0 },
};

/* What the provider's own JSON says. */
struct wanted {
	struct told told;
	struct sbuf refusal, encrypted;
	unsigned items;
};

static void
wanted_free(struct wanted *w)
{
	told_free(&w->told);
	sbuf_free(&w->refusal);
	sbuf_free(&w->encrypted);
}

static void
want_texts(json_object *list, const char *type, const char *member,
    struct sbuf *to)
{
	for (size_t i = 0; i < told_length(list); i++) {
		json_object *part = json_object_array_get_idx(list, i);

		if (strcmp(recordings_str(part, "type"), type) == 0)
			told_add(to, part, member);
	}
}

static void
want_links(json_object *list, struct sbuf *to)
{
	for (size_t i = 0; i < told_length(list); i++) {
		json_object *notes =
		    told_dig(json_object_array_get_idx(list, i), "annotations");

		for (size_t k = 0; k < told_length(notes); k++) {
			json_object *n = json_object_array_get_idx(notes, k);

			if (strcmp(recordings_str(n, "type"), "url_citation") !=
			    0)
				continue;
			sbuf_addc(to, ' ');
			told_add(to, n, "url");
		}
	}
}

static void
want_item(struct wanted *w, json_object *item)
{
	const char *type = recordings_str(item, "type");
	json_object *content = told_dig(item, "content");

	w->items++;
	if (strcmp(type, "message") == 0) {
		want_texts(content, "output_text", "text", &w->told.text);
		want_texts(content, "refusal", "refusal", &w->refusal);
		want_links(content, &w->told.links);
	} else if (strcmp(type, "reasoning") == 0) {
		want_texts(told_dig(item, "summary"), "summary_text", "text",
		    &w->told.reasoning);
		want_texts(content, "reasoning_text", "text",
		    &w->told.reasoning);
		told_add(&w->encrypted, item, "encrypted_content");
	} else if (strcmp(type, "function_call") == 0) {
		sbuf_adds(&w->told.calls, ";");
		told_add(&w->told.calls, item, "call_id");
		sbuf_addc(&w->told.calls, ' ');
		told_add(&w->told.calls, item, "name");
		sbuf_addc(&w->told.calls, '=');
		told_add(&w->told.calls, item, "arguments");
		w->told.n_calls++;
	}
}

static void
want_usage(struct told *t, json_object *usage)
{
	struct usage_figures *f = &t->usage;

	if (usage == NULL)
		return;
	t->has_usage = true;
	f->prompt = told_count(usage, "input_tokens") +
	            told_count(usage, "prompt_tokens");
	f->completion = told_count(usage, "output_tokens") +
	                told_count(usage, "completion_tokens");
	f->total = f->prompt + f->completion;
	f->cached = told_count(told_dig(usage, "input_tokens_details"),
	    "cached_tokens");
	f->cache_write = told_count(told_dig(usage, "input_tokens_details"),
	    "cache_write_tokens");
	f->reasoning = told_count(told_dig(usage, "output_tokens_details"),
	    "reasoning_tokens");
}

/* A response that is over; its items have been looked at. */
static void
want_end(struct wanted *w, json_object *response)
{
	const char *reason =
	    recordings_str(told_dig(response, "incomplete_details"), "reason");

	want_usage(&w->told, told_dig(response, "usage"));
	told_finish(&w->told,
	    strcmp(reason, "max_output_tokens") == 0 ? "length"
	    : strcmp(reason, "content_filter") == 0  ? "content_filter"
	    : w->told.n_calls > 0                    ? "tool_calls"
						     : "stop");
}

static void
want_output(struct wanted *w, json_object *response)
{
	json_object *output = told_dig(response, "output");

	for (size_t i = 0; i < told_length(output); i++)
		want_item(w, json_object_array_get_idx(output, i));
}

static void
want_event(struct wanted *w, json_object *ev)
{
	const char *type = recordings_str(ev, "type");
	json_object *response = told_dig(ev, "response");

	/* One fixture has two answers in one body; the first end counts. */
	if (w->told.finishes > 0)
		return;
	if (strcmp(type, "response.output_item.done") == 0)
		want_item(w, told_dig(ev, "item"));
	if (strcmp(type, "error") == 0 || strcmp(type, "response.failed") == 0)
		w->told.errors = 1;
	if (strcmp(type, "response.completed") != 0 &&
	    strcmp(type, "response.incomplete") != 0)
		return;
	if (w->items == 0)
		want_output(w, response);
	want_end(w, response);
}

static void
want_stream(struct wanted *w, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\r\n")) != NULL) {
		json_object *ev;

		if (strncmp(line, "data:", 5) != 0)
			continue;
		ev = json_tokener_parse(line + 5);
		if (ev != NULL)
			want_event(w, ev);
		json_object_put(ev);
	}
	free(copy);
}

/* What told.h does not look at, of a delta or a message. */
static void
got_words(struct wanted *w, json_object *o)
{
	json_object *details = told_dig(o, "reasoning_details");

	told_add(&w->refusal, o, "refusal");
	for (size_t i = 0; i < told_length(details); i++)
		told_add(&w->encrypted, json_object_array_get_idx(details, i),
		    "data");
}

static void
got_json(struct wanted *w, const char *text, const char *words)
{
	json_object *o = json_tokener_parse(text);
	json_object *choices = told_dig(o, "choices");

	for (size_t i = 0; i < told_length(choices); i++)
		got_words(w,
		    told_dig(json_object_array_get_idx(choices, i), words));
	json_object_put(o);
}

static void
got_stream(struct wanted *w, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, "data: {", 7) == 0)
			got_json(w, line + 6, "delta");
	free(copy);
}

static void
check_equal(struct wanted *want, struct wanted *got, const struct told_run *run,
    const char *name)
{
	told_expect(&want->told, &got->told, run, name);
	told_expect_text(&want->refusal, &got->refusal, "refusal", name);
	told_expect_text(&want->encrypted, &got->encrypted, "encrypted", name);
	wanted_free(want);
	wanted_free(got);
}

static void
check_reply(const struct told_case *c)
{
	struct wanted want = { .items = 0 }, got = { .items = 0 };
	json_object *reply = json_tokener_parse(c->body.data);
	struct told_run run;
	struct reply read;
	struct err e;
	bool failed = told_dig(reply, "error") != NULL;

	told_whole(&dialect_responses, sbuf_slice(&c->body), &run);
	ck_assert_msg(run.fed == (failed ? 0 : 1), "%s: %d %s", c->name,
	    run.fed, run.e.text);
	if (!failed) {
		want_output(&want, reply);
		want_end(&want, reply);
		if (json_object_is_type(told_dig(reply, "reasoning"),
			json_type_string))
			told_add(&want.told.reasoning, reply, "reasoning");
		told_read_whole(&got.told, run.sent.data);
		got_json(&got, run.sent.data, "message");
		ck_assert_int_eq(reply_read(sbuf_slice(&run.sent), 0, &read,
				     &e),
		    1);
		check_equal(&want, &got, &run, c->name);
	}
	sbuf_free(&run.sent);
	json_object_put(reply);
}

/*
 * One byte after the other: at no place is there more than a beginning of the
 * whole, and [DONE] only behind all of it.
 */
static void
check_cuts(const struct told_case *c, const struct told_run *whole)
{
	struct decode_opts opts = told_opts(&dialect_responses);
	struct decode *d = decode_new(&opts);
	struct sbuf sent = { 0 };
	struct err e;
	size_t before = 0;

	for (size_t at = 0; at < c->body.len; at++) {
		char byte = c->body.data[at];

		ck_assert_msg(decode_feed(d, (struct slice){ &byte, 1 }, &sent,
				  &e) == 0,
		    "%s: at %zu", c->name, at);
		if (sent.len == before)
			continue;
		before = sent.len;
		ck_assert_msg(slice_starts(sbuf_slice(&whole->sent),
				  sbuf_slice(&sent)) &&
				  (strstr(sent.data, "[DONE]") == NULL) ==
				      (sent.len < whole->sent.len ||
					  strstr(whole->sent.data, "[DONE]") ==
					      NULL),
		    "%s: cut at %zu", c->name, at);
	}
	sbuf_free(&sent);
	decode_free(&d);
}

/* Ended in good order, but before the last event: not complete. */
static void
check_ends(const struct told_case *c, const struct told_run *whole)
{
	size_t step = 1 + c->body.len / 61;
	struct told_run run;

	for (size_t at = 0; at < c->body.len; at += step) {
		told_stream(&dialect_responses,
		    (struct slice){ c->body.data, at }, 4096, true, &run);
		if (run.fed == 0 && run.sent.len < whole->sent.len)
			ck_assert_msg(strstr(run.sent.data, "[DONE]") == NULL,
			    "%s: ended at %zu", c->name, at);
		sbuf_free(&run.sent);
	}
}

static void
check_stream(const struct told_case *c)
{
	struct wanted want = { .items = 0 }, got = { .items = 0 };
	struct slice text = sbuf_slice(&c->body);
	struct told_run run;

	told_stream(&dialect_responses, text, text.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", c->name, run.e.text);
	want_stream(&want, c->body.data);
	told_read_stream(&got.told, run.sent.data);
	got_stream(&got, run.sent.data);
	if (want.told.errors > 0)
		want.told.finish[0] = '\0';
	ck_assert_msg(got.told.done == (want.told.errors == 0), "%s: end",
	    c->name);
	told_relay(&run, want.told.errors > 0 ? RELAY_ERROR : RELAY_COMPLETE,
	    c->name);
	check_equal(&want, &got, &run, c->name);
	told_check_pieces(&dialect_responses, text, &run, c->name);
	check_cuts(c, &run);
	check_ends(c, &run);
	sbuf_free(&run.sent);
}

struct seen {
	unsigned replies, streams;
};

static void
check_case(const struct told_case *c, void *arg)
{
	struct seen *seen = arg;

	/* One whose pieces of text are mostly left out; one that is chat. */
	if (c->status != 200 ||
	    strstr(c->name, "openai-phase.1-stream") != NULL ||
	    strstr(c->name, "azure-deepseek-reasoning.1") != NULL)
		return;
	if (c->stream)
		check_stream(c);
	else
		check_reply(c);
	seen->streams += c->stream;
	seen->replies += !c->stream;
}

START_TEST(test_recordings)
{
	struct seen seen = { 0, 0 };

	for (size_t i = 0; i < COUNT(groups); i++)
		told_each(groups[i].group, groups[i].least, check_case, &seen);
	if (recordings_exist()) {
		ck_assert_uint_ge(seen.replies, 41);
		ck_assert_uint_ge(seen.streams, 61);
	}
}
END_TEST

START_TEST(test_found)
{
	static const struct {
		enum provider_kind kind;
		uint32_t features;
		bool found;
	} cases[] = {
		{ KIND_OPENAI, FEATURE_RESPONSES_ONLY, true },
		{ KIND_AZURE, FEATURE_RESPONSES_ONLY | FEATURE_TOOLS, true },
		{ KIND_OPENAI, FEATURE_TOOLS, false },
		{ KIND_AZURE, 0, false },
		{ KIND_DEMO, FEATURE_RESPONSES_ONLY, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg((dialect_find(cases[i].kind, SLICE("m"),
				   cases[i].features) == &dialect_responses) ==
				  cases[i].found,
		    "row %zu", i);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/responses_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_recordings);
	tcase_add_test(tc, test_found);
	suite_add_tcase(s, tc);
	return s;
}

/*
 * Every recorded answer of Bedrock's Converse as chat, compared with what
 * another JSON parser finds in the provider's frames.
 */

#include "tests/suite.h"

#include "base/kind.h"
#include "tests/dialect/told.h"

static const struct {
	const char *group;
	unsigned least;
} groups[] = {
	{ "bedrock-converse", 22 },
	{ "_responses_only/bedrock-converse", 13 },
};

/* What the provider's own JSON says. */
struct wanted {
	struct told told;
	struct sbuf signatures; /* and what is hidden */
	struct sbuf arguments;  /* of the call that is open */
	bool in_call, in_server;
	unsigned traces, blocks; /* of provider_specific_fields */
};

static void
wanted_free(struct wanted *w)
{
	told_free(&w->told);
	sbuf_free(&w->signatures);
	sbuf_free(&w->arguments);
}

static const char *
plain(json_object *o)
{
	return json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static const struct dialect *
converse(void)
{
	return dialect_find(KIND_BEDROCK, SLICE("m"), 0);
}

static void
want_call_end(struct wanted *w)
{
	if (w->in_call)
		sbuf_adds(&w->told.calls,
		    w->arguments.len > 0 ? w->arguments.data : "{}");
	w->in_call = w->in_server = false;
	sbuf_clear(&w->arguments);
}

static bool
want_is_server(json_object *use)
{
	return strcmp(recordings_str(use, "type"), "server_tool_use") == 0;
}

static void
want_call(struct wanted *w, json_object *use)
{
	want_call_end(w);
	if (use == NULL)
		return;
	if (want_is_server(use)) {
		w->in_server = true;
		w->blocks++;
		return;
	}
	w->in_call = true;
	w->told.n_calls++;
	sbuf_adds(&w->told.calls, ";");
	told_add(&w->told.calls, use, "toolUseId");
	sbuf_addc(&w->told.calls, ' ');
	told_add(&w->told.calls, use, "name");
	sbuf_addc(&w->told.calls, '=');
}

static void
want_usage(struct wanted *w, json_object *usage)
{
	struct usage_figures *f = &w->told.usage;

	if (usage == NULL)
		return;
	w->told.has_usage = true;
	f->cached = told_count(usage, "cacheReadInputTokens");
	f->cache_write = told_count(usage, "cacheWriteInputTokens");
	f->prompt =
	    told_count(usage, "inputTokens") + f->cached + f->cache_write;
	f->completion = told_count(usage, "outputTokens");
	f->total = told_count(usage, "totalTokens");
}

static void
want_stop(struct wanted *w, const char *reason)
{
	static const char *const words[][2] = {
		{ "end_turn", "stop" },
		{ "stop_sequence", "stop" },
		{ "tool_use", "tool_calls" },
		{ "max_tokens", "length" },
		{ "guardrail_intervened", "content_filter" },
	};

	want_call_end(w);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i][0], reason) == 0)
			told_finish(&w->told, words[i][1]);
	ck_assert_msg(w->told.finishes == 1, "%s", reason);
}

/* A thought in a block or in a delta. */
static void
want_reasoning(struct wanted *w, json_object *reasoning)
{
	json_object *text = told_dig(reasoning, "reasoningText");

	told_add(&w->told.reasoning, reasoning, "text");
	told_add(&w->told.reasoning, text, "text");
	told_add(&w->signatures, reasoning, "signature");
	told_add(&w->signatures, text, "signature");
	told_add(&w->signatures, reasoning, "redactedContent");
}

static void
want_block(struct wanted *w, json_object *block)
{
	json_object *cited = told_dig(block, "citationsContent");
	json_object *use = told_dig(block, "toolUse");
	json_object *texts = told_dig(cited, "content");

	told_add(&w->told.text, block, "text");
	want_reasoning(w, told_dig(block, "reasoningContent"));
	for (size_t i = 0; i < told_length(texts); i++)
		told_add(&w->told.text, json_object_array_get_idx(texts, i),
		    "text");
	w->blocks += told_dig(block, "toolResult") != NULL;
	want_call(w, use);
	if (w->in_call)
		sbuf_adds(&w->arguments, plain(told_dig(use, "input")));
	want_call_end(w);
}

static void
want_reply(struct wanted *w, json_object *reply)
{
	json_object *content =
	    told_dig(told_dig(told_dig(reply, "output"), "message"), "content");

	for (size_t i = 0; i < told_length(content); i++)
		want_block(w, json_object_array_get_idx(content, i));
	want_stop(w, recordings_str(reply, "stopReason"));
	want_usage(w, told_dig(reply, "usage"));
	w->traces += told_dig(reply, "trace") != NULL;
}

static void
want_delta(struct wanted *w, json_object *delta)
{
	json_object *use = told_dig(delta, "toolUse");

	if (told_dig(delta, "text") != NULL)
		want_call_end(w);
	told_add(&w->told.text, delta, "text");
	want_reasoning(w, told_dig(delta, "reasoningContent"));
	if (w->in_call)
		told_add(&w->arguments, use, "input");
}

static void
want_event(struct wanted *w, const char *name, json_object *o)
{
	if (strcmp(name, "contentBlockDelta") == 0)
		want_delta(w, told_dig(o, "delta"));
	else if (strcmp(name, "contentBlockStart") == 0)
		want_call(w, told_dig(told_dig(o, "start"), "toolUse"));
	else if (strcmp(name, "contentBlockStop") == 0)
		want_call_end(w);
	else if (strcmp(name, "messageStop") == 0)
		want_stop(w, recordings_str(o, "stopReason"));
	else if (strcmp(name, "metadata") == 0)
		want_usage(w, told_dig(o, "usage"));
	else
		ck_assert_str_eq(name, "messageStart");
	w->traces += told_dig(o, "trace") != NULL;
}

static uint32_t
big_endian(const char *bytes)
{
	const unsigned char *p = (const unsigned char *)bytes;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Frames by their lengths; the name lies behind ":event-type". */
static void
want_stream(struct wanted *w, struct slice in, size_t *stop_at)
{
	static const char type[] = ":event-type\x07";
	char name[64];

	for (size_t at = 0, n; at < in.n; at += n) {
		const char *frame = in.p + at, *p;
		size_t head = big_endian(frame + 4);
		json_object *o;

		n = big_endian(frame);
		p = memmem(frame, n, type, sizeof type - 1);
		ck_assert_ptr_nonnull(p);
		p += sizeof type - 1;
		snprintf(name, sizeof name, "%.*s", p[1], p + 2);
		p = strndup(frame + 12 + head, n - head - 16);
		o = json_tokener_parse(p);
		ck_assert_msg(o != NULL, "%s", p);
		want_event(w, name, o);
		if (strcmp(name, "messageStop") == 0)
			*stop_at = at + n;
		json_object_put(o);
		free((char *)(uintptr_t)p);
	}
}

/* What of the answer told.h does not read. */
static void
got_details(struct wanted *w, json_object *words)
{
	json_object *details = told_dig(words, "reasoning_details"), *d;

	for (size_t i = 0; i < told_length(details); i++) {
		d = json_object_array_get_idx(details, i);
		ck_assert_str_eq(recordings_str(d, "format"),
		    "anthropic-claude-v1");
		told_add(&w->signatures, d, "signature");
		told_add(&w->signatures, d, "data");
	}
}

static void
got_json(struct wanted *w, const char *text, const char *words)
{
	json_object *o = json_tokener_parse(text);
	json_object *choices = told_dig(o, "choices");
	json_object *fields = told_dig(o, "provider_specific_fields");

	if (told_length(choices) > 0)
		got_details(w,
		    told_dig(json_object_array_get_idx(choices, 0), words));
	w->blocks += (unsigned)told_length(told_dig(fields, "content_blocks"));
	w->traces += told_dig(fields, "trace") != NULL;
	json_object_put(o);
}

static void
got_stream(struct wanted *w, const char *frames)
{
	const char *end;

	while ((end = strstr(frames, "\n\n")) != NULL) {
		char *data = strndup(frames + 6, (size_t)(end - frames) - 6);

		if (strcmp(data, "[DONE]") != 0)
			got_json(w, data, "delta");
		free(data);
		frames = end + 2;
	}
}

static void
check_equal(const struct wanted *want, const struct wanted *got,
    const struct told_run *run, const char *name)
{
	told_expect(&want->told, &got->told, run, name);
	told_expect_text(&want->signatures, &got->signatures, "signatures",
	    name);
	ck_assert_msg(want->blocks == got->blocks, "%s: %u blocks", name,
	    got->blocks);
	ck_assert_msg(want->traces == got->traces, "%s: %u traces", name,
	    got->traces);
}

/* Calls of a whole reply, their arguments without blanks. */
static void
got_plain_calls(struct told *t, const char *text)
{
	json_object *reply = json_tokener_parse(text), *calls, *function, *o;

	calls = told_dig(told_dig(json_object_array_get_idx(told_dig(reply,
								"choices"),
				      0),
			     "message"),
	    "tool_calls");
	sbuf_clear(&t->calls);
	for (size_t i = 0; i < told_length(calls); i++) {
		o = json_object_array_get_idx(calls, i);
		function = told_dig(o, "function");
		sbuf_addf(&t->calls, ";%s %s=", recordings_str(o, "id"),
		    recordings_str(function, "name"));
		o = json_tokener_parse(recordings_str(function, "arguments"));
		sbuf_adds(&t->calls, plain(o));
		json_object_put(o);
	}
	json_object_put(reply);
}

static void
check_reply(const struct told_case *c)
{
	struct wanted want = { .blocks = 0 }, got = { .blocks = 0 };
	json_object *reply = json_tokener_parse(c->body.data);
	struct told_run run;
	struct reply read;
	struct err e;

	want_reply(&want, reply);
	told_whole(converse(), sbuf_slice(&c->body), &run);
	ck_assert_msg(run.fed == 1, "%s: %s", c->name, run.e.text);
	told_read_whole(&got.told, run.sent.data);
	got_plain_calls(&got.told, run.sent.data);
	got_json(&got, run.sent.data, "message");
	ck_assert_int_eq(reply_read(sbuf_slice(&run.sent), 0, &read, &e), 1);
	check_equal(&want, &got, &run, c->name);
	json_object_put(reply);
	sbuf_free(&run.sent);
	wanted_free(&want);
	wanted_free(&got);
}

/*
 * One byte after the other: never more than a beginning of the whole.  Ended
 * there in good order, it is complete behind the frame that says stop, and
 * nowhere inside one.
 */
static void
check_cuts(const struct told_case *c, const struct told_run *whole,
    size_t stop_at)
{
	struct decode_opts opts = told_opts(converse());
	struct decode *d = decode_new(&opts);
	struct sbuf sent = { 0 };
	struct told_run run;
	struct err e;

	for (size_t at = 0; at < c->body.len; at++) {
		char byte = c->body.data[at];
		size_t before = sent.len;

		ck_assert_msg(decode_feed(d, (struct slice){ &byte, 1 }, &sent,
				  &e) == 0,
		    "%s: at %zu", c->name, at);
		ck_assert_msg(sent.len == before ||
				  (slice_starts(sbuf_slice(&whole->sent),
				       sbuf_slice(&sent)) &&
				      (strstr(sent.data, "[DONE]") == NULL) ==
					  (sent.len < whole->sent.len)),
		    "%s: cut at %zu", c->name, at);
		if (at < c->body.len - 900 && at % 89 != 0)
			continue;
		told_stream(converse(), (struct slice){ c->body.data, at },
		    4096, true, &run);
		ck_assert_msg(run.fed == 0 &&
				  (strstr(run.sent.data, "[DONE]") != NULL) ==
				      (at == stop_at),
		    "%s: ended at %zu", c->name, at);
		sbuf_free(&run.sent);
	}
	sbuf_free(&sent);
	decode_free(&d);
}

/* A bit that is wrong anywhere is seen. */
static void
check_flips(const struct told_case *c)
{
	struct told_run run;

	for (size_t at = 0; at < c->body.len; at += 1 + c->body.len / 199) {
		c->body.data[at] = (char)(c->body.data[at] ^ 1 << at % 8);
		told_stream(converse(), sbuf_slice(&c->body), 4096, true, &run);
		ck_assert_msg(run.fed == -1, "%s: wrong at %zu", c->name, at);
		ck_assert_int_eq(run.e.kind, ERR_UPSTREAM_STREAM);
		ck_assert_ptr_null(
		    run.sent.len > 0 ? strstr(run.sent.data, "[DONE]") : NULL);
		c->body.data[at] = (char)(c->body.data[at] ^ 1 << at % 8);
		sbuf_free(&run.sent);
	}
}

static void
check_stream(const struct told_case *c)
{
	struct wanted want = { .blocks = 0 }, got = { .blocks = 0 };
	struct slice text = sbuf_slice(&c->body);
	struct told_run run;
	size_t stop_at = 0;

	told_stream(converse(), text, text.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", c->name, run.e.text);
	want_stream(&want, text, &stop_at);
	told_read_stream(&got.told, run.sent.data);
	got_stream(&got, run.sent.data);
	ck_assert_uint_eq(got.told.done, 1);
	told_relay(&run, RELAY_COMPLETE, c->name);
	check_equal(&want, &got, &run, c->name);
	told_check_pieces(converse(), text, &run, c->name);
	check_cuts(c, &run, stop_at);
	check_flips(c);
	sbuf_free(&run.sent);
	wanted_free(&want);
	wanted_free(&got);
}

struct seen {
	unsigned replies, streams, errors;
};

static void
check_error(const struct told_case *c)
{
	struct relay_error error;

	ck_assert_int_eq(relay_error_read(sbuf_slice(&c->body), c->status,
			     &error),
	    1);
	ck_assert_int_eq(error.status, c->status);
}

static void
check_case(const struct told_case *c, void *arg)
{
	struct seen *seen = arg;

	if (c->status != 200)
		check_error(c);
	else if (c->stream)
		check_stream(c);
	else
		check_reply(c);
	seen->errors += c->status != 200;
	seen->streams += c->status == 200 && c->stream;
	seen->replies += c->status == 200 && !c->stream;
}

START_TEST(test_recordings)
{
	struct seen seen = { 0, 0, 0 };

	for (size_t i = 0; i < COUNT(groups); i++)
		told_each(groups[i].group, groups[i].least, check_case, &seen);
	told_each("_errors_reported/bedrock-converse", 1, check_case, &seen);
	if (!recordings_exist())
		return;
	ck_assert_uint_ge(seen.replies, 13);
	ck_assert_uint_ge(seen.streams, 20);
	ck_assert_uint_ge(seen.errors, 3);
}
END_TEST

START_TEST(test_worked)
{
	told_worked(converse(), "bedrock-converse",
	    "once-toolresult-cachewrite-9cfbe1",
	    (struct usage_figures){ .prompt = 2556,
		.completion = 4,
		.total = 2560,
		.cache_write = 2492 });
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/converse_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_recordings);
	tcase_add_test(tc, test_worked);
	suite_add_tcase(s, tc);
	return s;
}

/*
 * Every recorded answer of Bedrock's invoke as chat, compared with what
 * another JSON parser finds in the frames, which lie beside them unwrapped.
 */

#include "tests/suite.h"

#include <openssl/evp.h>

#include "base/kind.h"
#include "tests/dialect/told.h"

struct wanted {
	struct told told;
	struct sbuf signatures;
	bool in_call, has_arguments;
};

static void
wanted_free(struct wanted *w)
{
	told_free(&w->told);
	sbuf_free(&w->signatures);
}

static const struct dialect *
invoke(void)
{
	return dialect_find(KIND_BEDROCK_INVOKE, SLICE("m"), 0);
}

static void
want_stop(struct wanted *w, const char *word)
{
	static const char *const words[][2] = {
		{ "end_turn", "stop" },
		{ "stop_sequence", "stop" },
		{ "stop", "stop" },
		{ "COMPLETE", "stop" },
		{ "tool_use", "tool_calls" },
		{ "max_tokens", "length" },
		{ "MAX_TOKENS", "length" },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i][0], word) == 0)
			told_finish(&w->told, words[i][1]);
	ck_assert_msg(w->told.finishes == 1, "%s", word);
}

/* Claude's figures, the last of each. */
static void
want_claude_usage(struct told *t, json_object *usage)
{
	struct usage_figures *f = &t->usage;

	if (usage == NULL)
		return;
	t->has_usage = true;
	if (told_dig(usage, "input_tokens") != NULL) {
		f->cached = told_count(usage, "cache_read_input_tokens");
		f->cache_write =
		    told_count(usage, "cache_creation_input_tokens");
		f->prompt = told_count(usage, "input_tokens") + f->cached +
		            f->cache_write;
	}
	f->completion = told_count(usage, "output_tokens");
	f->reasoning = told_count(told_dig(usage, "output_tokens_details"),
	    "thinking_tokens");
	f->total = f->prompt + f->completion;
}

static void
want_metrics(struct told *t, json_object *metrics)
{
	if (metrics == NULL || t->has_usage)
		return;
	t->has_usage = true;
	t->usage.prompt = told_count(metrics, "inputTokenCount");
	t->usage.completion = told_count(metrics, "outputTokenCount");
	t->usage.total = t->usage.prompt + t->usage.completion;
}

static void
want_claude_block(struct wanted *w, json_object *block)
{
	w->in_call = strcmp(recordings_str(block, "type"), "tool_use") == 0;
	w->has_arguments = false;
	told_add(&w->told.text, block, "text");
	if (!w->in_call)
		return;
	w->told.n_calls++;
	sbuf_addf(&w->told.calls, ";%s %s=", recordings_str(block, "id"),
	    recordings_str(block, "name"));
}

static void
want_claude_delta(struct wanted *w, json_object *delta)
{
	told_add(&w->told.text, delta, "text");
	told_add(&w->told.reasoning, delta, "thinking");
	told_add(&w->signatures, delta, "signature");
	told_add(&w->told.calls, delta, "partial_json");
	w->has_arguments |= recordings_str(delta, "partial_json")[0] != '\0';
	if (told_dig(delta, "stop_reason") != NULL)
		want_stop(w, recordings_str(delta, "stop_reason"));
}

static void
want_claude(struct wanted *w, json_object *o)
{
	if (told_dig(o, "content_block") != NULL)
		want_claude_block(w, told_dig(o, "content_block"));
	want_claude_delta(w, told_dig(o, "delta"));
	if (strcmp(recordings_str(o, "type"), "content_block_stop") == 0 &&
	    w->in_call && !w->has_arguments)
		sbuf_adds(&w->told.calls, "{}");
	want_claude_usage(&w->told, told_dig(told_dig(o, "message"), "usage"));
	want_claude_usage(&w->told, told_dig(o, "usage"));
}

static void
want_string_stop(struct wanted *w, json_object *o, const char *name)
{
	json_object *v = told_dig(o, name);

	if (json_object_is_type(v, json_type_string))
		want_stop(w, json_object_get_string(v));
}

/* The first of a list, when it has one. */
static json_object *
want_first(json_object *o)
{
	static const char *const lists[] = { "choices", "generations" };

	for (size_t i = 0; i < COUNT(lists); i++)
		if (told_length(told_dig(o, lists[i])) > 0)
			return json_object_array_get_idx(told_dig(o, lists[i]),
			    0);
	return o;
}

static void
want_other(struct wanted *w, json_object *o)
{
	json_object *first = want_first(o);

	told_add(&w->told.text, told_dig(first, "delta"), "content");
	told_add(&w->told.text, first, "completion");
	told_add(&w->told.text, first, "generation");
	told_add(&w->told.text, first, "text");
	want_string_stop(w, first, "stop_reason");
	want_string_stop(w, first, "finish_reason");
	want_metrics(&w->told, told_dig(o, "amazon-bedrock-invocationMetrics"));
}

static void
want_stream(struct wanted *w, const char *name)
{
	char path[8192];
	struct sbuf lines = { 0 };
	char *line, *rest;

	snprintf(path, sizeof path, "%s/recordings/%s/response.events.jsonl",
	    recordings_shared(), name);
	ck_assert(recordings_read(path, &lines));
	rest = lines.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		json_object *o = json_tokener_parse(line), *chunk;

		chunk = told_dig(told_dig(o, "payload"), "_chunk");
		if (told_dig(chunk, "type") != NULL)
			want_claude(w, chunk);
		else if (chunk != NULL)
			want_other(w, chunk);
		json_object_put(o);
	}
	sbuf_free(&lines);
}

static void
want_reply(struct wanted *w, json_object *o)
{
	json_object *nova = told_dig(told_dig(o, "output"), "message");
	json_object *content = told_dig(nova != NULL ? nova : o, "content");

	for (size_t i = 0; i < told_length(content); i++)
		told_add(&w->told.text, json_object_array_get_idx(content, i),
		    "text");
	if (nova != NULL) {
		want_stop(w, recordings_str(o, "stopReason"));
	} else {
		want_claude_usage(&w->told, told_dig(o, "usage"));
		want_other(w, o);
	}
	/* Llama's own; it writes no other. */
	if (told_dig(o, "prompt_token_count") == NULL)
		return;
	w->told.has_usage = true;
	w->told.usage.prompt = told_count(o, "prompt_token_count");
	w->told.usage.completion = told_count(o, "generation_token_count");
	w->told.usage.total = w->told.usage.prompt + w->told.usage.completion;
}

static void
check_reply(const struct told_case *c)
{
	struct wanted want = { .in_call = false };
	struct told got = { .done = 0 };
	json_object *reply = json_tokener_parse(c->body.data);
	struct told_run run;
	struct reply read;
	struct err e;

	want_reply(&want, reply);
	told_whole(invoke(), sbuf_slice(&c->body), &run);
	ck_assert_msg(run.fed == 1, "%s: %s", c->name, run.e.text);
	told_read_whole(&got, run.sent.data);
	ck_assert_int_eq(reply_read(sbuf_slice(&run.sent), 0, &read, &e), 1);
	told_expect(&want.told, &got, &run, c->name);
	json_object_put(reply);
	sbuf_free(&run.sent);
	wanted_free(&want);
	told_free(&got);
}

/* A bit that is wrong in one frame, nothing more is told. */
static void
check_flips(const struct told_case *c)
{
	struct told_run run;

	for (size_t at = 0; at < c->body.len; at += 1 + c->body.len / 97) {
		c->body.data[at] = (char)(c->body.data[at] ^ 1 << at % 8);
		told_stream(invoke(), sbuf_slice(&c->body), 4096, true, &run);
		ck_assert_msg(run.fed == -1, "%s: wrong at %zu", c->name, at);
		c->body.data[at] = (char)(c->body.data[at] ^ 1 << at % 8);
		sbuf_free(&run.sent);
	}
}

static void
check_cuts(const struct told_case *c, const struct told_run *whole)
{
	struct decode_opts opts = told_opts(invoke());
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
		if (at % 41 != 0)
			continue;
		told_stream(invoke(), (struct slice){ c->body.data, at }, 4096,
		    true, &run);
		ck_assert_msg(run.fed == 0 &&
				  strstr(run.sent.data, "[DONE]") == NULL,
		    "%s: ended at %zu", c->name, at);
		sbuf_free(&run.sent);
	}
	sbuf_free(&sent);
	decode_free(&d);
}

static void
got_signatures(struct sbuf *b, const char *frames)
{
	static const char name[] = "\"signature\":\"";
	const char *end;

	while ((frames = strstr(frames, name)) != NULL) {
		frames += sizeof name - 1;
		end = strchr(frames, '"');
		sbuf_add(b, frames, (size_t)(end - frames));
	}
}

/* What Anthropic itself would have streamed, from the base64. */
static void
want_native(struct sbuf *b, struct slice in)
{
	static const char bytes[] = "\"bytes\":\"", type[] = "\"type\":\"",
			  metrics[] = ",\"amazon-bedrock-invocationMetrics\"";
	const char *p = in.p, *end, *at;

	while ((p = memmem(p, in.n - (size_t)(p - in.p), bytes,
		    sizeof bytes - 1)) != NULL) {
		struct sbuf inner = { 0 };
		size_t n, pad;

		p += sizeof bytes - 1;
		end = memchr(p, '"', in.n - (size_t)(p - in.p));
		n = (size_t)(end - p);
		pad = (size_t)(end[-1] == '=') + (end[-2] == '=');
		sbuf_reserve(&inner, n);
		EVP_DecodeBlock((unsigned char *)inner.data,
		    (const unsigned char *)p, (int)n);
		inner.len = n / 4 * 3 - pad;
		inner.data[inner.len] = '\0';
		at = strstr(inner.data, type);
		if (at != NULL) {
			at += sizeof type - 1;
			sbuf_addf(b, "event: %.*s\n", (int)strcspn(at, "\""),
			    at);
		}
		at = strstr(inner.data, metrics);
		if (at != NULL) {
			inner.len = (size_t)(at - inner.data);
			sbuf_addc(&inner, '}');
		}
		sbuf_addf(b, "data: %s\n\n", inner.data);
		sbuf_free(&inner);
	}
}

static void
check_native(const struct told_case *c)
{
	struct decode_opts opts = told_opts(invoke());
	struct sbuf want = { 0 }, raw = { 0 }, chat = { 0 };
	struct decode *d;
	struct err e;

	opts.raw = &raw;
	d = decode_new(&opts);
	for (size_t at = 0; at < c->body.len; at++)
		ck_assert_int_eq(decode_feed(d,
				     (struct slice){ c->body.data + at, 1 },
				     &chat, &e),
		    0);
	ck_assert_int_eq(decode_end(d, &chat, &e), 0);
	want_native(&want, sbuf_slice(&c->body));
	told_expect_text(&want, &raw, "native", c->name);
	decode_free(&d);
	sbuf_free(&want);
	sbuf_free(&raw);
	sbuf_free(&chat);
}

static void
check_stream(const struct told_case *c)
{
	struct wanted want = { .in_call = false };
	struct told got = { .done = 0 };
	struct sbuf signatures = { 0 };
	struct slice text = sbuf_slice(&c->body);
	struct told_run run;

	told_stream(invoke(), text, text.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", c->name, run.e.text);
	want_stream(&want, c->name);
	told_read_stream(&got, run.sent.data);
	ck_assert_uint_eq(got.done, 1);
	told_relay(&run, RELAY_COMPLETE, c->name);
	told_expect(&want.told, &got, &run, c->name);
	got_signatures(&signatures, run.sent.data);
	told_expect_text(&want.signatures, &signatures, "signatures", c->name);
	told_check_pieces(invoke(), text, &run, c->name);
	check_cuts(c, &run);
	check_flips(c);
	sbuf_free(&signatures);
	sbuf_free(&run.sent);
	wanted_free(&want);
	told_free(&got);
}

struct seen {
	unsigned replies, streams, natives;
};

static void
check_case(const struct told_case *c, void *arg)
{
	struct seen *seen = arg;

	if (c->status != 200)
		return;
	if (c->stream)
		check_stream(c);
	else
		check_reply(c);
	/* {"type":", as base64 */
	if (c->stream &&
	    memmem(c->body.data, c->body.len, "eyJ0eXBlIjoi", 12) != NULL) {
		check_native(c);
		seen->natives++;
	}
	seen->streams += c->stream;
	seen->replies += !c->stream;
}

START_TEST(test_recordings)
{
	struct seen seen = { 0, 0, 0 };

	told_each("bedrock-invoke", 15, check_case, &seen);
	if (!recordings_exist())
		return;
	ck_assert_uint_ge(seen.replies, 6);
	ck_assert_uint_ge(seen.streams, 8);
	ck_assert_uint_ge(seen.natives, 4);
}
END_TEST

START_TEST(test_worked)
{
	told_worked(invoke(), "bedrock-invoke",
	    "once-cacheread-stop-length-e902a5",
	    (struct usage_figures){ .prompt = 18135,
		.completion = 50,
		.total = 18185,
		.cached = 18131 });
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/invoke_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_recordings);
	tcase_add_test(tc, test_worked);
	suite_add_tcase(s, tc);
	return s;
}

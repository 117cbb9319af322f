/*
 * Every recorded answer of Anthropic's grammar: what a chat client would read
 * is checked by another JSON parser, against the provider's own bytes.
 */

#include "tests/suite.h"

#include "dialect/anthropic.h"
#include "proto/assemble.h"
#include "proto/reply.h"
#include "tests/dialect/asking.h"
#include "tests/dialect/telling.h"
#include "tests/proto/recordings.h"

#define EVERY_BYTE 12000 /* bytes of a stream that is cut at every one */
#define TAIL 1500        /* of longer ones: that much of the end */

/* The inner events of invoke, one a line. */
static const struct dialect invoke_lines = {
	.frames = FRAMES_LINES,
	.state_size = sizeof(struct anthropic_state),
	.reply = anthropic_reply,
	.event = anthropic_event,
};

static const struct group {
	const char *name;
	enum provider_kind kind;
	unsigned least; /* answers of status 200 */
} groups[] = {
	{ "anthropic", KIND_ANTHROPIC, 38 },
	{ "openrouter-messages", KIND_ANTHROPIC, 1 },
	{ "vertex-claude", KIND_VERTEX_CLAUDE, 6 },
	{ "bedrock-invoke", KIND_BEDROCK_INVOKE, 6 },
	{ "_responses_only/anthropic", KIND_ANTHROPIC, 36 },
};

/* What an answer says, read from either side. */
struct said {
	struct sbuf content, reasoning, calls, details;
	const char *finish;
	unsigned annotations, blocks;
	int64_t input, read, created, output, thinking;
};

static void
said_free(struct said *s)
{
	sbuf_free(&s->content);
	sbuf_free(&s->reasoning);
	sbuf_free(&s->calls);
	sbuf_free(&s->details);
}

static json_object *
dig(json_object *o, const char *a, const char *b)
{
	o = json_object_object_get(o, a);
	return b != NULL ? json_object_object_get(o, b) : o;
}

/* Any JSON text, written in one way. */
static void
add_json(struct sbuf *b, const char *text)
{
	json_object *o = json_tokener_parse(text);

	sbuf_adds(b, json_object_to_json_string_ext(o, 0));
	json_object_put(o);
}

static void
add_call(struct sbuf *b, json_object *block, const char *input)
{
	sbuf_adds(b, recordings_str(block, "id"));
	sbuf_adds(b, recordings_str(block, "name"));
	add_json(b, input[0] != '\0' ? input : "{}");
}

static void
set_figure(json_object *usage, const char *name, int64_t *to)
{
	json_object *v = dig(usage, name, NULL);

	if (v != NULL)
		*to = json_object_get_int64(v);
}

static void
theirs_usage(struct said *s, json_object *usage)
{
	json_object *v;

	set_figure(usage, "input_tokens", &s->input);
	set_figure(usage, "output_tokens", &s->output);
	set_figure(usage, "cache_read_input_tokens", &s->read);
	set_figure(usage, "cache_creation_input_tokens", &s->created);
	v = dig(usage, "output_tokens_details", NULL);
	if (v != NULL)
		set_figure(v, "thinking_tokens", &s->thinking);
}

static void
theirs_stop(struct said *s, const char *reason)
{
	static const char *const words[][2] = { { "max_tokens", "length" },
		{ "refusal", "content_filter" }, { "tool_use", "tool_calls" } };

	if (reason == NULL || reason[0] == '\0')
		return;
	s->finish = "stop";
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(reason, words[i][0]) == 0)
			s->finish = words[i][1];
}

/* A block as it was when it was over; parts: what deltas added to it. */
static void
theirs_block(struct said *s, json_object *block, struct sbuf parts[3])
{
	const char *type = recordings_str(block, "type");
	json_object *list = dig(block, "citations", NULL);

	if (strcmp(type, "text") == 0) {
		sbuf_adds(&s->content, recordings_str(block, "text"));
		sbuf_add_slice(&s->content, sbuf_slice(&parts[0]));
		for (size_t i = 0; list && i < json_object_array_length(list);
		     i++)
			s->annotations +=
			    recordings_str(json_object_array_get_idx(list, i),
				"url")[0] != '\0';
	} else if (strcmp(type, "thinking") == 0) {
		sbuf_adds(&s->reasoning, recordings_str(block, "thinking"));
		sbuf_add_slice(&s->reasoning, sbuf_slice(&parts[0]));
		sbuf_adds(&s->details, recordings_str(block, "thinking"));
		sbuf_add_slice(&s->details, sbuf_slice(&parts[0]));
		sbuf_adds(&s->details, recordings_str(block, "signature"));
		sbuf_add_slice(&s->details, sbuf_slice(&parts[1]));
	} else if (strcmp(type, "redacted_thinking") == 0) {
		sbuf_adds(&s->details, recordings_str(block, "data"));
	} else if (strcmp(type, "tool_use") == 0) {
		add_call(&s->calls, block,
		    parts[2].len > 0 ? parts[2].data
				     : json_object_to_json_string(
					   dig(block, "input", NULL)));
	} else {
		s->blocks++;
	}
}

static void
theirs_content(struct said *s, json_object *content)
{
	struct sbuf none[3] = { { 0 } };

	for (size_t i = 0; i < json_object_array_length(content); i++)
		theirs_block(s, json_object_array_get_idx(content, i), none);
}

static void
theirs_whole(struct said *s, const char *text)
{
	json_object *o = json_tokener_parse(text);

	s->finish = "stop";
	theirs_content(s, dig(o, "content", NULL));
	theirs_stop(s, recordings_str(o, "stop_reason"));
	theirs_usage(s, dig(o, "usage", NULL));
	json_object_put(o);
}

static void
theirs_delta(struct said *s, json_object *delta, struct sbuf parts[3])
{
	static const struct {
		const char *name;
		int part;
	} members[] = { { "text", 0 }, { "thinking", 0 }, { "signature", 1 },
		{ "partial_json", 2 } };

	for (size_t i = 0; i < COUNT(members); i++)
		sbuf_adds(&parts[members[i].part],
		    recordings_str(delta, members[i].name));
	s->annotations +=
	    recordings_str(dig(delta, "citation", NULL), "url")[0] != '\0';
}

/* One event; true: it was the last. */
static bool
theirs_event(struct said *s, json_object *o, json_object **block,
    struct sbuf parts[3])
{
	const char *type = recordings_str(o, "type");

	if (strcmp(type, "message_start") == 0) {
		theirs_content(s, dig(o, "message", "content"));
		theirs_stop(s,
		    recordings_str(dig(o, "message", NULL), "stop_reason"));
		theirs_usage(s, dig(o, "message", "usage"));
	} else if (strcmp(type, "content_block_start") == 0) {
		*block = json_object_get(dig(o, "content_block", NULL));
	} else if (strcmp(type, "content_block_delta") == 0) {
		theirs_delta(s, dig(o, "delta", NULL), parts);
	} else if (strcmp(type, "content_block_stop") == 0) {
		theirs_block(s, *block, parts);
		json_object_put(*block);
		*block = NULL;
		for (int i = 0; i < 3; i++)
			sbuf_clear(&parts[i]);
	} else if (strcmp(type, "message_delta") == 0) {
		theirs_stop(s,
		    recordings_str(dig(o, "delta", NULL), "stop_reason"));
		theirs_usage(s, dig(o, "usage", NULL));
	}
	return strcmp(type, "message_stop") == 0;
}

/* Lines of JSON, with or without "data:". */
static void
theirs_stream(struct said *s, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;
	struct sbuf parts[3] = { { 0 } };
	json_object *o, *block = NULL;
	bool last = false;

	while (!last && (line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "data:", 5) == 0)
			line += 5;
		o = strchr(line, '{') ? json_tokener_parse(line) : NULL;
		last = o != NULL && theirs_event(s, o, &block, parts);
		json_object_put(o);
	}
	for (int i = 0; i < 3; i++)
		sbuf_free(&parts[i]);
	free(copy);
}

static void
ours_details(struct said *s, json_object *list)
{
	json_object *o;

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		o = json_object_array_get_idx(list, i);
		ck_assert_str_eq(recordings_str(o, "format"),
		    "anthropic-claude-v1");
		ck_assert_int_eq(json_object_get_int(dig(o, "index", NULL)),
		    (int)i);
		sbuf_adds(&s->details, recordings_str(o, "text"));
		sbuf_adds(&s->details, recordings_str(o, "signature"));
		sbuf_adds(&s->details, recordings_str(o, "data"));
	}
}

/* Each annotation lies in the content. */
static void
ours_annotations(struct said *s, json_object *list)
{
	json_object *o;

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		o = dig(json_object_array_get_idx(list, i), "url_citation",
		    NULL);
		ck_assert_int_lt(json_object_get_int(
				     dig(o, "start_index", NULL)),
		    json_object_get_int(dig(o, "end_index", NULL)));
		ck_assert(recordings_str(o, "url")[0] != '\0');
		ck_assert(recordings_str(o, "title")[0] != '\0');
		s->annotations++;
	}
}

/* A chat.completion of ours. */
static void
ours(struct said *s, json_object *o, char finish[32])
{
	json_object *choice, *message, *list, *call;

	choice = json_object_array_get_idx(dig(o, "choices", NULL), 0);
	message = dig(choice, "message", NULL);
	snprintf(finish, 32, "%s", recordings_str(choice, "finish_reason"));
	s->finish = finish;
	sbuf_adds(&s->content, recordings_str(message, "content"));
	sbuf_adds(&s->reasoning, recordings_str(message, "reasoning_content"));
	list = dig(message, "tool_calls", NULL);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		call = json_object_array_get_idx(list, i);
		sbuf_adds(&s->calls, recordings_str(call, "id"));
		sbuf_adds(&s->calls,
		    recordings_str(dig(call, "function", NULL), "name"));
		add_json(&s->calls,
		    recordings_str(dig(call, "function", NULL), "arguments"));
	}
	ours_details(s, dig(message, "reasoning_details", NULL));
	ours_annotations(s, dig(message, "annotations", NULL));
	list = dig(o, "provider_specific_fields", "content_blocks");
	s->blocks = list ? (unsigned)json_object_array_length(list) : 0;
}

static void
expect_text(const char *name, const char *what, const struct sbuf *theirs,
    const struct sbuf *mine)
{
	ck_assert_msg(slice_eq(sbuf_slice(theirs), sbuf_slice(mine)),
	    "%s: %s\n%.*s\nis not\n%.*s", name, what,
	    SLICE_ARGS(sbuf_slice(mine)), SLICE_ARGS(sbuf_slice(theirs)));
}

static void
expect_usage(const char *name, const struct said *s,
    const struct decode_state *st)
{
	struct usage_figures f;

	ck_assert_msg(st->has_usage, "%s: no usage", name);
	ck_assert(!st->usage.anomaly);
	usage_sum(&st->usage, &f);
	ck_assert_int_eq(f.prompt, s->input + s->read + s->created);
	ck_assert_int_eq(f.completion, s->output);
	ck_assert_int_eq(f.cached, s->read);
	ck_assert_int_eq(f.cache_write, s->created);
	ck_assert_int_eq(f.reasoning, s->thinking);
	ck_assert_int_eq(st->in_tokens, f.prompt);
}

/* What the client says again: thoughts and calls, unchanged and in order. */
static void
expect_back(const char *name, const struct said *theirs, json_object *message)
{
	struct sbuf request = { 0 };
	struct said again = { 0 };
	struct asking q;
	json_object *o;

	sbuf_addf(&request,
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},%s]}",
	    json_object_to_json_string_ext(message,
		JSON_C_TO_STRING_NOSLASHESCAPE));
	asking_read(&q, sbuf_slice(&request));
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_msg(q.done == 0, "%s: %s", name, q.asked.err.text);
	o = json_tokener_parse(q.body.data);
	message = json_object_array_get_idx(dig(o, "messages", NULL), 1);
	/* An answer without a word is no turn. */
	if (message != NULL)
		theirs_content(&again, dig(message, "content", NULL));
	expect_text(name, "details back", &theirs->details, &again.details);
	expect_text(name, "calls back", &theirs->calls, &again.calls);
	if (again.details.len > 0)
		ck_assert_ptr_nonnull(
		    strstr(recordings_str(json_object_array_get_idx(
					      dig(message, "content", NULL), 0),
			       "type"),
			"thinking"));
	said_free(&again);
	json_object_put(o);
	asking_end(&q);
	sbuf_free(&request);
}

static void
expect_same(const char *name, const struct said *theirs, struct slice chat,
    const struct decode_state *st)
{
	json_object *o = json_tokener_parse(chat.p);
	struct said mine = { .finish = "" };
	char finish[32];

	ck_assert_msg(o != NULL, "%s: %.200s", name, chat.p);
	ours(&mine, o, finish);
	expect_text(name, "content", &theirs->content, &mine.content);
	expect_text(name, "reasoning", &theirs->reasoning, &mine.reasoning);
	expect_text(name, "calls", &theirs->calls, &mine.calls);
	expect_text(name, "details", &theirs->details, &mine.details);
	ck_assert_msg(theirs->finish != NULL, "%s: no finish", name);
	ck_assert_str_eq(mine.finish, theirs->finish);
	ck_assert_uint_eq(mine.annotations, theirs->annotations);
	ck_assert_uint_eq(mine.blocks, theirs->blocks);
	expect_usage(name, theirs, st);
	expect_back(name, theirs,
	    dig(json_object_array_get_idx(dig(o, "choices", NULL), 0),
		"message", NULL));
	said_free(&mine);
	json_object_put(o);
}

static void
check_whole(const char *name, const struct dialect *dialect,
    const struct sbuf *body)
{
	struct telling t = { .dialect = dialect };
	struct said theirs = { 0 };
	struct reply r;
	struct err e;

	theirs_whole(&theirs, body->data);
	telling_whole(&t, sbuf_slice(body));
	ck_assert_msg(t.done == 1, "%s: %s", name, t.err.text);
	ck_assert_int_eq(reply_read(sbuf_slice(&t.chat), 0, &r, &e), 1);
	ck_assert_uint_eq(r.choices, 1);
	expect_same(name, &theirs, sbuf_slice(&t.chat), &t.state);
	said_free(&theirs);
	telling_end(&t);
}

static void
check_cuts(const char *name, const struct dialect *dialect,
    const struct sbuf *body, const struct telling *whole)
{
	struct telling t = { .dialect = dialect };
	size_t at = body->len > EVERY_BYTE ? body->len - TAIL : 0;

	for (; at < body->len; at += CUT_STEP) {
		telling_stream(&t, (struct slice){ body->data, at }, at);
		if (t.complete)
			ck_assert_msg(strcmp(t.chat.data, whole->chat.data) ==
					  0,
			    "%s: cut at %zu", name, at);
		else
			ck_assert_msg(strstr(t.chat.data, "[DONE]") == NULL &&
					  strstr(t.chat.data,
					      "\"finish_reason\":\"") == NULL &&
					  slice_starts(sbuf_slice(&whole->chat),
					      sbuf_slice(&t.chat)),
			    "%s: cut at %zu", name, at);
	}
	telling_end(&t);
}

static void
check_stream(const char *name, const struct dialect *dialect,
    const struct sbuf *body)
{
	struct telling t = { .dialect = dialect }, u = { .dialect = dialect };
	struct assemble *a = assemble_new(SIZE_MAX);
	struct said theirs = { 0 };
	struct sbuf reply = { 0 };

	theirs_stream(&theirs, body->data);
	telling_stream(&t, sbuf_slice(body), body->len);
	ck_assert_msg(t.done == 0 && t.complete, "%s: %d %s", name, t.done,
	    t.chat.data);
	ck_assert_msg(strcmp(t.chat.data, t.relay.data) == 0,
	    "%s: the relay changed it", name);
	for (size_t step = 0; step < 2; step++) {
		telling_stream(&u, sbuf_slice(body), step);
		ck_assert_str_eq(u.chat.data, t.chat.data);
	}
	ck_assert_int_eq(assemble_frames(a, sbuf_slice(&t.chat)), 0);
	ck_assert(assemble_is_whole(a));
	assemble_write(a, NULL, &reply);
	expect_same(name, &theirs, sbuf_slice(&reply), &t.state);
	check_cuts(name, dialect, body, &t);
	assemble_free(&a);
	sbuf_free(&reply);
	said_free(&theirs);
	telling_end(&t);
	telling_end(&u);
}

/* Claude's own lines of an AWS event stream that somebody decoded. */
static bool
inner_lines(const char *folder, struct sbuf *body)
{
	char path[16384], *line, *rest;
	struct sbuf all = { 0 };
	json_object *o, *chunk;

	snprintf(path, sizeof path, "%s/response.events.jsonl", folder);
	if (!recordings_read(path, &all))
		return false;
	sbuf_clear(body);
	rest = all.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		o = json_tokener_parse(line);
		chunk = dig(o, "payload", "_chunk");
		if (chunk != NULL) {
			sbuf_adds(body, json_object_to_json_string_ext(chunk,
					    JSON_C_TO_STRING_NOSLASHESCAPE));
			sbuf_addc(body, '\n');
		}
		json_object_put(o);
	}
	sbuf_free(&all);
	return true;
}

static bool
check_case(const struct group *group, const char *folder)
{
	const struct dialect *dialect =
	    group->kind == KIND_BEDROCK_INVOKE
		? &invoke_lines
		: dialect_find(group->kind, SLICE("claude-x"), 0);
	char path[16384];
	struct sbuf meta = { 0 }, body = { 0 };
	json_object *o;
	bool ours_too;

	snprintf(path, sizeof path, "%s/meta.json", folder);
	if (!recordings_read(path, &meta))
		return false;
	o = json_tokener_parse(meta.data);
	snprintf(path, sizeof path, "%s/%s", folder,
	    recordings_str(o, "response_file"));
	ours_too = json_object_get_int(dig(o, "status", NULL)) == 200 &&
	           (inner_lines(folder, &body) || recordings_read(path, &body));
	/* invoke serves other families too, in grammars of their own. */
	if (ours_too && group->kind == KIND_BEDROCK_INVOKE)
		ours_too = strstr(body.data, "\"type\"") != NULL &&
		           strstr(body.data, "\"usage\"") != NULL &&
		           strstr(body.data, "msg_") != NULL;
	if (ours_too && json_object_get_boolean(dig(o, "stream", NULL)))
		check_stream(folder, dialect, &body);
	else if (ours_too)
		check_whole(folder, dialect, &body);
	json_object_put(o);
	sbuf_free(&meta);
	sbuf_free(&body);
	return ours_too;
}

START_TEST(test_group)
{
	const struct group *group = &groups[_i];
	char path[4096], folder[8192];
	struct dirent *entry;
	unsigned seen = 0;
	DIR *dir;

	if (!recordings_exist())
		return;
	snprintf(path, sizeof path, "%s/recordings/%s", recordings_shared(),
	    group->name);
	dir = opendir(path);
	ck_assert_msg(dir != NULL, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(folder, sizeof folder, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			seen += check_case(group, folder);
	}
	closedir(dir);
	ck_assert_msg(seen >= group->least, "%s: %u", group->name, seen);
}
END_TEST

/* What users reported: errors under a status that says all is well. */
START_TEST(test_error_in_stream)
{
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0) };
	struct sbuf body = { 0 };
	struct relay_error r;
	char path[4096];
	const char *data;

	if (!recordings_exist())
		return;
	snprintf(path, sizeof path,
	    "%s/recordings/_errors_reported/anthropic/"
	    "200-stream-error-event/response.sse",
	    recordings_shared());
	ck_assert(recordings_read(path, &body));
	for (size_t step = 1; step <= body.len; step++) {
		telling_stream(&t, sbuf_slice(&body), step);
		ck_assert(t.done == 0 && !t.complete);
		data = strstr(t.chat.data, "data: ");
		ck_assert_ptr_nonnull(data);
		ck_assert_int_eq(relay_error_read((struct slice){ data + 6,
						      strlen(data) - 8 },
				     200, &r),
		    1);
		ck_assert_int_eq(r.status, 529);
		ck_assert_str_eq(r.message, "Overloaded");
		ck_assert_str_eq(r.type, "overloaded_error");
	}
	sbuf_free(&body);
	telling_end(&t);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/anthropic_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_group, 0, COUNT(groups));
	tcase_add_test(tc, test_error_in_stream);
	suite_add_tcase(s, tc);
	return s;
}

/*
 * Every recorded chat stream through the relay: what a client would read is
 * checked by another JSON parser, against the provider's own bytes.
 */

#include "tests/suite.h"

#include "base/err.h"
#include "proto/relay.h"
#include "tests/proto/recordings.h"

#define CHOICES 8
#define EVERY_BYTE 8000 /* bytes of a stream that is cut at every one */

/* What somebody reads from a stream, provider's or ours. */
struct reading {
	struct sbuf text[CHOICES]; /* content, reasoning, calls, in order */
	char finish[CHOICES][32];
	unsigned chunks, done, usages, errors;
	int choices;
	int64_t prompt, completion;
};

static void
reading_free(struct reading *r)
{
	int i;

	for (i = 0; i < CHOICES; i++)
		sbuf_free(&r->text[i]);
}

static void
read_call(struct sbuf *b, json_object *call)
{
	json_object *function = json_object_object_get(call, "function");

	sbuf_addc(b, '(');
	sbuf_adds(b, recordings_str(call, "id"));
	sbuf_addc(b, '|');
	sbuf_adds(b, recordings_str(function, "name"));
	sbuf_addc(b, '|');
	sbuf_adds(b, recordings_str(function, "arguments"));
	sbuf_addc(b, ')');
}

/* Mistral: texts, and lists of texts that are thoughts. */
static void
read_parts(struct sbuf *b, json_object *parts, const char *thoughts)
{
	json_object *part;

	for (size_t i = 0; i < json_object_array_length(parts); i++) {
		part = json_object_array_get_idx(parts, i);
		if (thoughts == NULL)
			sbuf_adds(b, recordings_str(part, "text"));
		else if (json_object_object_get(part, thoughts) != NULL)
			read_parts(b, json_object_object_get(part, thoughts),
			    NULL);
	}
}

static void
read_delta(struct sbuf *b, json_object *delta)
{
	json_object *calls, *content = json_object_object_get(delta, "content");
	size_t i;

	if (json_object_is_type(content, json_type_array)) {
		read_parts(b, content, NULL);
		read_parts(b, content, "thinking");
	} else {
		sbuf_adds(b, recordings_str(delta, "content"));
	}
	sbuf_adds(b, recordings_str(delta, "reasoning_content"));
	sbuf_adds(b, recordings_str(delta, "reasoning"));
	sbuf_adds(b, recordings_str(delta, "refusal"));
	calls = json_object_object_get(delta, "tool_calls");
	for (i = 0; calls != NULL && i < json_object_array_length(calls); i++)
		read_call(b, json_object_array_get_idx(calls, i));
}

/* What a call ends with that has had no arguments. */
static void
read_no_arguments(struct sbuf *b)
{
	struct slice text = sbuf_slice(b);

	if (text.n > 2 && memcmp(text.p + text.n - 2, "|)", 2) == 0 &&
	    memmem(text.p, text.n, "{", 1) == NULL)
		sbuf_adds(b, "(||{})");
}

static void
read_choice(struct reading *r, json_object *choice)
{
	int i = json_object_get_int(json_object_object_get(choice, "index"));
	json_object *finish = json_object_object_get(choice, "finish_reason");

	ck_assert_int_lt(i, CHOICES);
	if (i >= r->choices)
		r->choices = i + 1;
	if (r->finish[i][0] != '\0')
		return;
	read_delta(&r->text[i], json_object_object_get(choice, "delta"));
	if (finish != NULL) {
		read_no_arguments(&r->text[i]);
		snprintf(r->finish[i], sizeof r->finish[i], "%s",
		    json_object_get_string(finish));
	}
}

static void
read_usage(struct reading *r, json_object *chunk)
{
	json_object *u = json_object_object_get(chunk, "usage");

	if (u == NULL)
		return;
	r->usages++;
	r->prompt =
	    json_object_get_int64(json_object_object_get(u, "prompt_tokens"));
	r->completion = json_object_get_int64(
	    json_object_object_get(u, "completion_tokens"));
}

static void
read_event(struct reading *r, const char *data)
{
	json_object *chunk, *choices;
	size_t i;

	if (strcmp(data, "[DONE]") == 0) {
		r->done++;
		return;
	}
	chunk = json_tokener_parse(data);
	ck_assert_msg(chunk != NULL, "no JSON: %s", data);
	r->chunks++;
	if (json_object_object_get(chunk, "error") != NULL)
		r->errors++;
	choices = json_object_object_get(chunk, "choices");
	for (i = 0; choices != NULL && i < json_object_array_length(choices);
	     i++)
		read_choice(r, json_object_array_get_idx(choices, i));
	read_usage(r, chunk);
	json_object_put(chunk);
}

/* The provider's stream: its "data:" lines are enough for these cases. */
static void
read_provider(struct reading *r, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\r\n")) != NULL)
		if (strncmp(line, "data:", 5) == 0)
			read_event(r, line + 5 + (line[5] == ' '));
	free(copy);
}

/* One value for the whole stream. */
static void
expect_same(char **first, json_object *chunk, const char *member,
    const char *name)
{
	const char *value = recordings_str(chunk, member);

	if (*first == NULL)
		*first = strdup(value);
	ck_assert_msg(value[0] != '\0' && strcmp(*first, value) == 0,
	    "%s: %s is \"%s\", was \"%s\"", name, member, value, *first);
}

/* The rules of spec/api.md 8.2 for one stream of ours. */
struct rules {
	char *id, *created, *model;
	bool opened[CHOICES], finished[CHOICES];
	bool usage_seen;
};

static void
check_choice(struct rules *u, json_object *choice, const char *name)
{
	json_object *index = json_object_object_get(choice, "index");
	json_object *delta = json_object_object_get(choice, "delta");
	int i = json_object_get_int(index);

	ck_assert_msg(delta != NULL, "%s: no delta", name);
	ck_assert_msg(!u->finished[i], "%s: delta after the finish", name);
	ck_assert_msg(!u->opened[i] ==
			  (json_object_object_get(delta, "role") != NULL),
	    "%s: role", name);
	u->opened[i] = true;
	if (json_object_object_get(choice, "finish_reason") != NULL)
		u->finished[i] = true;
}

static void
check_chunk(struct rules *u, const char *data, const char *name,
    bool usage_asked)
{
	json_object *chunk = json_tokener_parse(data);
	json_object *choices = json_object_object_get(chunk, "choices");
	json_object *usage = json_object_object_get(chunk, "usage");
	size_t i;

	ck_assert_msg(!u->usage_seen, "%s: a chunk after the usage", name);
	expect_same(&u->id, chunk, "id", name);
	expect_same(&u->created, chunk, "created", name);
	expect_same(&u->model, chunk, "model", name);
	ck_assert_str_eq(recordings_str(chunk, "object"),
	    "chat.completion.chunk");
	if (!usage_asked)
		ck_assert_msg(!json_object_object_get_ex(chunk, "usage", NULL),
		    "%s: unasked usage", name);
	if (usage != NULL) {
		u->usage_seen = true;
		ck_assert_uint_eq(json_object_array_length(choices), 0);
	}
	for (i = 0; i < json_object_array_length(choices); i++)
		check_choice(u, json_object_array_get_idx(choices, i), name);
	json_object_put(chunk);
}

/* Frames exactly as we promise them: "data: …\n\n" and nothing else. */
static void
read_ours(struct reading *r, const char *text, const char *name,
    bool usage_asked)
{
	struct rules u = { 0 };
	const char *end;
	char *data;

	while (*text != '\0') {
		ck_assert_msg(strncmp(text, "data: ", 6) == 0, "%s: %.40s",
		    name, text);
		text += 6;
		end = strchr(text, '\n');
		ck_assert(end != NULL && end[1] == '\n');
		data = strndup(text, (size_t)(end - text));
		ck_assert_msg(r->done == 0, "%s: after [DONE]", name);
		if (strcmp(data, "[DONE]") != 0 &&
		    strstr(data, "\"error\"") == NULL)
			check_chunk(&u, data, name, usage_asked);
		read_event(r, data);
		free(data);
		text = end + 2;
	}
	free(u.id);
	free(u.created);
	free(u.model);
}

struct run {
	struct sbuf sent;
	enum relay_end end;
	int fed;
	bool has_usage;
};

static struct relay_opts
opts_of(const struct recordings_case *c, bool usage_asked)
{
	return (struct relay_opts){ .quirks = c->group->quirks,
		.end = c->group->end,
		.include_usage = usage_asked,
		.usage_as_is = c->group->usage_as_is,
		.id = SLICE("chatcmpl-minted"),
		.model = SLICE("asked"),
		.created = 1700000000 };
}

static void
collect(struct run *run, struct relay_out *out)
{
	size_t i, before = run->sent.len;

	for (i = 0; i < out->n; i++)
		sbuf_add_slice(&run->sent, out->slices[i]);
	ck_assert_uint_eq(run->sent.len - before, out->bytes);
	relay_out_clear(out);
}

/* Feed text in pieces; step 0: random ones.  The pieces are freed at once. */
static void
run_stream(const struct relay_opts *opts, struct slice text, size_t step,
    bool body_ended, struct run *run)
{
	struct relay *r = relay_new(opts);
	struct relay_out out;
	struct err e;
	size_t n;
	char *piece;

	*run = (struct run){ .fed = 0 };
	relay_out_init(&out);
	while (text.n > 0 && run->fed == 0) {
		n = step > 0 ? step : 1 + (size_t)rand() % 700;
		n = n < text.n ? n : text.n;
		piece = malloc(n);
		memcpy(piece, text.p, n);
		run->fed = relay_feed(r, (struct slice){ piece, n }, &out, &e);
		collect(run, &out);
		free(piece);
		text = slice_skip(text, n);
	}
	run->end = relay_finish(r, body_ended, &out);
	if (run->end == RELAY_COMPLETE)
		relay_close(SLICE(""), &out);
	collect(run, &out);
	run->has_usage = relay_state(r)->usage != NULL;
	relay_out_fini(&out);
	relay_free(&r);
	sbuf_addc(&run->sent, '\0');
	run->sent.len--;
}

static void
expect_reading(const struct recordings_case *c, const struct reading *theirs,
    const struct reading *ours, const struct run *run)
{
	int i;

	ck_assert_int_eq(ours->choices, theirs->choices);
	for (i = 0; i < theirs->choices; i++) {
		ck_assert_msg(slice_eq(sbuf_slice(&theirs->text[i]),
				  sbuf_slice(&ours->text[i])),
		    "%s: choice %d\n%s\n%s", c->name, i, theirs->text[i].data,
		    ours->text[i].data);
		ck_assert_msg(theirs->errors > 0 || strcmp(theirs->finish[i],
							ours->finish[i]) == 0,
		    "%s: finish %s, %s", c->name, theirs->finish[i],
		    ours->finish[i]);
	}
	if (theirs->usages > 0)
		ck_assert_msg(run->has_usage, "%s: usage lost", c->name);
}

/* What spec/providers.md 7.5 says of the provider's own stream. */
static enum relay_end
end_of(const struct reading *theirs)
{
	int i;

	if (theirs->errors > 0)
		return RELAY_ERROR;
	for (i = 0; i < theirs->choices; i++)
		if (theirs->finish[i][0] == '\0')
			return RELAY_CUT;
	return RELAY_COMPLETE;
}

static void
relay_one(const struct recordings_case *c, bool usage_asked)
{
	struct relay_opts opts = opts_of(c, usage_asked);
	struct reading theirs = { 0 }, ours = { 0 };
	struct slice text = sbuf_slice(&c->body);
	struct run whole, pieces;
	size_t step;
	bool complete;

	read_provider(&theirs, c->body.data);
	run_stream(&opts, text, text.n, true, &whole);
	ck_assert_msg(whole.fed == 0, "%s: malformed", c->name);
	complete = end_of(&theirs) == RELAY_COMPLETE;
	ck_assert_msg(whole.end == end_of(&theirs), "%s: end %d", c->name,
	    (int)whole.end);
	read_ours(&ours, whole.sent.data, c->name, usage_asked);
	expect_reading(c, &theirs, &ours, &whole);
	ck_assert_uint_eq(ours.done, complete);
	ck_assert_msg(ours.usages ==
			  (usage_asked && complete && whole.has_usage),
	    "%s: %u usage chunks", c->name, ours.usages);
	for (step = 0; step < 8; step++) {
		if (step > 1 && step < 7)
			continue;
		run_stream(&opts, text, step, true, &pieces);
		ck_assert_msg(pieces.end == whole.end &&
				  slice_eq(sbuf_slice(&pieces.sent),
				      sbuf_slice(&whole.sent)),
		    "%s: in pieces of %zu", c->name, step);
		sbuf_free(&pieces.sent);
	}
	sbuf_free(&whole.sent);
	reading_free(&theirs);
	reading_free(&ours);
}

static void
relay_whole_and_cut(const struct recordings_case *c, void *arg)
{
	unsigned *streams = arg;

	if (!c->stream || c->status != 200)
		return;
	relay_one(c, false);
	relay_one(c, true);
	++*streams;
}

START_TEST(test_streams)
{
	recordings_check(relay_whole_and_cut, 70);
}
END_TEST

/* Cut anywhere: the same answer, or none that claims to be complete. */
static void
relay_broken(const struct recordings_case *c, void *arg)
{
	struct relay_opts opts = opts_of(c, true);
	struct slice text = sbuf_slice(&c->body);
	struct run whole, cut;
	unsigned *cuts = arg;
	size_t at, step = text.n <= EVERY_BYTE ? CUT_STEP : text.n / 97;

	if (!c->stream || c->status != 200)
		return;
	run_stream(&opts, text, text.n, true, &whole);
	for (at = 0; at < text.n; at += step, ++*cuts) {
		run_stream(&opts, (struct slice){ text.p, at }, at + 1, false,
		    &cut);
		ck_assert_int_eq(cut.fed, 0);
		if (cut.end == RELAY_COMPLETE)
			ck_assert_msg(slice_eq(sbuf_slice(&cut.sent),
					  sbuf_slice(&whole.sent)),
			    "%s: cut at %zu", c->name, at);
		else
			ck_assert_msg(strstr(cut.sent.data, "[DONE]") == NULL &&
					  slice_starts(sbuf_slice(&whole.sent),
					      sbuf_slice(&cut.sent)),
			    "%s: cut at %zu", c->name, at);
		sbuf_free(&cut.sent);
	}
	sbuf_free(&whole.sent);
}

START_TEST(test_cuts)
{
	recordings_check(relay_broken, 10000 / CUT_STEP);
}
END_TEST

/* OpenAI's and Azure's own bytes reach a client that asked for usage. */
static void
relay_untouched(const struct recordings_case *c, void *arg)
{
	struct relay_opts opts = opts_of(c, true);
	struct run whole;
	unsigned *streams = arg;

	/* "gen-": OpenRouter's, recorded behind OpenAI's client. */
	if (!c->stream || c->status != 200 ||
	    strstr(c->body.data, "\"gen-") != NULL)
		return;
	run_stream(&opts, sbuf_slice(&c->body), c->body.len, true, &whole);
	ck_assert_msg(slice_eq(sbuf_slice(&whole.sent), sbuf_slice(&c->body)),
	    "%s: %.2000s", c->name, whole.sent.data);
	sbuf_free(&whole.sent);
	++*streams;
}

START_TEST(test_untouched)
{
	unsigned streams = 0;

	if (!recordings_exist())
		return;
	recordings_each_of(&recordings_groups[0], relay_untouched, &streams);
	ck_assert_uint_ge(streams, 10);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/relay_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_streams);
	tcase_add_test(tc, test_cuts);
	tcase_add_test(tc, test_untouched);
	suite_add_tcase(s, tc);
	return s;
}

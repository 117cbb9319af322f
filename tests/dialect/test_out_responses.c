/*
 * Recorded chat answers as events of Responses, read by a strict reader.
 */

#include "tests/suite.h"

#include "dialect/encode.h"
#include "tests/dialect/responses_grammar.h"

#define PIECES 64 /* calls, texts of one stream */

static struct encode *
encode_begin(void)
{
	struct encode_opts opts = { .family = ENCODE_RESPONSES,
		.id = "0123456789abcde",
		.model = SLICE("asked"),
		.created_s = 1700000000 };

	return encode_new(&opts);
}

/* Frames of the relay, as events; step 0: at random. */
static void
encode_frames(struct slice frames, size_t step, struct sbuf *out)
{
	struct encode *x = encode_begin();
	struct err e;

	while (frames.n > 0) {
		size_t n = step > 0 ? step : 1 + (size_t)rand() % 300;
		char *piece;

		n = n < frames.n ? n : frames.n;
		piece = malloc(n);
		memcpy(piece, frames.p, n);
		ck_assert_msg(encode_feed(x, (struct slice){ piece, n }, out,
				  &e) == 0,
		    "%s", e.text);
		free(piece);
		frames = slice_skip(frames, n);
	}
	sbuf_addc(out, '\0');
	out->len--;
	encode_free(&x);
}

/* What leaves the relay for a client that asked for usage. */
static bool
relay_frames(const struct recordings_case *c, struct sbuf *frames)
{
	struct relay_opts opts = { .quirks = c->group->quirks,
		.end = c->group->end,
		.include_usage = true,
		.id = SLICE("chatcmpl-minted"),
		.model = SLICE("asked"),
		.created = 1700000000 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;
	bool whole;

	relay_out_init(&out);
	ck_assert_int_eq(relay_feed(r, sbuf_slice(&c->body), &out, &e), 0);
	whole = relay_finish(r, true, &out) == RELAY_COMPLETE;
	if (whole)
		relay_close(SLICE(""), &out);
	for (size_t i = 0; i < out.n; i++)
		sbuf_add_slice(frames, out.slices[i]);
	sbuf_addc(frames, '\0');
	frames->len--;
	relay_out_fini(&out);
	relay_free(&r);
	return whole;
}

/* Calls by index, reasoning under either name, refusals: read once more. */
struct plain {
	struct sbuf calls[PIECES];
	struct sbuf text, reasoning, refusal;
	char finish[32];
	bool usage;
};

/* A string, or Mistral's list of texts and thoughts. */
static void
plain_content(struct plain *p, json_object *content, struct sbuf *to)
{
	for (size_t i = 0; i < told_length(content); i++) {
		json_object *part = json_object_array_get_idx(content, i);

		plain_content(p, told_dig(part, "thinking"), &p->reasoning);
		told_add(to, part, "text");
	}
	if (json_object_is_type(content, json_type_string))
		sbuf_adds(to, json_object_get_string(content));
}

/* Some say their thoughts in no other place. */
static void
plain_details(struct plain *p, json_object *details)
{
	for (size_t i = 0; i < told_length(details); i++)
		told_add(&p->reasoning, json_object_array_get_idx(details, i),
		    "text");
}

static void
plain_words(struct plain *p, json_object *o)
{
	json_object *calls = told_dig(o, "tool_calls");

	plain_content(p, told_dig(o, "content"), &p->text);
	if (told_dig(o, "reasoning_content") != NULL)
		told_add(&p->reasoning, o, "reasoning_content");
	else if (told_dig(o, "reasoning") != NULL)
		told_add(&p->reasoning, o, "reasoning");
	else
		plain_details(p, told_dig(o, "reasoning_details"));
	told_add(&p->refusal, o, "refusal");
	for (size_t i = 0; i < told_length(calls); i++) {
		json_object *call = json_object_array_get_idx(calls, i);
		json_object *function = told_dig(call, "function");
		int64_t at = told_dig(call, "index") != NULL
		                 ? told_count(call, "index")
		                 : (int64_t)i;
		struct sbuf *b = &p->calls[at];

		ck_assert_int_lt(at, PIECES);
		if (told_dig(function, "name") != NULL && b->len == 0) {
			sbuf_adds(b, ";");
			told_add(b, call, "id");
			sbuf_addc(b, ' ');
			told_add(b, function, "name");
			sbuf_addc(b, '=');
		}
		told_add(b, function, "arguments");
	}
}

static void
plain_chunk(struct plain *p, json_object *chunk, const char *words)
{
	json_object *choices = told_dig(chunk, "choices");
	json_object *c = told_length(choices) > 0
	                     ? json_object_array_get_idx(choices, 0)
	                     : NULL;

	if (c != NULL && told_count(c, "index") == 0) {
		plain_words(p, told_dig(c, words));
		if (told_dig(c, "finish_reason") != NULL)
			snprintf(p->finish, sizeof p->finish, "%s",
			    recordings_str(c, "finish_reason"));
	}
	p->usage |= told_dig(chunk, "usage") != NULL;
}

static void
plain_stream(struct plain *p, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")) != NULL) {
		json_object *chunk;

		if (strncmp(line, "data: {", 7) != 0)
			continue;
		chunk = json_tokener_parse(line + 6);
		plain_chunk(p, chunk, "delta");
		json_object_put(chunk);
	}
	free(copy);
}

static void
plain_expect(struct plain *p, struct grammar *g)
{
	struct sbuf calls = { 0 };

	for (size_t i = 0; i < PIECES; i++) {
		struct sbuf *b = &p->calls[i];

		sbuf_add_slice(&calls, sbuf_slice(b));
		if (b->len > 0 && b->data[b->len - 1] == '=')
			sbuf_adds(&calls, "{}");
		sbuf_free(&p->calls[i]);
	}
	told_expect_text(&p->text, &g->told.text, "text", g->name);
	told_expect_text(&p->reasoning, &g->told.reasoning, "reasoning",
	    g->name);
	told_expect_text(&p->refusal, &g->refusal, "refusal", g->name);
	told_expect_text(&calls, &g->told.calls, "calls", g->name);
	ck_assert_msg(p->usage == g->told.has_usage, "%s: usage", g->name);
	/* Some say "stop" beside calls; nobody here asks for old functions,
	 * "eos" or nothing is what some call stop. */
	ck_assert_msg(p->finish[0] == '\0' ||
			  strcmp(p->finish, "function_call") == 0 ||
			  strcmp(p->finish, "eos") == 0 ||
			  strcmp(p->finish, g->told.finish) == 0 ||
			  (calls.len > 0 &&
			      strcmp(g->told.finish, "tool_calls") == 0),
	    "%s: finish %s, %s", g->name, p->finish, g->told.finish);
	sbuf_free(&calls);
	sbuf_free(&p->text);
	sbuf_free(&p->reasoning);
	sbuf_free(&p->refusal);
}

/* HOLDFAST_DUMP=DIR: what is written, for a validator of schemas. */
static void
dump(const char *name, const char *end, const struct sbuf *b)
{
	const char *folder = getenv("HOLDFAST_DUMP");
	char path[4096];
	FILE *f;

	if (folder == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s%s", folder, name, end);
	for (char *at = path + strlen(folder) + 1; *at != '\0'; at++)
		if (*at == '/')
			*at = '_';
	f = fopen(path, "w");
	ck_assert(f != NULL);
	fwrite(b->data, 1, b->len, f);
	fclose(f);
}

static void
check_stream(const struct recordings_case *c, unsigned *seen)
{
	struct sbuf frames = { 0 }, events = { 0 }, again = { 0 };
	struct plain plain = { .usage = false };
	struct grammar g;

	if (relay_frames(c, &frames)) {
		encode_frames(sbuf_slice(&frames), frames.len, &events);
		dump(c->name, ".sse", &events);
		grammar_read(&g, c->name, events.data);
		ck_assert_msg(g.over, "%s: no end", c->name);
		plain_stream(&plain, frames.data);
		plain_expect(&plain, &g);
		grammar_free(&g);
		for (size_t step = 0; step < 2; step++) {
			encode_frames(sbuf_slice(&frames), step, &again);
			ck_assert(
			    slice_eq(sbuf_slice(&events), sbuf_slice(&again)));
			sbuf_free(&again);
		}
		++*seen;
	}
	sbuf_free(&frames);
	sbuf_free(&events);
}

/* A whole answer: the items of the last response. */
static void
check_whole(const struct recordings_case *c, unsigned *seen)
{
	struct encode *x = encode_begin();
	struct plain plain = { .usage = false };
	struct grammar g = { .name = c->name,
		.output = json_object_new_array() };
	struct sbuf out = { 0 };
	struct err e;
	json_object *chat = json_tokener_parse(c->body.data), *r, *output;

	if (told_length(told_dig(chat, "choices")) > 0) {
		ck_assert_int_eq(encode_whole(x, sbuf_slice(&c->body), &out,
				     &e),
		    0);
		dump(c->name, ".json", &out);
		r = json_tokener_parse(out.data);
		ck_assert_msg(r != NULL, "%s: %s", c->name, out.data);
		output = told_dig(r, "output");
		ck_assert_uint_ge(told_length(output), 1);
		for (size_t i = 0; i < told_length(output); i++) {
			json_object *item =
			    json_object_array_get_idx(output, i);
			json_object *list = told_dig(item, "content");

			if (says(item, "type", "reasoning"))
				list = told_dig(item, "summary");
			for (size_t k = 0; k < told_length(list); k++) {
				json_object *part =
				    json_object_array_get_idx(list, k);

				told_add(says(part, "type", "summary_text")
					     ? &g.told.reasoning
					     : &g.told.text,
				    part, "text");
				told_add(&g.refusal, part, "refusal");
			}
			if (!says(item, "type", "function_call"))
				continue;
			sbuf_adds(&g.told.calls, ";");
			told_add(&g.told.calls, item, "call_id");
			sbuf_addc(&g.told.calls, ' ');
			told_add(&g.told.calls, item, "name");
			sbuf_addc(&g.told.calls, '=');
			told_add(&g.told.calls, item, "arguments");
		}
		g.told.has_usage = told_dig(r, "usage") != NULL;
		plain_chunk(&plain, chat, "message");
		snprintf(g.status, sizeof g.status, "%s",
		    recordings_str(told_dig(r, "incomplete_details"),
			"reason"));
		grammar_finish(&g);
		plain_expect(&plain, &g);
		json_object_put(r);
		++*seen;
	}
	json_object_put(chat);
	grammar_free(&g);
	sbuf_free(&out);
	encode_free(&x);
}

static void
check_case(const struct recordings_case *c, void *arg)
{
	unsigned *seen = arg;

	if (c->status != 200)
		return;
	if (c->stream)
		check_stream(c, &seen[0]);
	else
		check_whole(c, &seen[1]);
}

START_TEST(test_recordings)
{
	unsigned seen[2] = { 0, 0 };

	if (!recordings_exist())
		return;
	recordings_each(check_case, seen);
	ck_assert_uint_ge(seen[0], 70);
	ck_assert_uint_ge(seen[1], 70);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/out_responses");
	TCase *tc = tcase_create("out");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_recordings);
	suite_add_tcase(s, tc);
	return s;
}

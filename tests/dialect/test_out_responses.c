/*
 * Chat answers as events of Responses.  A small strict reader knows the
 * grammar: numbers without gaps, items one after the other, done twins that
 * equal the joined deltas, and a last response that has the same items.
 */

#include "tests/suite.h"

#include "dialect/encode.h"
#include "tests/dialect/told.h"

#define PIECES 64 /* calls, texts of one stream */

struct grammar {
	const char *name;
	int64_t sequence, items;
	bool created, in_progress, over;
	json_object *item, *part; /* open; as they were added */
	struct sbuf deltas;
	json_object *output; /* of items that are done */
	/* What a client would read. */
	struct told told;
	struct sbuf refusal, encrypted;
	char status[32];
};

static void
grammar_free(struct grammar *g)
{
	json_object_put(g->item);
	json_object_put(g->part);
	json_object_put(g->output);
	sbuf_free(&g->deltas);
	sbuf_free(&g->refusal);
	sbuf_free(&g->encrypted);
	told_free(&g->told);
}

#define GRAMMAR(g, what) ck_assert_msg(what, "%s: %s", (g)->name, #what)

static bool
says(json_object *o, const char *name, const char *text)
{
	return strcmp(recordings_str(o, name), text) == 0;
}

static bool
same(const struct sbuf *b, json_object *o, const char *name)
{
	return slice_eq(sbuf_slice(b), slice_str(recordings_str(o, name)));
}

/* It is of the open item. */
static void
grammar_of_item(struct grammar *g, json_object *ev)
{
	GRAMMAR(g, g->item != NULL);
	GRAMMAR(g, says(ev, "item_id", recordings_str(g->item, "id")));
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
}

static void
grammar_added(struct grammar *g, json_object *ev)
{
	GRAMMAR(g, g->item == NULL && g->in_progress && !g->over);
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
	g->item = json_object_get(told_dig(ev, "item"));
	GRAMMAR(g, says(g->item, "status", "in_progress"));
	GRAMMAR(g, recordings_str(g->item, "id")[0] != '\0');
	sbuf_clear(&g->deltas);
}

static void
grammar_part_added(struct grammar *g, json_object *ev)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, g->part == NULL);
	g->part = json_object_get(told_dig(ev, "part"));
	sbuf_clear(&g->deltas);
}

static void
grammar_delta(struct grammar *g, json_object *ev)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, recordings_str(ev, "delta")[0] != '\0');
	told_add(&g->deltas, ev, "delta");
}

static void
grammar_text_done(struct grammar *g, json_object *ev, const char *member)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, same(&g->deltas, ev, member));
}

static void
grammar_part_done(struct grammar *g, json_object *ev)
{
	json_object *part = told_dig(ev, "part");
	const char *type = recordings_str(part, "type");
	bool refusal = strcmp(type, "refusal") == 0;

	grammar_of_item(g, ev);
	GRAMMAR(g, g->part != NULL);
	GRAMMAR(g, says(g->part, "type", type));
	GRAMMAR(g, same(&g->deltas, part, refusal ? "refusal" : "text"));
	told_add(refusal                            ? &g->refusal
		 : strcmp(type, "output_text") == 0 ? &g->told.text
						    : &g->told.reasoning,
	    part, refusal ? "refusal" : "text");
	json_object_put(g->part);
	g->part = NULL;
}

static void
grammar_item_done(struct grammar *g, json_object *ev)
{
	json_object *item = told_dig(ev, "item");

	GRAMMAR(g, g->item != NULL && g->part == NULL);
	GRAMMAR(g, says(item, "id", recordings_str(g->item, "id")));
	GRAMMAR(g, says(item, "type", recordings_str(g->item, "type")));
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
	if (says(item, "type", "function_call")) {
		GRAMMAR(g, same(&g->deltas, item, "arguments"));
		sbuf_adds(&g->told.calls, ";");
		told_add(&g->told.calls, item, "call_id");
		sbuf_addc(&g->told.calls, ' ');
		told_add(&g->told.calls, item, "name");
		sbuf_addc(&g->told.calls, '=');
		told_add(&g->told.calls, item, "arguments");
	}
	told_add(&g->encrypted, item, "encrypted_content");
	json_object_array_add(g->output, json_object_get(item));
	json_object_put(g->item);
	g->item = NULL;
	g->items++;
}

static void
grammar_end(struct grammar *g, json_object *ev)
{
	json_object *r = told_dig(ev, "response");
	json_object *usage = told_dig(r, "usage");

	GRAMMAR(g, g->item == NULL && g->in_progress && !g->over);
	GRAMMAR(g, json_object_equal(told_dig(r, "output"), g->output));
	snprintf(g->status, sizeof g->status, "%s",
	    recordings_str(told_dig(r, "incomplete_details"), "reason"));
	g->over = true;
	g->told.has_usage = usage != NULL;
	g->told.usage.prompt = told_count(usage, "input_tokens");
	g->told.usage.completion = told_count(usage, "output_tokens");
	GRAMMAR(g, usage == NULL ||
		       told_count(usage, "total_tokens") ==
			   g->told.usage.prompt + g->told.usage.completion);
}

static void
grammar_event(struct grammar *g, const char *type, json_object *ev)
{
	GRAMMAR(g, says(ev, "type", type));
	GRAMMAR(g, told_count(ev, "sequence_number") == g->sequence);
	g->sequence++;
	if (strcmp(type, "response.created") == 0) {
		GRAMMAR(g, g->sequence == 1);
		g->created = true;
	} else if (strcmp(type, "response.in_progress") == 0) {
		GRAMMAR(g, g->sequence == 2 && g->created);
		g->in_progress = true;
	} else if (strcmp(type, "response.output_item.added") == 0) {
		grammar_added(g, ev);
	} else if (strcmp(type, "response.output_item.done") == 0) {
		grammar_item_done(g, ev);
	} else if (strstr(type, "part.added") != NULL) {
		grammar_part_added(g, ev);
	} else if (strstr(type, "part.done") != NULL) {
		grammar_part_done(g, ev);
	} else if (strstr(type, ".delta") != NULL) {
		grammar_delta(g, ev);
	} else if (strstr(type, "arguments.done") != NULL) {
		GRAMMAR(g, says(ev, "name", recordings_str(g->item, "name")));
		grammar_text_done(g, ev, "arguments");
	} else if (strstr(type, "refusal.done") != NULL) {
		grammar_text_done(g, ev, "refusal");
	} else if (strstr(type, "text.done") != NULL) {
		grammar_text_done(g, ev, "text");
	} else if (strcmp(type, "response.output_text.annotation.added") == 0) {
		grammar_of_item(g, ev);
		sbuf_addc(&g->told.links, ' ');
		told_add(&g->told.links, told_dig(ev, "annotation"), "url");
	} else if (strcmp(type, "error") == 0) {
		g->told.errors++;
	} else {
		GRAMMAR(g, strcmp(type, "response.completed") == 0 ||
			       strcmp(type, "response.incomplete") == 0);
		grammar_end(g, ev);
		GRAMMAR(g, (g->status[0] != '\0') ==
			       (strcmp(type, "response.incomplete") == 0));
	}
}

/* The finish reason of chat that its status stands for. */
static void
grammar_finish(struct grammar *g)
{
	told_finish(&g->told,
	    strcmp(g->status, "max_output_tokens") == 0 ? "length"
	    : strcmp(g->status, "content_filter") == 0  ? "content_filter"
	    : g->told.calls.len > 0                     ? "tool_calls"
							: "stop");
}

/* "event: T\ndata: {...}\n\n", again and again. */
static void
grammar_read(struct grammar *g, const char *name, const char *text)
{
	const char *line, *end;
	json_object *ev;
	char type[80], *data;

	*g =
	    (struct grammar){ .name = name, .output = json_object_new_array() };
	while (*text != '\0') {
		ck_assert_msg(sscanf(text, "event: %79s\n", type) == 1,
		    "%s: %.80s", name, text);
		line = strchr(text, '\n') + 1;
		end = strstr(line, "\n\n");
		ck_assert_msg(strncmp(line, "data: {", 7) == 0 && end != NULL,
		    "%s: %.80s", name, line);
		data = strndup(line + 6, (size_t)(end - line) - 6);
		ev = json_tokener_parse(data);
		ck_assert_msg(ev != NULL, "%s: %s", name, data);
		grammar_event(g, type, ev);
		json_object_put(ev);
		free(data);
		text = end + 2;
	}
	grammar_finish(g);
}

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
	struct relay_opts opts = { .framing = &relay_framing_sse,
		.quirks = c->group->quirks,
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
		relay_close(r, SLICE(""), &out);
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

static void
plain_words(struct plain *p, json_object *o)
{
	json_object *calls = told_dig(o, "tool_calls");

	plain_content(p, told_dig(o, "content"), &p->text);
	told_add(&p->reasoning, o,
	    told_dig(o, "reasoning_content") != NULL ? "reasoning_content"
						     : "reasoning");
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

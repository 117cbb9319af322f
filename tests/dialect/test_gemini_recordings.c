/*
 * Every recorded answer of Gemini and Vertex: what a client reads is compared
 * with the provider's own JSON, read by another parser.
 */

#include "tests/suite.h"

#include "base/err.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"
#include "proto/reply.h"
#include "tests/proto/recordings.h"

#define CHOICES 4

static const char *const groups[] = { "gemini", "vertex-gemini",
	"_responses_only/gemini", "_errors_reported/gemini" };

/* What somebody reads from an answer, the provider's or ours. */
struct reading {
	struct sbuf text[CHOICES], thoughts[CHOICES], calls[CHOICES];
	struct sbuf signatures, links; /* links: where, in characters */
	char finish[CHOICES][32];
	int choices;
	unsigned n_calls[CHOICES], done, errors;
	int64_t prompt, completion, cached, reasoning;
	bool counted;
	json_object *partial; /* arguments that came so far */
};

static void
reading_free(struct reading *r)
{
	for (int i = 0; i < CHOICES; i++) {
		sbuf_free(&r->text[i]);
		sbuf_free(&r->thoughts[i]);
		sbuf_free(&r->calls[i]);
	}
	sbuf_free(&r->signatures);
	sbuf_free(&r->links);
}

static json_object *
dig(json_object *o, const char *name)
{
	return json_object_is_type(o, json_type_object)
	           ? json_object_object_get(o, name)
	           : NULL;
}

static size_t
length(json_object *array)
{
	return json_object_is_type(array, json_type_array)
	           ? json_object_array_length(array)
	           : 0;
}

static void
add(struct sbuf *b, json_object *o, const char *name)
{
	json_object *v = dig(o, name);

	if (v != NULL)
		sbuf_adds(b, json_object_get_string(v));
}

static int64_t
count(json_object *o, const char *name)
{
	return json_object_get_int64(dig(o, name));
}

/* ---- the provider's */

static void
add_args(struct sbuf *b, json_object *args)
{
	sbuf_adds(b,
	    args != NULL ? json_object_to_json_string_ext(args, 0) : "{}");
	sbuf_addc(b, ';');
}

/* Recorded pieces are texts of one level: "$.name". */
static void
their_pieces(struct reading *r, json_object *pieces)
{
	struct sbuf whole = { 0 };

	if (r->partial == NULL)
		r->partial = json_object_new_object();
	for (size_t i = 0; i < length(pieces); i++) {
		json_object *piece = json_object_array_get_idx(pieces, i);
		const char *key = recordings_str(piece, "jsonPath") + 2;

		add(&whole, r->partial, key);
		add(&whole, piece, "stringValue");
		sbuf_addc(&whole, '\0');
		json_object_object_add(r->partial, key,
		    json_object_new_string(whole.data));
		sbuf_clear(&whole);
	}
	sbuf_free(&whole);
}

static void
their_call(struct reading *r, int at, json_object *call)
{
	bool goes_on = json_object_get_boolean(dig(call, "willContinue"));

	if (dig(call, "name") != NULL) {
		r->n_calls[at]++;
		add(&r->calls[at], call, "name");
		sbuf_addc(&r->calls[at], '=');
		if (!goes_on)
			add_args(&r->calls[at], dig(call, "args"));
		return;
	}
	their_pieces(r, dig(call, "partialArgs"));
	if (goes_on)
		return;
	add_args(&r->calls[at], r->partial);
	json_object_put(r->partial);
	r->partial = NULL;
}

static void
their_part(struct reading *r, int at, json_object *part)
{
	json_object *code = dig(part, "executableCode");
	json_object *ran = dig(part, "codeExecutionResult");

	add(&r->signatures, part, "thoughtSignature");
	if (dig(part, "functionCall") != NULL)
		their_call(r, at, dig(part, "functionCall"));
	if (json_object_get_boolean(dig(part, "thought")))
		add(&r->thoughts[at], part, "text");
	else
		add(&r->text[at], part, "text");
	if (code != NULL) {
		sbuf_adds(&r->text[at], "```python\n");
		add(&r->text[at], code, "code");
		sbuf_adds(&r->text[at], "```\n");
	}
	if (ran != NULL) {
		sbuf_adds(&r->text[at], "\n```\n");
		add(&r->text[at], ran, "output");
		sbuf_adds(&r->text[at], "```\n");
	}
}

static void
their_finish(struct reading *r, int at, const char *word)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = { { "STOP", "stop" }, { "MAX_TOKENS", "length" },
		{ "SAFETY", "content_filter" },
		{ "MODEL_ARMOR", "content_filter" },
		{ "UNEXPECTED_TOOL_CALL", "stop" } };
	size_t i = 0;

	while (i < COUNT(words) && strcmp(words[i].theirs, word) != 0)
		i++;
	ck_assert_msg(i < COUNT(words), "finish %s", word);
	snprintf(r->finish[at], sizeof r->finish[at], "%s",
	    r->n_calls[at] > 0 && strcmp(words[i].ours, "stop") == 0
		? "tool_calls"
		: words[i].ours);
}

/* Characters in the first bytes of a text. */
static int
chars(const struct sbuf *text, int64_t bytes)
{
	int n = 0;

	for (int64_t i = 0; i < bytes && i < (int64_t)text->len; i++)
		n += (text->data[i] & 0xc0) != 0x80;
	return n;
}

static void
their_support(struct reading *r, int at, json_object *support)
{
	json_object *segment = dig(support, "segment");
	size_t n = length(dig(support, "groundingChunkIndices"));

	while (n-- > 0)
		sbuf_addf(&r->links, "%d-%d ",
		    chars(&r->text[at], count(segment, "startIndex")),
		    chars(&r->text[at], count(segment, "endIndex")));
}

static void
their_candidate(struct reading *r, json_object *c, int position)
{
	json_object *index = dig(c, "index");
	json_object *parts = dig(dig(c, "content"), "parts");
	json_object *supports =
	    dig(dig(c, "groundingMetadata"), "groundingSupports");
	int at = index != NULL ? json_object_get_int(index) : position;

	ck_assert_int_lt(at, CHOICES);
	if (at >= r->choices)
		r->choices = at + 1;
	for (size_t i = 0; i < length(parts); i++)
		their_part(r, at, json_object_array_get_idx(parts, i));
	for (size_t i = 0; i < length(supports); i++)
		their_support(r, at, json_object_array_get_idx(supports, i));
	if (dig(c, "finishReason") != NULL)
		their_finish(r, at, recordings_str(c, "finishReason"));
}

static void
their_usage(struct reading *r, json_object *u)
{
	if (dig(u, "promptTokenCount") == NULL)
		return;
	r->counted = true;
	r->prompt =
	    count(u, "promptTokenCount") + count(u, "toolUsePromptTokenCount");
	r->completion =
	    count(u, "candidatesTokenCount") + count(u, "thoughtsTokenCount");
	r->cached = count(u, "cachedContentTokenCount");
	r->reasoning = count(u, "thoughtsTokenCount");
}

static void
their_object(struct reading *r, const char *text)
{
	json_object *o = json_tokener_parse(text);
	json_object *candidates = dig(o, "candidates");

	ck_assert_msg(o != NULL, "%s", text);
	if (dig(o, "error") != NULL)
		r->errors++;
	for (size_t i = 0; i < length(candidates); i++)
		their_candidate(r, json_object_array_get_idx(candidates, i),
		    (int)i);
	if (dig(dig(o, "promptFeedback"), "blockReason") != NULL) {
		r->choices = 1;
		strcpy(r->finish[0], "content_filter");
	}
	their_usage(r, dig(o, "usageMetadata"));
	json_object_put(o);
}

static void
their_stream(struct reading *r, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\r\n")) != NULL) {
		if (strncmp(line, "data:", 5) == 0)
			their_object(r, line + 5);
		if (strncmp(line, "  \"error\"", 9) == 0)
			r->errors++;
	}
	free(copy);
}

/* ---- ours */

static void
our_call(struct reading *r, int at, json_object *call)
{
	json_object *function = dig(call, "function");

	if (dig(function, "name") != NULL) {
		if (r->n_calls[at]++ > 0)
			sbuf_addc(&r->calls[at], '\1');
		ck_assert_str_ne(recordings_str(call, "id"), "");
		ck_assert_str_eq(recordings_str(call, "type"), "function");
		add(&r->calls[at], function, "name");
		sbuf_addc(&r->calls[at], '=');
	}
	add(&r->calls[at], function, "arguments");
}

/* A delta, or the message of a whole answer. */
static void
our_words(struct reading *r, int at, json_object *o)
{
	json_object *calls = dig(o, "tool_calls");
	json_object *details = dig(o, "reasoning_details");
	json_object *links = dig(o, "annotations");

	add(&r->text[at], o, "content");
	add(&r->thoughts[at], o, "reasoning_content");
	for (size_t i = 0; i < length(calls); i++)
		our_call(r, at, json_object_array_get_idx(calls, i));
	for (size_t i = 0; i < length(details); i++)
		add(&r->signatures, json_object_array_get_idx(details, i),
		    "data");
	for (size_t i = 0; i < length(links); i++) {
		json_object *link =
		    dig(json_object_array_get_idx(links, i), "url_citation");

		sbuf_addf(&r->links, "%d-%d ", (int)count(link, "start_index"),
		    (int)count(link, "end_index"));
	}
}

static void
our_choice(struct reading *r, json_object *c, const char *words)
{
	int at = json_object_get_int(dig(c, "index"));

	ck_assert_int_lt(at, CHOICES);
	if (at >= r->choices)
		r->choices = at + 1;
	our_words(r, at, dig(c, words));
	if (dig(c, "finish_reason") == NULL)
		return;
	ck_assert_str_eq(r->finish[at], "");
	snprintf(r->finish[at], sizeof r->finish[at], "%s",
	    recordings_str(c, "finish_reason"));
}

static void
our_object(struct reading *r, const char *text, const char *words)
{
	json_object *o, *choices;

	if (strcmp(text, "[DONE]") == 0) {
		r->done++;
		return;
	}
	o = json_tokener_parse(text);
	ck_assert_msg(o != NULL, "no JSON: %s", text);
	r->errors += dig(o, "error") != NULL;
	choices = dig(o, "choices");
	for (size_t i = 0; i < length(choices); i++)
		our_choice(r, json_object_array_get_idx(choices, i), words);
	json_object_put(o);
}

static void
our_stream(struct reading *r, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, "data: ", 6) == 0)
			our_object(r, line + 6, "delta");
	free(copy);
}

static void
our_usage(struct reading *r, const struct usage *u, bool counted)
{
	struct usage_figures f;

	usage_sum(u, &f);
	ck_assert(!u->anomaly);
	r->counted = counted;
	if (!counted)
		return;
	r->prompt = f.prompt;
	r->completion = f.completion;
	r->cached = f.cached;
	r->reasoning = f.reasoning;
}

/* Arguments of ours as the other parser writes them. */
static void
normalise(struct sbuf *calls)
{
	struct sbuf out = { 0 };
	char *rest = calls->data, *line, *args;

	while (rest != NULL && (line = strsep(&rest, "\1")) != NULL) {
		json_object *o;

		args = strchr(line, '=');
		ck_assert(args != NULL);
		o = json_tokener_parse(args + 1);
		ck_assert_msg(json_object_is_type(o, json_type_object),
		    "arguments %s", args);
		sbuf_add(&out, line, (size_t)(args + 1 - line));
		add_args(&out, o);
		json_object_put(o);
	}
	sbuf_free(calls);
	*calls = out;
}

static void
expect_text(const char *name, const char *what, const struct sbuf *theirs,
    const struct sbuf *ours)
{
	ck_assert_msg(slice_eq(sbuf_slice(theirs), sbuf_slice(ours)),
	    "%s: %s\n%s\n%s", name, what, theirs->data, ours->data);
}

static void
expect_same(const char *name, struct reading *theirs, struct reading *ours)
{
	ck_assert_msg(ours->choices == theirs->choices, "%s: %d choices", name,
	    ours->choices);
	for (int i = 0; i < theirs->choices; i++) {
		normalise(&ours->calls[i]);
		expect_text(name, "text", &theirs->text[i], &ours->text[i]);
		expect_text(name, "thoughts", &theirs->thoughts[i],
		    &ours->thoughts[i]);
		expect_text(name, "calls", &theirs->calls[i], &ours->calls[i]);
		ck_assert_msg(strcmp(theirs->finish[i], ours->finish[i]) == 0,
		    "%s: finish %s, %s", name, theirs->finish[i],
		    ours->finish[i]);
	}
	expect_text(name, "signatures", &theirs->signatures, &ours->signatures);
	expect_text(name, "links", &theirs->links, &ours->links);
	ck_assert_msg(theirs->errors > 0 ||
			  (theirs->counted == ours->counted &&
			      theirs->prompt == ours->prompt &&
			      theirs->completion == ours->completion &&
			      theirs->cached == ours->cached &&
			      theirs->reasoning == ours->reasoning),
	    "%s: usage %d/%d %d %d", name, (int)ours->prompt,
	    (int)ours->completion, (int)ours->cached, (int)ours->reasoning);
}

/* ---- the cases */

struct recorded {
	char name[700];
	int status;
	bool stream;
	struct sbuf body;
};

struct counts {
	unsigned whole, streams, errors, cuts;
};

static void
load(struct recorded *c, const char *folder)
{
	char path[8192];
	struct sbuf meta = { 0 };
	json_object *o;

	snprintf(path, sizeof path, "%s/meta.json", folder);
	ck_assert_msg(recordings_read(path, &meta), "%s", path);
	o = json_tokener_parse(meta.data);
	c->status = json_object_get_int(dig(o, "status"));
	c->stream = json_object_get_boolean(dig(o, "stream"));
	snprintf(path, sizeof path, "%s/%s", folder,
	    recordings_str(o, "response_file"));
	ck_assert_msg(recordings_read(path, &c->body), "%s", path);
	json_object_put(o);
	sbuf_free(&meta);
}

static void
each(void (*fn)(const struct recorded *, struct counts *), struct counts *n)
{
	char path[4096], folder[6000];
	struct dirent *entry;

	*n = (struct counts){ 0 };
	for (size_t i = 0; i < COUNT(groups) && recordings_exist(); i++) {
		DIR *dir;

		snprintf(path, sizeof path, "%s/recordings/%s",
		    recordings_shared(), groups[i]);
		dir = opendir(path);
		ck_assert_msg(dir != NULL, "%s", path);
		while ((entry = readdir(dir)) != NULL) {
			struct recorded c = { .status = 0 };

			if (entry->d_name[0] == '.')
				continue;
			snprintf(folder, sizeof folder, "%s/%s", path,
			    entry->d_name);
			snprintf(c.name, sizeof c.name, "%s/%.200s", groups[i],
			    entry->d_name);
			load(&c, folder);
			fn(&c, n);
			sbuf_free(&c.body);
		}
		closedir(dir);
	}
}

static struct decode *
decoder(void)
{
	struct decode_opts opts = {
		.dialect = dialect_find(KIND_VERTEX_GEMINI, SLICE("m"), 0),
		.id = SLICE("chatcmpl-minted"),
		.model = SLICE("asked"),
		.created_s = 1700000000,
	};

	return decode_new(&opts);
}

static void
decode_one(const struct recorded *c, struct counts *n)
{
	struct reading theirs = { .errors = 0 }, ours = { .errors = 0 };
	struct decode *d = decoder();
	struct sbuf chat = { 0 };
	struct reply reply;
	struct err e;

	if (c->stream || c->status != 200)
		goto out;
	n->whole++;
	their_object(&theirs, c->body.data);
	ck_assert_msg(decode_whole(d, sbuf_slice(&c->body), &chat, &e) == 1,
	    "%s", c->name);
	ck_assert_msg(reply_read(sbuf_slice(&chat), 0, &reply, &e) == 1,
	    "%s: %s", c->name, e.text);
	our_object(&ours, chat.data, "message");
	our_usage(&ours, &reply.usage, reply.has_usage);
	expect_same(c->name, &theirs, &ours);
out:
	reading_free(&theirs);
	reading_free(&ours);
	sbuf_free(&chat);
	decode_free(&d);
}

START_TEST(test_whole)
{
	struct counts n;

	each(decode_one, &n);
	if (recordings_exist())
		ck_assert_uint_ge(n.whole, 28);
}
END_TEST

/* The stream in pieces (step 0: random ones), which are freed at once. */
static int
run(struct slice text, size_t step, struct sbuf *chat,
    struct decode_state *state)
{
	struct decode *d = decoder();
	struct err e;
	int fed = 0;

	while (text.n > 0 && fed == 0) {
		size_t n = step > 0 ? step : 1 + (size_t)rand() % 700;
		char *piece;

		n = n < text.n ? n : text.n;
		piece = malloc(n);
		memcpy(piece, text.p, n);
		fed = decode_feed(d, (struct slice){ piece, n }, chat, &e);
		free(piece);
		text = slice_skip(text, n);
	}
	if (fed == 0)
		fed = decode_end(d, chat, &e);
	if (state != NULL)
		decode_state(d, state);
	decode_free(&d);
	sbuf_addc(chat, '\0');
	chat->len--;
	return fed;
}

/* What a client gets: our chunks pass proto/relay without complaint. */
static enum relay_end
relayed(const char *name, const struct sbuf *chat, struct sbuf *sent)
{
	struct relay_opts opts = { .end = END_DONE,
		.id = SLICE("other"),
		.model = SLICE("other"),
		.created = 1 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	enum relay_end end;
	struct err e;

	relay_out_init(&out);
	ck_assert_msg(relay_feed(r, sbuf_slice(chat), &out, &e) == 0, "%s: %s",
	    name, e.text);
	end = relay_finish(r, true, &out);
	if (end == RELAY_COMPLETE)
		relay_close(SLICE(""), &out);
	for (size_t i = 0; i < out.n; i++)
		sbuf_add_slice(sent, out.slices[i]);
	relay_out_fini(&out);
	relay_free(&r);
	sbuf_addc(sent, '\0');
	sent->len--;
	return end;
}

static void
stream_one(const struct recorded *c, struct counts *n)
{
	static const size_t steps[] = { 1, 7, 0, 0 };
	struct reading theirs = { .errors = 0 }, ours = { .errors = 0 };
	struct sbuf chat = { 0 }, sent = { 0 };
	struct decode_state state;
	enum relay_end end;

	if (!c->stream || c->status != 200)
		return;
	n->streams++;
	their_stream(&theirs, c->body.data);
	ck_assert_msg(run(sbuf_slice(&c->body), c->body.len, &chat, &state) ==
			  0,
	    "%s", c->name);
	end = relayed(c->name, &chat, &sent);
	ck_assert_msg(end == (theirs.errors > 0 ? RELAY_ERROR : RELAY_COMPLETE),
	    "%s: end %d", c->name, (int)end);
	our_stream(&ours, sent.data);
	our_usage(&ours, &state.usage, state.has_usage);
	ck_assert_uint_eq(ours.done, theirs.errors == 0);
	expect_same(c->name, &theirs, &ours);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct sbuf again = { 0 };

		run(sbuf_slice(&c->body), steps[i], &again, NULL);
		ck_assert_msg(slice_eq(sbuf_slice(&chat), sbuf_slice(&again)),
		    "%s: in pieces of %zu", c->name, steps[i]);
		sbuf_free(&again);
	}
	sbuf_free(&chat);
	sbuf_free(&sent);
	reading_free(&theirs);
	reading_free(&ours);
}

START_TEST(test_streams)
{
	struct counts n;

	each(stream_one, &n);
	if (recordings_exist())
		ck_assert_uint_ge(n.streams, 27);
}
END_TEST

/* A cut stream says nothing of an end, or all that the whole one says. */
static void
cut_at(const struct recorded *c, size_t at, size_t whole_at,
    const struct sbuf *whole)
{
	struct sbuf chat = { 0 };

	run((struct slice){ c->body.data, at }, at + 1, &chat, NULL);
	if (at >= whole_at)
		ck_assert_msg(slice_eq(sbuf_slice(&chat), sbuf_slice(whole)),
		    "%s: cut at %zu\n%s", c->name, at, chat.data);
	else
		ck_assert_msg(strstr(chat.data, "[DONE]") == NULL &&
				  strstr(chat.data, "\"finish_reason\":\"") ==
				      NULL &&
				  slice_starts(sbuf_slice(whole),
				      sbuf_slice(&chat)),
		    "%s: cut at %zu\n%s", c->name, at, chat.data);
	sbuf_free(&chat);
}

static void
cut_one(const struct recorded *c, struct counts *n)
{
	const char *last = strrchr(c->body.data, '}');
	struct sbuf whole = { 0 };

	if (!c->stream || c->status != 200)
		return;
	run(sbuf_slice(&c->body), c->body.len, &whole, NULL);
	for (size_t at = 0; at < c->body.len; at += CUT_STEP, n->cuts++)
		cut_at(c, at, (size_t)(last - c->body.data) + 1, &whole);
	sbuf_free(&whole);
}

START_TEST(test_cuts)
{
	struct counts n;

	each(cut_one, &n);
	if (recordings_exist())
		ck_assert_uint_ge(n.cuts, 62000 / CUT_STEP);
}
END_TEST

/* What they say when they say no: providers.md 8.1. */
static void
error_one(const struct recorded *c, struct counts *n)
{
	struct relay_error r;
	const char *json = c->body.data;
	json_object *o, *error;
	char type[64];

	if (c->status < 400)
		return;
	n->errors++;
	o = json_tokener_parse(strchr(json, '{'));
	error = dig(o, "error");
	ck_assert_msg(relay_error_read(sbuf_slice(&c->body), c->status, &r) ==
			  1,
	    "%s", c->name);
	ck_assert_int_eq(r.status, c->status);
	ck_assert_msg(strncmp(r.message, recordings_str(error, "message"),
			  sizeof r.message - 4) == 0,
	    "%s: %s", c->name, r.message);
	ck_assert_str_eq(r.code, recordings_str(error, "status"));
	for (size_t i = 0; i <= strlen(r.code); i++)
		type[i] = r.code[i] >= 'A' && r.code[i] <= 'Z'
		              ? (char)(r.code[i] + 32)
		              : r.code[i];
	ck_assert_str_eq(r.type, type);
	json_object_put(o);
}

START_TEST(test_errors)
{
	struct counts n;

	each(error_one, &n);
	if (recordings_exist())
		ck_assert_uint_ge(n.errors, 6);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/gemini_recordings");
	TCase *tc = tcase_create("recordings");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_whole);
	tcase_add_test(tc, test_streams);
	tcase_add_test(tc, test_cuts);
	tcase_add_test(tc, test_errors);
	suite_add_tcase(s, tc);
	return s;
}

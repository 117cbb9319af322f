#ifndef TESTS_DIALECT_TOLD_H
#define TESTS_DIALECT_TOLD_H

/*
 * told - answers of providers through a dialect, read again by another JSON
 * parser, and recorded ones to compare them with.
 *
 * A test says what it expects as a struct told that it has filled from the
 * provider's own JSON.
 */

#include "base/err.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"
#include "proto/reply.h"
#include "tests/proto/recordings.h"

struct told {
	struct sbuf text, reasoning, calls; /* name(arguments) of each */
	struct sbuf links;                  /* of citations */
	char finish[32];
	unsigned done, errors, finishes, n_calls;
	struct usage_figures usage;
	bool has_usage;
};

static inline void
told_free(struct told *t)
{
	sbuf_free(&t->text);
	sbuf_free(&t->reasoning);
	sbuf_free(&t->calls);
	sbuf_free(&t->links);
}

static inline json_object *
told_dig(json_object *o, const char *name)
{
	return o != NULL && json_object_is_type(o, json_type_object)
	           ? json_object_object_get(o, name)
	           : NULL;
}

static inline size_t
told_length(json_object *array)
{
	return array != NULL && json_object_is_type(array, json_type_array)
	           ? json_object_array_length(array)
	           : 0;
}

static inline void
told_add(struct sbuf *b, json_object *o, const char *name)
{
	json_object *v = told_dig(o, name);

	if (v != NULL)
		sbuf_adds(b, json_object_get_string(v));
}

static inline int64_t
told_count(json_object *o, const char *name)
{
	return json_object_get_int64(told_dig(o, name));
}

static inline void
told_finish(struct told *t, const char *word)
{
	snprintf(t->finish, sizeof t->finish, "%s", word);
	t->finishes++;
}

/* Calls as ")" closes each: pieces of one have no name. */
static inline void
told_call(struct told *t, json_object *call, bool whole)
{
	json_object *function = told_dig(call, "function");

	if (told_dig(function, "name") != NULL) {
		sbuf_adds(&t->calls, ";");
		told_add(&t->calls, call, "id");
		sbuf_addc(&t->calls, ' ');
		told_add(&t->calls, function, "name");
		sbuf_addc(&t->calls, '=');
		ck_assert_str_eq(recordings_str(call, "type"), "function");
		if (!whole)
			ck_assert_int_eq(told_count(call, "index"), t->n_calls);
		t->n_calls++;
	}
	told_add(&t->calls, function, "arguments");
}

/* A delta of a chunk, or the message of a reply. */
static inline void
told_words(struct told *t, json_object *o, bool whole)
{
	json_object *calls = told_dig(o, "tool_calls");
	json_object *notes = told_dig(o, "annotations");

	told_add(&t->text, o, "content");
	told_add(&t->reasoning, o, "reasoning_content");
	for (size_t i = 0; i < told_length(calls); i++)
		told_call(t, json_object_array_get_idx(calls, i), whole);
	for (size_t i = 0; i < told_length(notes); i++) {
		sbuf_addc(&t->links, ' ');
		told_add(&t->links,
		    told_dig(json_object_array_get_idx(notes, i),
			"url_citation"),
		    "url");
	}
}

static inline void
told_choices(struct told *t, json_object *chunk, const char *words, bool whole)
{
	json_object *choices = told_dig(chunk, "choices"), *c, *finish;

	for (size_t i = 0; i < told_length(choices); i++) {
		c = json_object_array_get_idx(choices, i);
		finish = told_dig(c, "finish_reason");
		ck_assert_msg(t->finishes == 0, "words after the finish");
		told_words(t, told_dig(c, words), whole);
		if (finish != NULL)
			told_finish(t, json_object_get_string(finish));
	}
}

/* Frames as chatout writes them. */
static inline void
told_read_stream(struct told *t, const char *text)
{
	json_object *chunk;
	const char *end;
	char *data;

	while (*text != '\0') {
		if (strncmp(text, "event: error\n", 13) == 0) {
			t->errors++;
			text += 13;
		}
		ck_assert_msg(strncmp(text, "data: ", 6) == 0, "%.60s", text);
		ck_assert_uint_eq(t->done, 0);
		end = strstr(text, "\n\n");
		ck_assert(end != NULL);
		data = strndup(text + 6, (size_t)(end - text) - 6);
		chunk = json_tokener_parse(data);
		t->done += strcmp(data, "[DONE]") == 0;
		ck_assert_msg(chunk != NULL || t->done == 1, "%s", data);
		told_choices(t, chunk, "delta", false);
		json_object_put(chunk);
		free(data);
		text = end + 2;
	}
}

static inline struct decode_opts
told_opts(const struct dialect *dialect)
{
	return (struct decode_opts){ .dialect = dialect,
		.id = SLICE("chatcmpl-minted"),
		.model = SLICE("asked"),
		.created_s = 1700000000,
		.seed = "0123456789abcde" };
}

struct told_run {
	struct sbuf sent; /* with a NUL behind it */
	struct decode_state state;
	int fed;
	struct err e;
};

/*
 * Feed a stream in pieces of that size (0: of random ones), each in memory of
 * its own; then its end, when it has one.
 */
static inline void
told_stream(const struct dialect *dialect, struct slice text, size_t step,
    bool ended, struct told_run *run)
{
	struct decode_opts opts = told_opts(dialect);
	struct decode *d = decode_new(&opts);
	size_t n;
	char *piece;

	*run = (struct told_run){ .fed = 0 };
	while (text.n > 0 && run->fed == 0) {
		n = step > 0 ? step : 1 + (size_t)rand() % 300;
		n = n < text.n ? n : text.n;
		piece = malloc(n);
		memcpy(piece, text.p, n);
		run->fed = decode_feed(d, (struct slice){ piece, n },
		    &run->sent, &run->e);
		free(piece);
		text = slice_skip(text, n);
	}
	if (ended && run->fed == 0)
		run->fed = decode_end(d, &run->sent, &run->e);
	decode_state(d, &run->state);
	decode_free(&d);
	sbuf_addc(&run->sent, '\0');
	run->sent.len--;
}

/* A whole answer: the completion in run->sent; run->fed as decode_whole(). */
static inline void
told_whole(const struct dialect *dialect, struct slice body,
    struct told_run *run)
{
	struct decode_opts opts = told_opts(dialect);
	struct decode *d = decode_new(&opts);

	*run = (struct told_run){ .fed = 0 };
	run->fed = decode_whole(d, body, &run->sent, &run->e);
	decode_state(d, &run->state);
	decode_free(&d);
	sbuf_addc(&run->sent, '\0');
	run->sent.len--;
}

static inline void
told_read_whole(struct told *t, const char *text)
{
	json_object *reply = json_tokener_parse(text);

	ck_assert_msg(reply != NULL, "%s", text);
	ck_assert_str_eq(recordings_str(reply, "object"), "chat.completion");
	told_choices(t, reply, "message", true);
	json_object_put(reply);
}

/* The relay finds nothing wrong with what was told, nor anything to cut. */
static inline void
told_relay(const struct told_run *run, enum relay_end end, const char *name)
{
	struct relay_opts opts = { .id = SLICE("chatcmpl-minted"),
		.model = SLICE("asked"),
		.created = 1700000000 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;
	enum relay_end seen;

	relay_out_init(&out);
	ck_assert_msg(relay_feed(r, sbuf_slice(&run->sent), &out, &e) == 0,
	    "%s: %s", name, e.text);
	seen = relay_finish(r, true, &out);
	ck_assert_msg(seen == end, "%s: relay %d, not %d", name, (int)seen,
	    (int)end);
	relay_out_fini(&out);
	relay_free(&r);
}

static inline void
told_expect_text(const struct sbuf *want, const struct sbuf *got,
    const char *what, const char *name)
{
	ck_assert_msg(slice_eq(sbuf_slice(want), sbuf_slice(got)),
	    "%s: %s\nwant %.*s\ngot  %.*s", name, what,
	    SLICE_ARGS(sbuf_slice(want)), SLICE_ARGS(sbuf_slice(got)));
}

static inline void
told_expect(const struct told *want, const struct told *got,
    const struct told_run *run, const char *name)
{
	struct usage_figures f;

	told_expect_text(&want->text, &got->text, "text", name);
	told_expect_text(&want->reasoning, &got->reasoning, "reasoning", name);
	told_expect_text(&want->calls, &got->calls, "calls", name);
	told_expect_text(&want->links, &got->links, "links", name);
	ck_assert_msg(strcmp(want->finish, got->finish) == 0,
	    "%s: finish %s, not %s", name, got->finish, want->finish);
	ck_assert_uint_eq(got->errors, want->errors);
	ck_assert_msg(run->state.has_usage == want->has_usage, "%s: usage",
	    name);
	usage_sum(&run->state.usage, &f);
	if (want->has_usage)
		ck_assert_msg(memcmp(&f, &want->usage, sizeof f) == 0,
		    "%s: usage %ld/%ld cached %ld reasoning %ld", name,
		    (long)f.prompt, (long)f.completion, (long)f.cached,
		    (long)f.reasoning);
}

/* A stream in any cutting is the same, and complete as it stands. */
static inline void
told_check_pieces(const struct dialect *dialect, struct slice text,
    const struct told_run *whole, const char *name)
{
	static const size_t steps[] = { 1, 7, 0, 0 };
	struct told_run pieces;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		told_stream(dialect, text, steps[i], true, &pieces);
		ck_assert_msg(pieces.fed == 0 &&
				  slice_eq(sbuf_slice(&pieces.sent),
				      sbuf_slice(&whole->sent)),
		    "%s: in pieces of %zu", name, steps[i]);
		sbuf_free(&pieces.sent);
	}
}

/* What was told of a beginning is a beginning, [DONE] only with all of it. */
static inline void
told_check_cut(const struct sbuf *cut, const struct told_run *whole, size_t at,
    const char *name)
{
	ck_assert_msg(slice_starts(sbuf_slice(&whole->sent), sbuf_slice(cut)),
	    "%s: cut at %zu: other words", name, at);
	ck_assert_msg((cut->len < whole->sent.len) ==
			  (cut->len == 0 ||
			      strstr(cut->data, "[DONE]") == NULL),
	    "%s: cut at %zu: complete", name, at);
}

/*
 * Cut anywhere, the connection lost: what stands behind each byte.  Returns
 * the cuts.
 */
static inline unsigned
told_check_cuts(const struct dialect *dialect, struct slice text,
    const struct told_run *whole, const char *name)
{
	struct decode_opts opts = told_opts(dialect);
	struct decode *d = decode_new(&opts);
	struct sbuf sent = { 0 };
	size_t at, seen = SIZE_MAX;
	struct err e;

	for (at = 0; at < text.n; at++) {
		if (sent.len != seen)
			told_check_cut(&sent, whole, at, name);
		seen = sent.len;
		ck_assert_int_eq(decode_feed(d,
				     (struct slice){ text.p + at, 1 }, &sent,
				     &e),
		    0);
	}
	decode_free(&d);
	sbuf_free(&sent);
	return (unsigned)at;
}

/* The same where the body seems to end in good order: it may be malformed. */
static inline void
told_check_ends(const struct dialect *dialect, struct slice text,
    const struct told_run *whole, const char *name)
{
	size_t step = text.n < 6000 ? 1 : text.n / 211;
	struct told_run cut;

	for (size_t at = 0; at < text.n; at += step) {
		told_stream(dialect, (struct slice){ text.p, at }, SIZE_MAX,
		    true, &cut);
		told_check_cut(&cut.sent, whole, at, name);
		sbuf_free(&cut.sent);
	}
}

/* One recorded case of a group: its folder's body and what meta.json says. */
struct told_case {
	char name[512];
	int status;
	bool stream;
	struct sbuf body;
};

typedef void told_fn(const struct told_case *c, void *arg);

/* file: which of the folder's; NULL: the answer. */
static inline bool
told_load(struct told_case *c, const char *folder, const char *file)
{
	char path[8192];
	struct sbuf meta = { 0 };
	json_object *o;
	bool good;

	snprintf(path, sizeof path, "%s/meta.json", folder);
	if (!recordings_read(path, &meta))
		return false;
	sbuf_addc(&meta, '\0');
	o = json_tokener_parse(meta.data);
	c->status = json_object_get_int(told_dig(o, "status"));
	c->stream = json_object_get_boolean(told_dig(o, "stream"));
	snprintf(path, sizeof path, "%s/%s", folder,
	    file != NULL ? file : recordings_str(o, "response_file"));
	sbuf_clear(&c->body);
	good = recordings_read(path, &c->body);
	json_object_put(o);
	sbuf_free(&meta);
	return good;
}

/* Every case below recordings/group; there must be so many, or no folder. */
static inline void
told_each_file(const char *group, unsigned least, const char *file, told_fn *fn,
    void *arg)
{
	struct told_case c = { .status = 0 };
	char path[4096], folder[4400];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/recordings/%s", recordings_shared(),
	    group);
	if (!recordings_exist())
		return;
	dir = opendir(path);
	ck_assert_msg(dir != NULL, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(folder, sizeof folder, "%s/%.255s", path,
		    entry->d_name);
		snprintf(c.name, sizeof c.name, "%s/%.255s", group,
		    entry->d_name);
		if (entry->d_name[0] == '.' || !told_load(&c, folder, file))
			continue;
		fn(&c, arg);
		n++;
	}
	closedir(dir);
	sbuf_free(&c.body);
	ck_assert_msg(n >= least, "%s: %u cases, not %u", group, n, least);
}

static inline void
told_each(const char *group, unsigned least, told_fn *fn, void *arg)
{
	told_each_file(group, least, NULL, fn, arg);
}

struct told_worked {
	const struct dialect *dialect;
	const char *name;
	struct usage_figures want;
	unsigned seen;
};

static inline void
told_worked_case(const struct told_case *c, void *arg)
{
	struct told_worked *w = arg;
	struct usage_figures f;
	struct told_run run;

	if (strstr(c->name, w->name) == NULL)
		return;
	w->seen++;
	told_whole(w->dialect, sbuf_slice(&c->body), &run);
	usage_sum(&run.state.usage, &f);
	ck_assert(run.state.has_usage);
	ck_assert_mem_eq(&f, &w->want, sizeof f);
	sbuf_free(&run.sent);
}

/* A row of spec/providers.md 6: what a recorded answer comes to. */
static inline void
told_worked(const struct dialect *dialect, const char *group, const char *name,
    struct usage_figures want)
{
	struct told_worked w = { dialect, name, want, 0 };

	told_each(group, 1, told_worked_case, &w);
	ck_assert_uint_eq(w.seen, recordings_exist() ? 1 : 0);
}

#endif

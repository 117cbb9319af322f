/*
 * What Gemini signed comes back to it on the same parts: each recorded answer
 * is told to a client, who sends it again as history (spec/providers.md 9).
 */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/assemble.h"
#include "tests/proto/asked.h"
#include "tests/proto/recordings.h"

#define MODEL "gemini-3-flash-preview"

static const char *const groups[] = { "gemini", "vertex-gemini",
	"_responses_only/gemini" };

/* What a client keeps of a message: all, or one of the two names. */
enum keeps { KEEPS_ALL, KEEPS_DETAILS, KEEPS_EXTRA, KEEPS };

static json_object *
dig(json_object *o, const char *name)
{
	return json_object_is_type(o, json_type_object)
	           ? json_object_object_get(o, name)
	           : NULL;
}

static json_object *
at(json_object *array, size_t i)
{
	return json_object_is_type(array, json_type_array)
	           ? json_object_array_get_idx(array, i)
	           : NULL;
}

static size_t
length(json_object *array)
{
	return json_object_is_type(array, json_type_array)
	           ? json_object_array_length(array)
	           : 0;
}

/* Signatures in their order: of a call "name signature;", of text "signature;"
 */
static void
signed_parts(struct sbuf *calls, struct sbuf *texts, json_object *parts)
{
	for (size_t i = 0; i < length(parts); i++) {
		json_object *call = dig(at(parts, i), "functionCall");
		const char *signature =
		    recordings_str(at(parts, i), "thoughtSignature");

		if (*signature == '\0')
			continue;
		if (call != NULL)
			sbuf_addf(calls, "%s %s;", recordings_str(call, "name"),
			    signature);
		else
			sbuf_addf(texts, "%s;", signature);
	}
}

static void
theirs(struct sbuf *calls, struct sbuf *texts, const char *json)
{
	json_object *o = json_tokener_parse(json);
	json_object *content = dig(at(dig(o, "candidates"), 0), "content");

	signed_parts(calls, texts, dig(content, "parts"));
	json_object_put(o);
}

/* The answer as the message of a client. */
static json_object *
message_of(const struct sbuf *body, bool stream)
{
	struct decode_opts opts = {
		.dialect = dialect_find(KIND_GEMINI, SLICE(MODEL), 0),
		.id = SLICE("i"),
		.model = SLICE("asked"),
	};
	struct decode *d = decode_new(&opts);
	struct assemble *a = assemble_new(SIZE_MAX);
	struct sbuf chat = { 0 }, reply = { 0 };
	json_object *o, *message;
	struct err e;

	if (stream) {
		ck_assert_int_eq(decode_feed(d, sbuf_slice(body), &chat, &e),
		    0);
		ck_assert_int_eq(decode_end(d, &chat, &e), 0);
		ck_assert_int_eq(assemble_frames(a, sbuf_slice(&chat)), 0);
		assemble_write(a, NULL, &reply);
	} else {
		ck_assert_int_eq(decode_whole(d, sbuf_slice(body), &reply, &e),
		    1);
	}
	o = json_tokener_parse(reply.data);
	message = json_object_get(dig(at(dig(o, "choices"), 0), "message"));
	json_object_put(o);
	sbuf_free(&chat);
	sbuf_free(&reply);
	assemble_free(&a);
	decode_free(&d);
	return message;
}

/* A question, the message, and a result of each call. */
static void
request_of(json_object *message, enum keeps keeps, struct sbuf *request)
{
	json_object *calls = dig(message, "tool_calls");

	if (keeps == KEEPS_EXTRA)
		json_object_object_del(message, "reasoning_details");
	for (size_t i = 0; keeps == KEEPS_DETAILS && i < length(calls); i++)
		json_object_object_del(at(calls, i), "extra_content");
	sbuf_addf(request,
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
	    "\"q\"},%s",
	    json_object_to_json_string_ext(message, 0));
	for (size_t i = 0; i < length(calls); i++)
		sbuf_addf(request,
		    ",{\"role\":\"tool\",\"tool_call_id\":\"%s\",\"content\":"
		    "\"r\"}",
		    recordings_str(at(calls, i), "id"));
	sbuf_adds(request, "]}");
}

static void
ours(struct sbuf *calls, struct sbuf *texts, const struct sbuf *request)
{
	struct ask ask = { .model = SLICE(MODEL) };
	struct sbuf body = { 0 };
	struct asked a;
	json_object *o;

	ck_assert_int_eq(asked_read(&a, sbuf_slice(request), NULL), 0);
	ask.params = &a.params;
	ask.pool = a.pool;
	ck_assert_int_eq(chat_read(&a.params, a.pool, &ask.chat, &a.err), 0);
	ck_assert_int_eq(dialect_find(KIND_GEMINI, ask.model, 0)
			     ->ask(&ask, &body, &a.err),
	    0);
	o = json_tokener_parse(body.data);
	signed_parts(calls, texts, dig(at(dig(o, "contents"), 1), "parts"));
	json_object_put(o);
	sbuf_free(&body);
	asked_end(&a);
}

static void
expect_back(const char *name, const struct sbuf *body, bool stream,
    enum keeps keeps)
{
	struct sbuf calls = { 0 }, texts = { 0 }, back = { 0 }, said = { 0 };
	struct sbuf request = { 0 };
	json_object *message = message_of(body, stream);
	char *copy = strdup(body->data), *line, *rest = copy;

	if (!stream)
		theirs(&calls, &texts, body->data);
	while (stream && (line = strsep(&rest, "\r\n")) != NULL)
		if (strncmp(line, "data:", 5) == 0)
			theirs(&calls, &texts, line + 5);
	request_of(message, keeps, &request);
	ours(&back, &said, &request);
	/* Without any, the first call has a word in its place. */
	if (calls.len > 0)
		ck_assert_msg(slice_eq(sbuf_slice(&calls), sbuf_slice(&back)),
		    "%s:\n%s\n%s", name, calls.data, back.data);
	if (keeps != KEEPS_EXTRA)
		ck_assert_msg(slice_eq(sbuf_slice(&texts), sbuf_slice(&said)),
		    "%s:\n%s\n%s", name, texts.data, said.data);
	json_object_put(message);
	free(copy);
	sbuf_free(&calls);
	sbuf_free(&texts);
	sbuf_free(&back);
	sbuf_free(&said);
	sbuf_free(&request);
}

/* 1 when the answer was signed, 0. */
static unsigned
check(const char *folder, enum keeps keeps)
{
	struct sbuf meta = { 0 }, body = { 0 };
	char path[8192];
	json_object *o;
	unsigned is = 0;

	snprintf(path, sizeof path, "%s/meta.json", folder);
	ck_assert(recordings_read(path, &meta));
	o = json_tokener_parse(meta.data);
	snprintf(path, sizeof path, "%s/%s", folder,
	    recordings_str(o, "response_file"));
	ck_assert(recordings_read(path, &body));
	if (strstr(body.data, "thoughtSignature") != NULL) {
		expect_back(folder, &body,
		    json_object_get_boolean(dig(o, "stream")), keeps);
		is = 1;
	}
	json_object_put(o);
	sbuf_free(&meta);
	sbuf_free(&body);
	return is;
}

START_TEST(test_back)
{
	char path[4096], folder[6000];
	struct dirent *entry;
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(groups) && recordings_exist(); i++) {
		DIR *dir;

		snprintf(path, sizeof path, "%s/recordings/%s",
		    recordings_shared(), groups[i]);
		dir = opendir(path);
		ck_assert_msg(dir != NULL, "%s", path);
		while ((entry = readdir(dir)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(folder, sizeof folder, "%s/%s", path,
			    entry->d_name);
			n += check(folder, (enum keeps)_i);
		}
		closedir(dir);
	}
	if (recordings_exist())
		ck_assert_uint_ge(n, 32);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/gemini_signatures");
	TCase *tc = tcase_create("signatures");

	tcase_add_loop_test(tc, test_back, 0, KEEPS);
	suite_add_tcase(s, tc);
	return s;
}

/* A request of Responses for a provider that has it: the client's bytes. */

#include "tests/suite.h"

#include "base/pool.h"
#include "dialect/native.h"
#include "proto/jscan.h"
#include "tests/dialect/told.h"

static const struct {
	const char *title, *from, *to;
	int64_t cap;
} rows[] = {
	{ "everything but model stays",
	    " {\"model\" : \"m\", \"input\":\"a\\u00e9\",\n\"top_p\":1.0,"
	    "\"x\":12345678901234567890,\"tools\":[{\"type\":\"web_search\"}],"
	    "\"previous_response_id\":\"r\" }",
	    " {\"model\" : \"up\", \"input\":\"a\\u00e9\",\n\"top_p\":1.0,"
	    "\"x\":12345678901234567890,\"tools\":[{\"type\":\"web_search\"}],"
	    "\"previous_response_id\":\"r\" }",
	    0 },
	{ "Respan's members and nulls go",
	    "{\"note\":\"n\",\"model\":\"m\",\"input\":\"a\",\"tools\":null,"
	    "\"customer_identifier\":\"c\",\"timeout\":3}",
	    "{\"model\":\"up\",\"input\":\"a\"}", 0 },
	{ "members of containers",
	    "{\"input\":\"a\",\"respan_params\":{\"temperature\":0.5,"
	    "\"max_output_tokens\":9,\"note\":\"n\",\"x\":1}}",
	    "{\"input\":\"a\",\"temperature\":0.5,\"max_output_tokens\":9,"
	    "\"model\":\"up\"}",
	    0 },
	{ "a cap is put in", "{\"model\":\"m\",\"input\":\"a\"}",
	    "{\"model\":\"up\",\"input\":\"a\",\"max_output_tokens\":77}", 77 },
	{ "a cap is lowered",
	    "{\"max_output_tokens\":100,\"model\":\"m\",\"input\":\"a\"}",
	    "{\"max_output_tokens\":77,\"model\":\"up\",\"input\":\"a\"}", 77 },
	{ "an integer is written as one",
	    "{\"max_output_tokens\":100.0,\"model\":\"up\",\"input\":\"a\"}",
	    "{\"max_output_tokens\":100,\"model\":\"up\",\"input\":\"a\"}", 0 },
	{ "metadata of an answer that is stored",
	    "{\"model\":\"up\",\"metadata\":{\"a\":\"b\"},\"input\":\"a\"}",
	    "{\"model\":\"up\",\"metadata\":{\"a\":\"b\"},\"input\":\"a\"}",
	    0 },
	{ "metadata as text",
	    "{\"model\":\"up\",\"metadata\":\"{\\\"a\\\":\\\"b\\\"}\","
	    "\"input\":\"a\"}",
	    "{\"model\":\"up\",\"metadata\":{\"a\":\"b\"},\"input\":\"a\"}",
	    0 },
	{ "metadata of an answer that is not",
	    "{\"model\":\"up\",\"store\":false,\"metadata\":{\"a\":\"b\"},"
	    "\"input\":\"a\"}",
	    "{\"model\":\"up\",\"store\":false,\"input\":\"a\"}", 0 },
	{ "metadata that OpenAI does not take",
	    "{\"model\":\"up\",\"metadata\":{\"a\":1},\"input\":\"a\"}",
	    "{\"model\":\"up\",\"input\":\"a\"}", 0 },
	{ "prompts",
	    "{\"model\":\"up\",\"prompt\":{\"id\":\"p\"},\"input\":\"a\"}",
	    "{\"model\":\"up\",\"prompt\":{\"id\":\"p\"},\"input\":\"a\"}", 0 },
	{ "Respan's prompt",
	    "{\"model\":\"up\",\"prompt\":{\"prompt_id\":\"p\"},\"input\":"
	    "\"a\"}",
	    "{\"model\":\"up\",\"input\":\"a\"}", 0 },
};

static void
native(struct slice text, struct slice model, int64_t cap,
    enum provider_kind kind, struct sbuf *out)
{
	struct pool *pool = pool_new();
	struct native_opts opts = { .kind = kind,
		.model = model,
		.put_max_tokens = cap };
	struct splice_result got;
	struct jscan_body body;
	struct err e;
	size_t len = 0;

	ck_assert_int_eq(jscan_body(text, pool, &body, &e), 0);
	ck_assert_int_eq(native_body(&body, &opts, pool, &got, &e), 0);
	for (unsigned i = 0; i < got.n; i++) {
		sbuf_add_slice(out, got.pieces[i]);
		len += got.pieces[i].n;
	}
	ck_assert_uint_eq(len, got.len);
	sbuf_addc(out, '\0');
	out->len--;
	pool_free(&pool);
}

START_TEST(test_rows)
{
	static const enum provider_kind kinds[] = { KIND_OPENAI, KIND_AZURE };
	struct sbuf out = { 0 };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		sbuf_clear(&out);
		native(slice_str(rows[_i].from), SLICE("up"), rows[_i].cap,
		    kinds[i], &out);
		ck_assert_msg(strcmp(out.data, rows[_i].to) == 0,
		    "%s\nis   %s\nwant %s", rows[_i].title, out.data,
		    rows[_i].to);
	}
	sbuf_free(&out);
}
END_TEST

/* Recorded bodies, asked of their own model, are what was recorded. */
START_TEST(test_recordings)
{
	char path[4096], file[8192];
	struct dirent *entry;
	struct sbuf text = { 0 }, out = { 0 };
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/recordings/openai-responses",
	    recordings_shared());
	if (!recordings_exist())
		return;
	dir = opendir(path);
	while ((entry = readdir(dir)) != NULL) {
		json_object *o;

		snprintf(file, sizeof file, "%s/%.255s/request.json", path,
		    entry->d_name);
		sbuf_clear(&text);
		sbuf_clear(&out);
		if (entry->d_name[0] == '.' || !recordings_read(file, &text))
			continue;
		o = json_tokener_parse(text.data);
		/* A null was left out, and a reusable prompt has no model. */
		if (strstr(text.data, "null") == NULL &&
		    told_dig(o, "model") != NULL) {
			native(sbuf_slice(&text),
			    slice_str(recordings_str(o, "model")), 0,
			    KIND_OPENAI, &out);
			ck_assert_msg(slice_eq(sbuf_slice(&text),
					  sbuf_slice(&out)),
			    "%s: %s", entry->d_name, out.data);
			n++;
		}
		json_object_put(o);
	}
	closedir(dir);
	ck_assert_uint_ge(n, 30);
	sbuf_free(&text);
	sbuf_free(&out);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/native_responses");
	TCase *tc = tcase_create("native");

	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_test(tc, test_recordings);
	suite_add_tcase(s, tc);
	return s;
}

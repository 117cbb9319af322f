/* Lists of embeddings as providers of OpenAI's API send them. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/embeddings.h"

#define DATA                                                                   \
	"\"data\":[{\"object\":\"embedding\",\"index\":0,"                     \
	"\"embedding\":[1]}]"

static const struct {
	const char *title, *body;
	int got;                    /* of embeddings_read() */
	int64_t prompt, completion; /* -1: no usage */
} rows[] = {
	{ "openai",
	    "{\"object\":\"list\"," DATA ",\"usage\":"
	    "{\"prompt_tokens\":8,\"total_tokens\":8}}",
	    1, 8, 0 },
	{ "blanks around it", " {" DATA "} \n", 1, -1, 0 },
	{ "a total that says more",
	    "{" DATA ",\"usage\":{\"prompt_tokens\":8,"
	    "\"total_tokens\":9}}",
	    1, 8, 0 },
	{ "an output that is none",
	    "{" DATA ",\"usage\":{\"prompt_tokens\":8,"
	    "\"completion_tokens\":5,\"total_tokens\":13}}",
	    1, 8, 0 },
	{ "nothing counted", "{" DATA ",\"usage\":{}}", 1, -1, 0 },
	{ "a usage of null", "{\"usage\":null," DATA "}", 1, -1, 0 },
	{ "a negative figure", "{" DATA ",\"usage\":{\"prompt_tokens\":-1}}", 1,
	    -1, 0 },
	{ "an error", "{\"error\":{\"message\":\"no\",\"code\":400}}", 0, 0,
	    0 },
	{ "an error beside data", "{\"error\":\"no\"," DATA "}", 0, 0, 0 },
	{ "an error that is none", "{\"error\":null," DATA "}", 1, -1, 0 },
	{ "mistral's error", "{\"object\":\"error\",\"message\":\"no\"}", 0, 0,
	    0 },
	{ "no data", "{\"object\":\"list\"}", -1, 0, 0 },
	{ "data of another kind", "{\"data\":{}}", -1, 0, 0 },
	{ "an array", "[1]", -1, 0, 0 },
	{ "a cut", "{" DATA, -1, 0, 0 },
	{ "more behind it", "{" DATA "}x", -1, 0, 0 },
	{ "no JSON", "<html>", -1, 0, 0 },
	{ "nothing", "", -1, 0, 0 },
};

START_TEST(reads)
{
	struct embeddings r;
	struct usage_figures f = { .prompt = -1 };
	struct err e;

	ck_assert_msg(embeddings_read(slice_str(rows[_i].body), &r, &e) ==
			  rows[_i].got,
	    "%s", rows[_i].title);
	if (rows[_i].got == -1)
		ck_assert_int_eq(e.kind, ERR_UPSTREAM_INVALID);
	if (rows[_i].got == 0)
		ck_assert_str_eq(r.error.message, "no");
	if (rows[_i].got != 1)
		return;
	if (r.has_usage)
		usage_sum(&r.usage, &f);
	ck_assert_msg(f.prompt == rows[_i].prompt &&
			  f.completion == rows[_i].completion,
	    "%s", rows[_i].title);
}
END_TEST

#define OURS                                                                   \
	"{\"completion_tokens\":0,\"prompt_tokens\":3,\"total_tokens\":3,"     \
	"\"completion_tokens_details\":{\"accepted_prediction_tokens\":0,"     \
	"\"audio_tokens\":0,\"reasoning_tokens\":0,"                           \
	"\"rejected_prediction_tokens\":0},\"prompt_tokens_details\":{"        \
	"\"audio_tokens\":0,\"cached_tokens\":0,\"cache_creation_tokens\":0}," \
	"\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0}"

static const struct {
	const char *body, *made;
} splices[] = {
	{ " {" DATA " } ", "{" DATA " ,\"usage\":" OURS "}" },
	{ "{\"usage\": null ," DATA "}", "{\"usage\": " OURS " ," DATA "}" },
	{ "{" DATA ",\"usage\":{}}", "{" DATA ",\"usage\":" OURS "}" },
};

START_TEST(puts_in_a_usage)
{
	struct slice out[EMBEDDINGS_SLICES];
	struct sbuf b = { 0 }, joined = { 0 };
	struct embeddings r;
	struct usage usage;
	struct err e;
	size_t n;

	usage_of_totals(&usage, 3, 0);
	ck_assert_int_eq(embeddings_read(slice_str(splices[_i].body), &r, &e),
	    1);
	n = embeddings_slices(&r, &usage, &b, out);
	for (size_t i = 0; i < n; i++)
		sbuf_add_slice(&joined, out[i]);
	sbuf_addc(&joined, '\0');
	ck_assert_str_eq(joined.data, splices[_i].made);
	sbuf_free(&b);
	sbuf_free(&joined);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("embeddings");
	TCase *t = tcase_create("embeddings");

	tcase_add_loop_test(t, reads, 0, (int)COUNT(rows));
	tcase_add_loop_test(t, puts_in_a_usage, 0, (int)COUNT(splices));
	suite_add_tcase(s, t);
	return s;
}

/* Embeddings of providers that do not speak OpenAI's: providers.md 11. */

#include "tests/suite.h"

#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/embed.h"
#include "tests/proto/asked.h"

struct embedding {
	struct asked asked;
	struct ask ask;
	const struct embed *embed;
	struct sbuf text; /* what was written */
};

static void
embedding_start(struct embedding *x, enum provider_kind kind, const char *model,
    const char *body)
{
	memset(x, 0, sizeof *x);
	ck_assert_msg(asked_read_as(&x->asked, DIALECT_EMBEDDINGS,
			  slice_str(body), NULL) == 0,
	    "%s: %s", body, x->asked.err.text);
	x->ask.params = &x->asked.params;
	x->ask.pool = x->asked.pool;
	x->ask.model = slice_str(model);
	x->ask.project = SLICE("p 1");
	x->ask.location = SLICE("l");
	x->embed = embed_find(kind, x->ask.model);
	ck_assert_ptr_nonnull(x->embed);
}

static void
embedding_end(struct embedding *x)
{
	sbuf_free(&x->text);
	asked_end(&x->asked);
}

#define ONE "{\"input\":\"a\\n\"}"
#define LONE "{\"input\":[\"a\\n\"],\"dimensions\":8.0}"
#define TWO "{\"input\":[\"a\",\"b\"],\"dimensions\":8}"
#define DOCUMENT "\"input_type\":\"search_document\""

static const struct {
	enum provider_kind kind;
	const char *model, *body, *path, *sent;
} asks[] = {
	{ KIND_GEMINI, "m/1", ONE, "/models/m%2F1:embedContent",
	    "{\"content\":{\"parts\":[{\"text\":\"a\\n\"}]}}" },
	{ KIND_GEMINI, "m", LONE, "/models/m:embedContent",
	    "{\"content\":{\"parts\":[{\"text\":\"a\\n\"}]},"
	    "\"outputDimensionality\":8}" },
	{ KIND_GEMINI, "m\"", TWO, "/models/m%22:batchEmbedContents",
	    "{\"requests\":[{\"model\":\"models/m\\\"\",\"content\":{\"parts\":"
	    "[{\"text\":\"a\"}]},\"outputDimensionality\":8},"
	    "{\"model\":\"models/m\\\"\",\"content\":{\"parts\":"
	    "[{\"text\":\"b\"}]},\"outputDimensionality\":8}]}" },
	{ KIND_VERTEX_GEMINI, "m", ONE,
	    "/projects/p%201/locations/l/publishers/google/models/m:predict",
	    "{\"instances\":[{\"content\":\"a\\n\"}]}" },
	{ KIND_VERTEX_GEMINI, "m", TWO,
	    "/projects/p%201/locations/l/publishers/google/models/m:predict",
	    "{\"instances\":[{\"content\":\"a\"},{\"content\":\"b\"}],"
	    "\"parameters\":{\"outputDimensionality\":8}}" },
	{ KIND_COHERE, "m", ONE, "/v2/embed",
	    "{\"model\":\"m\",\"texts\":[\"a\\n\"]," DOCUMENT
	    ",\"embedding_types\":[\"float\"]}" },
	{ KIND_COHERE, "m",
	    "{\"input\":[\"a\",\"b\"],\"dimensions\":8,"
	    "\"input_type\":\"search_query\"}",
	    "/v2/embed",
	    "{\"model\":\"m\",\"texts\":[\"a\",\"b\"],\"input_type\":"
	    "\"search_query\",\"embedding_types\":[\"float\"],"
	    "\"output_dimension\":8}" },
	{ KIND_BEDROCK, "amazon.titan-embed-text-v2:0", ONE,
	    "/model/amazon.titan-embed-text-v2%3A0/invoke",
	    "{\"inputText\":\"a\\n\"}" },
	{ KIND_BEDROCK_INVOKE, "t", LONE, "/model/t/invoke",
	    "{\"inputText\":\"a\\n\",\"dimensions\":8}" },
	{ KIND_BEDROCK, "us.cohere.embed-v4:0", TWO,
	    "/model/us.cohere.embed-v4%3A0/invoke",
	    "{\"texts\":[\"a\",\"b\"]," DOCUMENT ",\"output_dimension\":8}" },
	{ KIND_OLLAMA, "m", ONE, "/api/embed",
	    "{\"model\":\"m\",\"input\":[\"a\\n\"]}" },
	{ KIND_OLLAMA, "m", TWO, "/api/embed",
	    "{\"model\":\"m\",\"input\":[\"a\",\"b\"],\"dimensions\":8}" },
};

START_TEST(asks_each)
{
	struct sbuf path = { 0 };
	struct embedding x;

	embedding_start(&x, asks[_i].kind, asks[_i].model, asks[_i].body);
	ck_assert_msg(embed_ask(x.embed, &x.ask, &x.text, &x.asked.err) == 0,
	    "%s", x.asked.err.text);
	x.embed->path(&x.ask, &path);
	sbuf_addc(&path, '\0');
	sbuf_addc(&x.text, '\0');
	ck_assert_str_eq(path.data, asks[_i].path);
	ck_assert_str_eq(x.text.data, asks[_i].sent);
	sbuf_free(&path);
	embedding_end(&x);
}
END_TEST

#define UNSUPPORTED(param)                                                     \
	"unsupported_parameter", param,                                        \
	    "Parameter '" param "' is not supported by this provider."

static const struct {
	enum provider_kind kind;
	const char *body, *code, *param, *text;
} refusals[] = {
	{ KIND_COHERE, "{\"input\":[1,2]}", UNSUPPORTED("input") },
	{ KIND_GEMINI, "{\"input\":[[1,2],[3]]}", UNSUPPORTED("input") },
	{ KIND_OLLAMA, "{\"input\":[\"a\",7]}", UNSUPPORTED("input") },
	{ KIND_OLLAMA, "{\"input\":[\"a\",{}]}", "invalid_type", "input[1]",
	    "Invalid type for 'input[1]': expected string, got object." },
	{ KIND_VERTEX_GEMINI, "{\"input\":[null]}", "invalid_type", "input[0]",
	    "Invalid type for 'input[0]': expected string, got null." },
	{ KIND_BEDROCK, TWO, UNSUPPORTED("input") },
};

START_TEST(refuses_what_it_cannot_say)
{
	struct embedding x;

	embedding_start(&x, refusals[_i].kind, "m", refusals[_i].body);
	ck_assert_int_eq(embed_ask(x.embed, &x.ask, &x.text, &x.asked.err), -1);
	ck_assert_str_eq(x.asked.err.text, refusals[_i].text);
	ck_assert_str_eq(x.asked.err.param, refusals[_i].param);
	ck_assert_str_eq(err_code(x.asked.err.kind), refusals[_i].code);
	embedding_end(&x);
}
END_TEST

/* What no table carries is named; what it does is not. */
START_TEST(warns_of_what_is_dropped)
{
	static const char body[] = "{\"input\":\"a\",\"user\":\"u\",\"x\":1,"
				   "\"input_type\":\"t\",\"note\":\"n\"}";
	static const struct {
		enum provider_kind kind;
		unsigned n;
	} kinds[] = { { KIND_COHERE, 2 }, { KIND_GEMINI, 3 } };
	struct embedding x;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		embedding_start(&x, kinds[i].kind, "m", body);
		ck_assert_int_eq(embed_ask(x.embed, &x.ask, &x.text,
				     &x.asked.err),
		    0);
		ck_assert_uint_eq(x.asked.params.n_warnings, kinds[i].n);
		ck_assert(slice_eq(x.asked.params.warnings[0], SLICE("user")));
		ck_assert(slice_eq(x.asked.params.warnings[1], SLICE("x")));
		embedding_end(&x);
	}
}
END_TEST

#define FIRST "{\"object\":\"embedding\",\"index\":0,\"embedding\":"
#define SECOND "{\"object\":\"embedding\",\"index\":1,\"embedding\":"
#define LIST "[" FIRST "[1]}," SECOND "[-2.50]}]"
#define PACKED "[" FIRST "\"AACAPw==\"}," SECOND "\"AAAgwA==\"}]"
#define PREDICTED(vector, tokens)                                              \
	"{\"embeddings\":{\"values\":" vector                                  \
	",\"statistics\":{\"truncated\":false" tokens "}}}"
#define BASE64 "{\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\"}"

static const struct {
	const char *title;
	enum provider_kind kind;
	const char *model, *body, *json, *list; /* NULL: it is invalid */
	int64_t tokens;
} tells[] = {
	{ "gemini, one", KIND_GEMINI, "m", ONE,
	    "{\"embedding\":{\"values\":[1]}}", "[" FIRST "[1]}]", -1 },
	{ "gemini, several", KIND_GEMINI, "m", TWO,
	    "{\"embeddings\":[{\"values\":[1]},{\"values\":[-2.50]}]}", LIST,
	    -1 },
	{ "gemini in base64", KIND_GEMINI, "m", BASE64,
	    "{\"embeddings\":[{\"values\":[1]},{\"values\":[-2.50]}]}", PACKED,
	    -1 },
	{ "gemini, a batch of one", KIND_GEMINI, "m", ONE,
	    "{\"embeddings\":[{\"values\":[1]}]}", "[" FIRST "[1]}]", -1 },
	{ "gemini, one too few", KIND_GEMINI, "m", TWO,
	    "{\"embeddings\":[{\"values\":[1]}]}", NULL, 0 },
	{ "gemini, no values", KIND_GEMINI, "m", ONE, "{\"embedding\":{}}",
	    NULL, 0 },
	{ "gemini, no objects", KIND_GEMINI, "m", TWO,
	    "{\"embeddings\":[[1],[2]]}", NULL, 0 },
	{ "vertex", KIND_VERTEX_GEMINI, "m", TWO,
	    "{\"predictions\":[" PREDICTED("[1]",
		",\"token_count\":3") "," PREDICTED("[-2.50]",
		",\"token_count\":4.0") "]}",
	    LIST, 7 },
	{ "vertex, a figure is lacking", KIND_VERTEX_GEMINI, "m", TWO,
	    "{\"predictions\":[" PREDICTED("[1]", "") "," PREDICTED("[-2.50]",
		",\"token_count\":4") "]}",
	    LIST, -1 },
	{ "cohere", KIND_COHERE, "m", TWO,
	    "{\"embeddings\":{\"float\":[[1],[-2.50]]},\"meta\":{"
	    "\"billed_units\":{\"input_tokens\":5}}}",
	    LIST, 5 },
	{ "cohere without types", KIND_COHERE, "m", TWO,
	    "{\"embeddings\":[[1],[-2.50]]}", LIST, -1 },
	{ "cohere, other types", KIND_COHERE, "m", TWO,
	    "{\"embeddings\":{\"int8\":[[1],[2]]}}", NULL, 0 },
	{ "cohere at bedrock", KIND_BEDROCK, "cohere.embed-english-v3", TWO,
	    "{\"embeddings\":[[1],[-2.50]],\"response_type\":"
	    "\"embeddings_floats\"}",
	    LIST, -1 },
	{ "titan", KIND_BEDROCK, "t", ONE,
	    "{\"embedding\":[1],\"inputTextTokenCount\":2}", "[" FIRST "[1]}]",
	    2 },
	{ "titan, a negative figure", KIND_BEDROCK, "t", ONE,
	    "{\"embedding\":[1],\"inputTextTokenCount\":-2}", "[" FIRST "[1]}]",
	    -2 },
	{ "ollama", KIND_OLLAMA, "m", TWO,
	    "{\"model\":\"n:v\",\"embeddings\":[[1],[-2.50]],"
	    "\"prompt_eval_count\":6}",
	    LIST, 6 },
	{ "ollama, no numbers", KIND_OLLAMA, "m", ONE,
	    "{\"embeddings\":[[\"1\"]]}", NULL, 0 },
	{ "no JSON", KIND_OLLAMA, "m", ONE, "<html>", NULL, 0 },
	{ "no object", KIND_OLLAMA, "m", ONE, "[1]", NULL, 0 },
	{ "nothing of it", KIND_OLLAMA, "m", ONE, "{}", NULL, 0 },
};

START_TEST(tells_each)
{
	struct embedding x;
	struct embed_list list = { .b = &x.text };
	struct relay_error error;
	struct err e;
	int got;

	embedding_start(&x, tells[_i].kind, tells[_i].model, tells[_i].body);
	list.base64 = strcmp(tells[_i].body, BASE64) == 0;
	got = embed_tell(x.embed, &x.ask, slice_str(tells[_i].json), &list,
	    &error, &e);
	if (tells[_i].list == NULL) {
		ck_assert_msg(got == -1 && e.kind == ERR_UPSTREAM_INVALID,
		    "%s: %d", tells[_i].title, got);
		embedding_end(&x);
		return;
	}
	sbuf_addc(&x.text, '\0');
	ck_assert_msg(got == 1, "%s: %s", tells[_i].title, e.text);
	ck_assert_str_eq(x.text.data, tells[_i].list);
	ck_assert_int_eq(list.in_tokens, tells[_i].tokens);
	if (tells[_i].kind == KIND_OLLAMA)
		ck_assert(slice_eq(list.model, SLICE("n:v")));
	else
		ck_assert_uint_eq(list.model.n, 0);
	embedding_end(&x);
}
END_TEST

START_TEST(an_error_in_a_200)
{
	struct embedding x;
	struct embed_list list = { .b = &x.text };
	struct relay_error error;
	struct err e;

	embedding_start(&x, KIND_OLLAMA, "m", ONE);
	ck_assert_int_eq(embed_tell(x.embed, &x.ask,
			     SLICE("{\"error\":\"no such model\"}"), &list,
			     &error, &e),
	    0);
	ck_assert_str_eq(error.message, "no such model");
	embedding_end(&x);
}
END_TEST

START_TEST(knows_who_speaks_what)
{
	static const enum provider_kind plain[] = { KIND_OPENAI, KIND_AZURE,
		KIND_DEMO };

	for (unsigned kind = 0; kind < KINDS; kind++) {
		bool as_is = embed_is_plain((enum provider_kind)kind);
		bool found = false;

		for (size_t i = 0; i < COUNT(plain); i++)
			found = found || plain[i] == kind;
		ck_assert(as_is == found);
		ck_assert((embed_find((enum provider_kind)kind, SLICE("m")) ==
			      NULL) == (as_is || kind == KIND_ANTHROPIC ||
					   kind == KIND_VERTEX_CLAUDE));
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("embed");
	TCase *t = tcase_create("embed");

	tcase_add_loop_test(t, asks_each, 0, (int)COUNT(asks));
	tcase_add_loop_test(t, refuses_what_it_cannot_say, 0,
	    (int)COUNT(refusals));
	tcase_add_test(t, warns_of_what_is_dropped);
	tcase_add_loop_test(t, tells_each, 0, (int)COUNT(tells));
	tcase_add_test(t, an_error_in_a_200);
	tcase_add_test(t, knows_who_speaks_what);
	suite_add_tcase(s, t);
	return s;
}

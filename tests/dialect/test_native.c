#include "tests/suite.h"

#include "dialect/native.h"
#include "tests/dialect/harvest.h"
#include "tests/dialect/inbound_rows.h"

#define MSG "'messages':[{'role':'user','content':'x'}]"
#define CAP "'max_tokens':9"
#define SAID "'contents':[{'parts':[{'text':'x'}]}]"

static const struct native_opts claude = { .kind = KIND_ANTHROPIC,
	.model = { "up", 2 } };
static const struct native_opts lowered = { .kind = KIND_ANTHROPIC,
	.model = { "up", 2 },
	.put_max_tokens = 77 };
static const struct native_opts counting = { .kind = KIND_ANTHROPIC,
	.model = { "up", 2 },
	.counts = true };
static const struct native_opts vertex = { .kind = KIND_VERTEX_CLAUDE,
	.model = { "up", 2 },
	.betas = { "a,b", 3 } };
static const struct native_opts invoke = { .kind = KIND_BEDROCK_INVOKE,
	.model = { "up", 2 } };
static const struct native_opts betas = { .kind = KIND_BEDROCK_INVOKE,
	.model = { "up", 2 },
	.betas = { " a , b-2 ,,", 11 } };
static const struct native_opts gemini = { .kind = KIND_GEMINI,
	.model = { "up", 2 } };
static const struct native_opts capped = { .kind = KIND_VERTEX_GEMINI,
	.model = { "up", 2 },
	.put_max_tokens = 77 };

static const struct {
	const char *title;
	const struct native_opts *opts;
	const char *from, *to;
} rows[] = {
	{ "everything but the model stays", &claude,
	    " {\n 'mod\\u0065l' : 'm' , 'x':[1.0, 12345678901234567890] ,\t" MSG
	    "," CAP ",'a\\/b' : { } }\n",
	    " {\n 'mod\\u0065l' : 'up' , 'x':[1.0, 12345678901234567890] ,"
	    "\t" MSG "," CAP ",'a\\/b' : { } }\n" },
	{ "a model that is right already", &claude,
	    "{'model':'u\\u0070'," MSG "," CAP "}",
	    "{'model':'u\\u0070'," MSG "," CAP "}" },
	{ "no model, no cap", &claude, "{" MSG " }",
	    "{" MSG ",'model':'up','max_tokens':4096 }" },
	{ "a cap of null", &claude, "{'max_tokens':null,'model':'m'," MSG "}",
	    "{'model':'up'," MSG ",'max_tokens':4096}" },
	{ "a cap spelt with a fraction", &claude,
	    "{'max_tokens': 9.0 ,'model':'up'," MSG "}",
	    "{'max_tokens': 9 ,'model':'up'," MSG "}" },
	{ "a cap is lowered", &lowered,
	    "{'max_tokens': 100 ,'model':'up'," MSG "}",
	    "{'max_tokens': 77 ,'model':'up'," MSG "}" },
	{ "a cap is put in", &lowered, "{'model':'up'," MSG "}",
	    "{'model':'up'," MSG ",'max_tokens':77}" },
	{ "no cap to count by", &counting, "{'model':'m'," MSG "}",
	    "{'model':'up'," MSG "}" },
	{ "Respan's members and nulls", &claude,
	    "{'note':'n', 'model':'m','top_k':null,'respan_params':{'a':1},"
	    "'customer_identifier':'c'," MSG "," CAP
	    " ,'field_name':'f','thinking':null}",
	    "{'model':'up'," MSG "," CAP "}" },
	{ "metadata with the user alone stays", &claude,
	    "{'model':'up'," MSG "," CAP ",'metadata':{ 'user_id' : 'u' }}",
	    "{'model':'up'," MSG "," CAP ",'metadata':{ 'user_id' : 'u' }}" },
	{ "other metadata goes", &claude,
	    "{'metadata':{'team':'t','user_id':'\\u0075'},'model':'up'," MSG
	    "," CAP "}",
	    "{'metadata':{'user_id':'\\u0075'},'model':'up'," MSG "," CAP "}" },
	{ "metadata without a user goes", &claude,
	    "{'model':'up'," MSG "," CAP ",'metadata':{'team':'t'}}",
	    "{'model':'up'," MSG "," CAP "}" },
	{ "containers override, and what they add is appended", &claude,
	    "{'model':'m','temperature':1," MSG "," CAP
	    ",'metadata':{'user_id':'u','respan_params':{'temperature':0.5,"
	    "'top_p':0.9,'note':'n','seed':1}}}",
	    "{'model':'up','temperature':0.5," MSG "," CAP
	    ",'metadata':{'user_id':'u'},'top_p':0.9}" },
	{ "containers below the body", &claude,
	    "{'model':'m','temperature':1," MSG "," CAP
	    ",'extra_body':{'temperature':0.5,'top_k':2}}",
	    "{'model':'up','temperature':1," MSG "," CAP ",'top_k':2}" },
	{ "Vertex: the model is in the path", &vertex,
	    "{'model':'m','stream':true," MSG "," CAP "}",
	    "{'stream':true," MSG "," CAP
	    ",'anthropic_version':'vertex-2023-10-16'}" },
	{ "Vertex: the client's own version", &vertex,
	    "{'anthropic_version':'v'," MSG "," CAP ",'model':'m'}",
	    "{'anthropic_version':'v'," MSG "," CAP "}" },
	{ "invoke: so is the stream", &invoke,
	    "{'model':'m','stream':true," MSG "," CAP "}",
	    "{" MSG "," CAP ",'anthropic_version':'bedrock-2023-05-31'}" },
	{ "invoke: betas", &betas, "{'model':'m'," MSG "," CAP "}",
	    "{" MSG "," CAP ",'anthropic_version':'bedrock-2023-05-31',"
	    "'anthropic_beta':['a','b-2']}" },
	{ "Gemini: nothing to do", &gemini,
	    "{" SAID ",'generationConfig':{'maxOutputTokens':5},'model':'x' }",
	    "{" SAID
	    ",'generationConfig':{'maxOutputTokens':5},'model':'x' }" },
	{ "Gemini: Respan's and nulls", &gemini,
	    "{'safetySettings':null," SAID ",'metadata':{'a':'b'},'note':'n',"
	    "'labels':{'a':'b'}}",
	    "{" SAID ",'labels':{'a':'b'}}" },
	{ "Gemini: a cap is lowered", &capped,
	    "{'generationConfig':{ 'topP':1.0, 'maxOutputTokens' : 100 ,"
	    "'seed':1}," SAID "}",
	    "{'generationConfig':{ 'topP':1.0, 'maxOutputTokens' : 77 ,"
	    "'seed':1}," SAID "}" },
	{ "Gemini: in snake case", &capped,
	    "{'generation_config':{'max_output_tokens':100}," SAID "}",
	    "{'generation_config':{'max_output_tokens':77}," SAID "}" },
	{ "Gemini: a cap of null", &capped,
	    "{'generationConfig':{'maxOutputTokens':null}," SAID "}",
	    "{'generationConfig':{'maxOutputTokens':77}," SAID "}" },
	{ "Gemini: a cap is put in", &capped,
	    "{'generationConfig':{'topP':1.0 }," SAID "}",
	    "{'generationConfig':{'topP':1.0 ,'maxOutputTokens':77}," SAID
	    "}" },
	{ "Gemini: into what is empty", &capped,
	    "{'generationConfig':{ }," SAID "}",
	    "{'generationConfig':{ 'maxOutputTokens':77}," SAID "}" },
	{ "Gemini: and where there is nothing", &capped, "{" SAID "}",
	    "{" SAID ",'generationConfig':{'maxOutputTokens':77}}" },
	{ "Gemini: a cap spelt with a fraction", &gemini,
	    "{'generationConfig':{'maxOutputTokens':5.0}," SAID "}",
	    "{'generationConfig':{'maxOutputTokens':5}," SAID "}" },
};

/* The pieces as one text. */
static void
run(struct slice text, const struct native_opts *opts, struct sbuf *out)
{
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct splice_result r;
	struct err e;

	ck_assert_int_eq(jscan_body(text, pool, &body, &e), 0);
	ck_assert_int_eq(native_body(&body, opts, pool, &r, &e), 0);
	for (unsigned i = 0; i < r.n; i++)
		sbuf_add_slice(out, r.pieces[i]);
	ck_assert_uint_eq(out->len, r.len);
	pool_free(&pool);
}

START_TEST(test_rows)
{
	struct sbuf from = { 0 }, want = { 0 }, out = { 0 };

	inbound_unquote(rows[_i].from, &from);
	inbound_unquote(rows[_i].to, &want);
	run(sbuf_slice(&from), rows[_i].opts, &out);
	ck_assert_msg(slice_eq(sbuf_slice(&out), sbuf_slice(&want)),
	    "%s:\n%s\n%s", rows[_i].title, out.data, want.data);
	sbuf_free(&from);
	sbuf_free(&want);
	sbuf_free(&out);
}
END_TEST

START_TEST(test_metadata_that_is_no_object)
{
	struct slice text = SLICE("{\"metadata\":[]}");
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct splice_result r;
	struct err e;

	ck_assert_int_eq(jscan_body(text, pool, &body, &e), 0);
	ck_assert_int_eq(native_body(&body, &claude, pool, &r, &e), -1);
	ck_assert_int_eq(e.kind, ERR_INVALID_TYPE);
	ck_assert_str_eq(e.param, "metadata");
	pool_free(&pool);
}
END_TEST

/* What a group's kind takes out, and nulls. */
static void
strip(json_object *o, enum provider_kind kind)
{
	static const char *const nullable[] = { "safetySettings", "toolConfig",
		"systemInstruction", "generationConfig", "tools" };
	json_object *v;

	for (size_t i = 0; i < COUNT(nullable); i++)
		if (json_object_object_get_ex(o, nullable[i], &v) && v == NULL)
			json_object_object_del(o, nullable[i]);
	if (kind == KIND_BEDROCK_INVOKE)
		json_object_object_del(o, "stream");
}

struct group {
	const char *name;
	enum provider_kind kind;
	unsigned bytes,
	    equal; /* cases with the same bytes; with the same JSON */
};

static void
check_recorded(const char *name, const struct sbuf *request,
    const struct sbuf *meta, void *arg)
{
	struct group *g = arg;
	json_object *from = json_tokener_parse(request->data), *to;
	struct native_opts opts = { .kind = g->kind,
		.model = slice_str(harvest_str(from, "model")),
		.counts = strstr(meta->data, "count_tokens") != NULL };
	struct sbuf out = { 0 };
	bool ours = harvest_get(from, "messages") != NULL &&
	            harvest_get(from, "schemaVersion") == NULL &&
	            harvest_get(from, "max_tokens") != NULL;

	/* Other families behind invoke have no such member. */
	if (g->kind == KIND_BEDROCK_INVOKE)
		ours = ours && harvest_get(from, "anthropic_version") != NULL;
	if (g->kind == KIND_GEMINI || g->kind == KIND_VERTEX_GEMINI ||
	    opts.counts)
		ours = true;
	if (ours) {
		run(sbuf_slice(request), &opts, &out);
		g->bytes += slice_eq(sbuf_slice(request), sbuf_slice(&out));
		strip(from, g->kind);
		to = json_tokener_parse(out.data);
		ck_assert_msg(json_object_equal(from, to), "%s: %s", name,
		    out.data);
		g->equal++;
		json_object_put(to);
	}
	json_object_put(from);
	sbuf_free(&out);
}

/* Sent to their own kind, recorded requests keep their bytes. */
START_TEST(test_recordings)
{
	static const struct group groups[] = {
		{ "anthropic", KIND_ANTHROPIC, 42, 42 },
		{ "anthropic-count-tokens", KIND_ANTHROPIC, 1, 1 },
		{ "vertex-claude", KIND_VERTEX_CLAUDE, 6, 6 },
		{ "bedrock-invoke", KIND_BEDROCK_INVOKE, 6, 6 },
		{ "gemini", KIND_GEMINI, 24, 36 },
		{ "vertex-gemini", KIND_VERTEX_GEMINI, 15, 15 },
	};

	if (!recordings_exist())
		return;
	for (size_t i = 0; i < COUNT(groups); i++) {
		struct group g = { groups[i].name, groups[i].kind, 0, 0 };

		inbound_each(g.name, check_recorded, &g);
		ck_assert_uint_ge(g.bytes, groups[i].bytes);
		ck_assert_uint_ge(g.equal, groups[i].equal);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("native");
	TCase *t = tcase_create("native");

	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_metadata_that_is_no_object);
	tcase_add_test(t, test_recordings);
	suite_add_tcase(s, t);
	return s;
}

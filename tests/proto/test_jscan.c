#include "proto/jscan.h"

#include <dirent.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jscan_block.h"
#include "proto/jscan_find.h"
#include "tests/proto/corpus.h"
#include "tests/suite.h"

static const struct {
	const char *title, *text;
	enum err_kind kind;
	const char *says;
} bodies[] = {
	{ "empty object", "{}", ERR_NONE, NULL },
	{ "blanks around", " \t\r\n{ } \n", ERR_NONE, NULL },
	{ "nested", "{\"a\":{\"b\":[1,{\"c\":null}]}}", ERR_NONE, NULL },
	{ "duplicates below the top are let pass", "{\"a\":{\"b\":1,\"b\":2}}",
	    ERR_NONE, NULL },
	{ "no body", "", ERR_INVALID_JSON,
	    "The request body is not valid JSON: empty body at byte 0." },
	{ "an array", "[]", ERR_INVALID_REQUEST_BODY,
	    "The request body must be a JSON object." },
	{ "a string", "\"x\"", ERR_INVALID_REQUEST_BODY,
	    "The request body must be a JSON object." },
	{ "no JSON at all", "hello", ERR_INVALID_JSON,
	    "The request body is not valid JSON: unexpected byte at byte 0." },
	{ "blanks only", "  ", ERR_INVALID_JSON,
	    "The request body is not valid JSON: unexpected end at byte 2." },
	{ "cut in a string", "{\"a\":\"x", ERR_INVALID_JSON,
	    "The request body is not valid JSON: unexpected end at byte 7." },
	{ "trailing comma", "{\"a\":1,}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: "
	    "expected a member name at byte 7." },
	{ "something behind", "{} x", ERR_INVALID_JSON,
	    "The request body is not valid JSON: unexpected byte at byte 3." },
	{ "leading zero", "{\"a\":01}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: "
	    "expected ',' or '}' at byte 6." },
	{ "raw newline", "{\"a\":\"\n\"}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: "
	    "control byte in a string at byte 6." },
	{ "bad UTF-8", "{\"a\":\"\xc3(\"}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: invalid UTF-8 at byte 6." },
	{ "lone surrogate in a name", "{\"\\ud800\":1}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: lone surrogate at byte 2." },
	{ "NUL in a name", "{\"model\\u0000x\":1}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: "
	    "NUL in a member name at byte 1." },
	{ "NUL in a name below", "{\"a\":[{\"b\\u0000\":1}]}", ERR_INVALID_JSON,
	    "The request body is not valid JSON: "
	    "NUL in a member name at byte 7." },
	{ "NUL in a value", "{\"a\":\"\\u0000\"}", ERR_NONE, NULL },
	{ "duplicate", "{\"model\":1,\"x\":0,\"model\":2}",
	    ERR_DUPLICATE_PARAMETER, "Duplicate parameter: 'model'." },
	{ "duplicate by an escape", "{\"model\":1,\"mod\\u0065l\":2}",
	    ERR_DUPLICATE_PARAMETER, "Duplicate parameter: 'model'." },
	{ "duplicate of nulls", "{\"a\":null,\"a\":null}",
	    ERR_DUPLICATE_PARAMETER, "Duplicate parameter: 'a'." },
};

START_TEST(judges_bodies)
{
	struct slice text = slice_str(bodies[_i].text);
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct err e = { .kind = ERR_NONE };

	jscan_body(text, pool, &body, &e);
	ck_assert_msg(e.kind == bodies[_i].kind, "%s: %s", bodies[_i].title,
	    e.text);
	if (bodies[_i].says != NULL)
		ck_assert_str_eq(e.text, bodies[_i].says);
	pool_free(&pool);
}
END_TEST

/* What must be decided about files that RFC 8259 leaves open. */
static bool
decision(const char *name)
{
	return strncmp(name, "i_number", 8) == 0;
}

START_TEST(agrees_with_the_public_corpus)
{
	char dir[400], path[800];
	struct jscan_item item;
	struct dirent *entry;
	struct slice text;
	unsigned y = 0, n = 0, i = 0;
	struct err e;
	DIR *d = opendir(
	    corpus_path(dir, sizeof dir, "json-test-suite/test_parsing"));
	bool accepted, wanted;

	if (d == NULL)
		return; /* a tree without the corpora */
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		text = corpus_read(path);
		accepted = jscan_value(text, &item, &e) == 0;
		wanted = entry->d_name[0] == 'i' ? decision(entry->d_name)
		                                 : entry->d_name[0] == 'y';
		ck_assert_msg(accepted == wanted, "%s", entry->d_name);
		y += entry->d_name[0] == 'y';
		n += entry->d_name[0] == 'n';
		i += entry->d_name[0] == 'i';
		free((void *)(uintptr_t)text.p);
	}
	closedir(d);
	ck_assert_uint_eq(y, 95);
	ck_assert_uint_eq(n, 188);
	ck_assert_uint_eq(i, 35);
}
END_TEST

START_TEST(limits_the_depth)
{
	char text[2 * (JSCAN_DEPTH + 1)];
	struct jscan_item item;
	struct err e;

	memset(text, '[', JSCAN_DEPTH + 1);
	memset(text + JSCAN_DEPTH + 1, ']', JSCAN_DEPTH + 1);
	ck_assert_int_eq(jscan_value((struct slice){ text, sizeof text }, &item,
			     &e),
	    -1);
	ck_assert_str_eq(e.text, "nesting too deep at byte 64");
	ck_assert_int_eq(jscan_value((struct slice){ text + 1,
					 sizeof text - 2 },
			     &item, &e),
	    0);
}
END_TEST

/* {"aaa...":1} with a name of n bytes. */
static int
scan_name(size_t n, struct err *e)
{
	char text[2 * JSCAN_NAME_MAX];
	struct jscan_item members[1];
	unsigned got;

	memset(text, 'a', sizeof text);
	memcpy(text, "{\"", 2);
	memcpy(text + 2 + n, "\":1}", 4);
	return jscan_object((struct slice){ text, n + 6 }, members, 1, &got, e);
}

START_TEST(limits_names_and_members)
{
	struct jscan_item members[2];
	struct err e;
	unsigned n;

	ck_assert_int_eq(scan_name(JSCAN_NAME_MAX, &e), 0);
	ck_assert_int_eq(scan_name(JSCAN_NAME_MAX + 1, &e), -1);
	ck_assert_str_eq(e.text, "member name too long at byte 1");
	ck_assert_int_eq(jscan_object(SLICE("{\"a\":1,\"b\":2,\"c\":3}"),
			     members, 2, &n, &e),
	    -1);
	ck_assert_int_eq(e.kind, ERR_INVALID_REQUEST_BODY);
}
END_TEST

START_TEST(records_where_members_lie)
{
	struct slice text =
	    SLICE(" { \"a\" : \"x\\n\" , \"b\\t\":[1, 2],\"c\":-1.5e3}");
	struct jscan_item m[3];
	struct err e;
	unsigned n;

	ck_assert_int_eq(jscan_object(text, m, 3, &n, &e), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert(slice_eq(m[0].name, SLICE("a")));
	ck_assert(slice_eq(m[0].value, SLICE("\"x\\n\"")));
	ck_assert(m[0].escaped && !m[0].name_escaped);
	ck_assert(m[1].name_escaped && m[1].type == JSCAN_ARRAY);
	ck_assert(slice_eq(m[1].value, SLICE("[1, 2]")));
	ck_assert(slice_eq(m[2].value, SLICE("-1.5e3")));
	ck_assert_str_eq(jscan_type_name(&m[2]), "number");
	ck_assert(m[2].value.p == text.p + text.n - 7);
}
END_TEST

START_TEST(walks_what_it_has_checked)
{
	struct slice text =
	    SLICE("{\"a\" : [ 1 ,\"]}\\\"\", {\"b\":[{}]} ,[] ] , "
		  "\"c\":{\"d\":{\"e\":true}}}");
	static const char *const elements[] = { "1", "\"]}\\\"\"",
		"{\"b\":[{}]}", "[]" };
	struct jscan_item item, element;
	struct jscan_iter it, inner;
	struct err e;
	size_t n = 0;

	ck_assert_int_eq(jscan_value(text, &item, &e), 0);
	jscan_enter(&it, item.value);
	ck_assert_int_eq(jscan_member_next(&it, &item), 1);
	jscan_enter(&inner, item.value);
	while (jscan_element_next(&inner, &element))
		ck_assert(slice_eq(element.value, slice_str(elements[n++])));
	ck_assert_uint_eq(n, COUNT(elements));
	ck_assert_int_eq(jscan_member_next(&it, &item), 1);
	ck_assert_int_eq(jscan_member_next(&it, &element), 0);
	ck_assert_int_eq(jscan_dig(text, &item, "c", "d", "e", NULL), 1);
	ck_assert(jscan_true(&item));
	ck_assert_int_eq(jscan_dig(text, &item, "c", "a", NULL), 0);
	ck_assert_int_eq(jscan_dig(text, &item, "a", "a", NULL), 0);
}
END_TEST

START_TEST(names_the_duplicate)
{
	struct err e;

	ck_assert_int_eq(jscan_unique(SLICE("{\"a\":1,\"b\":2}"), "x", &e), 0);
	ck_assert_int_eq(jscan_unique(SLICE("{\"a\":1,\"\\u0061\":2}"), "x",
			     &e),
	    -1);
	ck_assert_str_eq(e.param, "x.a");
}
END_TEST

static const struct {
	const char *title;
	jscan_find_fn *portable, *forms[3];
} finders[] = {
#ifdef __SSE2__
	{ "special", jscan_find_special_portable,
	    { jscan_find_special, jscan_find_special_sse2,
		jscan_find_special_avx2 } },
	{ "quote", jscan_find_quote_portable,
	    { jscan_find_quote, jscan_find_quote_sse2,
		jscan_find_quote_avx2 } },
	{ "bracket", jscan_find_bracket_portable,
	    { jscan_find_bracket, jscan_find_bracket_sse2, NULL } },
#else
	{ "special", jscan_find_special_portable, { jscan_find_special } },
	{ "quote", jscan_find_quote_portable, { jscan_find_quote } },
	{ "bracket", jscan_find_bracket_portable, { jscan_find_bracket } },
#endif
};

static bool
runs_here(jscan_find_fn *find)
{
#ifdef __SSE2__
	if (find == jscan_find_special_avx2 || find == jscan_find_quote_avx2)
		return __builtin_cpu_supports("avx2");
#endif
	return find != NULL;
}

/* Each byte value at each place of texts up to 80 bytes. */
START_TEST(all_forms_find_the_same)
{
	char text[80];

	for (unsigned c = 0; c < 256 * sizeof text; c++) {
		size_t at = c / 256, n = sizeof text - c % 7;

		memset(text, 'x', sizeof text);
		text[at] = (char)c;
		for (size_t f = 0; f < COUNT(finders[_i].forms); f++) {
			if (!runs_here(finders[_i].forms[f]))
				continue;
			ck_assert_msg(finders[_i].forms[f](text, text + n) ==
					  finders[_i].portable(text, text + n),
			    "%s form %zu byte %u at %zu", finders[_i].title, f,
			    c % 256, at);
		}
	}
}
END_TEST

/* Leaves all of a string to the look byte by byte. */
static const char *
stay(const char *p, const char *end, bool *escaped)
{
	(void)end;
	(void)escaped;
	return p;
}

/* What strings are made of; those behind the NULL are malformed. */
static const char *const string_bits[] = { "a", "plain ASCII text, long enough",
	"\\n", "\\\\", "\\\"", "\\/", "\\u0041", "\\ud83d\\ude00", "\\u0000",
	"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe4\xb8\xad", "\xed\x9f\xbf",
	"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", NULL, "\"",
	"\n", "\x1f", "\\x", "\\u00", "\\", "\\ud800", "\x80", "\xbf",
	"\xc1\x80", "\xc3", "\xe0\x9f\x80", "\xe4\xb8", "\xed\xa0\x80",
	"\xf0\x8f\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	"\xf0\x90\x80", "\xff" };

static unsigned
next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33);
}

/* A string of up to 40 of these, with at most one that is malformed. */
static struct slice
random_string(uint64_t *state, char *out, size_t valid)
{
	unsigned bits = next_random(state) % 40;
	unsigned wrong = next_random(state) % 80;
	size_t n = 0, which;

	out[n++] = '"';
	for (unsigned i = 0; i < bits; i++) {
		which = next_random(state) % valid;
		if (i == wrong)
			which = valid + 1 +
			        next_random(state) %
			            (COUNT(string_bits) - valid - 1);
		n += (size_t)sprintf(out + n, "%s", string_bits[which]);
	}
	out[n++] = '"';
	return (struct slice){ out, n };
}

/* Blocks and bytes come to one verdict on a string, at one place. */
START_TEST(blocks_judge_like_bytes)
{
	jscan_block_fn *block = jscan_block;
	struct jscan_item a, b;
	struct err e, f;
	uint64_t state = 1;
	size_t valid = 0;
	struct slice text;
	char buf[2048];
	int got;

	while (string_bits[valid] != NULL)
		valid++;
	for (unsigned i = 0; i < 100000; i++) {
		text = random_string(&state, buf, valid);
		e.text[0] = f.text[0] = '\0';
		a = b = (struct jscan_item){ .escaped = false };
		jscan_block = block;
		got = jscan_value(text, &a, &e);
		jscan_block = stay;
		ck_assert_int_eq(jscan_value(text, &b, &f), got);
		ck_assert_str_eq(e.text, f.text);
		ck_assert_int_eq(a.escaped, b.escaped);
		ck_assert_uint_eq(a.value.n, b.value.n);
	}
	jscan_block = block;
}
END_TEST

/* Every prefix of a valid text is refused, on memory that ends there. */
START_TEST(refuses_every_cut)
{
	struct slice text = SLICE("{\"a\\n\":[1.5e-3,true,null,\"\\ud83d\\ude00"
				  "\xe4\xb8\xad\"],\"b\":{\"c\":-0}}");
	struct jscan_item item;
	struct err e;
	char *cut;

	ck_assert_int_eq(jscan_value(text, &item, &e), 0);
	for (size_t n = 0; n < text.n; n++) {
		cut = malloc(n + (n == 0));
		memcpy(cut, text.p, n);
		ck_assert_msg(jscan_value((struct slice){ cut, n }, &item,
				  &e) == -1,
		    "cut at %zu", n);
		free(cut);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("jscan");
	TCase *t = tcase_create("jscan");

	tcase_add_loop_test(t, judges_bodies, 0, COUNT(bodies));
	tcase_add_test(t, agrees_with_the_public_corpus);
	tcase_add_test(t, limits_the_depth);
	tcase_add_test(t, limits_names_and_members);
	tcase_add_test(t, records_where_members_lie);
	tcase_add_test(t, walks_what_it_has_checked);
	tcase_add_test(t, names_the_duplicate);
	tcase_add_loop_test(t, all_forms_find_the_same, 0, COUNT(finders));
	tcase_add_test(t, blocks_judge_like_bytes);
	tcase_add_test(t, refuses_every_cut);
	suite_add_tcase(s, t);
	return s;
}

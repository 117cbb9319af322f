#include "proto/routes.h"

#include "base/err.h"
#include "base/pool.h"
#include "tests/suite.h"

static const struct slice default_bases[] = { { "/api", 4 }, { "/v1", 3 },
	{ "-", 1 } };
static const struct slice api_only[] = { { "/api", 4 } };

static const struct {
	const char *method, *path;
	enum route route;
	const char *rest;
	enum route_shape shape;
	bool needs_key;
} found[] = {
	{ "POST", "/api/chat/completions", ROUTE_CHAT, "", 0, true },
	{ "POST", "/api/chat/completions/", ROUTE_CHAT, "", 0, true },
	{ "POST", "/api/v1/chat/completions", ROUTE_CHAT, "", 0, true },
	{ "POST", "/v1/chat/completions", ROUTE_CHAT, "", 0, true },
	{ "POST", "/chat/completions", ROUTE_CHAT, "", 0, true },
	{ "POST", "/api/chat%2dcompletions/..%2f", ROUTE_NONE, "", 0, false },
	{ "POST", "/api/ch%61t/completions", ROUTE_CHAT, "", 0, true },
	{ "POST", "/api/chat%2fcompletions", ROUTE_NONE, "", 0, false },
	{ "POST", "/v1/v1/chat/completions", ROUTE_NONE, "", 0, false },
	{ "POST", "/v1/embeddings", ROUTE_EMBEDDINGS, "", 0, true },
	{ "POST", "/api/v1/embeddings/", ROUTE_EMBEDDINGS, "", 0, true },
	{ "POST", "/embeddings/x", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/models", ROUTE_MODELS, "", 0, true },
	{ "HEAD", "/v1/models/", ROUTE_MODELS, "", 0, true },
	{ "GET", "/v1/models/gpt-4o", ROUTE_MODEL, "gpt-4o", 0, true },
	{ "GET", "/api/models/azure/gpt-4o", ROUTE_MODEL, "azure/gpt-4o", 0,
	    true },
	{ "GET", "/api/models/azure%2Fgpt-4o", ROUTE_MODEL, "azure/gpt-4o", 0,
	    true },
	{ "GET", "/api/models/public", ROUTE_MODELS_PUBLIC, "", 0, false },
	{ "GET", "/v1beta/models", ROUTE_MODELS, "", ROUTE_SHAPE_GEMINI, true },
	{ "GET", "/api/google/gemini/v1beta/models", ROUTE_MODELS, "",
	    ROUTE_SHAPE_GEMINI, true },
	{ "GET", "/api/anthropic/v1/models", ROUTE_MODELS, "",
	    ROUTE_SHAPE_ANTHROPIC, true },
	{ "GET", "/health", ROUTE_HEALTH, "", 0, false },
	{ "GET", "/ready", ROUTE_READY, "", 0, false },
	{ "GET", "/api/health-check/", ROUTE_HEALTH, "", 0, false },
	{ "HEAD", "/", ROUTE_PROBE, "", 0, false },
	{ "GET", "/api/", ROUTE_PROBE, "", 0, false },
	{ "GET", "/v1", ROUTE_PROBE, "", 0, false },
	{ "GET", "/API/models", ROUTE_NONE, "", 0, false },
	{ "GET", "/api//models", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/./models", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/x/../models", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/models/%2e%2e/x", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/models/%zz", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/models/%00", ROUTE_NONE, "", 0, false },
	{ "GET", "/api/models/%4", ROUTE_NONE, "", 0, false },
	{ "GET", "//", ROUTE_NONE, "", 0, false },
	{ "OPTIONS", "/api/chat/completions", ROUTE_CHAT, "", 0, true },
	{ "OPTIONS", "*", ROUTE_NONE, "", 0, false },
};

START_TEST(finds_the_endpoint)
{
	struct routes_bases bases = { default_bases, 3, false };
	struct pool *pool = pool_new();
	struct routes_match m;
	struct err e = { .kind = ERR_NONE };
	int rc = routes_find(&bases, slice_str(found[_i].method),
	    slice_str(found[_i].path), pool, &m, &e);

	ck_assert_msg(m.route == found[_i].route, "%s", found[_i].path);
	ck_assert(slice_eq(m.rest, slice_str(found[_i].rest)));
	ck_assert_int_eq(m.shape, found[_i].shape);
	ck_assert_int_eq(m.needs_key, found[_i].needs_key);
	if (m.route != ROUTE_NONE || m.method == ROUTE_OPTIONS)
		ck_assert_msg(rc == 0, "%s", e.text);
	else
		ck_assert_int_eq(e.kind, ERR_UNKNOWN_PATH);
	pool_free(&pool);
}
END_TEST

#define BASE_HINT "? The base URL ends in /api or /v1"

static const struct {
	const char *method, *path;
	enum err_kind kind;
	const char *text, *allow;
} refused[] = {
	{ "POST", "/api/api/chat/completions", ERR_UNKNOWN_PATH,
	    "no such endpoint /api/api/chat/completions; did you mean "
	    "/api/chat/completions" BASE_HINT,
	    NULL },
	{ "POST", "/v1/v1/chat/completions", ERR_UNKNOWN_PATH,
	    "no such endpoint /v1/v1/chat/completions; did you mean "
	    "/v1/chat/completions" BASE_HINT,
	    NULL },
	{ "POST", "/api/chat/completion", ERR_UNKNOWN_PATH,
	    "no such endpoint /api/chat/completion; did you mean "
	    "/api/chat/completions" BASE_HINT,
	    NULL },
	{ "GET", "/nothing/like/it", ERR_UNKNOWN_PATH,
	    "no such endpoint /nothing/like/it", NULL },
	{ "POST", "/v1/completions", ERR_UNSUPPORTED_ENDPOINT,
	    "/v1/completions is not provided by this gateway.", NULL },
	{ "GET", "/api/files/f-1", ERR_UNSUPPORTED_ENDPOINT,
	    "/api/files/f-1 is not provided by this gateway.", NULL },
	{ "GET", "/filesystem", ERR_UNKNOWN_PATH,
	    "no such endpoint /filesystem", NULL },
	{ "POST", "/api/v2/traces", ERR_UNSUPPORTED_ENDPOINT,
	    "/api/v2/traces is not provided by this gateway.", NULL },
	{ "GET", "/api/chat/completions", ERR_METHOD_NOT_ALLOWED,
	    "Method GET is not allowed on /api/chat/completions.",
	    "POST, OPTIONS" },
	{ "HEAD", "/api/chat/completions", ERR_METHOD_NOT_ALLOWED,
	    "Method HEAD is not allowed on /api/chat/completions.",
	    "POST, OPTIONS" },
	{ "TRACE", "/api/models", ERR_METHOD_NOT_ALLOWED,
	    "Method TRACE is not allowed on /api/models.",
	    "GET, HEAD, OPTIONS" },
	{ "DELETE", "/api/models/x", ERR_METHOD_NOT_ALLOWED,
	    "Method DELETE is not allowed on /api/models/x.",
	    "GET, HEAD, OPTIONS" },
	{ "OPTIONS", "/nowhere/at/all", ERR_UNKNOWN_PATH,
	    "no such endpoint /nowhere/at/all", NULL },
};

static const struct {
	const char *path;
	bool platform;
} platform_paths[] = {
	{ "/api/users", true },
	{ "/users", true },
	{ "/users/", true },
	{ "/api/users/a%2Fb/", true },
	{ "/api/users/%0A", true },
	{ "/api/user/detail/x", true },
	{ "/api/usersx", false },
	{ "/v1/users/x", false },
	{ "/api/api/users", false },
	{ "/apiusers", false },
};

START_TEST(knows_platform_paths)
{
	struct routes_bases bases = { default_bases, 3, true };
	struct routes_match match;
	struct pool *pool = pool_new();
	struct slice path = slice_str(platform_paths[_i].path);
	struct err e;

	ck_assert_msg((routes_find(&bases, SLICE("PATCH"), path, pool, &match,
			   &e) == 0) == platform_paths[_i].platform,
	    "%s", platform_paths[_i].path);
	ck_assert_int_eq(match.route,
	    platform_paths[_i].platform ? ROUTE_PLATFORM : ROUTE_NONE);
	ck_assert(match.needs_key == platform_paths[_i].platform);
	bases.platform = false;
	ck_assert_int_eq(routes_find(&bases, SLICE("PATCH"), path, pool, &match,
			     &e),
	    -1);
	pool_free(&pool);
}
END_TEST

START_TEST(refuses_with_reason)
{
	struct routes_bases bases = { default_bases, 3, false };
	struct pool *pool = pool_new();
	struct routes_match m;
	struct err e = { .kind = ERR_NONE };

	ck_assert_int_eq(routes_find(&bases, slice_str(refused[_i].method),
			     slice_str(refused[_i].path), pool, &m, &e),
	    -1);
	ck_assert_str_eq(e.text, refused[_i].text);
	ck_assert_int_eq(e.kind, refused[_i].kind);
	if (refused[_i].allow != NULL)
		ck_assert_str_eq(m.allow, refused[_i].allow);
	pool_free(&pool);
}
END_TEST

START_TEST(hints_at_a_missing_prefix)
{
	struct routes_bases bases = { api_only, 1, false };
	struct pool *pool = pool_new();
	struct routes_match m;
	struct err e;

	ck_assert_int_eq(routes_find(&bases, SLICE("POST"),
			     SLICE("/chat/completions"), pool, &m, &e),
	    -1);
	ck_assert_str_eq(e.text, "no such endpoint /chat/completions; did you "
				 "mean /api/chat/completions" BASE_HINT);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("routes");
	TCase *t = tcase_create("routes");

	tcase_add_loop_test(t, finds_the_endpoint, 0, COUNT(found));
	tcase_add_loop_test(t, knows_platform_paths, 0, COUNT(platform_paths));
	tcase_add_loop_test(t, refuses_with_reason, 0, COUNT(refused));
	tcase_add_test(t, hints_at_a_missing_prefix);
	suite_add_tcase(s, t);
	return s;
}

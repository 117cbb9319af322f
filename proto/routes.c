#include "proto/routes.h"

#include "base/err.h"
#include "base/pool.h"
#include "base/rare.h"
#include "proto/routes_path.h"

/* One row of routes.def; unsupported ones have ROUTE_NONE. */
struct routes_row {
	struct slice path; /* without the "*" at its end */
	enum route route;
	enum route_shape shape;
	unsigned methods;
	bool prefixed, needs_key;
	bool rest; /* takes any rest */
};

#define ROUTES_IS_REST(path) ((path)[sizeof(path) - 2] == '*')
#define ROUTE(name, prefixed, methods, key, shape, path)                       \
	{ { path, sizeof(path) - 1 - ROUTES_IS_REST(path) }, ROUTE_##name,     \
		ROUTE_SHAPE_##shape, methods, prefixed, key,                   \
		ROUTES_IS_REST(path) },
#define UNSUPPORTED(prefixed, path)
#define PLATFORM(path)

static const struct routes_row routes_rows[] = {
#include "proto/routes.def"
};
#undef ROUTE
#undef UNSUPPORTED

#define ROUTE(name, prefixed, methods, key, shape, path)
#define UNSUPPORTED(prefixed, path)                                            \
	{ { path, sizeof(path) - 1 }, ROUTE_NONE, ROUTE_SHAPE_OPENAI, 0,       \
		prefixed, false, true },

static const struct routes_row routes_unsupported[] = {
#include "proto/routes.def"
};
#undef ROUTE
#undef UNSUPPORTED
#undef PLATFORM

#define ROUTE(name, prefixed, methods, key, shape, path)
#define UNSUPPORTED(prefixed, path)
#define PLATFORM(path) { path, sizeof(path) - 1 },

static const struct slice routes_platform[] = {
#include "proto/routes.def"
};
#undef ROUTE
#undef UNSUPPORTED
#undef PLATFORM

#define ROUTES_ANY 0x100 /* a method that each row takes */

#define ROUTES_COUNT (sizeof routes_rows / sizeof *routes_rows)
#define ROUTES_UNSUPPORTED                                                     \
	(sizeof routes_unsupported / sizeof *routes_unsupported)

static struct slice
routes_base(const struct routes_bases *bases, unsigned i)
{
	if (slice_eq(bases->paths[i], SLICE("-")))
		return (struct slice){ "", 0 };
	return bases->paths[i];
}

static bool
routes_ends_in_v1(struct slice base)
{
	return base.n >= 3 && memcmp(base.p + base.n - 3, "/v1", 3) == 0;
}

/*
 * What is left of the path behind prefix number i; each base has two: itself
 * and with /v1.  p NULL when the path does not begin so.
 */
static struct slice
routes_behind(const struct routes_bases *bases, unsigned i, struct slice path)
{
	struct slice base = routes_base(bases, i / 2), none = { NULL, 0 };

	if (!slice_starts(path, base))
		return none;
	path = slice_skip(path, base.n);
	if (i % 2 == 0)
		return path;
	if (routes_ends_in_v1(base) || !slice_starts(path, SLICE("/v1")))
		return none;
	return slice_skip(path, 3);
}

/* HEAD is allowed wherever GET is, OPTIONS everywhere. */
static bool
routes_allows(const struct routes_row *row, unsigned method)
{
	if (method == ROUTE_OPTIONS || method == ROUTES_ANY)
		return true;
	if (method == ROUTE_HEAD)
		method = ROUTE_GET;
	return (row->methods & method) != 0;
}

/* The first row of a kind that takes this path and method. */
static const struct routes_row *
routes_row_of(struct slice path, bool prefixed, unsigned method)
{
	const struct routes_row *row = routes_rows;

	for (size_t i = 0; i < ROUTES_COUNT; i++, row++) {
		if (row->prefixed != prefixed || !routes_allows(row, method))
			continue;
		if (row->rest
			? path.n > row->path.n && slice_starts(path, row->path)
			: slice_eq(path, row->path))
			return row;
	}
	return NULL;
}

static const struct routes_row *
routes_match_path(const struct routes_bases *bases, struct slice path,
    unsigned method, struct slice *rest_r)
{
	const struct routes_row *row;
	struct slice behind;

	for (unsigned i = 0; i < 2 * bases->n; i++) {
		behind = routes_behind(bases, i, path);
		if (behind.p == NULL)
			continue;
		row = routes_row_of(behind, true, method);
		if (row != NULL) {
			*rest_r = slice_skip(behind, row->path.n);
			return row;
		}
	}
	row = routes_row_of(path, false, method);
	*rest_r = row != NULL && row->rest ? slice_skip(path, row->path.n)
	                                   : (struct slice){ "", 0 };
	return row;
}

/* The path itself or one below it. */
static bool
routes_is_below(struct slice path, struct slice top)
{
	return slice_starts(path, top) &&
	       (path.n == top.n || path.p[top.n] == '/');
}

/* As it is written: what an escape means is the resource's business. */
static bool
routes_is_platform(struct slice path)
{
	if (slice_starts(path, SLICE("/api/")))
		path = slice_skip(path, 4);
	for (size_t i = 0; i < sizeof routes_platform / sizeof *routes_platform;
	     i++)
		if (routes_is_below(path, routes_platform[i]))
			return true;
	return false;
}

static bool
routes_row_is_above(const struct routes_bases *bases,
    const struct routes_row *row, struct slice path)
{
	struct slice behind;

	if (!row->prefixed)
		return routes_is_below(path, row->path);
	for (unsigned i = 0; i < 2 * bases->n; i++) {
		behind = routes_behind(bases, i, path);
		if (behind.p != NULL && routes_is_below(behind, row->path))
			return true;
	}
	return false;
}

static bool
routes_is_unsupported(const struct routes_bases *bases, struct slice path)
{
	for (size_t i = 0; i < ROUTES_UNSUPPORTED; i++)
		if (routes_row_is_above(bases, &routes_unsupported[i], path))
			return true;
	return false;
}

/* Fill *guess with a known path that this one may have been meant to be. */
static int
routes_guess(const struct routes_bases *bases, struct slice path,
    struct routes_guess *guess)
{
	for (unsigned b = 0; b < bases->n; b++)
		for (size_t i = 0; i < ROUTES_COUNT; i++)
			if (routes_rows[i].prefixed && !routes_rows[i].rest &&
			    routes_guess_try(guess, path, routes_base(bases, b),
				routes_rows[i].path))
				return 1;
	for (size_t i = 0; i < ROUTES_COUNT; i++)
		if (!routes_rows[i].prefixed &&
		    routes_rows[i].route != ROUTE_PROBE &&
		    routes_guess_try(guess, path, (struct slice){ "", 0 },
			routes_rows[i].path))
			return 1;
	return 0;
}

#define ROUTES_SHOWN 120 /* bytes of a path that a message shows */

static int
routes_shown(struct slice path)
{
	return (int)(path.n < ROUTES_SHOWN ? path.n : ROUTES_SHOWN);
}

/* plain: its normal form, as far as it has one. */
static RARE int
routes_unknown(const struct routes_bases *bases, struct slice path,
    struct slice plain, struct err *e)
{
	struct routes_guess guess;

	if (routes_is_unsupported(bases, plain))
		return err_set(e, ERR_UNSUPPORTED_ENDPOINT,
		    "%.*s is not provided by this gateway.", routes_shown(path),
		    path.p);
	if (routes_guess(bases, plain, &guess))
		return err_set(e, ERR_UNKNOWN_PATH,
		    "no such endpoint %.*s; did you mean %s? "
		    "The base URL ends in /api or /v1",
		    routes_shown(path), path.p, guess.text);
	return err_set(e, ERR_UNKNOWN_PATH, "no such endpoint %.*s",
	    routes_shown(path), path.p);
}

/* 0 for a method that no endpoint has. */
static unsigned
routes_method(struct slice method)
{
	static const struct {
		struct slice name;
		enum route_method bit;
	} methods[] = { { { "POST", 4 }, ROUTE_POST },
		{ { "GET", 3 }, ROUTE_GET }, { { "HEAD", 4 }, ROUTE_HEAD },
		{ { "OPTIONS", 7 }, ROUTE_OPTIONS } };

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_eq(method, methods[i].name))
			return methods[i].bit;
	return 0;
}

static const char *
routes_allow(const struct routes_row *row)
{
	return (row->methods & ROUTE_GET) != 0 ? "GET, HEAD, OPTIONS"
	                                       : "POST, OPTIONS";
}

static int
routes_accept(const struct routes_row *row, struct slice method,
    struct slice path, struct routes_match *match_r, struct err *e)
{
	unsigned bit = routes_method(method);

	match_r->route = row->route;
	match_r->shape = row->shape;
	match_r->needs_key = row->needs_key;
	match_r->allow = routes_allow(row);
	match_r->method = bit;
	if (routes_allows(row, bit))
		return 0;
	return err_set(e, ERR_METHOD_NOT_ALLOWED,
	    "Method %.*s is not allowed on %.*s.",
	    (int)(method.n < 32 ? method.n : 32), method.p, routes_shown(path),
	    path.p);
}

/* "gemini-2.5-pro:generateContent": the verb goes off the rest. */
static RARE bool
routes_take_verb(struct routes_match *m)
{
	static const struct {
		struct slice name;
		enum route_verb verb;
	} verbs[] = {
		{ SLICE("generateContent"), VERB_GENERATE },
		{ SLICE("streamGenerateContent"), VERB_STREAM },
		{ SLICE("countTokens"), VERB_COUNT },
	};
	const char *colon = memrchr(m->rest.p, ':', m->rest.n);
	struct slice verb;

	if (colon == NULL || colon == m->rest.p)
		return false;
	verb = slice_skip(m->rest, (size_t)(colon + 1 - m->rest.p));
	m->rest.n = (size_t)(colon - m->rest.p);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (slice_eq(verb, verbs[i].name)) {
			m->verb = verbs[i].verb;
			return true;
		}
	return false;
}

int
routes_find(const struct routes_bases *bases, struct slice method,
    struct slice path, struct pool *pool, struct routes_match *match_r,
    struct err *e)
{
	const struct routes_row *row = NULL;
	struct slice plain = path;

	*match_r = (struct routes_match){ .route = ROUTE_NONE };
	if (slice_eq(path, SLICE("*")) &&
	    routes_method(method) == ROUTE_OPTIONS) {
		match_r->method = ROUTE_OPTIONS;
		match_r->allow = "GET, HEAD, POST, OPTIONS";
		return 0;
	}
	if (bases->platform && routes_is_platform(path)) {
		match_r->route = ROUTE_PLATFORM;
		match_r->needs_key = true;
		return 0;
	}
	if (routes_path_normal(&plain, pool)) {
		row = routes_match_path(bases, plain, routes_method(method),
		    &match_r->rest);
		if (row == NULL)
			row = routes_match_path(bases, plain, ROUTES_ANY,
			    &match_r->rest);
	}
	if (row != NULL && row->route == ROUTE_GEMINI &&
	    !routes_take_verb(match_r)) {
		/* Who asks so is told so in Gemini's words. */
		match_r->route = ROUTE_GEMINI;
		row = NULL;
	}
	if (row == NULL)
		return routes_unknown(bases, path, plain, e);
	routes_path_slashes(&match_r->rest);
	return routes_accept(row, method, path, match_r, e);
}

#ifndef PROTO_ROUTES_H
#define PROTO_ROUTES_H

/*
 * routes - which endpoint a method and a path name (api.md 1).
 */

#include "base/slice.h"

struct err;
struct pool;

enum route_method {
	ROUTE_GET = 1,
	ROUTE_HEAD = 2,
	ROUTE_POST = 4,
	ROUTE_OPTIONS = 8,
};

enum route {
	ROUTE_NONE,
	ROUTE_CHAT,
	ROUTE_MODELS,
	ROUTE_MODEL, /* one model */
	ROUTE_MODELS_PUBLIC,
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_PROBE,    /* a base URL: {"name":"holdfast","status":"ok"} */
	ROUTE_PLATFORM, /* the admin process knows what it is */
};

/* The list shape that the path asks for; a header may ask for another. */
enum route_shape {
	ROUTE_SHAPE_OPENAI,
	ROUTE_SHAPE_ANTHROPIC,
	ROUTE_SHAPE_GEMINI,
};

struct routes_match {
	enum route route;
	enum route_shape shape;
	enum route_method method;
	bool needs_key;
	struct slice rest; /* ROUTE_MODEL: the slug, percent-decoded */
	const char *allow; /* for Allow: with OPTIONS and with 405 */
};

/* The prefixes of server.base_paths; "-" is no prefix at all. */
struct routes_bases {
	const struct slice *paths;
	unsigned n;
	bool platform; /* paths of the platform API are known */
};

/*
 * path is the target without its query.  0 with *match_r; a match with method
 * ROUTE_OPTIONS is answered 204 with Allow; ROUTE_PLATFORM has no method.  -1:
 * ERR_UNKNOWN_PATH, ERR_UNSUPPORTED_ENDPOINT, or ERR_METHOD_NOT_ALLOWED with
 * match_r->allow set. Memory of the pool is taken only for paths with escapes.
 */
int routes_find(const struct routes_bases *bases, struct slice method,
    struct slice path, struct pool *pool, struct routes_match *match_r,
    struct err *e);

#endif

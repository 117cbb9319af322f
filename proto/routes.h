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
	ROUTE_GENERATE,
	ROUTE_RESPONSES,
	ROUTE_EMBEDDINGS,
	ROUTE_MESSAGES,
	ROUTE_COUNT_TOKENS,
	ROUTE_GEMINI, /* a model and a verb */
	ROUTE_ASKS,   /* behind the last that asks a model */
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

/* What Gemini's paths say behind the model. */
enum route_verb {
	VERB_NONE,
	VERB_GENERATE,
	VERB_STREAM,
	VERB_COUNT,
};

struct routes_match {
	enum route route;
	enum route_shape shape;
	enum route_method method;
	enum route_verb verb; /* of ROUTE_GEMINI */
	bool needs_key;
	/* ROUTE_MODEL, ROUTE_GEMINI: the slug, percent-decoded. */
	struct slice rest;
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

/* Whether it is a request to a model, which is counted and logged. */
static inline bool
routes_is_ask(enum route route)
{
	return route >= ROUTE_CHAT && route < ROUTE_ASKS;
}

#endif

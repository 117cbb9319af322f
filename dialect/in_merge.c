#include "dialect/in_merge.h"

#include "base/err.h"
#include "base/pool.h"
#include "dialect/camel.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a container may say beside what params.def knows in that dialect. */
static const struct slice in_merge_anthropic[] = {
	SLICE("system"),
	SLICE("stop_sequences"),
	SLICE("top_k"),
	SLICE("container"),
	SLICE("context_management"),
	SLICE("mcp_servers"),
	SLICE("output_config"),
	{ NULL, 0 },
};

static const struct slice in_merge_gemini[] = {
	SLICE("contents"),
	SLICE("systemInstruction"),
	SLICE("tools"),
	SLICE("toolConfig"),
	SLICE("generationConfig"),
	SLICE("safetySettings"),
	SLICE("cachedContent"),
	SLICE("labels"),
	{ NULL, 0 },
};

static const struct slice in_merge_responses[] = {
	SLICE("input"),
	SLICE("instructions"),
	SLICE("max_output_tokens"),
	SLICE("previous_response_id"),
	SLICE("conversation"),
	SLICE("include"),
	SLICE("reasoning"),
	SLICE("text"),
	SLICE("truncation"),
	SLICE("background"),
	SLICE("max_tool_calls"),
	{ NULL, 0 },
};

static const struct slice *const in_merge_names[] = {
	[DIALECT_ANTHROPIC] = in_merge_anthropic,
	[DIALECT_GEMINI] = in_merge_gemini,
	[DIALECT_RESPONSES] = in_merge_responses,
};

/* Where containers stand, the highest place first. */
static const struct in_merge_place {
	struct slice name;
	const char *where; /* in faults */
	bool in_metadata;  /* above the body; the others are below */
} in_merge_places[] = {
	{ SLICE("respan_params"), "metadata.respan_params", true },
	{ SLICE("keywordsai_params"), "metadata.keywordsai_params", true },
	{ SLICE("extra_body"), "extra_body", false },
	{ SLICE("respan_params"), "respan_params", false },
	{ SLICE("keywordsai_params"), "keywordsai_params", false },
};
#define PLACES COUNT(in_merge_places)

struct in_merger {
	enum params_dialect dialect;
	const struct jscan_body *body;
	struct pool *pool;
	struct in_merge *m;
	bool *given; /* whether a container has given items[i] */
};

bool
in_merge_is_container(const struct jscan_item *item)
{
	for (size_t i = 0; i < PLACES; i++)
		if (jstr_is(item, in_merge_places[i].name))
			return true;
	return false;
}

static bool
in_merge_knows(const struct in_merger *g, const struct jscan_item *item)
{
	const struct slice *name = in_merge_names[g->dialect];

	if (in_merge_is_container(item))
		return false;
	for (; name->p != NULL; name++)
		if (camel_is(item, *name))
			return true;
	return params_knows(g->dialect, params_find(jstr_name(item, g->pool)));
}

/* An object, or the text of one; 0 with *object_r, or -1. */
static int
in_merge_object(const struct jscan_item *item, const char *where,
    struct pool *pool, struct slice *object_r, struct err *e)
{
	struct jscan_item inner = *item;
	struct err why;

	if (item->type == JSCAN_STRING &&
	    (jscan_value(jstr_item(item, pool), &inner, &why) != 0 ||
		inner.type != JSCAN_OBJECT))
		inner = *item;
	if (inner.type != JSCAN_OBJECT)
		return err_param(e, ERR_INVALID_TYPE, where,
		    "Invalid type for '%s': expected object, got %s.", where,
		    jscan_type_name(item));
	*object_r = inner.value;
	return jscan_unique(inner.value, where, e);
}

/* A null in a higher place does not hide anything. */
static void
in_merge_put(struct in_merger *g, const struct jscan_item *item, bool above)
{
	struct in_merge *m = g->m;
	unsigned i = 0;

	while (i < m->n && !jstr_same(m->items[i].name, item->name))
		i++;
	if (i == m->n) {
		m->items[m->n++] = *item;
	} else if (m->items[i].type == JSCAN_NULL || (above && !g->given[i])) {
		m->items[i].value = item->value;
		m->items[i].type = item->type;
		m->items[i].escaped = item->escaped;
	}
	g->given[i] |= above;
}

static void
in_merge_member(struct in_merger *g, const struct jscan_item *item, bool above)
{
	struct in_merge *m = g->m;

	if (item->type == JSCAN_NULL)
		return;
	if (g->dialect == DIALECT_ANTHROPIC &&
	    jstr_is(item, SLICE("metadata"))) {
		if (m->own_metadata.n == 0)
			m->own_metadata = item->value;
	} else if (in_merge_knows(g, item)) {
		in_merge_put(g, item, above);
	} else if (m->n_dropped < IN_MERGE_DROPPED) {
		m->dropped[m->n_dropped++] = jstr_name(item, g->pool);
	}
}

static bool
in_merge_body_has(const struct jscan_body *body, struct slice name,
    struct jscan_item *item_r)
{
	for (unsigned i = 0; i < body->n; i++)
		if (jstr_is(&body->members[i], name)) {
			*item_r = body->members[i];
			return item_r->type != JSCAN_NULL;
		}
	return false;
}

/* The container at that place, or "{}"; n is counted up.  0 or -1. */
static int
in_merge_open(struct in_merger *g, const struct in_merge_place *place,
    struct slice *object_r, unsigned *n, struct err *e)
{
	struct jscan_item item;
	struct jscan_iter it;

	*object_r = SLICE("{}");
	if (place->in_metadata) {
		if (g->m->metadata.n == 0 ||
		    jscan_find(g->m->metadata, place->name, &item) != 1 ||
		    item.type == JSCAN_NULL)
			return 0;
	} else if (!in_merge_body_has(g->body, place->name, &item)) {
		return 0;
	}
	if (item.type == JSCAN_STRING && !place->in_metadata)
		return err_param(e, ERR_INVALID_TYPE, place->where,
		    "Invalid type for '%s': expected object, got string.",
		    place->where);
	if (in_merge_object(&item, place->where, g->pool, object_r, e) != 0)
		return -1;
	jscan_enter(&it, *object_r);
	while (jscan_member_next(&it, &item))
		++*n;
	return 0;
}

static unsigned
in_merge_count(const struct in_merge_headers *headers)
{
	unsigned n = 0;

	for (unsigned i = 0; headers != NULL && i < headers->n; i++)
		n += headers->bodies[i].n;
	return n;
}

/* The lowest place. */
static void
in_merge_headers(struct in_merger *g, const struct in_merge_headers *headers)
{
	for (unsigned i = 0; headers != NULL && i < headers->n; i++)
		for (unsigned k = 0; k < headers->bodies[i].n; k++)
			in_merge_member(g, &headers->bodies[i].members[k],
			    false);
}

static void
in_merge_all(struct in_merger *g, const struct slice containers[PLACES],
    unsigned room)
{
	struct in_merge *m = g->m;
	struct jscan_iter it;
	struct jscan_item item;

	m->items = pool_alloc(g->pool, (room + 1) * sizeof *m->items);
	g->given = pool_zalloc(g->pool, room + 1);
	memcpy(m->items, g->body->members, g->body->n * sizeof *m->items);
	m->n = m->n_body = g->body->n;
	for (size_t i = 0; i < PLACES; i++) {
		jscan_enter(&it, containers[i]);
		while (jscan_member_next(&it, &item))
			in_merge_member(g, &item,
			    in_merge_places[i].in_metadata);
	}
}

int
in_merge(enum params_dialect dialect, const struct jscan_body *body,
    const struct in_merge_headers *headers, struct pool *pool,
    struct in_merge *m_r, struct err *e)
{
	struct in_merger g = { .dialect = dialect,
		.body = body,
		.pool = pool,
		.m = m_r };
	struct slice containers[PLACES];
	struct jscan_item metadata;
	unsigned room = body->n + in_merge_count(headers);

	*m_r = (struct in_merge){ .n = 0 };
	if (dialect == DIALECT_ANTHROPIC &&
	    in_merge_body_has(body, SLICE("metadata"), &metadata) &&
	    in_merge_object(&metadata, "metadata", pool, &m_r->metadata, e) !=
		0)
		return -1;
	for (size_t i = 0; i < PLACES; i++)
		if (in_merge_open(&g, &in_merge_places[i], &containers[i],
			&room, e) != 0)
			return -1;
	in_merge_all(&g, containers, room);
	in_merge_headers(&g, headers);
	return 0;
}

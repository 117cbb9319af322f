#include "proto/params.h"

#include <assert.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jstr.h"
#include "proto/params_priv.h"

#define NANO INT64_C(1000000000)

/* The letters of the column "on". */
enum {
	C = 1 << DIALECT_CHAT,
	G = 1 << DIALECT_GENERATE,
	R = 1 << DIALECT_RESPONSES,
	A = 1 << DIALECT_ANTHROPIC,
	M = 1 << DIALECT_GEMINI,
	E = 1 << DIALECT_EMBEDDINGS,
};

enum params_flow { FORWARD, EDIT, OURS };

static const struct params_row params_rows[PARAM_COUNT] = {
#define PARAM(name, check, low, high, range, on, flow)                         \
	{ PARAMS_NAME(#name), params_check_##check, low, high, range },
#include "proto/params.def"
#undef PARAM
};

static const struct {
	uint8_t on, flow;
} params_facts[PARAM_COUNT] = {
#define PARAM(name, check, low, high, range, on, flow) { on, flow },
#include "proto/params.def"
#undef PARAM
};

static_assert(PARAM_COUNT <= 128, "two words of bits in struct params");

/*
 * Names are found through a table that is much larger than their number; each
 * lookup is one hash of three bytes and the length, and mostly one comparison.
 */
#define PARAMS_SLOTS 1024

static uint8_t params_slots[PARAMS_SLOTS]; /* enum param_id + 1; 0 = free */

static unsigned
params_slot(struct slice name)
{
	const unsigned char *p = (const unsigned char *)name.p;
	size_t n = name.n;
	unsigned h = (unsigned)n * 31u + p[0];

	h = h * 33u + p[n / 2];
	h = h * 33u + p[n - 1];
	h = h * 33u + p[n / 3];
	return (h ^ h >> 10) % PARAMS_SLOTS;
}

static void
params_slots_fill(void)
{
	for (unsigned id = 0; id < PARAM_COUNT; id++) {
		unsigned at = params_slot(params_rows[id].name);

		while (params_slots[at] != 0)
			at = (at + 1) % PARAMS_SLOTS;
		params_slots[at] = (uint8_t)(id + 1);
	}
}

enum param_id
params_find(struct slice name)
{
	static bool filled;
	unsigned at;

	if (!filled) {
		params_slots_fill();
		filled = true;
	}
	if (name.n == 0)
		return PARAM_UNKNOWN;
	at = params_slot(name);
	for (; params_slots[at] != 0; at = (at + 1) % PARAMS_SLOTS)
		if (slice_eq(params_rows[params_slots[at] - 1].name, name))
			return (enum param_id)(params_slots[at] - 1);
	return PARAM_UNKNOWN;
}

struct slice
params_name(enum param_id id)
{
	assert(id < PARAM_COUNT);
	return params_rows[id].name;
}

bool
params_is_ours(enum param_id id)
{
	return id != PARAM_UNKNOWN && params_facts[id].flow == OURS;
}

bool
params_knows(enum params_dialect dialect, enum param_id id)
{
	return id != PARAM_UNKNOWN && (params_facts[id].on & 1 << dialect) != 0;
}

bool
params_says(const struct params *p, struct slice name)
{
	const struct jscan_body *body = p->body;

	for (unsigned i = 0; i < body->n; i++)
		if (p->body_ids[i] == PARAM_UNKNOWN &&
		    body->members[i].type != JSCAN_NULL &&
		    jstr_is(&body->members[i], name))
			return true;
	return false;
}

void
params_warn(struct params *p, struct slice name)
{
	for (unsigned i = 0; i < p->n_warnings && i < PARAMS_WARNINGS; i++)
		if (slice_eq(p->warnings[i], name))
			return;
	if (p->n_warnings < PARAMS_WARNINGS)
		p->warnings[p->n_warnings] = name;
	p->n_warnings++;
}

static enum param_id
params_id_of(const struct params_ctx *c, const struct jscan_item *item)
{
	enum param_id id = params_find(jstr_name(item, c->pool));

	return params_knows(c->source->dialect, id) ? id : PARAM_UNKNOWN;
}

static bool
params_is_container(enum param_id id)
{
	return id == PARAM_respan_params || id == PARAM_keywordsai_params ||
	       id == PARAM_extra_body;
}

/*
 * What a member of the body is: a name that is ours is never forwarded, even
 * where it means nothing.
 */
static uint8_t
params_body_id(const struct params_ctx *c, const struct jscan_item *item)
{
	enum param_id id = params_find(jstr_name(item, c->pool));

	return params_knows(c->source->dialect, id) || params_is_ours(id)
	           ? (uint8_t)id
	           : (uint8_t)PARAM_UNKNOWN;
}

/* A value from this place, unless a higher place has given one. */
static void
params_put(struct params_ctx *c, enum param_id id,
    const struct jscan_item *item, enum params_place place)
{
	struct param *v;

	if (item->type == JSCAN_NULL || params_has(c->p, id))
		return;
	v = pool_alloc(c->pool, sizeof *v);
	v->item = *item;
	v->place = place;
	v->text = (struct slice){ "", 0 };
	v->number = 0;
	v->id = id;
	v->next = c->p->values;
	c->p->values = v;
	c->p->present[id / 64] |= UINT64_C(1) << id % 64;
}

/* A member of a container: what is not known or nested is only named. */
static void
params_put_inner(struct params_ctx *c, const struct jscan_item *item,
    enum params_place place)
{
	enum param_id id = params_id_of(c, item);

	if (id == PARAM_UNKNOWN || params_is_container(id))
		params_warn(c->p, jstr_name(item, c->pool));
	else
		params_put(c, id, item, place);
}

static void
params_merge_body(struct params_ctx *c)
{
	const struct jscan_body *body = c->source->body;
	uint8_t *ids = pool_alloc(c->pool, body->n + 1);
	enum param_id id;

	for (unsigned i = 0; i < body->n; i++) {
		ids[i] = params_body_id(c, &body->members[i]);
		id = (enum param_id)ids[i];
		if (params_knows(c->source->dialect, id))
			params_put(c, id, &body->members[i], PLACE_BODY);
	}
	c->p->body = body;
	c->p->body_ids = ids;
}

static int
params_merge_container(struct params_ctx *c, enum param_id id,
    enum params_place place)
{
	const struct param *v = params_at(c->p, id);
	struct slice name = params_rows[id].name;
	struct jscan_item item;
	struct jscan_iter it;

	if (v == NULL)
		return 0;
	if (params_expect(c, name, &v->item, JSCAN_OBJECT) != 0 ||
	    jscan_unique(v->item.value, name.p, c->e) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	while (jscan_member_next(&it, &item))
		params_put_inner(c, &item, place);
	return 0;
}

static void
params_merge_headers(struct params_ctx *c)
{
	const struct jscan_body *header;

	for (unsigned h = 0; h < c->source->n_headers; h++) {
		header = &c->source->headers[h];
		for (unsigned i = 0; i < header->n; i++)
			params_put_inner(c, &header->members[i], PLACE_HEADER);
	}
}

/* The order of api.md 4.2: what is put first stays. */
static int
params_merge(struct params_ctx *c)
{
	params_merge_body(c);
	if (params_merge_container(c, PARAM_extra_body, PLACE_EXTRA_BODY) ||
	    params_merge_container(c, PARAM_respan_params, PLACE_RESPAN) ||
	    params_merge_container(c, PARAM_keywordsai_params,
		PLACE_KEYWORDSAI))
		return -1;
	params_merge_headers(c);
	return 0;
}

/* What a request cannot do without; its absence is told in its turn. */
static enum param_id
params_needed(const struct params_ctx *c)
{
	if (c->source->dialect == DIALECT_EMBEDDINGS)
		return PARAM_input;
	return params_has(c->p, PARAM_prompt) ? PARAM_prompt : PARAM_messages;
}

static int
params_check_row(struct params_ctx *c, unsigned id)
{
	const struct params_row *row = &params_rows[id];
	struct param *v = params_at(c->p, (enum param_id)id);

	if (v == NULL)
		return params_missing(c, row->name.p);
	return row->check(c, row, v);
}

/* Rows are in the order in which faults are to be reported. */
static int
params_check(struct params_ctx *c)
{
	unsigned needed = params_needed(c), id;
	uint64_t bits;

	for (unsigned word = 0; word < 2; word++) {
		bits = c->p->present[word];
		if (needed / 64 == word)
			bits |= UINT64_C(1) << needed % 64;
		for (; bits != 0; bits &= bits - 1) {
			id = word * 64 + (unsigned)__builtin_ctzll(bits);
			if (params_check_row(c, id) != 0)
				return -1;
		}
	}
	return 0;
}

int
params_read(const struct params_source *source, struct pool *pool,
    struct params *p_r, struct err *e)
{
	struct params_ctx c = { .p = p_r,
		.source = source,
		.pool = pool,
		.e = e };

	*p_r = (struct params){ .body = source->body };
	if (params_merge(&c) != 0)
		return -1;
	return params_check(&c);
}

int64_t
params_max_tokens(const struct params *p)
{
	return params_number(p, PARAM_max_completion_tokens,
	    params_number(p, PARAM_max_tokens, 0));
}

bool
params_wants_usage(const struct params *p)
{
	return params_bool(p, PARAM_stream_options);
}

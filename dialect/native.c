#include "dialect/native.h"

#include "base/pool.h"
#include "dialect/camel.h"
#include "dialect/in_merge.h"
#include "dialect/native_priv.h"
#include "proto/jstr.h"
#include "proto/params.h"

/* What a client says who speaks as that kind does. */
static enum params_dialect
native_dialect(enum provider_kind kind)
{
	switch (kind) {
	case KIND_OPENAI:
	case KIND_AZURE:
		return DIALECT_RESPONSES;
	case KIND_GEMINI:
	case KIND_VERTEX_GEMINI:
		return DIALECT_GEMINI;
	default:
		return DIALECT_ANTHROPIC;
	}
}

static const struct native_rule *
native_rule_of(const struct native *x, const struct jscan_item *item)
{
	const struct native_rule *rule = native_rules[x->opts->kind];

	for (; rule->name.n > 0; rule++)
		if (camel_is(item, rule->name))
			return rule;
	return NULL;
}

static struct slice
native_value(const struct native *x, const struct jscan_item *item)
{
	const struct native_rule *rule = native_rule_of(x, item);

	if (item->type == JSCAN_NULL)
		return NATIVE_NOTHING;
	if (rule != NULL)
		return rule->value(x, item);
	return params_is_ours(params_find(jstr_name(item, x->pool)))
	           ? NATIVE_NOTHING
	           : item->value;
}

/* Whether the client gave a value for what this rule is about. */
static bool
native_is_given(const struct in_merge *m, const struct native_rule *rule)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->items[i].type != JSCAN_NULL &&
		    camel_is(&m->items[i], rule->name))
			return true;
	return false;
}

static void
native_add(const struct native *x, const struct in_merge *m, struct splice *d)
{
	const struct native_rule *rule = native_rules[x->opts->kind];

	for (unsigned i = m->n_body; i < m->n; i++)
		splice_add(d, (struct splice_member){ m->items[i].name,
				  native_value(x, &m->items[i]) });
	for (; rule->name.n > 0; rule++)
		if (!native_is_given(m, rule))
			splice_add(d, (struct splice_member){ rule->name,
					  rule->value(x, NULL) });
}

/* Responses keeps an answer unless it is told not to. */
static bool
native_is_stored(const struct in_merge *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (jstr_is(&m->items[i], SLICE("store")) &&
		    m->items[i].type == JSCAN_BOOL)
			return jscan_true(&m->items[i]);
	return true;
}

static void
native_splice(const struct native *x, const struct jscan_body *body,
    const struct in_merge *m, struct splice_result *result_r)
{
	size_t most = 4 * (size_t)m->n + 2 * NATIVE_RULES + 2;
	struct splice_member *plan =
	    pool_alloc(x->pool, (body->n + 1) * sizeof *plan);
	struct splice d = { .body = body,
		.pool = x->pool,
		.plan = plan,
		.result = result_r };

	for (unsigned i = 0; i < body->n; i++)
		plan[i] = (struct splice_member){ body->members[i].name,
			native_value(x, &m->items[i]) };
	result_r->pieces = pool_alloc(x->pool, most * sizeof(struct slice));
	splice_begin(&d);
	native_add(x, m, &d);
	splice_end(&d);
}

int
native_body(const struct jscan_body *body, const struct native_opts *opts,
    struct pool *pool, struct splice_result *result_r, struct err *e)
{
	struct native x = { .opts = opts, .pool = pool };
	struct in_merge m;

	if (in_merge(native_dialect(opts->kind), body, opts->headers, pool, &m,
		e) != 0)
		return -1;
	x.metadata = m.metadata;
	x.stored = native_is_stored(&m);
	native_splice(&x, body, &m, result_r);
	return 0;
}

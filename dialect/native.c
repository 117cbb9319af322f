#include "dialect/native.h"

#include "base/pool.h"
#include "dialect/camel.h"
#include "dialect/in_merge.h"
#include "dialect/native_priv.h"
#include "proto/jstr.h"
#include "proto/params.h"

static bool
native_is_claude(enum provider_kind kind)
{
	return kind == KIND_ANTHROPIC || kind == KIND_VERTEX_CLAUDE ||
	       kind == KIND_BEDROCK_INVOKE;
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

	if (item->type == JSCAN_NULL ||
	    params_is_ours(params_find(jstr_name(item, x->pool))))
		return NATIVE_NOTHING;
	return rule != NULL ? rule->value(x, item) : item->value;
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

	if (in_merge(native_is_claude(opts->kind) ? DIALECT_ANTHROPIC
						  : DIALECT_GEMINI,
		body, pool, &m, e) != 0)
		return -1;
	x.metadata = m.metadata;
	native_splice(&x, body, &m, result_r);
	return 0;
}

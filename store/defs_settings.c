/* defs_settings - keys and customers of the settings file, and changes. */

#include "base/money.h"
#include "base/sbuf.h"
#include "store/defs.h"

/* Append a list of the snapshot and say where it lies in the buffer. */
static struct slice
list_add(const struct settings *s, struct slist from, struct sbuf *lists)
{
	const struct sref *items = settings_list(s, from);
	size_t begin = lists->len;

	for (uint32_t i = 0; i < from.n; i++) {
		sbuf_add_slice(lists, settings_str(s, items[i]));
		sbuf_addc(lists, '\0');
	}
	/* The buffer may still move: an offset for now. */
	return (struct slice){ NULL, lists->len - begin };
}

void
defs_from_key(const struct settings *s, const struct settings_key *from,
    struct sbuf *lists, struct key_def *k_r)
{
	const char *at;

	*k_r = (struct key_def){ .prefix = settings_str(s, from->prefix),
		.name = settings_str(s, from->name),
		.environment = from->environment,
		.scopes = from->scopes,
		.period_budget_nano = from->period_budget_nano,
		.spending_limit_nano = from->spending_limit_nano,
		.budget_duration = from->budget_duration,
		.expires_s = from->expires_s,
		.max_usage = from->max_usage,
		.clamp_max_tokens = from->clamp_max_tokens,
		.limits = from->limits };
	memcpy(k_r->sha256, from->sha256, sizeof k_r->sha256);

	sbuf_clear(lists);
	k_r->models = list_add(s, from->models, lists);
	k_r->customers = list_add(s, from->customers, lists);
	k_r->addresses = list_add(s, from->addresses, lists);
	at = sbuf_slice(lists).p;
	k_r->models.p = at;
	k_r->customers.p = k_r->models.p + k_r->models.n;
	k_r->addresses.p = k_r->customers.p + k_r->customers.n;
}

void
defs_from_customer(const struct settings *s,
    const struct settings_customer *from, struct customer_def *c_r)
{
	*c_r = (struct customer_def){
		.identifier = settings_str(s, from->identifier),
		.name = settings_str(s, from->name),
		.email = settings_str(s, from->email),
		.group_identifier = settings_str(s, from->group_identifier),
		.period_budget_nano = from->period_budget_nano,
		.total_budget_nano = from->total_budget_nano,
		.budget_duration = from->budget_duration,
		.markup_bp = from->markup_bp,
		.period_start_s = from->period_start_s,
		.limits = from->limits,
	};
}

/* The members that a change copies as they are. */
#define MEMBER(bit, member)                                                    \
	{                                                                      \
		CUSTOMER_##bit, offsetof(struct customer_def, member),         \
		    sizeof(((struct customer_def *)0)->member)                 \
	}

static const struct {
	uint32_t bit;
	size_t offset, size;
} members[] = {
	MEMBER(NAME, name),
	MEMBER(EMAIL, email),
	MEMBER(GROUP, group_identifier),
	MEMBER(PERIOD_BUDGET, period_budget_nano),
	MEMBER(TOTAL_BUDGET, total_budget_nano),
	MEMBER(DURATION, budget_duration),
	MEMBER(MARKUP, markup_bp),
	MEMBER(PERIOD_START, period_start_s),
	MEMBER(RPM, limits.rpm),
	MEMBER(METADATA, metadata),
};

void
defs_customer_apply(struct customer_def *c,
    const struct customer_change *change, int64_t running_s, int64_t now_s)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (change->given & members[i].bit)
			memcpy((char *)c + members[i].offset,
			    (const char *)&change->def + members[i].offset,
			    members[i].size);
	if (change->given & CUSTOMER_PERIOD_START)
		c->period_end_s = 0;
	if (change->given & CUSTOMER_PERIOD_END) {
		if (!(change->given & CUSTOMER_PERIOD_START))
			c->period_start_s = running_s;
		c->period_end_s = change->def.period_end_s;
	}
	if (c->period_budget_nano != MONEY_NONE &&
	    c->budget_duration == DURATION_NONE)
		c->budget_duration = DURATION_MONTHLY;
	c->params_digest = change->def.params_digest;
	c->updated_s = now_s;
}

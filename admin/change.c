#include "admin/change_priv.h"

#include "proto/jstr.h"

#define ROW(name, read, bit)                                                   \
	{                                                                      \
		{ name, sizeof(name) - 1 }, read, bit                          \
	}
#define READ_ONLY(name) ROW(name, member_only, 0)

static const struct {
	struct slice name;
	change_member_fn *read;
	uint32_t bit; /* of enum customer_field */
} rows[] = {
	ROW("customer_identifier", member_identifier, 0),
	ROW("environment", member_environment, 0),
	ROW("name", member_name, CUSTOMER_NAME),
	ROW("email", member_email, CUSTOMER_EMAIL),
	ROW("group_identifier", member_group, CUSTOMER_GROUP),
	ROW("metadata", member_metadata, CUSTOMER_METADATA),
	ROW("period_budget", member_period_budget, CUSTOMER_PERIOD_BUDGET),
	ROW("total_budget", member_total_budget, CUSTOMER_TOTAL_BUDGET),
	ROW("budget_duration", member_duration, CUSTOMER_DURATION),
	ROW("period_start", member_period_start, CUSTOMER_PERIOD_START),
	ROW("period_end", member_period_end, CUSTOMER_PERIOD_END),
	ROW("markup_percentage", member_markup, CUSTOMER_MARKUP),
	ROW("rate_limit", member_rate_limit, CUSTOMER_RPM),
	READ_ONLY("id"),
	READ_ONLY("unique_organization_id"),
	READ_ONLY("organization"),
	READ_ONLY("organization_name"),
	READ_ONLY("organization_key"),
	READ_ONLY("total_period_usage"),
	READ_ONLY("total_usage"),
	READ_ONLY("total_requests"),
	READ_ONLY("total_prompt_tokens"),
	READ_ONLY("total_completion_tokens"),
	READ_ONLY("total_tokens"),
	READ_ONLY("total_cache_hits"),
	READ_ONLY("average_latency"),
	READ_ONLY("average_ttft"),
	READ_ONLY("average_monthly_cost"),
	READ_ONLY("top_models"),
	READ_ONLY("last_active"),
	READ_ONLY("created_at"),
	READ_ONLY("updated_at"),
	READ_ONLY("is_test"),
	READ_ONLY("blurred"),
	READ_ONLY("held"),
	READ_ONLY("suspense"),
	READ_ONLY("limit_remaining"),
	READ_ONLY("source"),
	READ_ONLY("version"),
};

static void
change_member(struct change_ctx *x)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!jstr_is(x->item, rows[i].name))
			continue;
		/* Those of a line of holdfastctl that are not for us. */
		if (rows[i].bit == 0 && !x->how->strict)
			return;
		if (rows[i].read(x))
			x->c->given |= rows[i].bit;
		return;
	}
	if (x->how->strict)
		change_wrong(x, "Unknown field.");
}

void
change_read(const struct change_read *how, struct slice object,
    struct customer_change *c_r, struct faults *f)
{
	struct change_ctx x = { .how = how, .c = c_r, .f = f };
	struct jscan_item item;
	struct jscan_iter it;

	*c_r = (struct customer_change){ .given = 0 };
	c_r->def.identifier = how->identifier;
	c_r->def.environment = how->environment;
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		x.item = &item;
		x.name = jstr_name(&item, how->pool);
		change_member(&x);
	}
	if (how->identifier.p == NULL && c_r->def.identifier.p == NULL)
		faults_add(f, SLICE("customer_identifier"),
		    "This field is required.");
	if (c_r->given & CUSTOMER_PERIOD_START)
		change_check_end(c_r, c_r->def.period_start_s, f);
}

void
change_check_end(const struct customer_change *c, int64_t running_start_s,
    struct faults *f)
{
	if ((c->given & CUSTOMER_PERIOD_END) && c->def.period_end_s != 0 &&
	    c->def.period_end_s <= running_start_s)
		faults_add(f, SLICE("period_end"),
		    "Ensure this value is after period_start.");
}

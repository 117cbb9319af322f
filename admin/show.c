#include "admin/show.h"

#include "base/clock.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "shm/period.h"

void
show_name(struct sbuf *b, const char *name)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		sbuf_addc(b, ',');
	sbuf_add_json(b, slice_str(name));
	sbuf_addc(b, ':');
}

void
show_text(struct sbuf *b, const char *name, struct slice text)
{
	show_name(b, name);
	sbuf_add_json(b, text);
}

void
show_int(struct sbuf *b, const char *name, int64_t n)
{
	show_name(b, name);
	sbuf_addf(b, "%lld", (long long)n);
}

void
show_bool(struct sbuf *b, const char *name, bool value)
{
	show_name(b, name);
	sbuf_adds(b, value ? "true" : "false");
}

void
show_money(struct sbuf *b, const char *name, int64_t nano)
{
	show_name(b, name);
	if (nano == MONEY_NONE)
		sbuf_adds(b, "null");
	else
		money_write(b, nano);
}

void
show_amount(struct sbuf *b, const char *name, int64_t nano)
{
	show_name(b, name);
	money_write(b, nano);
}

void
show_element(struct sbuf *b)
{
	if (b->data[b->len - 1] != '[')
		sbuf_addc(b, ',');
}

void
show_time(struct sbuf *b, const char *name, int64_t s)
{
	char iso[NOW_ISO_S_SIZE];

	show_name(b, name);
	if (s == 0) {
		sbuf_adds(b, "null");
		return;
	}
	now_iso_s(s, iso);
	sbuf_addf(b, "\"%s\"", iso);
}

void
show_list(struct sbuf *b, const char *name, struct slice list,
    const char *empty)
{
	const char *comma = "";
	struct slice item;

	show_name(b, name);
	sbuf_addc(b, '[');
	if (list.n == 0)
		sbuf_adds(b, empty);
	while (defs_list_next(&list, &item)) {
		sbuf_adds(b, comma);
		sbuf_add_json(b, item);
		comma = ",";
	}
	sbuf_addc(b, ']');
}

static void
show_limit(struct sbuf *b, const char *name, int64_t limit)
{
	if (limit > 0)
		show_int(b, name, limit);
}

static void
show_limits(struct sbuf *b, const struct settings_limits *l)
{
	show_name(b, "limits");
	sbuf_addc(b, '{');
	show_limit(b, "rpm", l->rpm);
	show_limit(b, "tpm", l->tpm);
	show_limit(b, "concurrency", l->concurrency);
	sbuf_addc(b, '}');
}

static void
show_duration(struct sbuf *b, int32_t duration)
{
	show_name(b, "budget_duration");
	if (duration == DURATION_NONE)
		sbuf_adds(b, "null");
	else
		sbuf_add_json(b,
		    slice_str(period_name((enum period_kind)duration)));
}

static void
show_environment(struct sbuf *b, int32_t environment)
{
	show_text(b, "environment",
	    slice_str(environment == ENV_TEST ? "test" : "prod"));
}

static void
show_scopes(struct sbuf *b, uint32_t scopes)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ SCOPE_GATEWAY, "gateway" },
		{ SCOPE_PLATFORM, "platform" },
		{ SCOPE_CREDENTIALS, "credentials" },
		{ SCOPE_CUSTOMER_WRITE, "customer_write" },
		{ SCOPE_ANY_API_BASE, "any-api-base" },
	};
	const char *comma = "";

	show_name(b, "scopes");
	sbuf_addc(b, '[');
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (scopes & names[i].bit) {
			sbuf_adds(b, comma);
			sbuf_add_json(b, slice_str(names[i].name));
			comma = ",";
		}
	sbuf_addc(b, ']');
}

void
show_key(struct sbuf *b, const struct key_def *k, const char *source)
{
	sbuf_addc(b, '{');
	show_text(b, "prefix", k->prefix);
	show_text(b, "name", k->name);
	show_environment(b, k->environment);
	show_bool(b, "revoked", k->revoked_s != 0);
	show_time(b, "created_at", k->created_s);
	show_time(b, "updated_at", k->updated_s);
	show_time(b, "expiry_date", k->expires_s);
	show_scopes(b, k->scopes);
	show_list(b, "models", k->models, "\"*\"");
	show_list(b, "customers", k->customers, "\"*\"");
	show_list(b, "addresses", k->addresses, "");
	show_limits(b, &k->limits);
	show_money(b, "period_budget", k->period_budget_nano);
	show_duration(b, k->budget_duration);
	show_money(b, "spending_limit", k->spending_limit_nano);
	show_int(b, "max_usage", k->max_usage > 0 ? k->max_usage : -1);
	show_bool(b, "clamp_max_tokens", k->clamp_max_tokens != 0);
	show_text(b, "source", slice_str(source));
	show_int(b, "version", (int64_t)k->version);
	sbuf_addc(b, '}');
}

void
show_customer_members(struct sbuf *b, const struct settings *s,
    const struct customer_def *c, const char *source)
{
	struct period_rules rules = period_rules(s);
	struct period p =
	    period_customer(&rules, (enum period_kind)c->budget_duration,
		c->period_start_s, c->period_end_s, now_real_us() / 1000000);

	show_text(b, "customer_identifier", c->identifier);
	show_environment(b, c->environment);
	show_text(b, "name", c->name);
	show_text(b, "email", c->email);
	show_text(b, "group_identifier", c->group_identifier);
	show_money(b, "period_budget", c->period_budget_nano);
	show_duration(b, c->budget_duration);
	show_time(b, "period_start",
	    c->budget_duration == DURATION_NONE ? 0 : p.start_s);
	show_time(b, "period_end",
	    c->budget_duration == DURATION_NONE ? 0 : p.end_s);
	show_money(b, "total_budget", c->total_budget_nano);
	/* Basis points are hundredths of a percent. */
	show_name(b, "markup_percentage");
	money_write(b, (int64_t)c->markup_bp * 10000000);
	show_name(b, "rate_limit");
	if (c->limits.rpm > 0)
		sbuf_addf(b, "%lld", (long long)c->limits.rpm);
	else
		sbuf_adds(b, "null");
	show_time(b, "created_at", c->created_s);
	show_time(b, "updated_at", c->updated_s);
	show_text(b, "source", slice_str(source));
	show_name(b, "metadata");
	sbuf_add_slice(b, c->metadata.n > 0 ? c->metadata : SLICE("null"));
	show_int(b, "version", (int64_t)c->version);
}

void
show_customer(struct sbuf *b, const struct settings *s,
    const struct customer_def *c, const char *source)
{
	sbuf_addc(b, '{');
	show_customer_members(b, s, c, source);
	sbuf_addc(b, '}');
}

static const struct {
	const char *scope, *period;
} account_names[ACCOUNT_KINDS] = {
	[ACCOUNT_CUSTOMER_PERIOD] = { "customer", "period" },
	[ACCOUNT_CUSTOMER_TOTAL] = { "customer", "total" },
	[ACCOUNT_KEY_PERIOD] = { "key", "period" },
	[ACCOUNT_KEY_TOTAL] = { "key", "total" },
	[ACCOUNT_ORG_PERIOD] = { "organization", "period" },
	[ACCOUNT_ORG_CREDITS] = { "organization", "credits" },
	[ACCOUNT_KEY_USES] = { "key", "uses" },
};

static const char *
account_name(const char *name)
{
	return name != NULL ? name : "unknown";
}

const char *
show_account_scope(unsigned kind)
{
	kind &= ~(unsigned)ROW_OLDER;
	return account_name(
	    kind < ACCOUNT_KINDS ? account_names[kind].scope : NULL);
}

const char *
show_account_period(unsigned kind)
{
	if ((kind & ROW_OLDER) != 0)
		return "older";
	return account_name(
	    kind < ACCOUNT_KINDS ? account_names[kind].period : NULL);
}

void
show_row(struct sbuf *b, const struct account_owner *owner,
    const struct row_key *k, const struct ledger_row *row, int64_t held_nano)
{
	unsigned kind = row_key_kind(k);

	sbuf_addc(b, '{');
	show_text(b, "scope", slice_str(show_account_scope(kind)));
	show_text(b, "subject", owner->id);
	if (owner->kind != OWNER_ORGANIZATION)
		show_environment(b, owner->environment);
	show_text(b, "period", slice_str(show_account_period(kind)));
	show_time(b, "period_start", row_key_start(k));
	show_money(b, "limit", row->limit);
	show_money(b, "settled", row->settled);
	show_money(b, "held", held_nano);
	show_money(b, "suspense", row->suspense);
	show_money(b, "lease",
	    row->limit == MONEY_NONE ? MONEY_NONE : row->lease);
	show_int(b, "requests", row->requests);
	sbuf_addc(b, '}');
}

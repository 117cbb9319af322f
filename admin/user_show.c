#include "admin/user_show.h"

#include "admin/show.h"
#include "admin/user_figures.h"
#include "base/clock.h"
#include "base/money.h"

#define MONTH_S (INT64_C(86400) * 30)

/* A number that stays the same: 31 bits of what names the accounts. */
static int64_t
user_number(const struct customer_def *c)
{
	struct account_owner owner = { OWNER_CUSTOMER, c->environment,
		c->identifier };
	unsigned char hash[OWNER_HASH_SIZE];
	uint32_t n;

	owner_hash(&owner, hash);
	memcpy(&n, hash, sizeof n);
	return n >> 1;
}

static void
user_show_fixed(struct sbuf *b, const struct customer_def *c)
{
	user_show_organization(b);
	show_int(b, "organization", USER_ORGANIZATION_NUMBER);
	show_text(b, "organization_name", SLICE(DEFS_ORGANIZATION));
	show_name(b, "organization_key");
	sbuf_adds(b, "null");
	show_bool(b, "is_test", c->environment == ENV_TEST);
	show_name(b, "blurred");
	sbuf_adds(b, "null");
}

static void
user_show_did(struct sbuf *b, const struct logstore_customer *d)
{
	show_int(b, "total_requests", d->requests);
	show_int(b, "total_prompt_tokens", d->prompt_tokens);
	show_int(b, "total_completion_tokens", d->completion_tokens);
	show_int(b, "total_tokens", d->prompt_tokens + d->completion_tokens);
	show_int(b, "total_cache_hits", d->hits);
	user_show_average(b, "average_latency", d->latency_us, d->latencies);
	user_show_average(b, "average_ttft", d->ttft_us, d->ttfts);
	show_time(b, "last_active", d->last_us / 1000000);
}

/* Spent in a month on average, since there was a first one. */
static int64_t
user_monthly(const struct customer_def *c, int64_t total_nano)
{
	int64_t months =
	    c->created_s == 0
		? 1
		: (now_real_us() / 1000000 - c->created_s) / MONTH_S;

	return months > 1 ? total_nano / months : total_nano;
}

static void
user_show_money(struct sbuf *b, const struct customer_def *c,
    const struct customer_money *m)
{
	show_money(b, "total_period_usage", m->period_nano);
	show_money(b, "total_usage", m->total_nano);
	show_money(b, "average_monthly_cost", user_monthly(c, m->total_nano));
	show_money(b, "held", m->held_nano);
	show_money(b, "suspense", m->suspense_nano);
	show_money(b, "limit_remaining", m->remaining_nano);
}

int
user_show(struct office *o, const struct customer_def *c, const char *source,
    struct sbuf *out, struct err *e)
{
	struct user_figures f;

	if (user_figures_read(o, c, &f, e) != 0)
		return -1;
	sbuf_addc(out, '{');
	show_int(out, "id", user_number(c));
	show_customer_members(out, o->settings, c, source);
	user_show_fixed(out, c);
	user_show_money(out, c, &f.money);
	user_show_did(out, &f.did);
	user_show_models(o, out, c);
	sbuf_addc(out, '}');
	return 0;
}

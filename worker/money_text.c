/* money_text - refusals and limit_info: the words of spec/money.md 12. */
#include "worker/money.h"

#include "base/clock.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "worker/customers.h"
#include "worker/worker_priv.h"

/* "$10" for a whole amount, "$9.99" else: the vendor's own spelling. */
static void
money_add_amount(struct sbuf *b, int64_t nano)
{
	size_t from = b->len;

	money_write_dollars(b, nano);
	if (nano % 1000000000 == 0)
		b->len = from + (b->len - from) - 3;
}

static void
money_add_time(struct sbuf *b, int64_t s)
{
	char text[NOW_ISO_SIZE];

	now_iso(s * 1000000, text);
	sbuf_add(b, text, 19); /* without the fraction */
	sbuf_addc(b, 'Z');
}

/* Who has used of whose budget. */
static const struct {
	const char *who, *whose;
} words[ACCOUNT_KINDS] = {
	[ACCOUNT_CUSTOMER_PERIOD] = { "Customer", "their" },
	[ACCOUNT_CUSTOMER_TOTAL] = { "Customer", "their" },
	[ACCOUNT_KEY_PERIOD] = { "This key", "its" },
	[ACCOUNT_KEY_TOTAL] = { "This key", "its" },
	[ACCOUNT_ORG_PERIOD] = { "The organization", "its" },
	[ACCOUNT_ORG_CREDITS] = { "The organization", "its" },
};

static void
money_refuse_spent(struct req *r)
{
	uint32_t which = r->refusal.which;
	uint32_t kind = r->terms.accounts[which].key.kind;
	int64_t end_s = r->accounts[which].end_s;
	struct sbuf text = { 0 }, detail = { 0 };
	bool customer = kind <= ACCOUNT_CUSTOMER_TOTAL;

	sbuf_adds(&detail, words[kind].who);
	sbuf_adds(&text, words[kind].who);
	if (customer) {
		sbuf_addc(&text, ' ');
		sbuf_add_slice(&text, r->customer->def.identifier);
	}
	for (int i = 0; i < 2; i++) {
		struct sbuf *b = i == 0 ? &text : &detail;

		sbuf_adds(b, " has used ");
		money_add_amount(b, r->refusal.settled);
		sbuf_addf(b, " of %s ", words[kind].whose);
		money_add_amount(b, r->refusal.limit);
		sbuf_adds(b, " budget, not enough for this request");
	}
	sbuf_addc(&text, '.');
	if (end_s != INT64_MAX) {
		sbuf_adds(&text, " Resets ");
		money_add_time(&text, end_s);
		sbuf_addc(&text, '.');
	}
	err_set(&r->err,
	    kind == ACCOUNT_KEY_TOTAL ? ERR_KEY_BUDGET_EXCEEDED
				      : ERR_BUDGET_EXCEEDED,
	    "%s",
	    kind == ACCOUNT_KEY_TOTAL
		? "This key has reached its spending limit."
		: text.data);
	r->detail = pool_copy(r->pool, kind == ACCOUNT_KEY_TOTAL
					   ? slice_str(r->err.text)
					   : sbuf_slice(&detail));
	sbuf_free(&text);
	sbuf_free(&detail);
}

static void
money_refuse_held(struct req *r)
{
	uint32_t kind = r->terms.accounts[r->refusal.which].key.kind;
	bool customer = kind <= ACCOUNT_CUSTOMER_TOTAL;

	err_set(&r->err, ERR_BUDGET_HELD,
	    "The rest of the budget of %s%.*s is held by requests in flight.",
	    customer ? "customer " : words[kind].who,
	    customer ? (int)r->customer->def.identifier.n : 0,
	    customer ? r->customer->def.identifier.p : "");
}

void
money_refuse(struct req *r, enum hold_result why)
{
	if (why == HOLD_EXCEEDED)
		money_refuse_spent(r);
	else if (why == HOLD_HELD)
		money_refuse_held(r);
	else
		err_set(&r->err, ERR_BUDGET_UNAVAILABLE,
		    "The budget ledger is not available. Please retry.");
}

static const char *const names[ACCOUNT_KINDS] = {
	[ACCOUNT_CUSTOMER_PERIOD] = "customer_budget",
	[ACCOUNT_CUSTOMER_TOTAL] = "customer_total_budget",
	[ACCOUNT_KEY_PERIOD] = "key_budget",
	[ACCOUNT_KEY_TOTAL] = "key_total_budget",
	[ACCOUNT_ORG_PERIOD] = "org_budget",
	[ACCOUNT_ORG_CREDITS] = "org_credits",
};

static void
limit_add_money(struct sbuf *b, const char *name, int64_t nano)
{
	sbuf_adds(b, name);
	money_write(b, nano);
}

static void
limit_add(struct req *r, struct sbuf *b, uint32_t i, bool allowed)
{
	const struct hold_account *a = &r->terms.accounts[i];
	int64_t settled = r->seen.settled[i], held = r->seen.held[i];
	int64_t limit = r->seen.limit[i];
	int64_t spent = a->marked
	                    ? money_markup(r->cost_nano, r->terms.markup_bp)
	                    : r->cost_nano;

	sbuf_addf(b, "{\"name\":\"%s\"", names[a->key.kind]);
	limit_add_money(b, ",\"current_value\":", settled);
	limit_add_money(b, ",\"new_value\":", settled + (allowed ? spent : 0));
	limit_add_money(b, ",\"limit_value\":", limit);
	sbuf_adds(b, ",\"is_within_limit\":");
	sbuf_adds(b, settled + held + a->amount <= limit ? "true" : "false");
	limit_add_money(b, ",\"held_value\":", held);
	limit_add_money(b, ",\"needed_value\":", a->amount);
	limit_add_money(b, ",\"suspense_value\":", r->seen.suspense[i]);
	sbuf_adds(b, ",\"resets_at\":");
	if (r->accounts[i].end_s == INT64_MAX) {
		sbuf_adds(b, "null}");
		return;
	}
	sbuf_addc(b, '"');
	money_add_time(b, r->accounts[i].end_s);
	sbuf_adds(b, "\"}");
}

struct slice
money_limit_info(struct req *r)
{
	struct sbuf *b = &r->w->scratch;
	bool allowed = !r->refused_by_budget, first = true;

	if (!r->limited || !r->held_tried)
		return SLICE("");
	sbuf_clear(b);
	sbuf_addf(b, "{\"is_allowed\":%s,\"limits\":[",
	    allowed ? "true" : "false");
	for (uint32_t i = 0; i < r->terms.n_accounts; i++) {
		if (r->accounts[i].limit_nano == MONEY_NONE)
			continue;
		if (!first)
			sbuf_addc(b, ',');
		first = false;
		limit_add(r, b, i, allowed);
	}
	sbuf_adds(b, "]}");
	return pool_copy(r->pool, sbuf_slice(b));
}

/* money_text - refusals and limit_info: the words of spec/money.md 12. */
#include "worker/money.h"

#include "base/clock.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/record_detail.h"
#include "proto/utf8.h"
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
	char text[NOW_ISO_S_SIZE];

	now_iso_s(s, text);
	sbuf_adds(b, text);
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
	[ACCOUNT_KEY_USES] = { "This key", "its" },
};

/* What is said of a key instead, in whole; NULL: the figures are told. */
static const char *const used_up[ACCOUNT_KINDS] = {
	[ACCOUNT_KEY_TOTAL] = "This key has reached its spending limit.",
	[ACCOUNT_KEY_USES] = "This key has reached its maximum number of uses.",
};

#define MONEY_SHOWN 200 /* bytes of a caller's text in a message */

/* Whole characters, up to a NUL, which would end the message. */
static struct slice
money_shown_customer(const struct req *r)
{
	struct slice id = r->customer->def.identifier;

	if (id.n > MONEY_SHOWN)
		id.n = MONEY_SHOWN;
	id.n = strnlen(id.p, id.n);
	return utf8_prefix(id);
}

static void
money_refuse_spent(struct req *r)
{
	uint32_t which = r->refusal->which;
	uint32_t kind = r->accounts[which].hold.key.kind;
	int64_t end_s = r->accounts[which].end_s;
	struct sbuf text = { 0 }, detail = { 0 };
	bool customer = kind <= ACCOUNT_CUSTOMER_TOTAL;

	sbuf_adds(&detail, words[kind].who);
	sbuf_adds(&text, words[kind].who);
	if (customer) {
		sbuf_addc(&text, ' ');
		sbuf_add_slice(&text, money_shown_customer(r));
	}
	for (int i = 0; i < 2; i++) {
		struct sbuf *b = i == 0 ? &text : &detail;

		sbuf_adds(b, " has used ");
		money_add_amount(b, r->refusal->settled);
		sbuf_addf(b, " of %s ", words[kind].whose);
		money_add_amount(b, r->refusal->limit);
		sbuf_adds(b, " budget, not enough for this request");
	}
	sbuf_addc(&text, '.');
	if (end_s != INT64_MAX) {
		sbuf_adds(&text, " Resets ");
		money_add_time(&text, end_s);
		sbuf_addc(&text, '.');
	}
	err_set(req_err(r), ERR_BUDGET_EXCEEDED, "%s", text.data);
	r->detail = pool_copy(r->pool, sbuf_slice(&detail));
	sbuf_free(&text);
	sbuf_free(&detail);
}

static void
money_refuse_used_up(struct req *r, const char *said)
{
	err_set(req_err(r), ERR_KEY_BUDGET_EXCEEDED, "%s", said);
	r->detail = slice_str(said);
}

static void
money_refuse_held(struct req *r)
{
	uint32_t kind = r->accounts[r->refusal->which].hold.key.kind;
	bool customer = kind <= ACCOUNT_CUSTOMER_TOTAL;
	struct slice id = SLICE("");

	if (kind == ACCOUNT_KEY_USES) {
		err_set(req_err(r), ERR_BUDGET_HELD,
		    "The last uses of this key are taken by requests in "
		    "flight.");
		return;
	}
	if (customer)
		id = money_shown_customer(r);
	err_set(req_err(r), ERR_BUDGET_HELD,
	    "The rest of the budget of %s%.*s is held by requests in flight.",
	    customer ? "customer " : words[kind].who, SLICE_ARGS(id));
}

void
money_refuse(struct req *r, enum hold_result why)
{
	const char *said = NULL;

	if (why == HOLD_EXCEEDED)
		said = used_up[r->accounts[r->refusal->which].hold.key.kind];
	if (said != NULL)
		money_refuse_used_up(r, said);
	else if (why == HOLD_EXCEEDED)
		money_refuse_spent(r);
	else if (why == HOLD_HELD)
		money_refuse_held(r);
	else
		err_set(req_err(r), ERR_BUDGET_UNAVAILABLE,
		    "The budget ledger is not available. Please retry.");
}

/* Of account i: held while the attempt runs, charged after it. */
static int64_t
money_part(const struct req *r, uint32_t i)
{
	const struct hold_account *a = &r->accounts[i].hold;

	if (r->refused_by_budget)
		return 0;
	if (r->slot != SLOT_NONE)
		return a->amount;
	return a->marked ? money_markup(r->cost_nano, r->markup_bp)
	                 : r->cost_nano;
}

bool
money_remaining(const struct req *r, int64_t *nano_r)
{
	bool any = false;

	if (!r->limited || !r->held_tried)
		return false;
	for (uint32_t i = 0; i < r->n_accounts; i++) {
		const struct hold_seen *s = &r->seen[i];
		int64_t left =
		    s->limit - s->settled - s->held - money_part(r, i);

		if (s->limit == ACCOUNT_UNLIMITED ||
		    r->accounts[i].hold.key.kind == ACCOUNT_KEY_USES)
			continue;
		if (left < 0)
			left = 0;
		if (!any || left < *nano_r)
			*nano_r = left;
		any = true;
	}
	return any;
}

static const enum record_limit_name names[ACCOUNT_KINDS] = {
	[ACCOUNT_CUSTOMER_PERIOD] = RECORD_LIMIT_CUSTOMER,
	[ACCOUNT_CUSTOMER_TOTAL] = RECORD_LIMIT_CUSTOMER_TOTAL,
	[ACCOUNT_KEY_PERIOD] = RECORD_LIMIT_KEY,
	[ACCOUNT_KEY_TOTAL] = RECORD_LIMIT_KEY_TOTAL,
	[ACCOUNT_ORG_PERIOD] = RECORD_LIMIT_ORGANIZATION,
	[ACCOUNT_ORG_CREDITS] = RECORD_LIMIT_CREDITS,
};

static void
limit_add(struct req *r, struct sbuf *b, uint32_t i)
{
	const struct hold_account *a = &r->accounts[i].hold;
	int64_t cost = r->cost_nano + r->spent_nano;
	int64_t end_s = r->accounts[i].end_s;
	struct record_limit l = {
		.name = names[a->key.kind],
		.current = r->seen[i].settled,
		.after = r->seen[i].settled,
		.limit = r->seen[i].limit,
		.held = r->seen[i].held,
		.needed = a->amount,
		.suspense = r->seen[i].suspense,
		.resets_s = end_s == INT64_MAX ? 0 : end_s,
	};

	if (!r->refused_by_budget)
		l.after += a->marked ? money_markup(cost, r->markup_bp) : cost;
	record_limits_add(b, &l);
}

struct slice
money_limit_info(struct req *r)
{
	struct sbuf *b = &r->w->scratch;

	if (!r->limited || !r->held_tried)
		return SLICE("");
	sbuf_clear(b);
	record_limits_begin(b, !r->refused_by_budget);
	for (uint32_t i = 0; i < r->n_accounts; i++)
		if (r->accounts[i].limit_nano != MONEY_NONE)
			limit_add(r, b, i);
	return sbuf_slice(b);
}

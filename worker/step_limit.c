/*
 * limit - the customer, the rate windows (worker/rates), and a slot.
 *
 * Waits for the keeper when the customer is new or changed.
 */
#include "base/clock.h"
#include "base/pool.h"
#include "base/settings.h"
#include "shm/lane.h"
#include "worker/customers.h"
#include "worker/keys.h"
#include "worker/money.h"
#include "worker/rates.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

static enum step_result
limit_unavailable(struct req *r)
{
	err_set(req_err(r), ERR_BUDGET_UNAVAILABLE,
	    "The budget ledger is not available. Please retry.");
	return req_fail(r);
}

/* Wait for the keeper: until it has committed, or has made room to ask it. */
static enum step_result
limit_wait(struct req *r)
{
	customer_release(&r->customer); /* it is looked up again then */
	return money_wait(r) ? STEP_WAIT : limit_unavailable(r);
}

static enum step_result
limit_ask(struct req *r, struct slice id, const struct params_customer *p,
    uint64_t digest)
{
	r->ticket = customers_ask(r->w, r->key->def.environment, id, p, digest);
	return limit_wait(r);
}

static bool
limit_may_write(const struct req *r)
{
	return (r->key->def.scopes & SCOPE_CUSTOMER_WRITE) != 0;
}

static bool
limit_permits(struct req *r, struct slice id)
{
	if (key_permits(r->key->def.customers, id))
		return true;
	err_param(req_err(r), ERR_KEY_NOT_PERMITTED, "customer_identifier",
	    "This key may not act for this customer.");
	return false;
}

/*
 * customer_params of another customer than the one that is charged: it is
 * changed beside this request, which need not wait for it (api.md 5.4).
 * NEXT, WAIT for room to ask, or DONE.
 */
static enum step_result
limit_change_other(struct req *r, const struct params_customer *p)
{
	struct customers *all = r->w->customers;
	int32_t environment = r->key->def.environment;
	uint64_t digest = customers_digest(p);
	struct customer *other = NULL;
	bool known;

	if (!limit_permits(r, p->identifier))
		return req_fail(r);
	customers_find(all, environment, p->identifier, &other);
	known = other != NULL && customer_follows(other, digest);
	customer_release(&other);
	if (known ||
	    customers_ask(r->w, environment, p->identifier, p, digest) != 0)
		return STEP_NEXT;
	return limit_wait(r);
}

/*
 * The customer of the request, under the limits that customer_params give.
 * NEXT when r->customer is settled (or there is none).
 */
static enum step_result
limit_customer(struct req *r)
{
	const struct settings *s = r->w->settings;
	struct slice id = params_customer_id(&r->params);
	const struct params_customer *p = r->params.customer;
	enum step_result got;
	uint64_t digest;
	int found;

	if (id.n == 0) {
		if (!s->customers_required)
			return STEP_NEXT;
		err_param(req_err(r), ERR_MISSING_PARAMETER,
		    "customer_identifier",
		    "Missing required parameter: 'customer_identifier'.");
		return req_fail(r);
	}
	if (!limit_permits(r, id))
		return req_fail(r);
	found = customers_find(r->w->customers, r->key->def.environment, id,
	    &r->customer);
	/* The keeper makes none then, with customer_params or without. */
	if (found == 0 && settings_is(s, s->customers_unknown, "refuse")) {
		err_param(req_err(r), ERR_CUSTOMER_UNKNOWN,
		    "customer_identifier", "Customer %.*s is not known.",
		    (int)(id.n < 200 ? id.n : 200), id.p);
		return req_fail(r);
	}
	if (found < 0 || (found == 0 && r->upserted))
		return limit_unavailable(r);
	if (!limit_may_write(r))
		p = NULL;
	if (p != NULL && !slice_eq(p->identifier, id)) {
		got = r->upserted ? STEP_NEXT : limit_change_other(r, p);
		if (got != STEP_NEXT)
			return got;
		p = NULL;
	}
	if (p == NULL || r->upserted)
		return found == 1 ? STEP_NEXT : limit_ask(r, id, NULL, 0);
	digest = customers_digest(p);
	if (found == 1 && customer_follows(r->customer, digest))
		return STEP_NEXT;
	return limit_ask(r, id, p, digest);
}

static enum step_result
limit_take_slot(struct req *r)
{
	r->slot = hold_open(&r->w->seat, r->id, r->arrived_us, r->counter);
	r->slot_taken = r->slot != SLOT_NONE;
	if (r->slot_taken)
		return STEP_NEXT;
	err_set(req_err(r), ERR_OVERLOADED,
	    "The gateway is overloaded. Please retry.");
	return req_fail(r);
}

enum step_result
step_limit_run(struct req *r)
{
	enum step_result got;

	if (r->ticket != 0) {
		if (!lane_consumed(&r->w->seat.money, r->ticket))
			return limit_wait(r);
		r->ticket = 0;
		r->upserted = true;
	}
	got = limit_customer(r);
	if (got != STEP_NEXT)
		return got;
	money_waited(r);
	if (r->params.customer != NULL && !limit_may_write(r))
		params_warn(&r->params, SLICE("customer_params"));
	if (!rates_take(r))
		return req_fail(r);
	money_accounts(r);
	r->validated_ns = now_mono_ns();
	return limit_take_slot(r);
}

void
step_limit_cancel(struct req *r)
{
	r->ticket = 0;
}

#include "keeper/customers.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/money.h"
#include "base/settings.h"
#include "keeper/book.h"
#include "keeper/limits.h"
#include "shm/account.h"
#include "shm/period.h"

static void
customers_default(const struct settings *s, struct customer_def *c)
{
	struct period_rules rules = period_rules(s);
	enum period_kind duration = PERIOD_ALL;

	/* Checked by setup; NUL-terminated in the snapshot. */
	period_read(settings_str(s, s->customers_defaults_budget_duration).p,
	    &duration);
	*c = (struct customer_def){
		.period_budget_nano = s->customers_defaults_period_budget_nano,
		.total_budget_nano = s->customers_defaults_total_budget_nano,
		.budget_duration = (int32_t)duration,
		.period_start_s = period_day(&rules, book_now_s()),
		.created_s = book_now_s(),
	};
}

static struct period
customers_period(const struct book *b, const struct customer_def *c,
    int64_t t_s)
{
	struct period_rules rules = period_rules(b->settings);

	return period_customer(&rules, (enum period_kind)c->budget_duration,
	    c->period_start_s, c->period_end_s, t_s);
}

/* The rows of a customer in this moment follow its limits. */
static int
customers_refresh(struct book *b, const struct account_owner *owner,
    const struct customer_def *c, struct err *e)
{
	struct period p = customers_period(b, c, book_now_s());
	unsigned char hash[OWNER_HASH_SIZE];
	struct account_key keys[2];
	uint32_t entry;

	owner_hash(owner, hash);
	keys[0] = account_key(hash, ACCOUNT_CUSTOMER_PERIOD, p.start_s);
	keys[1] = account_key(hash, ACCOUNT_CUSTOMER_TOTAL, 0);
	for (int i = 0; i < 2; i++) {
		if (limits_refresh(b, &keys[i], e) != 0)
			return -1;
		/* It may wait for its customer to be known. */
		entry = account_find(b->seg, &keys[i]);
		if (entry != ACCOUNT_NONE)
			account_want(b->seg, entry);
	}
	return 0;
}

static int
customers_put(struct book *b, const struct account_owner *owner,
    const struct customer_def *c, struct err *e)
{
	if (book_objects(b, e) != 0 ||
	    objects_customer_put(b->objects, c, e) != 0 ||
	    ledger_owner_put(b->ledger, owner, e) != 0)
		return -1;
	b->customers_changed = true;
	return customers_refresh(b, owner, c, e);
}

/* What the store has, or the defaults.  1 known, 0 new, -1. */
static int
customers_get(struct book *b, const struct customer_change *change,
    struct customer_def *c, struct err *e)
{
	int got = objects_customer_get(b->objects, change->def.environment,
	    change->def.identifier, &b->def, c, e);

	if (got != 0)
		return got;
	customers_default(b->settings, c);
	c->identifier = change->def.identifier;
	c->environment = change->def.environment;
	return 0;
}

/*
 * Who was deleted and is made again within the same period goes on with its
 * row, or else deleting would free money (money.md 6.2).
 */
static int
customers_inherit(struct book *b, const struct customer_change *change,
    struct customer_def *c, struct err *e)
{
	struct sbuf bytes = { 0 };
	struct customer_def left;
	struct period p;
	int got = objects_customer_left(b->objects, c->environment,
	    c->identifier, &bytes, &left, e);

	sbuf_free(&bytes);
	if (got != 1)
		return got;
	c->deleted_us = left.deleted_us;
	p = customers_period(b, &left, left.deleted_us / 1000000);
	if (change->given & (CUSTOMER_PERIOD_START | CUSTOMER_PERIOD_END))
		return 0;
	if (left.budget_duration == DURATION_NONE || book_now_s() >= p.end_s)
		return 0;
	if (c->budget_duration == left.budget_duration) {
		c->period_start_s = left.period_start_s;
		c->period_end_s = left.period_end_s;
	} else
		c->period_start_s = p.start_s;
	return 0;
}

static int
customers_write(struct book *b, const struct customer_change *change,
    bool known, struct customer_def *c, struct err *e)
{
	struct account_owner owner = { OWNER_CUSTOMER, c->environment,
		c->identifier };
	struct period running = customers_period(b, c, book_now_s());
	struct sbuf id = { 0 };
	int done = 0;

	/* limits_refresh() reads definitions into the same buffer. */
	sbuf_add_slice(&id, c->identifier);
	owner.id = sbuf_slice(&id);
	defs_customer_apply(c, change, running.start_s, book_now_s());
	if (!known)
		done = customers_inherit(b, change, c, e);
	if (done == 0)
		done = customers_put(b, &owner, c, e);
	sbuf_free(&id);
	return done;
}

/* Nothing to write: another worker, or this one, asked the same before. */
static bool
customers_same(const struct customer_def *c,
    const struct customer_change *change)
{
	return change->given == 0 ||
	       (change->def.params_digest != 0 &&
		   change->def.params_digest == c->params_digest);
}

int
customers_upsert(struct book *b, struct slice payload, struct err *e)
{
	const struct settings *s = b->settings;
	struct customer_change change;
	struct customer_def c;
	int known;

	if (!defs_change_unpack(payload, &change))
		return err_set(e, ERR_DAMAGED, "keeper: unreadable UPSERT");
	if (settings_customer_find(s, change.def.identifier) != NULL)
		return 0;
	known = customers_get(b, &change, &c, e);
	if (known < 0)
		return -1;
	if (known == 0 && settings_is(s, s->customers_unknown, "refuse"))
		return 0;
	if (known == 1 && customers_same(&c, &change))
		return 0;
	if (customers_write(b, &change, known == 1, &c, e) == 0)
		return 0;
	/*
	 * The store takes no such record; nothing of it was written.  It would
	 * be met again by every keeper that follows.
	 */
	if (e->kind != ERR_INVALID_VALUE && e->kind != ERR_STORE_FULL)
		return -1;
	log_warn("keeper: a customer is not changed: %s", e->text);
	return 0;
}

/* 1; -1 with *e when the settings file or a condition forbids the change. */
static int
customers_may(struct book *b, const struct customer_change *change, int known,
    const struct customer_def *c, struct err *e)
{
	uint64_t version = change->def.version;

	if (settings_customer_find(b->settings, change->def.identifier) != NULL)
		return err_set(e, ERR_INVALID_VALUE,
		    "This object is defined in the settings file.");
	if (version != 0 && (known != 1 || c->version != version))
		return err_set(e, ERR_CHANGED, "The object was changed.");
	return 1;
}

static void
customers_replace(struct book *b, struct customer_def *c)
{
	struct customer_def fresh;

	customers_default(b->settings, &fresh);
	fresh.identifier = c->identifier;
	fresh.environment = c->environment;
	fresh.created_s = c->created_s;
	fresh.period_start_s = c->period_start_s;
	fresh.period_end_s = c->period_end_s;
	fresh.deleted_us = c->deleted_us;
	*c = fresh;
}

int
customers_change(struct book *b, const struct customer_change *change,
    struct err *e)
{
	struct customer_def c;
	int known = customers_get(b, change, &c, e);

	if (known < 0 || customers_may(b, change, known, &c, e) < 0)
		return -1;
	if (known == 0 && (change->given & CUSTOMER_THERE))
		return 0;
	if (known == 1 && (change->given & CUSTOMER_REPLACE))
		customers_replace(b, &c);
	return customers_write(b, change, known == 1, &c, e) == 0 ? 1 : -1;
}

/* Its row stays, and so much of its definition as finds the row again. */
int
customers_delete(struct book *b, const struct customer_change *change,
    struct err *e)
{
	struct customer_def c, left;
	int known = customers_get(b, change, &c, e);

	if (known < 0 || customers_may(b, change, known, &c, e) < 0)
		return -1;
	if (known == 0)
		return 0;
	left = (struct customer_def){
		.identifier = c.identifier,
		.environment = c.environment,
		.period_budget_nano = MONEY_NONE,
		.total_budget_nano = MONEY_NONE,
		.budget_duration = c.budget_duration,
		.period_start_s = c.period_start_s,
		.period_end_s = c.period_end_s,
		.created_s = c.created_s,
		.updated_s = book_now_s(),
		.gone = true,
		.deleted_us = now_real_us(),
	};
	if (book_objects(b, e) != 0 ||
	    objects_customer_put(b->objects, &left, e) != 0)
		return -1;
	b->customers_changed = b->customers_deleted = true;
	return 1;
}

int
customers_known(struct book *b, const struct account_key *key, struct err *e)
{
	struct account_owner owner;

	return ledger_owner_get(b->ledger, key->hash, &b->owner, &owner, e);
}

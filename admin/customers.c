#include "admin/customers.h"

#include "admin/accounts.h"
#include "admin/args.h"
#include "admin/change.h"
#include "admin/show.h"
#include "admin/user_show.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "base/pool.h"
#include "shm/account.h"
#include "shm/period.h"

int
customer_find(struct office *o, int32_t environment, struct slice id,
    struct customer_def *c, const char **source_r, struct err *e)
{
	const struct settings_customer *in_file =
	    settings_customer_find(o->settings, id);
	struct objects *objects;

	*source_r = "settings";
	if (in_file != NULL) {
		defs_from_customer(o->settings, in_file, c);
		c->environment = environment;
		return 1;
	}
	*source_r = "store";
	objects = office_objects(o, e);
	if (objects == NULL)
		return -1;
	return objects_customer_get(objects, environment, id, &o->def, c, e);
}

struct period
customer_period(const struct settings *s, const struct customer_def *c)
{
	struct period_rules rules = period_rules(s);

	return period_customer(&rules, (enum period_kind)c->budget_duration,
	    c->period_start_s, c->period_end_s, now_real_us() / 1000000);
}

int
customer_next(struct office *o, struct customer_walk *walk,
    struct customer_def *c, struct err *e)
{
	const struct settings *s = o->settings;
	const struct settings_customer *in_file =
	    settings_list(s, s->customers);
	struct objects *objects;
	int got;

	if (walk->at < s->customers.n) {
		defs_from_customer(s, &in_file[walk->at++], c);
		c->environment = walk->environment;
		walk->source = "settings";
		walk->after = SLICE("");
		return 1;
	}
	walk->source = "store";
	objects = office_objects(o, e);
	if (objects == NULL)
		return -1;
	got = objects_customer_next(objects, walk->environment, walk->after,
	    &o->def, c, e);
	if (got == 1)
		walk->after = c->identifier;
	return got;
}

/* The account as the workers see it, else its row; zeroes when it has none. */
static int
customer_account(struct office *o, const struct account_key *key,
    struct account_view *v_r, struct err *e)
{
	uint32_t entry = account_find(o->seg, key);
	struct row_key k = row_key_make(key->hash, key->kind, key->period_s);
	struct ledger_row row = { .settled = 0 };
	struct ledger *ledger;

	if (entry != ACCOUNT_NONE && account_view(o->seg, entry, v_r) &&
	    account_key_same(&v_r->key, key) && v_r->state == ACCOUNT_READY)
		return 0;
	ledger = office_ledger(o, e);
	if (ledger == NULL || ledger_row_get(ledger, &k, &row, e) < 0)
		return -1;
	*v_r = (struct account_view){ .settled = row.settled,
		.suspense = row.suspense };
	return 0;
}

/* The smaller remainder of what is left of a limit. */
static void
customer_left(int64_t limit_nano, const struct account_view *v,
    int64_t *remaining)
{
	int64_t left = limit_nano - v->settled - v->reserved;

	if (limit_nano == MONEY_NONE)
		return;
	if (left < 0)
		left = 0;
	if (*remaining == MONEY_NONE || left < *remaining)
		*remaining = left;
}

/* All periods but the one that runs; every charge is in one of them. */
static int
customer_past(struct office *o, const struct account_owner *owner,
    int64_t running_start_s, int64_t *nano_r, struct err *e)
{
	struct account_rows r;
	int got;

	*nano_r = 0;
	if (accounts_open(&r, o, owner, e) != 0)
		return -1;
	while ((got = accounts_next(&r, e)) == 1)
		if ((row_key_kind(&r.key) & ~(unsigned)ROW_OLDER) ==
			ACCOUNT_CUSTOMER_PERIOD &&
		    (row_key_start(&r.key) != running_start_s ||
			(row_key_kind(&r.key) & ROW_OLDER) != 0))
			*nano_r += r.row.settled - r.row.suspense;
	return got;
}

int
customer_money(struct office *o, const struct customer_def *c,
    struct customer_money *m_r, struct err *e)
{
	struct account_owner owner = { OWNER_CUSTOMER, c->environment,
		c->identifier };
	struct period p = customer_period(o->settings, c);
	/* As the workers name it: one without end begins at 0. */
	int64_t start_s = p.end_s == INT64_MAX ? 0 : p.start_s;
	unsigned char hash[OWNER_HASH_SIZE];
	struct account_view period, total;
	struct account_key keys[2];
	int64_t past_nano;

	owner_hash(&owner, hash);
	keys[0] = account_key(hash, ACCOUNT_CUSTOMER_PERIOD, start_s);
	keys[1] = account_key(hash, ACCOUNT_CUSTOMER_TOTAL, 0);
	if (customer_past(o, &owner, start_s, &past_nano, e) < 0 ||
	    customer_account(o, &keys[0], &period, e) < 0 ||
	    customer_account(o, &keys[1], &total, e) < 0)
		return -1;
	*m_r = (struct customer_money){
		.period_nano = period.settled - period.suspense,
		.total_nano = past_nano + period.settled - period.suspense,
		.held_nano = period.reserved,
		.suspense_nano = period.suspense,
		.remaining_nano = MONEY_NONE,
	};
	customer_left(c->period_budget_nano, &period, &m_r->remaining_nano);
	customer_left(c->total_budget_nano, &total, &m_r->remaining_nano);
	return 0;
}

int
customer_change(struct office *o, enum ask_op op,
    const struct customer_change *c, struct err *e)
{
	struct sbuf packed = { 0 };
	int done;

	defs_change_pack(&packed, c);
	done = office_ask(o, op, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	return done;
}

/* ---- verbs --------------------------------------------------------------- */

static int
customer_show(struct office *o, int32_t environment, struct slice id,
    struct sbuf *out, struct err *e)
{
	struct customer_def c;
	const char *source;
	int got = customer_find(o, environment, id, &c, &source, e);

	if (got != 1)
		return got;
	return user_show(o, &c, source, out, e) == 0 ? 1 : -1;
}

int
customer_id(struct slice args, struct sbuf *id, int32_t *environment_r,
    struct err *e)
{
	if (args_environment(args, environment_r, e) < 0 ||
	    args_text(args, "customer", id, e) < 0)
		return -1;
	if (id->len == 0 || id->len > DEFS_IDENTIFIER_MAX)
		return err_param(e, ERR_INVALID_VALUE, "customer",
		    "customer: This field is required.");
	return 0;
}

int
verb_customer_show(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf id = { 0 };
	int32_t environment;
	int done = customer_id(args, &id, &environment, e);

	if (done == 0)
		done = customer_show(o, environment, sbuf_slice(&id), out, e);
	sbuf_free(&id);
	return done;
}

static int
customer_set(struct office *o, const struct change_read *how, struct slice args,
    struct sbuf *out, struct err *e)
{
	struct customer_change c;
	struct faults f = { .n = 0 };
	int done = -1;

	change_read(how, args, &c, &f);
	if (f.n > 0)
		*e = f.first;
	else
		done = customer_change(o, ASK_CUSTOMER, &c, e);
	faults_free(&f);
	return done == 1
	           ? customer_show(o, how->environment, how->identifier, out, e)
	           : done;
}

int
verb_customer_set(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct change_read how = { .pool = pool_new() };
	struct sbuf id = { 0 };
	int done = customer_id(args, &id, &how.environment, e);

	how.identifier = sbuf_slice(&id);
	if (done == 0)
		done = customer_set(o, &how, args, out, e);
	sbuf_free(&id);
	pool_free(&how.pool);
	return done;
}

int
verb_customer_delete(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct customer_change c = { .given = 0 };
	struct sbuf id = { 0 };
	int done = customer_id(args, &id, &c.def.environment, e);

	c.def.identifier = sbuf_slice(&id);
	if (done == 0)
		done = customer_change(o, ASK_CUSTOMER_DELETE, &c, e);
	if (done == 1) {
		sbuf_addc(out, '{');
		show_text(out, "customer_identifier", c.def.identifier);
		show_bool(out, "deleted", true);
		sbuf_addc(out, '}');
	}
	sbuf_free(&id);
	return done;
}

int
verb_customer_list(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct customer_walk walk = { .at = 0 };
	struct customer_def c;
	int got;

	if (args_environment(args, &walk.environment, e) < 0)
		return -1;
	sbuf_adds(out, "{\"results\":[");
	while ((got = customer_next(o, &walk, &c, e)) == 1) {
		if (out->data[out->len - 1] != '[')
			sbuf_addc(out, ',');
		show_customer(out, o->settings, &c, walk.source);
	}
	sbuf_adds(out, "]}");
	return got == 0 ? 1 : -1;
}

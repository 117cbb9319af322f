#include "keeper/limits.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/settings.h"
#include "keeper/book.h"
#include "shm/period.h"

#define DEMO_KEY "demo" /* has no definition and no limit */

static int
limits_of_customer(struct book *b, const struct account_owner *owner,
    bool total, int64_t *limit_r, struct err *e)
{
	const struct settings_customer *in_file =
	    settings_customer_find(b->settings, owner->id);
	struct customer_def c;
	int got = 1;

	if (in_file != NULL)
		defs_from_customer(b->settings, in_file, &c);
	else
		got = objects_customer_get(b->objects, owner->environment,
		    owner->id, &b->def, &c, e);
	if (got == 1)
		*limit_r = total ? c.total_budget_nano : c.period_budget_nano;
	return got;
}

static int
limits_of_key(struct book *b, const struct account_owner *owner,
    enum account_kind kind, int64_t *limit_r, struct err *e)
{
	const struct settings_key *in_file =
	    settings_key_find(b->settings, owner->id);
	struct key_def k = { .period_budget_nano = ACCOUNT_UNLIMITED,
		.spending_limit_nano = ACCOUNT_UNLIMITED };
	int got = 1;

	if (in_file != NULL)
		k = (struct key_def){
			.period_budget_nano = in_file->period_budget_nano,
			.spending_limit_nano = in_file->spending_limit_nano,
			.max_usage = in_file->max_usage,
		};
	else if (!slice_eq(owner->id, SLICE(DEMO_KEY)))
		got = objects_key_get(b->objects, owner->id, &b->def, &k, e);
	if (got != 1)
		return got;
	if (kind == ACCOUNT_KEY_USES)
		*limit_r = k.max_usage > 0 ? k.max_usage * ACCOUNT_USE
		                           : ACCOUNT_UNLIMITED;
	else
		*limit_r = kind == ACCOUNT_KEY_TOTAL ? k.spending_limit_nano
		                                     : k.period_budget_nano;
	return 1;
}

int
limits_find(struct book *b, const struct account_key *key, int64_t *limit_r,
    struct err *e)
{
	struct account_owner owner;
	int got = ledger_owner_get(b->ledger, key->hash, &b->owner, &owner, e);

	if (got != 1)
		return got;
	switch ((enum account_kind)key->kind) {
	case ACCOUNT_CUSTOMER_PERIOD:
	case ACCOUNT_CUSTOMER_TOTAL:
		return limits_of_customer(b, &owner,
		    key->kind == ACCOUNT_CUSTOMER_TOTAL, limit_r, e);
	case ACCOUNT_KEY_PERIOD:
	case ACCOUNT_KEY_TOTAL:
	case ACCOUNT_KEY_USES:
		return limits_of_key(b, &owner, (enum account_kind)key->kind,
		    limit_r, e);
	case ACCOUNT_ORG_PERIOD:
		*limit_r = b->settings->organization_period_budget_nano;
		return 1;
	case ACCOUNT_ORG_CREDITS:
		*limit_r = b->settings->organization_credits_nano;
		return 1;
	case ACCOUNT_KINDS:
		break;
	}
	return 0;
}

static int
limits_period_of_customer(struct book *b, const struct account_owner *owner,
    struct period *p_r, struct err *e)
{
	const struct settings_customer *in_file =
	    settings_customer_find(b->settings, owner->id);
	struct period_rules rules = period_rules(b->settings);
	struct customer_def c;
	int got = 1;

	if (in_file != NULL)
		defs_from_customer(b->settings, in_file, &c);
	else
		got = objects_customer_left(b->objects, owner->environment,
		    owner->id, &b->def, &c, e);
	if (got == 1)
		*p_r =
		    period_customer(&rules, (enum period_kind)c.budget_duration,
			c.period_start_s, c.period_end_s, book_now_s());
	return got;
}

static int
limits_period_of_key(struct book *b, const struct account_owner *owner,
    struct period *p_r, struct err *e)
{
	const struct settings_key *in_file =
	    settings_key_find(b->settings, owner->id);
	struct period_rules rules = period_rules(b->settings);
	struct key_def k = { .budget_duration = DURATION_NONE };
	int got = 1;

	if (in_file != NULL)
		k.budget_duration = in_file->budget_duration;
	else
		got = objects_key_get(b->objects, owner->id, &b->def, &k, e);
	if (got == 1)
		*p_r = period_calendar(&rules,
		    (enum period_kind)k.budget_duration, book_now_s());
	return got;
}

static void
limits_period_of_organization(struct book *b, struct period *p_r)
{
	const struct settings *s = b->settings;
	struct period_rules rules = period_rules(s);
	enum period_kind kind = PERIOD_ALL;

	/* Checked by setup. */
	period_read(settings_str(s, s->organization_budget_duration).p, &kind);
	*p_r = period_calendar(&rules, kind, book_now_s());
}

int
limits_running(struct book *b, const struct account_key *key,
    int64_t *start_s_r, struct err *e)
{
	struct account_owner owner;
	struct period p;
	int got = ledger_owner_get(b->ledger, key->hash, &b->owner, &owner, e);

	if (got == 1 && owner.kind == OWNER_CUSTOMER)
		got = limits_period_of_customer(b, &owner, &p, e);
	else if (got == 1 && owner.kind == OWNER_KEY)
		got = limits_period_of_key(b, &owner, &p, e);
	else if (got == 1)
		limits_period_of_organization(b, &p);
	if (got == 1)
		*start_s_r = p.start_s;
	return got;
}

static int
limits_name(struct book *b, enum owner_kind kind, int32_t environment,
    struct slice id, struct err *e)
{
	return ledger_owner_put(b->ledger,
	    &(struct account_owner){ kind, environment, id }, e);
}

/*
 * The ledger knows whose a row is only by this.  One that was lost, or that
 * did not follow the objects at a crash, learns it again.
 */
static int
limits_name_stored(struct book *b, struct err *e)
{
	struct slice after = SLICE("");
	struct customer_def c;
	struct key_def k;
	int got;

	while (
	    (got = objects_key_next(b->objects, after, &b->def, &k, e)) == 1) {
		if (limits_name(b, OWNER_KEY, k.environment, k.prefix, e) != 0)
			return -1;
		after = k.prefix;
	}
	for (int32_t env = ENV_PROD; got == 0 && env <= ENV_TEST; env++) {
		after = SLICE("");
		while ((got = objects_customer_next(b->objects, env, after,
			    &b->def, &c, e)) == 1) {
			if (limits_name(b, OWNER_CUSTOMER, env, c.identifier,
				e) != 0)
				return -1;
			after = c.identifier;
		}
	}
	return got;
}

int
limits_name_owners(struct book *b, struct err *e)
{
	const struct settings *s = b->settings;
	const struct settings_key *keys = settings_list(s, s->keys);
	const struct settings_customer *customers =
	    settings_list(s, s->customers);

	if (limits_name(b, OWNER_ORGANIZATION, 0, SLICE(""), e) != 0)
		return -1;
	for (uint32_t i = 0; i < s->keys.n; i++)
		if (limits_name(b, OWNER_KEY, keys[i].environment,
			settings_str(s, keys[i].prefix), e) != 0)
			return -1;
	/* A customer of the file is one in each environment. */
	for (int32_t env = ENV_PROD; env <= ENV_TEST; env++) {
		if (limits_name(b, OWNER_KEY, env, SLICE(DEMO_KEY), e) != 0)
			return -1;
		for (uint32_t i = 0; i < s->customers.n; i++)
			if (limits_name(b, OWNER_CUSTOMER, env,
				settings_str(s, customers[i].identifier),
				e) != 0)
				return -1;
	}
	return limits_name_stored(b, e);
}

int
limits_refresh(struct book *b, const struct account_key *key, struct err *e)
{
	struct batch_row *r;
	int64_t limit;
	int got = book_row_find(b, key, &r, e);

	if (got != 1)
		return got;
	got = limits_find(b, key, &limit, e);
	if (got < 0)
		return -1;
	if (got == 0 || limit == r->row.limit)
		return 0;
	apply_limit(b->seg, key, limit, &r->row);
	r->dirty = r->publish = true;
	return 0;
}

int
limits_refresh_all(struct book *b, const unsigned char *hash, struct err *e)
{
	uint32_t at = 0, entry;

	while (account_each(b->seg, &at, &entry)) {
		struct account_view view;

		if (!account_view(b->seg, entry, &view))
			continue;
		if (hash != NULL &&
		    memcmp(view.key.hash, hash, OWNER_HASH_SIZE) != 0)
			continue;
		/* A batch has its bound; there may be more accounts. */
		if (!book_has_room(b) &&
		    (book_commit(b, e) != 0 || book_begin(b, e) != 0))
			return -1;
		if (limits_refresh(b, &view.key, e) != 0)
			return -1;
	}
	return 0;
}

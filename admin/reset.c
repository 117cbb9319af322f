/* reset - the verb customer reset: what was spent in this period becomes 0. */

#include "admin/accounts.h"
#include "admin/customers.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "shm/period.h"

/* The row of the period that runs.  1; 0 when there is no such customer. */
static int
reset_row(struct office *o, int32_t environment, struct slice id,
    struct row_key *row_r, struct err *e)
{
	struct account_owner owner = { OWNER_CUSTOMER, environment, id };
	unsigned char hash[OWNER_HASH_SIZE];
	struct customer_def c;
	const char *source;
	struct period p;
	int got = customer_find(o, environment, id, &c, &source, e);

	if (got != 1)
		return got;
	p = customer_period(o->settings, &c);
	owner_hash(&owner, hash);
	*row_r = row_key_make(hash, ACCOUNT_CUSTOMER_PERIOD,
	    p.end_s == INT64_MAX ? 0 : p.start_s);
	return 1;
}

int
verb_customer_reset(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct ask_amount a = { .amount_nano = ASK_ALL };
	struct sbuf id = { 0 };
	int32_t environment;
	int done = customer_id(args, &id, &environment, e);

	if (done == 0)
		done = reset_row(o, environment, sbuf_slice(&id), &a.row, e);
	/* Nothing was spent yet: the keeper says that there is no such row. */
	if (done == 1)
		done = accounts_correct(o, ASK_ADJUST, args, &a, e);
	sbuf_free(&id);
	return done == 1 ? accounts_result(o, &a.row, out, e) : done;
}

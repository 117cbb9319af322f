#include "admin/accounts.h"

#include <string.h>

#include "admin/args.h"
#include "admin/show.h"
#include "base/err.h"

/* The sum of periods that are no rows of their own any more. */
#define OLDER(kind) ((enum account_kind)((kind) | ROW_OLDER))

static const struct account_word {
	const char *word;
	enum owner_kind owner;
	enum account_kind kind;
} words[] = {
#define ACCOUNT(kind, owner, word) { word, OWNER_##owner, ACCOUNT_##kind },
#include "shm/accounts.def"
#undef ACCOUNT
	{ "customer-older", OWNER_CUSTOMER, OLDER(ACCOUNT_CUSTOMER_PERIOD) },
	{ "key-older", OWNER_KEY, OLDER(ACCOUNT_KEY_PERIOD) },
	{ "organization-older", OWNER_ORGANIZATION, OLDER(ACCOUNT_ORG_PERIOD) },
};
#define WORDS (sizeof words / sizeof words[0])

int
accounts_open(struct account_rows *r, struct office *o,
    const struct account_owner *owner, struct err *e)
{
	r->ledger = office_ledger(o, e);
	if (r->ledger == NULL)
		return -1;
	owner_hash(owner, r->hash);
	r->key = row_key_make(r->hash, 0, 0);
	return 0;
}

int
accounts_next(struct account_rows *r, struct err *e)
{
	int got = ledger_row_next(r->ledger, &r->key, &r->row, e);

	if (got == 1 &&
	    memcmp(row_key_hash(&r->key), r->hash, OWNER_HASH_SIZE) != 0)
		return 0;
	return got;
}

int
accounts_latest(struct office *o, const struct account_owner *owner,
    enum account_kind kind, struct row_key *row_r, struct err *e)
{
	struct account_rows r;
	int got, found = 0;

	if (accounts_open(&r, o, owner, e) < 0)
		return -1;
	while ((got = accounts_next(&r, e)) == 1) {
		if (row_key_kind(&r.key) != kind)
			continue;
		*row_r = r.key;
		found = 1;
	}
	return got < 0 ? -1 : found;
}

static int
accounts_at(struct office *o, const struct account_owner *owner,
    enum account_kind kind, int64_t start_s, struct row_key *row_r,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	unsigned char hash[OWNER_HASH_SIZE];
	struct ledger_row row;

	if (l == NULL)
		return -1;
	owner_hash(owner, hash);
	*row_r = row_key_make(hash, kind, start_s);
	return ledger_row_get(l, row_r, &row, e);
}

/* What stands before the first colon, or all of it. */
static const struct account_word *
accounts_word(struct slice text, struct slice *id_r)
{
	const char *colon = memchr(text.p, ':', text.n);
	struct slice word = text;

	*id_r = SLICE("");
	if (colon != NULL) {
		word.n = (size_t)(colon - text.p);
		*id_r = slice_skip(text, word.n + 1);
	}
	for (size_t i = 0; i < WORDS; i++)
		if (slice_eq(word, slice_str(words[i].word)) &&
		    (words[i].owner == OWNER_ORGANIZATION) == (id_r->n == 0))
			return &words[i];
	return NULL;
}

static int
accounts_find(struct office *o, struct slice args, struct slice name,
    struct row_key *row_r, struct err *e)
{
	struct account_owner owner = { .environment = 0 };
	const struct account_word *w = accounts_word(name, &owner.id);
	int64_t start_s;
	int given = args_time(args, "period_start", &start_s, e);

	if (w == NULL || owner.id.n > DEFS_IDENTIFIER_MAX)
		return err_param(e, ERR_INVALID_VALUE, "account",
		    "account: customer:ID, customer-total:ID, key:PREFIX, "
		    "key-total:PREFIX, key-uses:PREFIX or organization is a "
		    "valid choice.");
	owner.kind = w->owner;
	if (given < 0 || (w->owner != OWNER_ORGANIZATION &&
			     args_environment(args, &owner.environment, e) < 0))
		return -1;
	return given == 1 ? accounts_at(o, &owner, w->kind, start_s, row_r, e)
	                  : accounts_latest(o, &owner, w->kind, row_r, e);
}

int
accounts_named(struct office *o, struct slice args, struct row_key *row_r,
    struct err *e)
{
	struct sbuf name = { 0 };
	int done = args_text(args, "account", &name, e);

	if (done == 0)
		done = err_param(e, ERR_MISSING_PARAMETER, "account",
		    "account: This field is required.");
	else if (done == 1)
		done = accounts_find(o, args, sbuf_slice(&name), row_r, e);
	sbuf_free(&name);
	return done;
}

static const char *
accounts_kind_word(unsigned kind)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].kind == kind)
			return words[i].word;
	return "unknown";
}

int
accounts_show(struct office *o, const struct row_key *k, struct sbuf *out,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	struct sbuf id = { 0 }, name = { 0 };
	struct account_owner owner;
	int known;

	if (l == NULL)
		return -1;
	known = ledger_owner_get(l, row_key_hash(k), &id, &owner, e);
	if (known < 0) {
		sbuf_free(&id);
		return -1;
	}
	sbuf_adds(&name, accounts_kind_word(row_key_kind(k)));
	if (known == 0)
		sbuf_adds(&name, ":?");
	else if (owner.kind != OWNER_ORGANIZATION) {
		sbuf_addc(&name, ':');
		sbuf_add_slice(&name, owner.id);
	}
	show_text(out, "account", sbuf_slice(&name));
	if (known == 1 && owner.kind != OWNER_ORGANIZATION)
		show_text(out, "environment",
		    owner.environment == ENV_TEST ? SLICE("test")
						  : SLICE("prod"));
	show_time(out, "period_start", row_key_start(k));
	sbuf_free(&name);
	sbuf_free(&id);
	return 0;
}

int
accounts_correct(struct office *o, enum ask_op op, struct slice args,
    struct ask_amount *a, struct err *e)
{
	struct sbuf reason = { 0 }, packed = { 0 };
	int done = args_text(args, "reason", &reason, e);

	if (done >= 0 && reason.len == 0)
		done = err_param(e, ERR_MISSING_PARAMETER, "reason",
		    "reason: This field is required.");
	if (done == 1) {
		a->who = o->who;
		a->reason = sbuf_slice(&reason);
		ask_amount_pack(&packed, a);
		done = office_ask(o, op, sbuf_slice(&packed), e);
	}
	sbuf_free(&packed);
	sbuf_free(&reason);
	return done;
}

int
accounts_result(struct office *o, const struct row_key *k, struct sbuf *out,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	struct ledger_row row;
	int got = l != NULL ? ledger_row_get(l, k, &row, e) : -1;

	if (got != 1)
		return got;
	sbuf_addc(out, '{');
	if (accounts_show(o, k, out, e) < 0)
		return -1;
	show_money(out, "limit", row.limit);
	show_amount(out, "settled", row.settled);
	show_amount(out, "suspense", row.suspense);
	sbuf_addc(out, '}');
	return 1;
}

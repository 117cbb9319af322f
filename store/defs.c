#include "store/defs.h"

#include "base/money.h"
#include "base/sbuf.h"
#include "store/fields_priv.h"

#define DEFS_LAYOUT 3 /* the first byte of a record, then its fields */

#define KEY(type, member)                                                      \
	{                                                                      \
		FIELD_##type, offsetof(struct key_def, member)                 \
	}

static const struct field key_fields[] = {
	KEY(TEXT, prefix),
	KEY(TEXT, name),
	KEY(TEXT, models),
	KEY(TEXT, customers),
	KEY(TEXT, addresses),
	KEY(DIGEST, sha256),
	KEY(I32, environment),
	KEY(I32, scopes),
	KEY(I64, period_budget_nano),
	KEY(I64, spending_limit_nano),
	KEY(I32, budget_duration),
	KEY(I64, created_s),
	KEY(I64, updated_s),
	KEY(I64, expires_s),
	KEY(I64, revoked_s),
	KEY(I64, limits.rpm),
	KEY(I64, limits.tpm),
	KEY(I64, limits.concurrency),
	KEY(I64, version),
	KEY(I32, clamp_max_tokens),
	KEY(I64, max_usage),
};

#define CUSTOMER(type, member)                                                 \
	{                                                                      \
		FIELD_##type, offsetof(struct customer_def, member)            \
	}

static const struct field customer_fields[] = {
	CUSTOMER(TEXT, identifier),
	CUSTOMER(TEXT, name),
	CUSTOMER(TEXT, email),
	CUSTOMER(TEXT, group_identifier),
	CUSTOMER(I32, environment),
	CUSTOMER(I64, period_budget_nano),
	CUSTOMER(I64, total_budget_nano),
	CUSTOMER(I32, budget_duration),
	CUSTOMER(I32, markup_bp),
	CUSTOMER(I64, period_start_s),
	CUSTOMER(I64, period_end_s),
	CUSTOMER(I64, created_s),
	CUSTOMER(I64, updated_s),
	CUSTOMER(I64, limits.rpm),
	CUSTOMER(I64, limits.tpm),
	CUSTOMER(I64, limits.concurrency),
	CUSTOMER(I64, params_digest),
	CUSTOMER(I64, version),
	CUSTOMER(TEXT, metadata),
	CUSTOMER(I32, gone),
	CUSTOMER(I64, deleted_us),
};

#define KEY_FIELDS (sizeof key_fields / sizeof key_fields[0])
#define CUSTOMER_FIELDS (sizeof customer_fields / sizeof customer_fields[0])

/* How many of them each layout had. */
static const size_t key_counts[DEFS_LAYOUT + 1] = { 0, KEY_FIELDS - 2,
	KEY_FIELDS - 1, KEY_FIELDS };
static const size_t customer_counts[DEFS_LAYOUT + 1] = { 0, CUSTOMER_FIELDS - 3,
	CUSTOMER_FIELDS, CUSTOMER_FIELDS };

void
defs_key_pack(struct sbuf *b, const struct key_def *k)
{
	sbuf_addc(b, DEFS_LAYOUT);
	fields_pack(b, key_fields, KEY_FIELDS, k);
}

void
defs_customer_pack(struct sbuf *b, const struct customer_def *c)
{
	sbuf_addc(b, DEFS_LAYOUT);
	fields_pack(b, customer_fields, CUSTOMER_FIELDS, c);
}

void
defs_change_pack(struct sbuf *b, const struct customer_change *c)
{
	sbuf_add(b, &c->given, sizeof c->given);
	defs_customer_pack(b, &c->def);
}

/* What enters an array or a calculation must be in its range. */
static bool
customer_sane(const struct customer_def *c)
{
	return c->environment >= ENV_PROD && c->environment <= ENV_TEST &&
	       c->budget_duration >= DURATION_NONE &&
	       c->budget_duration <= DURATION_YEARLY && c->markup_bp >= 0 &&
	       c->period_budget_nano >= MONEY_NONE &&
	       c->total_budget_nano >= MONEY_NONE && c->identifier.n > 0 &&
	       c->identifier.n <= DEFS_IDENTIFIER_MAX;
}

/* How many members it has; 0: it is none of ours. */
static size_t
layout_take(struct slice *bytes, const size_t counts[DEFS_LAYOUT + 1])
{
	char layout = bytes->n > 0 ? slice_take(bytes) : 0;

	return layout > 0 && layout <= DEFS_LAYOUT ? counts[(int)layout] : 0;
}

int
defs_key_unpack(struct slice bytes, struct key_def *k_r)
{
	size_t n = layout_take(&bytes, key_counts);

	k_r->clamp_max_tokens = 0;
	k_r->max_usage = 0;
	return n > 0 && fields_unpack(bytes, key_fields, n, k_r) &&
	       k_r->max_usage >= 0 && k_r->max_usage <= INT32_MAX &&
	       k_r->environment >= ENV_PROD && k_r->environment <= ENV_TEST &&
	       k_r->budget_duration >= DURATION_NONE &&
	       k_r->budget_duration <= DURATION_YEARLY;
}

int
defs_customer_unpack(struct slice bytes, struct customer_def *c_r)
{
	size_t n = layout_take(&bytes, customer_counts);

	c_r->metadata = SLICE("");
	c_r->gone = 0;
	c_r->deleted_us = 0;
	return n > 0 && fields_unpack(bytes, customer_fields, n, c_r) &&
	       customer_sane(c_r);
}

int
defs_change_unpack(struct slice bytes, struct customer_change *c_r)
{
	struct slice given;

	if (!bytes_take(&bytes, sizeof c_r->given, &given))
		return 0;
	memcpy(&c_r->given, given.p, given.n);
	return defs_customer_unpack(bytes, &c_r->def);
}

bool
defs_list_next(struct slice *list, struct slice *item_r)
{
	const char *end;

	if (list->n == 0)
		return false;
	end = memchr(list->p, '\0', list->n);
	if (end == NULL)
		return false;
	*item_r = (struct slice){ list->p, (size_t)(end - list->p) };
	*list = slice_skip(*list, item_r->n + 1);
	return true;
}

bool
defs_list_has(struct slice list, struct slice text)
{
	struct slice item;

	while (defs_list_next(&list, &item))
		if (slice_eq(item, text))
			return true;
	return false;
}

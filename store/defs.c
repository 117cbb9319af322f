#include "store/defs.h"

#include "base/money.h"
#include "base/sbuf.h"

/*
 * A record is a byte for its layout, then every member in the order of its
 * table: numbers as they lie in memory (LMDB files do not move between
 * machines either), text as a 32-bit length and the bytes.
 */
#define DEFS_LAYOUT 3

enum field_type { FIELD_TEXT, FIELD_I64, FIELD_I32, FIELD_DIGEST };

struct field {
	enum field_type type;
	size_t offset;
};

static const size_t field_sizes[] = {
	[FIELD_I64] = 8,
	[FIELD_I32] = 4,
	[FIELD_DIGEST] = 32,
};

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

static void
fields_pack(struct sbuf *b, const struct field *f, size_t n, const void *record)
{
	for (; n > 0; f++, n--) {
		const char *member = (const char *)record + f->offset;
		struct slice text;
		uint32_t len;

		if (f->type != FIELD_TEXT) {
			sbuf_add(b, member, field_sizes[f->type]);
			continue;
		}
		memcpy(&text, member, sizeof text);
		len = (uint32_t)text.n;
		sbuf_add(b, &len, sizeof len);
		sbuf_add_slice(b, text);
	}
}

/* Cut n bytes off *in.  False when there are fewer. */
static bool
bytes_take(struct slice *in, size_t n, struct slice *out_r)
{
	if (in->n < n)
		return false;
	*out_r = (struct slice){ in->p, n };
	*in = slice_skip(*in, n);
	return true;
}

static bool
text_take(struct slice *in, void *member)
{
	struct slice head, text;
	uint32_t len;

	if (!bytes_take(in, sizeof len, &head))
		return false;
	memcpy(&len, head.p, sizeof len);
	if (!bytes_take(in, len, &text))
		return false;
	memcpy(member, &text, sizeof text);
	return true;
}

static bool
field_take(struct slice *in, const struct field *f, void *record)
{
	char *member = (char *)record + f->offset;
	struct slice bytes;

	if (f->type == FIELD_TEXT)
		return text_take(in, member);
	if (!bytes_take(in, field_sizes[f->type], &bytes))
		return false;
	memcpy(member, bytes.p, bytes.n);
	return true;
}

static int
fields_unpack(struct slice in, const struct field *f, size_t n, void *record)
{
	for (; n > 0; f++, n--)
		if (!field_take(&in, f, record))
			return 0;
	return in.n == 0;
}

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

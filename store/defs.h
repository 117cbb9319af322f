#ifndef STORE_DEFS_H
#define STORE_DEFS_H

/*
 * defs - what the store knows about a key and a customer, and the rows they
 * spend on.
 *
 * A record is packed as a fixed head and its strings; its strings, once
 * unpacked, are slices into the packed bytes.  The JSON that people see is
 * made by admin.  Keys and customers of the settings file are not stored here:
 * defs_from_* bring them into the same shape.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/period.h"
#include "base/settings.h"
#include "base/slice.h"

struct sbuf;

#define DEFS_MAX 8192            /* bytes of a packed record */
#define DEFS_IDENTIFIER_MAX 1016 /* 254 characters */
#define DEFS_ORGANIZATION "default"

/* A list of strings in one slice: each is followed by a NUL. */
bool defs_list_next(struct slice *list, struct slice *item_r);
bool defs_list_has(struct slice list, struct slice text);

struct key_def {
	struct slice prefix, name;
	struct slice models, customers, addresses; /* lists; empty = any */
	unsigned char sha256[32];                  /* of the secret part */
	int32_t environment;                       /* ENV_PROD or ENV_TEST */
	uint32_t scopes;                           /* of enum key_scope */
	int64_t period_budget_nano, spending_limit_nano; /* MONEY_NONE */
	int32_t budget_duration; /* enum budget_duration */
	int64_t created_s, updated_s;
	int64_t expires_s; /* 0 = never */
	int64_t revoked_s; /* 0 = valid */
	struct settings_limits limits;
	uint64_t version; /* set by objects: 1, 2, ... */
};

struct customer_def {
	struct slice identifier, name, email, group_identifier;
	int32_t environment;
	int64_t period_budget_nano, total_budget_nano; /* MONEY_NONE */
	int32_t budget_duration;
	int32_t markup_bp;
	int64_t period_start_s; /* the anchor of its periods; never 0 */
	int64_t period_end_s;   /* end of the first period; 0 = regular */
	int64_t created_s, updated_s;
	struct settings_limits limits;
	uint64_t params_digest; /* of the last customer_params; 0 = none */
	uint64_t version;
};

/* Which members of a change were given. */
enum customer_field {
	CUSTOMER_NAME = 1,
	CUSTOMER_EMAIL = 2,
	CUSTOMER_GROUP = 4,
	CUSTOMER_PERIOD_BUDGET = 8,
	CUSTOMER_TOTAL_BUDGET = 16,
	CUSTOMER_DURATION = 32,
	CUSTOMER_MARKUP = 64,
	CUSTOMER_PERIOD_START = 128,
	CUSTOMER_PERIOD_END = 256,
	CUSTOMER_RPM = 512,
};

/*
 * What a request or an administrator asks of a customer.  Packed, it is the
 * payload of an UPSERT record: the worker writes it, the keeper applies it.
 * Without any member given it creates the customer with the defaults, or does
 * nothing.
 */
struct customer_change {
	uint32_t given;          /* of enum customer_field */
	struct customer_def def; /* identifier, environment, what is given */
};

/* Append the packed form. */
void defs_key_pack(struct sbuf *b, const struct key_def *k);
void defs_customer_pack(struct sbuf *b, const struct customer_def *c);
void defs_change_pack(struct sbuf *b, const struct customer_change *c);

/* 1, or 0 when the bytes are no such record.  Slices point into bytes. */
int defs_key_unpack(struct slice bytes, struct key_def *k_r);
int defs_customer_unpack(struct slice bytes, struct customer_def *c_r);
int defs_change_unpack(struct slice bytes, struct customer_change *c_r);

/*
 * A key or customer of the settings file in the same shape.  Strings point
 * into the snapshot; lists are written to *lists, which the caller frees.
 */
void defs_from_key(const struct settings *s, const struct settings_key *from,
    struct sbuf *lists, struct key_def *k_r);
void defs_from_customer(const struct settings *s,
    const struct settings_customer *from, struct customer_def *c_r);

/* A customer that nobody has defined: customers.defaults. */
void defs_customer_default(const struct settings *s, int64_t now_s,
    struct customer_def *c_r);

/* Lay a change over a customer; the strings of both must outlive *c. */
void defs_customer_apply(struct customer_def *c,
    const struct customer_change *change, int64_t now_s);

/* The customer's period at this moment. */
struct period defs_customer_period(const struct customer_def *c, int64_t now_s);

/* The kinds of account, as in the key of a ledger row (money.md 6). */
enum account_kind {
	ACCOUNT_CUSTOMER_PERIOD,
	ACCOUNT_CUSTOMER_TOTAL,
	ACCOUNT_KEY_PERIOD,
	ACCOUNT_KEY_TOTAL,
	ACCOUNT_ORGANIZATION_PERIOD,
	ACCOUNT_ORGANIZATION_CREDITS,
	ACCOUNT_KINDS
};

#define ROW_KEY_SIZE 25

/*
 * The key of an account's row, in the segment and in the ledger: 16 bytes of
 * SHA-256 of who it is, the kind, the period's start (u64, big-endian; 0 for
 * a total).
 */
struct row_key {
	unsigned char bytes[ROW_KEY_SIZE];
};

/* Who an account belongs to; kind says which of the members count. */
struct account_owner {
	enum account_kind kind;
	int32_t environment; /* customers and keys */
	struct slice id;     /* identifier, prefix, or "" (organization) */
};

struct row_key row_key_make(const struct account_owner *owner, int64_t start_s);
enum account_kind row_key_kind(const struct row_key *k);
int64_t row_key_start(const struct row_key *k);

#endif

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
	int64_t max_usage;        /* requests in its life; 0 = no limit */
	int32_t clamp_max_tokens; /* 1: lowered to what is left (money.md 5) */
	uint64_t version;         /* set by objects: 1, 2, ... */
};

struct customer_def {
	struct slice identifier, name, email, group_identifier;
	int32_t environment;
	int64_t period_budget_nano, total_budget_nano; /* MONEY_NONE */
	int32_t budget_duration;
	int32_t markup_bp;
	int64_t period_start_s; /* the anchor of its periods; 0 = calendar */
	int64_t period_end_s;   /* end of the first period; 0 = regular */
	int64_t created_s, updated_s;
	struct settings_limits limits;
	uint64_t params_digest; /* of the last customer_params; 0 = none */
	uint64_t version;
	struct slice metadata; /* a JSON object; empty = none */
	int32_t gone;          /* it was deleted; this is what is left */
	int64_t deleted_us;    /* the last time that it was; 0 = never */
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
	CUSTOMER_METADATA = 1024,
	/* A condition: it is there already, none is made. */
	CUSTOMER_THERE = 1 << 29,
	/*
	 * What is not given becomes what a new customer has; but its periods
	 * run on, or else to say the same again would free money.
	 */
	CUSTOMER_REPLACE = 1 << 30,
};

/*
 * What a request or an administrator asks of a customer.  Packed, it is the
 * payload of an UPSERT record: the worker writes it, the keeper applies it.
 * Without any member given it creates the customer with the defaults, or does
 * nothing.  A def.version that is not 0 is a condition too: the customer still
 * has it.
 */
struct customer_change {
	uint32_t given;          /* of enum customer_field */
	struct customer_def def; /* identifier, environment, what is given */
};

#define DEFS_KEY_PREFIX 8  /* characters of a key in front of its dot */
#define DEFS_KEY_SECRET 32 /* and behind it */

/* "prefix.secret" of base62: 1, or 0 when it is not of that form. */
int defs_key_split(struct slice credential, struct slice *prefix_r,
    struct slice *secret_r);

enum key_state { KEY_LIVES, KEY_WAS_REVOKED, KEY_HAS_EXPIRED };
enum key_state defs_key_state(const struct key_def *k, int64_t now_s);

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

/*
 * Lay a change over a customer; the strings of both must outlive *c.  With
 * CUSTOMER_PERIOD_END the period that runs, which began at running_s, keeps
 * its row and ends there.  The period itself: period_customer() of
 * shm/period.h.
 */
void defs_customer_apply(struct customer_def *c,
    const struct customer_change *change, int64_t running_s, int64_t now_s);

/* Who spends.  Customers and keys belong to an environment. */
enum owner_kind { OWNER_CUSTOMER, OWNER_KEY, OWNER_ORGANIZATION, OWNER_KINDS };

struct account_owner {
	enum owner_kind kind;
	int32_t environment; /* 0 for the organization */
	struct slice id;     /* identifier, prefix, or "" (organization) */
};

#define OWNER_HASH_SIZE 16

/* The hash that names an owner in the segment, the ledger and its rates. */
void owner_hash(const struct account_owner *owner,
    unsigned char hash_r[OWNER_HASH_SIZE]);

#define ROW_KEY_SIZE 25

/*
 * The key of an account's row in the ledger: the owner's hash, the kind of
 * account (shm/account.h; a plain number here), the period's start (u64,
 * big-endian; 0 for a total).  A kind with ROW_OLDER is the sum of periods of
 * that kind that are no rows of their own any more.
 */
#define ROW_OLDER 0x80

struct row_key {
	unsigned char bytes[ROW_KEY_SIZE];
};

struct row_key row_key_make(const unsigned char hash[OWNER_HASH_SIZE],
    unsigned kind, int64_t start_s);
const unsigned char *row_key_hash(const struct row_key *k);
unsigned row_key_kind(const struct row_key *k);
int64_t row_key_start(const struct row_key *k);

#endif

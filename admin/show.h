#ifndef ADMIN_SHOW_H
#define ADMIN_SHOW_H

/*
 * show - definitions and figures as JSON (spec/platform.md 4.1, 8).
 */

#include "shm/account.h"
#include "store/ledger.h"

struct sbuf;

/* "name":value and a comma when the object has members already. */
void show_name(struct sbuf *b, const char *name);
void show_text(struct sbuf *b, const char *name, struct slice text);
void show_int(struct sbuf *b, const char *name, int64_t n);
void show_bool(struct sbuf *b, const char *name, bool value);
void show_money(struct sbuf *b, const char *name, int64_t nano); /* or null */
void show_amount(struct sbuf *b, const char *name, int64_t nano);
void show_time(struct sbuf *b, const char *name, int64_t s); /* 0: null */

/* A list of the store (store/defs.h); empty: "[" and "]" around empty. */
void show_list(struct sbuf *b, const char *name, struct slice list,
    const char *empty);

/* "[" and, behind another element, ",". */
void show_element(struct sbuf *b);

/* Objects of their own. */
void show_key(struct sbuf *b, const struct key_def *k, const char *source);
void show_customer(struct sbuf *b, const struct settings *s,
    const struct customer_def *c, const char *source);
/* The same without the braces, for objects that say more. */
void show_customer_members(struct sbuf *b, const struct settings *s,
    const struct customer_def *c, const char *source);
void show_row(struct sbuf *b, const struct account_owner *owner,
    const struct row_key *k, const struct ledger_row *row, int64_t held_nano);

/* "customer", "key", "organization": of a kind of account. */
const char *show_account_scope(unsigned kind);

/* "period", "total", "credits"; "older" of a kind with ROW_OLDER. */
const char *show_account_period(unsigned kind);

#endif

#ifndef STORE_ALERT_H
#define STORE_ALERT_H

/*
 * alert - what the keeper tells the logger, which tells the exporters:
 * spec/money.md 14.
 *
 * An alert is kept in the ledger from the commit that raised it until the
 * logger has acknowledged it:
 *
 *	keeper → logger   number, packed alert   as often as need be
 *	logger → keeper   number, id             delivered, given up, unwanted
 *
 * one SEQPACKET message each.  The id is a function of what happened, so that
 * the same alert has the same one whoever tells it, and how often.
 */

#include "store/defs.h"

struct sbuf;

#define ALERT_ID_SIZE 16

struct alert {
	unsigned char id[ALERT_ID_SIZE];
	enum alert_event event;
	uint32_t percent;          /* of alert_at; 0 = none */
	uint32_t account_kind;     /* shm/account.h; 0 = no account */
	int64_t period_s, time_us; /* the period's start, 0 = all */
	int64_t spent_nano, limit_nano, suspense_nano;
	struct account_owner owner;
	struct slice provider; /* of ALERT_PROVIDER, which is never packed */
};

/* Append the packed form, which begins with the id. */
void alert_pack(struct sbuf *b, const struct alert *a);

/* 1, or 0 when the bytes are no alert.  Strings point into bytes. */
int alert_unpack(struct slice bytes, struct alert *a_r);

#define ALERT_MAX 1280 /* bytes of a message */

/* Between the two: a number, and a packed alert or its id alone. */
struct alert_message {
	uint64_t number;
	struct slice body;
};

void alert_message_pack(struct sbuf *b, const struct alert_message *m);
int alert_message_unpack(struct slice bytes, struct alert_message *m_r);

#endif

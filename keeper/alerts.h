#ifndef KEEPER_ALERTS_H
#define KEEPER_ALERTS_H

/*
 * alerts - which events a row of the ledger raises: spec/money.md 14.
 *
 * What was raised stands in the row's alert_bits, and the alert for the
 * logger in the ledger beside it, both written by the transaction that
 * changed the row.  An event that no exporter wants is marked all the same:
 * whoever asks for it later is not told of the past.
 */

#include "store/alert.h"
#include "keeper/book.h"

/*
 * alert_bits: the highest percent that was told, so that other thresholds
 * after a reload mean what they say; and what was told once.
 */
#define ALERT_BITS_PERCENT 0xffu
#define ALERT_BITS_SUSPENSE 0x100u /* until suspense is 0 again */
#define ALERT_BITS_OVERRUN 0x200u

struct alert_raised {
	enum alert_event event;
	uint32_t percent; /* 0 = none */
};

#define ALERTS_AT_ONCE 16 /* thresholds and the others */

/*
 * The rule: what a row of that kind of account, as it is about to be written,
 * has to tell at these percents, which rise; marks its bits.  The number put
 * into raised_r.
 */
unsigned alerts_rule(struct apply_row *row, unsigned kind, bool overran,
    const int32_t *percents, unsigned n,
    struct alert_raised raised_r[ALERTS_AT_ONCE]);

/* Apply it to a row that the open transaction will write.  0 or -1. */
int alerts_look(struct book *b, const struct account_key *key,
    struct apply_row *row, bool overran, struct err *e);

#endif

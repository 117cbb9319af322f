#include "keeper/alerts.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/sbuf.h"

/* Whose thresholds are told, and as what; ALERTS: nobody is. */
static enum alert_event
alerts_of_kind(unsigned kind)
{
	switch (kind) {
	case ACCOUNT_CUSTOMER_PERIOD:
	case ACCOUNT_CUSTOMER_TOTAL:
		return ALERT_CUSTOMER_LIMIT;
	case ACCOUNT_ORG_CREDITS:
		return ALERT_LOW_CREDITS;
	}
	return ALERTS;
}

static bool
alerts_reached(const struct apply_row *row, int32_t percent)
{
	return row->settled > 0 &&
	       (__int128)row->settled * 100 >= (__int128)row->limit * percent;
}

static unsigned
alerts_thresholds(struct apply_row *row, enum alert_event event,
    const int32_t *percents, unsigned n, struct alert_raised *raised_r)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n && found < ALERTS_AT_ONCE / 2; i++) {
		uint32_t told = row->alert_bits & ALERT_BITS_PERCENT;

		if (!alerts_reached(row, percents[i]))
			break;
		if ((uint32_t)percents[i] <= told)
			continue;
		row->alert_bits += (uint32_t)percents[i] - told;
		raised_r[found++] =
		    (struct alert_raised){ event, (uint32_t)percents[i] };
	}
	return found;
}

/* A fact that is told when it becomes true.  How many are raised: 1 or 0. */
static unsigned
alerts_fact(struct apply_row *row, bool fact, uint32_t bit,
    enum alert_event event, struct alert_raised *raised_r)
{
	if (!fact || (row->alert_bits & bit) != 0)
		return 0;
	row->alert_bits |= bit;
	*raised_r = (struct alert_raised){ event, 0 };
	return 1;
}

unsigned
alerts_rule(struct apply_row *row, unsigned kind, bool overran,
    const int32_t *percents, unsigned n,
    struct alert_raised raised_r[ALERTS_AT_ONCE])
{
	enum alert_event event = alerts_of_kind(kind);
	unsigned found = 0;

	if (row->limit == ACCOUNT_UNLIMITED)
		return 0;
	if (event != ALERTS)
		found = alerts_thresholds(row, event, percents, n, raised_r);
	if (row->suspense == 0)
		row->alert_bits &= ~ALERT_BITS_SUSPENSE;
	found += alerts_fact(row, row->suspense > 0, ALERT_BITS_SUSPENSE,
	    ALERT_SUSPENSE, &raised_r[found]);
	found += alerts_fact(row, overran, ALERT_BITS_OVERRUN, ALERT_OVERRUN,
	    &raised_r[found]);
	return found;
}

/*
 * The same thing that happens twice, since a power cut took the first time
 * back, has one id.  Suspense may come again after an operator's entry, which
 * raises the row's version.
 */
static void
alerts_name(struct alert *a, const struct account_key *key,
    const struct apply_row *row)
{
	struct row_key k = book_row_key(key);
	struct {
		unsigned char row[ROW_KEY_SIZE];
		unsigned char zero[7];
		int64_t first_us;
		uint32_t event, percent, version, zero_too;
	} what = { .first_us = row->first_us,
		.event = (uint32_t)a->event,
		.percent = a->percent,
		.version = a->event == ALERT_SUSPENSE ? row->version : 0 };
	unsigned char digest[DIGEST_SIZE];

	memcpy(what.row, k.bytes, sizeof what.row);
	digest_sha256(&what, sizeof what, digest);
	memcpy(a->id, digest, sizeof a->id);
}

static int
alerts_keep(struct book *b, const struct account_key *key,
    const struct apply_row *row, struct alert *a, struct err *e)
{
	struct sbuf packed = { 0 };
	int done =
	    ledger_owner_get(b->ledger, key->hash, &b->owner, &a->owner, e);

	if (done < 0)
		return -1;
	if (done == 0)
		a->owner.id = SLICE("?");
	alerts_name(a, key, row);
	alert_pack(&packed, a);
	done = book_tell(b, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	return done;
}

int
alerts_look(struct book *b, const struct account_key *key,
    struct apply_row *row, bool overran, struct err *e)
{
	const struct settings *s = b->settings;
	struct alert_raised raised[ALERTS_AT_ONCE];
	unsigned n = alerts_rule(row, key->kind, overran,
	    settings_list(s, s->budgets_alert_at), s->budgets_alert_at.n,
	    raised);

	for (unsigned i = 0; i < n; i++) {
		struct alert a = { .event = raised[i].event,
			.percent = raised[i].percent,
			.account_kind = key->kind,
			.period_s = key->period_s,
			.time_us = now_real_us(),
			.spent_nano = row->settled,
			.limit_nano = row->limit,
			.suspense_nano = row->suspense };

		if (settings_alert_wanted(s, a.event) &&
		    alerts_keep(b, key, row, &a, e) != 0)
			return -1;
	}
	return 0;
}

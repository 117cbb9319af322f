#ifndef STORE_ORPHAN_H
#define STORE_ORPHAN_H

/*
 * orphan - a request whose worker died, as the keeper tells the logger of it:
 * its row in the log (spec/money.md 9), which nobody else can write.
 *
 * It waits in the ledger among the alerts and travels as they do
 * (store/alert.h); the packed forms differ at the word behind the id.
 */

#include <stdint.h>

#include "base/slice.h"

struct sbuf;

#define ORPHAN_ID_SIZE 16

struct orphan {
	unsigned char id[ORPHAN_ID_SIZE]; /* of the request */
	uint32_t seat;                    /* whose worker died */
	int32_t environment;              /* ENV_PROD or ENV_TEST */
	uint64_t seq;                     /* of its record in the money lane */
	int64_t started_us, reaped_us;
	int64_t tokens_in, tokens_out; /* by the worker's last word */
	int64_t held_nano;
	int64_t cost_nano, charge_nano; /* the latter with the markup */
	int64_t suspense_nano;          /* of the charge */
	uint64_t price_version;
	struct slice customer, key; /* identifier and prefix; may be empty */
};

/* Append the packed form, which begins with the id. */
void orphan_pack(struct sbuf *b, const struct orphan *o);

/* 1, or 0 when the bytes are no orphan.  Strings point into bytes. */
int orphan_unpack(struct slice bytes, struct orphan *o_r);

#endif

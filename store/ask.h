#ifndef STORE_ASK_H
#define STORE_ASK_H

/*
 * ask - what admin asks of the keeper: every change of an object or of money.
 *
 * One SEQPACKET message each way, in order; the reply repeats the number of
 * the request, so that a late one is known.  The keeper replies after its
 * commit.
 */

#include "store/defs_stored.h"

struct sbuf;

#define ASK_MAX (STORED_MAX + 64) /* bytes of a message */

enum ask_op {
	ASK_KEY_PUT = 'k',         /* a packed key_def: new, or in its place */
	ASK_KEY_REVOKE = 'r',      /* a prefix */
	ASK_CUSTOMER = 'c',        /* a packed customer_change */
	ASK_CUSTOMER_DELETE = 'd', /* the same; no member of it counts */
	/* A packed ask_amount each (money.md 10). */
	ASK_ADJUST = 'a',  /* settled += amount, never below 0 */
	ASK_RELEASE = 'l', /* settled -= amount, suspense -= amount */
	ASK_CONFIRM = 'f', /* suspense -= amount */
	/*
	 * A packed integration_def or group_def.  Its version is that which it
	 * has by now; 0: there is none of that id.
	 */
	ASK_INTEGRATION_PUT = 'i',
	ASK_INTEGRATION_DELETE = 'x', /* an id */
	ASK_GROUP_PUT = 'g',
	ASK_GROUP_DELETE = 'y', /* an id */
	/* Questions, which change nothing (keeper/audit.h). */
	ASK_AUDIT = 'u', /* a uint32_t: the account to begin with */
	ASK_LANES = 'n',
};

enum ask_answer {
	ASK_DONE = '1',
	ASK_NONE = '0',    /* there is no such thing */
	ASK_FAILED = '-',  /* the text says why */
	ASK_CHANGED = '!', /* it has not the version that was told */
	ASK_FULL = '+',    /* the store takes nothing new */
};

#define ASK_ALL INT64_MAX /* amount: all that is settled, or in suspense */
#define ASK_WHO_MAX 255

struct ask_amount {
	struct row_key row;
	int64_t amount_nano;
	struct slice who, reason; /* for the journal; who: cut to ASK_WHO_MAX */
};

void ask_amount_pack(struct sbuf *b, const struct ask_amount *a);
int ask_amount_unpack(struct slice bytes, struct ask_amount *a_r);

/* The head of a message; body points into it.  1, or 0 when too short. */
struct ask_message {
	uint32_t number;
	char code; /* of enum ask_op, or enum ask_answer */
	struct slice body;
};

void ask_pack(struct sbuf *b, const struct ask_message *m);
int ask_unpack(struct slice bytes, struct ask_message *m_r);

#endif

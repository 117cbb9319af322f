#ifndef KEEPER_HANDOVER_H
#define KEEPER_HANDOVER_H

/*
 * handover - the way of alerts from the ledger to the logger.
 *
 * Every alert that the ledger keeps is sent to each logger once, in order; it
 * leaves the ledger when the logger acknowledges it.  So whoever dies between,
 * it is sent again.  Nothing here waits: what the socket does not take stays
 * where it is.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"

struct book;
struct err;

/*
 * The logger has room for so many that it has not acknowledged; the others
 * wait in the ledger.
 */
#define HANDOVER_WINDOW 256

struct handover {
	int fd;             /* to the logger; -1 = none */
	uint64_t handed;    /* the number of the last alert it was sent */
	unsigned open;      /* sent and not acknowledged */
	bool due;           /* the ledger may have more */
	bool spoken;        /* there may be something to hear */
	uint64_t again_ms;  /* the socket was full: not before */
	struct sbuf packed; /* one alert */
};

void handover_init(struct handover *h, int fd);
void handover_fini(struct handover *h);

/* Another logger: it is sent everything anew.  Takes the descriptor. */
void handover_take(struct handover *h, int fd);

/* Send what is due.  0, or -1 when the ledger cannot be read. */
int handover_send(struct handover *h, struct book *b, struct err *e);

/* Take what the logger acknowledged out of the ledger.  0 or -1. */
int handover_hear(struct handover *h, struct book *b, struct err *e);

#endif

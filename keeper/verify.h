#ifndef KEEPER_VERIFY_H
#define KEEPER_VERIFY_H

/*
 * verify - read the stores to their end after a power cut (stack.md M4).
 *
 * LMDB aborts the process over a damaged file, so that a child reads first.
 */

struct err;
struct settings;

/*
 * 0 when the stores are new, known to be whole, or read without a fault; -1
 * with *e.  segment_id: a ledger that worked with this segment has seen no
 * power cut since.
 */
int verify_stores(const struct settings *s, const unsigned char *segment_id,
    struct err *e);

#endif

#ifndef MASTER_PAIRS_H
#define MASTER_PAIRS_H

/*
 * pairs - roles that talk to each other over a SEQPACKET pair of their own,
 * new for each life of one of them: the child takes one end, the living peer
 * is sent the other.
 */

#include "master/master.h"

struct child;
struct master;

void pairs_init(struct master *m);

/* Close the ends that nobody has taken. */
void pairs_close(struct master *m);

/*
 * Before the fork of c: the ends that it takes, and those for its peers; -1
 * where there is none.
 */
void pairs_make(struct master *m, const struct child *c,
    int own_fds[MASTER_PAIRS], int peer_fds[MASTER_PAIRS]);

/* After it: send them, or keep them for a peer that starts later. */
void pairs_give(struct master *m, const struct child *c,
    int peer_fds[MASTER_PAIRS]);

/* Close those that are there. */
void pairs_drop(int fds[MASTER_PAIRS]);

#endif

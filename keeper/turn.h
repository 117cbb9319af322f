#ifndef KEEPER_TURN_H
#define KEEPER_TURN_H

/*
 * turn - one batch of what the workers published and want (money.md 8.5).
 */

struct book;
struct err;
struct turn;

struct turn *turn_new(struct book *b);
void turn_free(struct turn **tp);

/*
 * Apply up to BATCH_RECORDS records and serve what is wanted: one commit.
 * 1 when there was something, 0 when not, -1 with *e: the keeper must end.
 */
int turn_run(struct turn *t, struct err *e);

/* 1 when a lane holds records or an account is wanted. */
int turn_due(const struct book *b);

#endif

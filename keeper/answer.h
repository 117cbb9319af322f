#ifndef KEEPER_ANSWER_H
#define KEEPER_ANSWER_H

/*
 * answer - what admin asks for, done and answered (store/ask.h).
 */

struct book;
struct err;

/*
 * Serve the messages that wait at fd.  0; -1 with *e when the store failed.
 * *gone_r becomes 1 when the other side is closed.
 */
int answer_all(struct book *b, int fd, int *gone_r, struct err *e);

#endif

#ifndef WORKER_GUESS_H
#define WORKER_GUESS_H

/*
 * guess - who tries one key after the other waits for each answer
 * (design/security.md S6).  No key is locked: whoever has the right one is
 * not slowed by those who have not.
 */

#include <stdbool.h>

#include "worker/req.h"

#define GUESS_PER_MINUTE 20
#define GUESS_DELAY_MS 1000

/*
 * Count a failed authentication of the client's address, over all workers.
 * True when it is one too many: answer it GUESS_DELAY_MS later.
 */
bool guess_counted(struct req *r);

#endif

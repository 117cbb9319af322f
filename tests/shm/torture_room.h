/*
 * The room once more, with the yields of torture.h between its stores.  Only
 * for the one file that is the torture test.
 */
#include "shm/account.c"
#include "shm/account_table.c"
#include "shm/account_want.c"
#include "shm/apply.c"
#include "shm/apply_publish.c"
#include "shm/hold.c"
#include "shm/inflight.c"
#include "shm/lane.c"
#include "shm/lane_read.c"
#include "shm/reap.c"
#include "shm/recover.c"
#include "shm/seat.c"
#include "shm/settle.c"
#include "shm/stripe.c"
#include "shm/wake.c"

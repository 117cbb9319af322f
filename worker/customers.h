#ifndef WORKER_CUSTOMERS_H
#define WORKER_CUSTOMERS_H

/*
 * customers - whom a request is charged to, kept in the worker.
 *
 * Definitions come from the settings file (it wins) or from the store; what
 * was found is remembered until the generation word of customers is raised.
 * One that nobody knows is made by the keeper: customers_ask().
 */

#include <stdbool.h>

#include "shm/account.h"
#include "shm/period.h"
#include "store/defs.h"

struct params_customer;
struct worker;

struct customer {
	struct customer_def def; /* its strings live as long as the customer */
	unsigned refs;
	struct sbuf *bytes; /* what def points into */
	bool from_settings;
	unsigned char hash[OWNER_HASH_SIZE]; /* of its accounts and windows */
	struct period period;                /* the last one that was counted */
};

struct customers;

struct customers *customers_new(struct worker *w);
void customers_free(struct customers **cp);

/*
 * 1 with *customer_r, to be let go with customer_release(); 0 when nobody
 * knows it; -1 when the store failed (logged).
 */
int customers_find(struct customers *c, int32_t environment,
    struct slice identifier, struct customer **customer_r);

void customer_release(struct customer **cp);

/*
 * Ask the keeper to create it, or to change it as params say (NULL: create
 * only).  A ticket for lane_consumed(), 0 when the money lane is full.  Who
 * asks what was asked last for this customer, and is not committed yet, gets
 * the ticket of that: a burst of equal requests asks once.
 */
uint64_t customers_ask(struct worker *w, int32_t environment,
    struct slice identifier, const struct params_customer *params,
    uint64_t digest);

/* What customer_params say, as one number; 0: nothing that is kept. */
uint64_t customers_digest(const struct params_customer *params);

/* Is that what customer c has, or may it not be changed anyway? */
bool customer_follows(const struct customer *c, uint64_t digest);

#endif

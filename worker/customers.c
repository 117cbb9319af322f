#include "worker/customers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/params.h"
#include "shm/gen.h"
#include "shm/lane.h"
#include "store/objects.h"
#include "worker/worker_priv.h"

#define CUSTOMERS_SLOTS 4096 /* a power of two; a clash forgets the older */
#define CUSTOMERS_ASKS 1024  /* the same; who is forgotten is asked again */

/* What the keeper was asked last for a customer. */
struct customers_asked {
	unsigned char hash[OWNER_HASH_SIZE];
	uint64_t digest, ticket;
};

struct customers {
	struct worker *worker;
	uint64_t generation; /* of the word when the table was filled */
	struct customer *slots[CUSTOMERS_SLOTS];
	struct customers_asked asked[CUSTOMERS_ASKS];
};

struct customers *
customers_new(struct worker *w)
{
	struct customers *c = xcalloc(1, sizeof *c);

	c->worker = w;
	return c;
}

void
customer_release(struct customer **cp)
{
	struct customer *c = *cp;

	*cp = NULL;
	if (c == NULL || --c->refs > 0)
		return;
	sbuf_free(c->bytes);
	free(c->bytes);
	free(c);
}

static void
customers_forget(struct customers *c)
{
	for (size_t i = 0; i < CUSTOMERS_SLOTS; i++)
		customer_release(&c->slots[i]);
}

void
customers_free(struct customers **cp)
{
	if (*cp == NULL)
		return;
	customers_forget(*cp);
	free(*cp);
	*cp = NULL;
}

/* From the settings file, which wins, else from the store. */
static int
customer_read(struct worker *w, int32_t environment, struct slice id,
    struct customer *c)
{
	const struct settings_customer *from =
	    settings_customer_find(w->settings, id);
	struct err e;
	int found;

	if (from != NULL) {
		defs_from_customer(w->settings, from, &c->def);
		c->def.environment = environment;
		c->from_settings = true;
		return 1;
	}
	found = objects_customer_get(w->objects, environment, id, c->bytes,
	    &c->def, &e);
	if (found < 0)
		log_error("customers: %s", e.text);
	return found;
}

static struct customer *
customers_load(struct customers *cs, int32_t environment, struct slice id,
    int *found_r)
{
	struct customer *c = xcalloc(1, sizeof *c);
	struct account_owner owner = { .kind = OWNER_CUSTOMER,
		.environment = environment,
		.id = id };

	c->refs = 1;
	c->bytes = xcalloc(1, sizeof *c->bytes);
	*found_r = customer_read(cs->worker, environment, id, c);
	if (*found_r <= 0) {
		customer_release(&c);
		return NULL;
	}
	owner_hash(&owner, c->hash);
	return c;
}

int
customers_find(struct customers *cs, int32_t environment, struct slice id,
    struct customer **customer_r)
{
	uint64_t now = gen_get(cs->worker->segment, GEN_CUSTOMERS);
	struct customer **slot;
	int found = 1;

	if (now != cs->generation) {
		customers_forget(cs);
		cs->generation = now;
	}
	slot = &cs->slots[hash_slice(id, hash_seed() + (uint64_t)environment) %
			  CUSTOMERS_SLOTS];
	if (*slot == NULL || (*slot)->def.environment != environment ||
	    !slice_eq((*slot)->def.identifier, id)) {
		customer_release(slot);
		*slot = customers_load(cs, environment, id, &found);
	}
	if (*slot == NULL)
		return found;
	(*slot)->refs++;
	*customer_r = *slot;
	return 1;
}

/* Seconds since 1970 of a date that params have checked; 0 when absent. */
static int64_t
customers_date_s(struct slice text)
{
	struct tm tm = { 0 };

	if (text.p == NULL || sscanf(text.p, "%4d-%2d-%2d", &tm.tm_year,
				  &tm.tm_mon, &tm.tm_mday) != 3)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm);
}

static void
change_text(struct customer_change *c, uint32_t field, struct slice from,
    struct slice *to)
{
	if (from.p == NULL)
		return;
	c->given |= field;
	*to = from;
}

static void
change_budget(struct customer_change *c, uint32_t field,
    const struct params_budget *from, int64_t *to)
{
	if (from->state == BUDGET_ABSENT)
		return;
	c->given |= field;
	*to = from->state == BUDGET_SET ? from->nano : MONEY_NONE;
}

static void
customers_change(const struct params_customer *p, struct customer_change *c)
{
	struct customer_def *d = &c->def;

	change_text(c, CUSTOMER_NAME, p->name, &d->name);
	change_text(c, CUSTOMER_EMAIL, p->email, &d->email);
	change_text(c, CUSTOMER_GROUP, p->group, &d->group_identifier);
	change_budget(c, CUSTOMER_PERIOD_BUDGET, &p->period_budget,
	    &d->period_budget_nano);
	change_budget(c, CUSTOMER_TOTAL_BUDGET, &p->total_budget,
	    &d->total_budget_nano);
	if (p->budget_duration >= 0) {
		c->given |= CUSTOMER_DURATION;
		d->budget_duration = p->budget_duration;
	}
	if (p->markup_bp >= 0) {
		c->given |= CUSTOMER_MARKUP;
		d->markup_bp = p->markup_bp;
	}
	if (p->rate_limit >= 0) {
		c->given |= CUSTOMER_RPM;
		d->limits.rpm = p->rate_limit;
	}
	if (p->period_start.p != NULL) {
		c->given |= CUSTOMER_PERIOD_START;
		d->period_start_s = customers_date_s(p->period_start);
	}
	if (p->period_end.p != NULL) {
		c->given |= CUSTOMER_PERIOD_END;
		d->period_end_s = customers_date_s(p->period_end);
	}
}

uint64_t
customers_digest(const struct params_customer *p)
{
	struct customer_change c = { 0 };
	struct sbuf packed = { 0 };
	uint64_t digest;

	customers_change(p, &c);
	if (c.given == 0)
		return 0;
	defs_change_pack(&packed, &c);
	digest = hash_slice(sbuf_slice(&packed), 0);
	sbuf_free(&packed);
	return digest != 0 ? digest : 1;
}

bool
customer_follows(const struct customer *c, uint64_t digest)
{
	return digest == 0 || c->from_settings ||
	       c->def.params_digest == digest;
}

/* The place of a customer; no ticket in it when it was another's. */
static struct customers_asked *
customers_asked(struct customers *cs, int32_t environment, struct slice id)
{
	struct account_owner owner = { OWNER_CUSTOMER, environment, id };
	unsigned char hash[OWNER_HASH_SIZE];
	struct customers_asked *a;
	uint64_t at;

	owner_hash(&owner, hash);
	memcpy(&at, hash, sizeof at);
	a = &cs->asked[at % CUSTOMERS_ASKS];
	if (memcmp(a->hash, hash, sizeof hash) != 0)
		a->ticket = 0;
	memcpy(a->hash, hash, sizeof hash);
	return a;
}

static uint64_t
customers_publish(struct worker *w, int32_t environment, struct slice id,
    const struct params_customer *params, uint64_t digest)
{
	struct customer_change c = { .def = { .identifier = id,
					 .environment = environment } };
	struct sbuf packed = { 0 };
	uint64_t ticket;

	if (params != NULL)
		customers_change(params, &c);
	c.def.params_digest = digest;
	defs_change_pack(&packed, &c);
	ticket = lane_upsert(&w->seat.money, packed.data, (uint32_t)packed.len);
	sbuf_free(&packed);
	return ticket;
}

/*
 * Only the last one is joined: of two that change the customer to and fro the
 * one that came last must be the last in the lane.  Whatever is asked creates
 * the customer.
 */
uint64_t
customers_ask(struct worker *w, int32_t environment, struct slice id,
    const struct params_customer *params, uint64_t digest)
{
	struct customers_asked *a =
	    customers_asked(w->customers, environment, id);

	if (a->ticket != 0 && (digest == 0 || digest == a->digest) &&
	    !lane_consumed(&w->seat.money, a->ticket))
		return a->ticket;
	a->digest = digest;
	a->ticket = customers_publish(w, environment, id, params, digest);
	return a->ticket;
}

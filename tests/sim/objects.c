#include "tests/sim/sim.h"

#include <string.h>

#include "base/err.h"
#include "store/objects.h"

/*
 * The customers of store/objects.h in memory.  A commit is durable at once;
 * there are no keys.
 */

struct customers {
	struct customer_def def[SIM_CUSTOMERS];
	bool there[SIM_CUSTOMERS];
};

struct objects {
	struct customers committed, open;
	bool writing;
};

static struct objects objects;

void
sim_objects_new(void)
{
	memset(&objects, 0, sizeof(objects));
}

struct objects *
sim_objects(void)
{
	return &objects;
}

struct objects *
objects_open_writer(const char *path, uint64_t size_bytes, struct err *e)
{
	(void)path, (void)size_bytes, (void)e;
	objects.writing = false;
	return &objects;
}

struct objects *
objects_open_reader(const char *path, struct err *e)
{
	return objects_open_writer(path, 0, e);
}

void
objects_close(struct objects **op)
{
	*op = NULL;
}

static int
objects_number(struct slice id)
{
	char name[16];

	for (unsigned i = 0; i < SIM_CUSTOMERS; i++) {
		sim_customer(i, name);
		if (slice_eq(id, slice_str(name)))
			return (int)i;
	}
	return -1;
}

int
objects_customer_get(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	/* The keeper sees its own changes, all others what is committed. */
	const struct customers *c =
	    o->writing && sim.now == SIM_KEEPER ? &o->open : &o->committed;
	int i = objects_number(identifier);

	(void)buf, (void)e;
	if (environment != ENV_PROD || i < 0 || !c->there[i])
		return 0;
	*c_r = c->def[i];
	c_r->identifier = identifier;
	return 1;
}

int
objects_customer_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	static char name[16];

	for (int i = objects_number(after) + 1; i < SIM_CUSTOMERS; i++) {
		sim_customer((unsigned)i, name);
		if (objects_customer_get(o, environment, slice_str(name), buf,
			c_r, e) == 1)
			return 1;
	}
	return 0;
}

/* Nobody deletes one here. */
int
objects_customer_left(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	return objects_customer_get(o, environment, identifier, buf, c_r, e);
}

int
objects_customer_left_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	return objects_customer_next(o, environment, after, buf, c_r, e);
}

int
objects_begin(struct objects *o, struct err *e)
{
	(void)e;
	o->open = o->committed;
	o->writing = true;
	return 0;
}

int
objects_customer_put(struct objects *o, const struct customer_def *c,
    struct err *e)
{
	int i = objects_number(c->identifier);

	(void)e;
	sim_check(i >= 0 && o->writing, "a customer of nowhere");
	o->open.def[i] = *c;
	o->open.there[i] = true;
	return 0;
}

int
objects_commit(struct objects *o, struct err *e)
{
	sim_point();
	o->writing = false;
	if (sim_once_in(sim.style.fails)) {
		sim.fails++;
		return err_set(e, ERR_SYSTEM, "sim: no space for objects");
	}
	o->committed = o->open;
	sim_point();
	return 0;
}

void
objects_abort(struct objects *o)
{
	o->writing = false;
}

int
objects_key_get(struct objects *o, struct slice prefix, struct sbuf *buf,
    struct key_def *k_r, struct err *e)
{
	(void)o, (void)prefix, (void)buf, (void)k_r, (void)e;
	return 0;
}

int
objects_key_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct key_def *k_r, struct err *e)
{
	(void)o, (void)after, (void)buf, (void)k_r, (void)e;
	return 0;
}

int
objects_key_put(struct objects *o, const struct key_def *k, struct err *e)
{
	(void)o, (void)k;
	return err_set(e, ERR_INVALID_VALUE, "sim: no keys");
}

void
objects_check_readers(struct objects *o)
{
	(void)o;
}

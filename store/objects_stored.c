/* objects_stored - load-balance groups and provider keys. */

#include "base/err.h"
#include "store/objects.h"
#include "store/objects_priv.h"

static int
stored_get(struct objects *o, unsigned table, struct slice id, struct sbuf *buf,
    struct err *e)
{
	struct object_key k = object_key_make(NO_ENVIRONMENT, id);

	return object_get(o, table, &k, buf, e);
}

static int
stored_next(struct objects *o, unsigned table, struct slice after,
    struct sbuf *buf, struct err *e)
{
	struct object_key k = object_key_make(NO_ENVIRONMENT, after);
	size_t head_n = object_key_make(NO_ENVIRONMENT, SLICE("")).n;

	return object_next(o, table, &k, head_n, buf, e);
}

int
objects_integration_get(struct objects *o, struct slice id, struct sbuf *buf,
    struct integration_def *d_r, struct err *e)
{
	int got = stored_get(o, INTEGRATIONS, id, buf, e);

	if (got == 1 && !integration_unpack(sbuf_slice(buf), d_r))
		return object_damaged(INTEGRATIONS, e);
	return got;
}

int
objects_integration_next(struct objects *o, struct slice after,
    struct sbuf *buf, struct integration_def *d_r, struct err *e)
{
	int got = stored_next(o, INTEGRATIONS, after, buf, e);

	if (got == 1 && !integration_unpack(sbuf_slice(buf), d_r))
		return object_damaged(INTEGRATIONS, e);
	return got;
}

int
objects_group_get(struct objects *o, struct slice id, struct sbuf *buf,
    struct group_def *d_r, struct err *e)
{
	int got = stored_get(o, GROUPS, id, buf, e);

	if (got == 1 && !group_unpack(sbuf_slice(buf), d_r))
		return object_damaged(GROUPS, e);
	return got;
}

int
objects_group_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct group_def *d_r, struct err *e)
{
	int got = stored_next(o, GROUPS, after, buf, e);

	if (got == 1 && !group_unpack(sbuf_slice(buf), d_r))
		return object_damaged(GROUPS, e);
	return got;
}

int
objects_integration_put(struct objects *o, const struct integration_def *d,
    struct err *e)
{
	struct object_key at = object_key_make(NO_ENVIRONMENT, d->id);
	struct integration_def old = { .version = 0 }, new = *d;

	if (objects_integration_get(o, d->id, &o->old, &old, e) < 0)
		return -1;
	new.version = old.version + 1;
	sbuf_clear(&o->pack);
	integration_pack(&o->pack, &new);
	return object_put(o, INTEGRATIONS, &at, old.version, STORED_MAX, e);
}

int
objects_group_put(struct objects *o, const struct group_def *d, struct err *e)
{
	struct object_key at = object_key_make(NO_ENVIRONMENT, d->id);
	struct group_def old = { .version = 0 }, new = *d;

	if (objects_group_get(o, d->id, &o->old, &old, e) < 0)
		return -1;
	new.version = old.version + 1;
	sbuf_clear(&o->pack);
	group_pack(&o->pack, &new);
	return object_put(o, GROUPS, &at, old.version, STORED_MAX, e);
}

static int
stored_del(struct objects *o, unsigned table, struct slice id, struct err *e)
{
	struct object_key at = object_key_make(NO_ENVIRONMENT, id);

	return env_del(o->env, table, (MDB_val){ at.n, at.bytes }, e);
}

int
objects_integration_del(struct objects *o, struct slice id, struct err *e)
{
	return stored_del(o, INTEGRATIONS, id, e);
}

int
objects_group_del(struct objects *o, struct slice id, struct err *e)
{
	return stored_del(o, GROUPS, id, e);
}

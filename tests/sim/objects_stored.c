#include "store/objects.h"

#include "base/err.h"

/* Provider keys and groups, of which the simulation has none. */

int
objects_integration_get(struct objects *o, struct slice id, struct sbuf *buf,
    struct integration_def *d_r, struct err *e)
{
	(void)o, (void)id, (void)buf, (void)d_r, (void)e;
	return 0;
}

int
objects_group_get(struct objects *o, struct slice id, struct sbuf *buf,
    struct group_def *d_r, struct err *e)
{
	(void)o, (void)id, (void)buf, (void)d_r, (void)e;
	return 0;
}

int
objects_group_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct group_def *d_r, struct err *e)
{
	(void)o, (void)after, (void)buf, (void)d_r, (void)e;
	return 0;
}

int
objects_integration_put(struct objects *o, const struct integration_def *d,
    struct err *e)
{
	(void)o, (void)d;
	return err_set(e, ERR_INVALID_VALUE, "sim: no provider keys");
}

int
objects_group_put(struct objects *o, const struct group_def *d, struct err *e)
{
	(void)o, (void)d;
	return err_set(e, ERR_INVALID_VALUE, "sim: no groups");
}

int
objects_integration_del(struct objects *o, struct slice id, struct err *e)
{
	(void)o, (void)id, (void)e;
	return 0;
}

int
objects_group_del(struct objects *o, struct slice id, struct err *e)
{
	(void)o, (void)id, (void)e;
	return 0;
}

/* users - customers in the platform API: one of them (platform.md 8). */

#include "admin/change.h"
#include "admin/customers.h"
#include "admin/rest.h"
#include "admin/user_show.h"
#include "base/err.h"
#include "base/pool.h"
#include "proto/jnum.h"
#include "shm/period.h"

static const char in_file[] = "This object is defined in the settings file.";

/* The version that the caller has seen; 0 when none is told. */
static void
users_version(struct rest *r, uint64_t *version_r, struct faults *f)
{
	int64_t version = 0;

	if (r->version.p != NULL &&
	    (!jnum_is(r->version) || !jnum_int(r->version, &version) ||
		version < 1))
		faults_add(f, SLICE("If-Unmodified-Since-Version"),
		    "A valid integer is required.");
	*version_r = (uint64_t)version;
}

/* The customer as it is now.  1, 0, -1. */
static int
users_answer(struct rest *r, unsigned status, int32_t environment,
    struct slice id, struct err *e)
{
	struct customer_def c;
	const char *source;
	int got = customer_find(r->office, environment, id, &c, &source, e);

	if (got != 1)
		return got;
	r->status = status;
	return user_show(r->office, &c, source, &r->out, e) == 0 ? 1 : -1;
}

int
users_get(struct rest *r, struct err *e)
{
	return users_answer(r, 200, r->who.environment, r->id, e);
}

/* Does anything of it forbid the change?  1 may, 0 is answered. */
static int
users_may(struct rest *r, const struct customer_def *now, bool known,
    const char *source, const struct customer_change *c, struct faults *f)
{
	if (known && strcmp(source, "settings") == 0) {
		rest_detail(r, 400, in_file);
		return 0;
	}
	if (known && !(c->given & CUSTOMER_PERIOD_START))
		change_check_end(c,
		    customer_period(r->office->settings, now).start_s, f);
	if (f->n == 0)
		return 1;
	rest_faults(r, f);
	return 0;
}

/* how: who is meant.  given: the conditions of the change. */
static int
users_write(struct rest *r, struct change_read *how, uint32_t given,
    struct faults *f, struct err *e)
{
	struct slice object, id;
	struct customer_change c;
	struct customer_def now;
	const char *source;
	int known, done;

	if (rest_object(r, &object, e) != 0)
		return -1;
	how->pool = r->pool;
	how->strict = true;
	change_read(how, object, &c, f);
	users_version(r, &c.def.version, f);
	c.given |= given;
	id = c.def.identifier.p != NULL ? c.def.identifier : SLICE("");
	known =
	    customer_find(r->office, c.def.environment, id, &now, &source, e);
	if (known < 0)
		return -1;
	if (known == 0 && (given & CUSTOMER_THERE))
		return 0;
	if (!users_may(r, &now, known == 1, source, &c, f))
		return 1;
	done = customer_change(r->office, ASK_CUSTOMER, &c, e);
	if (done != 1)
		return done;
	return users_answer(r, known == 1 ? 200 : 201, c.def.environment, id,
	    e);
}

static int
users_change(struct rest *r, struct slice id, uint32_t given, struct err *e)
{
	struct change_read how = { .identifier = id,
		.environment = r->who.environment };
	struct faults f = { .n = 0 };
	int done = users_write(r, &how, given, &f, e);

	faults_free(&f);
	return done;
}

int
users_patch(struct rest *r, struct err *e)
{
	return users_change(r, r->id, CUSTOMER_THERE, e);
}

int
users_put(struct rest *r, struct err *e)
{
	return users_change(r, r->id, CUSTOMER_REPLACE, e);
}

int
users_create(struct rest *r, struct err *e)
{
	return users_change(r, (struct slice){ NULL, 0 }, CUSTOMER_REPLACE, e);
}

int
users_delete(struct rest *r, struct err *e)
{
	struct customer_change c = { .def = { .identifier = r->id,
					 .environment = r->who.environment } };
	struct faults f = { .n = 0 };
	struct customer_def now;
	const char *source;
	int done = customer_find(r->office, r->who.environment, r->id, &now,
	    &source, e);

	if (done != 1)
		return done;
	users_version(r, &c.def.version, &f);
	if (users_may(r, &now, true, source, &c, &f)) {
		done = customer_change(r->office, ASK_CUSTOMER_DELETE, &c, e);
		r->status = 204;
	}
	faults_free(&f);
	return done;
}

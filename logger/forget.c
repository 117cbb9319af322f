#include "logger/forget.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "logger/sink_store.h"
#include "shm/gen.h"
#include "store/objects.h"

#define FORGET_AT_ONCE 256 /* customers looked at in a step */

struct forget {
	struct objects *objects; /* NULL: not there yet */
	uint64_t seen;           /* of the word, and 1; 0 = never looked */
	bool walking;
	int32_t environment;
	struct sbuf after, def;
	/* Who was deleted up to then is forgotten; of the walk so far. */
	int64_t done_us, last_us;
};

struct forget *
forget_new(void)
{
	return xcalloc(1, sizeof(struct forget));
}

void
forget_free(struct forget **fp)
{
	struct forget *f = *fp;

	if (f == NULL)
		return;
	objects_close(&f->objects);
	sbuf_free(&f->after);
	sbuf_free(&f->def);
	free(f);
	*fp = NULL;
}

bool
forget_is_due(const struct forget *f, const struct segment *seg)
{
	return f->walking || f->seen != gen_get(seg, GEN_DELETED) + 1;
}

static bool
forget_begin(struct forget *f, const struct segment *seg,
    const struct settings *s)
{
	struct err e;

	if (f->walking)
		return true;
	if (f->objects == NULL)
		f->objects =
		    objects_open_reader(settings_str(s, s->store_path).p, &e);
	if (f->objects == NULL)
		return false;
	f->seen = gen_get(seg, GEN_DELETED) + 1;
	f->walking = true;
	f->environment = ENV_PROD;
	f->last_us = f->done_us;
	sbuf_clear(&f->after);
	return true;
}

/* No further customer in this environment. */
static void
forget_next_environment(struct forget *f)
{
	sbuf_clear(&f->after);
	if (f->environment == ENV_PROD) {
		f->environment = ENV_TEST;
		return;
	}
	f->walking = false;
	f->done_us = f->last_us;
}

/* False: enough for this step. */
static bool
forget_one(struct forget *f, struct sink_store *store)
{
	struct customer_def c;
	struct err e;
	int got = objects_customer_left_next(f->objects, f->environment,
	    sbuf_slice(&f->after), &f->def, &c, &e);

	if (got < 0) {
		log_error("logger: %s", e.text);
		f->walking = false;
		return false;
	}
	if (got == 0) {
		forget_next_environment(f);
		return f->walking;
	}
	if (c.deleted_us > f->done_us &&
	    sink_store_forget(store,
		c.environment == ENV_TEST ? SLICE("test") : SLICE("prod"),
		c.identifier, c.deleted_us))
		return false; /* more of the same at the next step */
	if (c.deleted_us > f->last_us)
		f->last_us = c.deleted_us;
	sbuf_clear(&f->after);
	sbuf_add_slice(&f->after, c.identifier);
	return true;
}

void
forget_tend(struct forget *f, const struct segment *seg,
    const struct settings *s, struct sink_store *store)
{
	if (!forget_begin(f, seg, s))
		return;
	for (int i = 0; i < FORGET_AT_ONCE; i++)
		if (!forget_one(f, store))
			return;
}

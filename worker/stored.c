#include "worker/stored.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "store/objects.h"
#include "worker/stored_priv.h"

#define STORED_AGAIN_MS 1000 /* between tries to read a store that failed */

struct stored *
stored_new(struct worker *w)
{
	struct stored *s = xcalloc(1, sizeof *s);

	s->first = xcalloc(w->settings->providers.n + 1, sizeof *s->first);
	return s;
}

static void
set_free(struct stored_set *set)
{
	free(set->list);
	pool_free(&set->pool);
	vault_free(&set->vault);
}

void
stored_free(struct stored **sp)
{
	struct stored *s = *sp;

	*sp = NULL;
	if (s == NULL)
		return;
	set_free(&s->keys);
	set_free(&s->groups);
	free(s->first);
	free(s);
}

void *
stored_add(struct stored_reading *r, size_t size)
{
	struct stored_set *set = &r->set;
	char *at;

	/* Room grows at 1, 2, 4, 8, ... elements. */
	if ((set->n & (set->n - 1)) == 0)
		set->list =
		    xrealloc(set->list, (set->n > 0 ? 2 * set->n : 1) * size);
	at = (char *)set->list + set->n++ * size;
	memset(at, 0, size);
	return at;
}

struct slice *
stored_list(struct pool *pool, struct slice list, unsigned *n_r)
{
	struct slice *items, item, rest = list;
	unsigned n = 0;

	while (defs_list_next(&rest, &item))
		n++;
	items = pool_alloc(pool, (n + 1) * sizeof *items);
	for (unsigned i = 0; i < n; i++) {
		defs_list_next(&list, &item);
		items[i] = pool_copy(pool, item);
	}
	*n_r = n;
	return items;
}

struct slice
stored_sealed(struct stored_reading *r, struct slice sealed)
{
	r->secret_n += seal_text_len(sealed);
	return pool_copy(r->set.pool, sealed);
}

bool
stored_open(struct stored_reading *r, const struct sbuf *place,
    struct slice *credentials)
{
	size_t n = seal_text_len(*credentials);
	char *text = vault_take(r->set.vault, n);

	if (!seal_open(&r->seal, sbuf_slice(place), *credentials, text)) {
		log_warn("stored: the credentials of %.*s cannot be opened; "
			 "see store.secret_key",
		    SLICE_ARGS(sbuf_slice(place)));
		return false;
	}
	*credentials = (struct slice){ text, n };
	return true;
}

/* Read the whole kind.  0; -1 with *e, and nothing is left of it. */
static int
set_read(struct stored_reading *r, const struct stored_kind *kind,
    struct err *e)
{
	const struct settings *s = r->w->settings;

	r->set.pool = pool_new();
	if (kind->read(r, e) != 0) {
		set_free(&r->set);
		return -1;
	}
	r->set.vault = r->secret_n > 0 ? vault_new(r->secret_n) : NULL;
	seal_keys_make(&r->seal,
	    settings_secret(r->w->secrets, s->store_secret_key),
	    settings_secret(r->w->secrets, s->store_secret_key_old));
	kind->open(r);
	seal_keys_wipe(&r->seal);
	return 0;
}

int
stored_replace(struct worker *w, struct stored_set *set,
    const struct stored_kind *kind, uint64_t generation)
{
	struct stored_reading r = { .w = w };
	struct err e;

	if (now_mono_ms() < set->again_ms)
		return -1;
	if (set_read(&r, kind, &e) != 0) {
		log_error("stored: the %s cannot be read: %s", kind->name,
		    e.text);
		set->again_ms = now_mono_ms() + STORED_AGAIN_MS;
		return -1;
	}
	set_free(set);
	*set = r.set;
	set->generation = generation;
	return 1;
}

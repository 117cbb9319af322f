#include "keeper/stored.h"

#include "base/err.h"
#include "base/settings.h"
#include "keeper/book.h"

static int
stored_unreadable(struct err *e)
{
	return err_set(e, ERR_INVALID_VALUE, "unreadable request");
}

/* got and version: of what is there.  0, or -1 when it is not that. */
static int
stored_expect(int got, uint64_t version, uint64_t wanted, struct err *e)
{
	if (got < 0)
		return -1;
	if (wanted != (got == 1 ? version : 0))
		return err_set(e, ERR_CHANGED, "The object was changed.");
	return 0;
}

int
stored_integration_put(struct book *b, struct slice body, struct err *e)
{
	struct integration_def d, old = { .version = 0 };
	int got;

	if (!integration_unpack(body, &d))
		return stored_unreadable(e);
	if (book_objects(b, e) != 0)
		return -1;
	got = objects_integration_get(b->objects, d.id, &b->def, &old, e);
	if (stored_expect(got, old.version, d.version, e) != 0 ||
	    objects_integration_put(b->objects, &d, e) != 0)
		return -1;
	b->credentials_changed = true;
	return 1;
}

int
stored_integration_delete(struct book *b, struct slice body, struct err *e)
{
	if (!stored_id_valid(body))
		return 0;
	if (book_objects(b, e) != 0)
		return -1;
	b->credentials_changed = true;
	return objects_integration_del(b->objects, body, e);
}

static int
group_in_file(const struct book *b, const struct group_def *d, struct err *e)
{
	if (settings_group_find(b->settings, d->id) != NULL)
		return err_set(e, ERR_INVALID_VALUE,
		    "This object is defined in the settings file.");
	if (settings_group_named(b->settings, d->name) != NULL)
		return err_param(e, ERR_INVALID_VALUE, "name",
		    "name: A group of the settings file has this name.");
	return 0;
}

/* A name finds one group. */
static int
group_name_free(struct book *b, const struct group_def *d, struct err *e)
{
	struct slice after = SLICE("");
	struct group_def other;
	int got;

	if (d->name.n == 0)
		return 0;
	while ((got = objects_group_next(b->objects, after, &b->def, &other,
		    e)) == 1) {
		if (slice_eq(other.name, d->name) && !slice_eq(other.id, d->id))
			return err_param(e, ERR_INVALID_VALUE, "name",
			    "name: Another group has this name.");
		after = other.id;
	}
	return got;
}

int
stored_group_put(struct book *b, struct slice body, struct err *e)
{
	struct group_def d, old = { .version = 0 };
	int got;

	if (!group_unpack(body, &d))
		return stored_unreadable(e);
	if (group_in_file(b, &d, e) != 0 || book_objects(b, e) != 0)
		return -1;
	got = objects_group_get(b->objects, d.id, &b->def, &old, e);
	if (stored_expect(got, old.version, d.version, e) != 0 ||
	    group_name_free(b, &d, e) != 0 ||
	    objects_group_put(b->objects, &d, e) != 0)
		return -1;
	b->groups_changed = true;
	return 1;
}

int
stored_group_delete(struct book *b, struct slice body, struct err *e)
{
	if (!stored_id_valid(body))
		return 0;
	if (settings_group_find(b->settings, body) != NULL)
		return err_set(e, ERR_INVALID_VALUE,
		    "This object is defined in the settings file.");
	if (book_objects(b, e) != 0)
		return -1;
	b->groups_changed = true;
	return objects_group_del(b->objects, body, e);
}

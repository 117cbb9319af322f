#include "proto/jscan.h"

#include <stdio.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jscan_read.h"
#include "proto/jstr.h"

static bool
jscan_body_same(const struct jscan_item *a, const struct jscan_item *b)
{
	if (!a->name_escaped && !b->name_escaped)
		return slice_eq(a->name, b->name);
	return jstr_same(a->name, b->name);
}

/* The second of two members of one name, or NULL. */
static const struct jscan_item *
jscan_body_twice(const struct jscan_item *members, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			if (jscan_body_same(&members[i], &members[j]))
				return &members[i];
	return NULL;
}

static int
jscan_body_duplicate(const struct jscan_item *item, const char *where,
    struct err *e)
{
	char param[sizeof e->param];
	char name[sizeof e->param];
	size_t n = 0;

	if (item->name.n < sizeof name)
		n = jstr_unescape(item->name, name);
	snprintf(param, sizeof param, "%s%s%.*s", where,
	    *where != '\0' ? "." : "", (int)n, name);
	return err_param(e, ERR_DUPLICATE_PARAMETER, param,
	    "Duplicate parameter: '%s'.", param);
}

int
jscan_unique(struct slice object, const char *where, struct err *e)
{
	struct jscan_item members[JSCAN_MEMBERS_MAX];
	const struct jscan_item *twice;
	struct jscan_iter it;
	unsigned n = 0;

	jscan_enter(&it, object);
	while (n < JSCAN_MEMBERS_MAX && jscan_member_next(&it, &members[n]))
		n++;
	twice = jscan_body_twice(members, n);
	return twice == NULL ? 0 : jscan_body_duplicate(twice, where, e);
}

int
jscan_body_hooked(struct slice text, struct jscan_hook *hook, struct pool *pool,
    struct jscan_body *body_r, struct err *e)
{
	struct jscan_item members[JSCAN_MEMBERS_MAX];
	const struct jscan_item *twice;
	struct err why;
	unsigned n;

	if (jscan_object_hooked(text, hook, members, JSCAN_MEMBERS_MAX, &n,
		&why) != 0) {
		if (why.kind != ERR_INVALID_JSON)
			return err_set(e, why.kind, "%s", why.text);
		return err_set(e, why.kind,
		    "The request body is not valid JSON: %s.", why.text);
	}
	twice = jscan_body_twice(members, n);
	if (twice != NULL)
		return jscan_body_duplicate(twice, "", e);
	body_r->text = text;
	body_r->messages = NULL;
	body_r->n = n;
	body_r->members = pool_alloc(pool, n * sizeof members[0]);
	memcpy(body_r->members, members, n * sizeof members[0]);
	return 0;
}

int
jscan_body(struct slice text, struct pool *pool, struct jscan_body *body_r,
    struct err *e)
{
	return jscan_body_hooked(text, NULL, pool, body_r, e);
}

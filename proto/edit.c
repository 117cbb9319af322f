#include "proto/edit.h"

#include "base/pool.h"
#include "proto/edit_messages.h"
#include "proto/edit_value.h"
#include "proto/params.h"

/* A plan of what is sent for each member, and the splice that carries it out.
 */
struct edit {
	const struct params *p;
	const struct edit_options *options; /* NULL: drop, but change nothing */
	struct pool *pool;
	struct edit_splices splices; /* inside the messages */
	struct splice splice;
};

static void
edit_plan(const struct edit *d, struct splice_member *plan)
{
	const struct jscan_body *body = d->p->body;

	for (unsigned i = 0; i < body->n; i++)
		plan[i] = edit_member(d->p, d->options, d->pool,
		    (enum param_id)d->p->body_ids[i], &body->members[i]);
}

/* What came in a container and is forwarded. */
static void
edit_append_given(struct edit *d)
{
	const struct params *p = d->p;
	const struct param *v;
	enum param_id id;

	for (unsigned word = 0; word < 2; word++) {
		for (uint64_t bits = p->present[word]; bits != 0;
		     bits &= bits - 1) {
			id = (enum param_id)(
			    word * 64 + (unsigned)__builtin_ctzll(bits));
			v = params_at(p, id);
			if (v->place != PLACE_BODY)
				splice_add(&d->splice,
				    edit_member(p, d->options, d->pool, id,
					&v->item));
		}
	}
}

/* What only the gateway adds. */
static void
edit_append_ours(struct edit *d)
{
	for (unsigned i = 0; i < EDIT_ADDED; i++)
		if (!params_has(d->p, edit_may_add[i]))
			splice_add(&d->splice, edit_added(d->p, d->options,
						   d->pool, edit_may_add[i]));
}

static size_t
edit_most_pieces(const struct edit *d)
{
	const struct params *p = d->p;
	int given = __builtin_popcountll(p->present[0]) +
	            __builtin_popcountll(p->present[1]);

	return 4 * (size_t)p->body->n + 2 * (size_t)(given + EDIT_ADDED) +
	       2 * (size_t)d->splices.n + 2;
}

/* Plan and pieces of nearly all requests fit these, on the stack. */
#define EDIT_FEW_MEMBERS 16
#define EDIT_FEW_PIECES 96

static void
edit_make(struct edit *d)
{
	splice_begin(&d->splice);
	edit_append_given(d);
	if (d->options != NULL)
		edit_append_ours(d);
	splice_end(&d->splice);
}

/* The room for the plan ends with it; the pieces live as long as the pool. */
static void
edit_run(struct edit *d, struct splice_result *r)
{
	struct splice_member few_members[EDIT_FEW_MEMBERS];
	struct splice_member *plan = few_members;
	struct slice few_pieces[EDIT_FEW_PIECES], *kept;
	size_t most, members = d->p->body->n;

	edit_messages(d->p, d->options, d->pool, &d->splices);
	most = edit_most_pieces(d);
	if (members > EDIT_FEW_MEMBERS)
		plan = pool_alloc(d->pool, members * sizeof *plan);
	r->pieces = few_pieces;
	if (most > EDIT_FEW_PIECES)
		r->pieces = pool_alloc(d->pool, most * sizeof few_pieces[0]);
	edit_plan(d, plan);
	d->splice = (struct splice){ .body = d->p->body,
		.pool = d->pool,
		.plan = plan,
		.result = r,
		.inside_of = d->splices.json,
		.inside = d->splices.list,
		.n_inside = d->splices.n };
	edit_make(d);
	if (most > EDIT_FEW_PIECES)
		return;
	kept = pool_alloc(d->pool, r->n * sizeof *kept);
	memcpy(kept, few_pieces, r->n * sizeof *kept);
	r->pieces = kept;
}

void
edit_body(const struct params *p, const struct edit_options *options,
    struct pool *pool, struct splice_result *result_r)
{
	struct edit d = { .p = p, .options = options, .pool = pool };

	edit_run(&d, result_r);
}

void
edit_plain(const struct params *p, struct pool *pool,
    struct splice_result *result_r)
{
	struct edit d = { .p = p, .pool = pool };

	edit_run(&d, result_r);
}

static bool
edit_stays(const struct params *p, unsigned id, const struct jscan_item *item)
{
	return edit_member(p, NULL, NULL, (enum param_id)id, item).value.p !=
	       NULL;
}

unsigned
edit_plain_members(const struct params *p, struct pool *pool,
    struct jscan_item **members_r)
{
	const struct jscan_body *body = p->body;
	const struct param *v;
	struct jscan_item *to;
	unsigned n = body->n, given = 0;

	for (v = p->values; v != NULL; v = v->next)
		given += v->place != PLACE_BODY;
	*members_r = to = pool_alloc(pool, (n + given + 1) * sizeof *to);
	for (unsigned i = 0; i < n; i++)
		if (edit_stays(p, p->body_ids[i], &body->members[i]))
			*to++ = body->members[i];
	for (v = p->values; v != NULL; v = v->next)
		if (v->place != PLACE_BODY && edit_stays(p, v->id, &v->item))
			*to++ = v->item;
	return (unsigned)(to - *members_r);
}

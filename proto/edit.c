#include "proto/edit.h"

#include "base/pool.h"
#include "proto/edit_messages.h"
#include "proto/edit_value.h"
#include "proto/params.h"

/*
 * A plan says for each member of the client's body what is sent for it; then
 * one pass turns bytes between edits into pieces:
 *
 *	{"model":"a", "messages":[...], "note":"x"}
 *	|-- from    |-- flushed up to the next edit |-- dropped with its comma
 */
struct edit {
	const struct params *p;
	const struct edit_options *options; /* NULL: drop, but change nothing */
	struct pool *pool;
	struct edit_result *result;
	struct edit_member *plan;
	struct edit_splices splices; /* inside the messages */
	const char *from;            /* the first byte that no piece has yet */
	int last_kept;               /* of the members of the body; -1 = none */
	bool empty;                  /* no member has been written */
};

static void
edit_emit(struct edit *d, const char *p, size_t n)
{
	struct edit_result *r = d->result;
	struct slice *last = &r->pieces[r->n > 0 ? r->n - 1 : 0];

	if (n == 0)
		return;
	r->len += n;
	if (r->n > 0 && last->p + last->n == p)
		last->n += n;
	else
		r->pieces[r->n++] = (struct slice){ p, n };
}

/* The client's bytes up to here. */
static void
edit_flush(struct edit *d, const char *to)
{
	edit_emit(d, d->from, (size_t)(to - d->from));
	d->from = to;
}

static const char *
edit_end(struct slice s)
{
	return s.p + s.n;
}

/* Put new bytes in the place of old ones; the same bytes are no edit. */
static void
edit_replace(struct edit *d, struct slice old, struct slice new)
{
	if (old.p == new.p && old.n == new.n)
		return;
	edit_flush(d, old.p);
	edit_emit(d, new.p, new.n);
	d->from = edit_end(old);
}

/* A value that stays, but for what changes inside it. */
static void
edit_inside(struct edit *d, struct slice value)
{
	const struct edit_splices *s = &d->splices;

	if (s->n == 0 || value.p != s->json.p)
		return;
	for (unsigned i = 0; i < s->n; i++)
		edit_replace(d, s->list[i].old, s->list[i].by);
}

static void
edit_plan(struct edit *d)
{
	const struct jscan_body *body = d->p->body;

	d->last_kept = -1;
	for (unsigned i = 0; i < body->n; i++) {
		d->plan[i] = edit_member(d->p, d->options, d->pool,
		    (enum param_id)d->p->body_ids[i], &body->members[i]);
		if (d->plan[i].value.p != NULL)
			d->last_kept = (int)i;
	}
}

static void
edit_members(struct edit *d)
{
	const struct jscan_item *m = d->p->body->members;

	for (int i = 0; i <= d->last_kept; i++) {
		if (d->plan[i].value.p == NULL) {
			edit_flush(d, m[i].name.p - 1);
			d->from = m[i + 1].name.p - 1;
			continue;
		}
		edit_replace(d, m[i].name, d->plan[i].name);
		edit_replace(d, m[i].value, d->plan[i].value);
		edit_inside(d, d->plan[i].value);
	}
}

/* Flush up to where members are added, and drop all behind the last kept. */
static void
edit_to_end(struct edit *d)
{
	const struct jscan_body *body = d->p->body;
	const char *at;

	if (d->last_kept >= 0)
		at = edit_end(body->members[d->last_kept].value);
	else
		at = (const char *)memchr(body->text.p, '{', body->text.n) + 1;
	if (d->from < at)
		edit_flush(d, at);
	if (body->n > 0 && d->last_kept < (int)body->n - 1)
		d->from = edit_end(body->members[body->n - 1].value);
	d->empty = d->last_kept < 0;
}

/* A value that does not lie where it is put. */
static void
edit_emit_value(struct edit *d, struct slice value)
{
	const char *from = d->from;

	d->from = value.p;
	edit_inside(d, value);
	edit_flush(d, edit_end(value));
	d->from = from;
}

static void
edit_append(struct edit *d, struct edit_member member)
{
	size_t n = 0;
	char *glue;

	if (member.value.p == NULL)
		return;
	glue = pool_alloc(d->pool, member.name.n + 4);
	if (!d->empty)
		glue[n++] = ',';
	glue[n++] = '"';
	memcpy(glue + n, member.name.p, member.name.n);
	n += member.name.n;
	glue[n++] = '"';
	glue[n++] = ':';
	edit_emit(d, glue, n);
	edit_emit_value(d, member.value);
	d->empty = false;
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
				edit_append(d, edit_member(p, d->options,
						   d->pool, id, &v->item));
		}
	}
}

/* What only the gateway adds. */
static void
edit_append_ours(struct edit *d)
{
	for (unsigned i = 0; i < EDIT_ADDED; i++)
		if (!params_has(d->p, edit_may_add[i]))
			edit_append(d, edit_added(d->p, d->options, d->pool,
					   edit_may_add[i]));
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
	d->result->n = 0;
	d->result->len = 0;
	d->from = d->p->body->text.p;
	edit_plan(d);
	edit_members(d);
	edit_to_end(d);
	edit_append_given(d);
	if (d->options != NULL)
		edit_append_ours(d);
	edit_flush(d, edit_end(d->p->body->text));
}

/* The room for the plan ends with it; the pieces live as long as the pool. */
static void
edit_run(struct edit *d)
{
	struct edit_member few_members[EDIT_FEW_MEMBERS];
	struct slice few_pieces[EDIT_FEW_PIECES], *kept;
	size_t most, members = d->p->body->n;

	edit_messages(d->p, d->options, d->pool, &d->splices);
	most = edit_most_pieces(d);
	d->plan = few_members;
	if (members > EDIT_FEW_MEMBERS)
		d->plan = pool_alloc(d->pool, members * sizeof *d->plan);
	d->result->pieces = few_pieces;
	if (most > EDIT_FEW_PIECES)
		d->result->pieces =
		    pool_alloc(d->pool, most * sizeof few_pieces[0]);
	edit_make(d);
	if (most > EDIT_FEW_PIECES)
		return;
	kept = pool_alloc(d->pool, d->result->n * sizeof *kept);
	memcpy(kept, few_pieces, d->result->n * sizeof *kept);
	d->result->pieces = kept;
}

void
edit_body(const struct params *p, const struct edit_options *options,
    struct pool *pool, struct edit_result *result_r)
{
	struct edit d = { .p = p,
		.options = options,
		.pool = pool,
		.result = result_r };

	edit_run(&d);
}

void
edit_plain(const struct params *p, struct pool *pool,
    struct edit_result *result_r)
{
	struct edit d = { .p = p, .pool = pool, .result = result_r };

	edit_run(&d);
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

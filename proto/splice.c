#include "proto/splice.h"

#include "base/pool.h"
#include "proto/jscan.h"

/*
 * One pass turns bytes between edits into pieces:
 *
 *	{"model":"a", "messages":[...], "note":"x"}
 *	|-- from    |-- flushed up to the next edit |-- dropped with its comma
 */
static void
splice_emit(struct splice *d, const char *p, size_t n)
{
	struct splice_result *r = d->result;
	struct slice *last = &r->pieces[r->n > 0 ? r->n - 1 : 0];

	if (n == 0)
		return;
	r->len += n;
	if (r->n > 0 && last->p + last->n == p)
		last->n += n;
	else
		r->pieces[r->n++] = (struct slice){ p, n };
}

/* The old bytes up to here. */
static void
splice_flush(struct splice *d, const char *to)
{
	splice_emit(d, d->from, (size_t)(to - d->from));
	d->from = to;
}

static const char *
splice_behind(struct slice s)
{
	return s.p + s.n;
}

/* Put new bytes in the place of old ones; the same bytes are no edit. */
static void
splice_replace(struct splice *d, struct slice old, struct slice new)
{
	if (old.p == new.p && old.n == new.n)
		return;
	splice_flush(d, old.p);
	splice_emit(d, new.p, new.n);
	d->from = splice_behind(old);
}

/* A value that stays, but for what changes inside it. */
static void
splice_inside(struct splice *d, struct slice value)
{
	if (d->n_inside == 0 || value.p != d->inside_of.p)
		return;
	for (unsigned i = 0; i < d->n_inside; i++)
		splice_replace(d, d->inside[i].old, d->inside[i].by);
}

/* A value that does not lie where it is put. */
static void
splice_emit_value(struct splice *d, struct slice value)
{
	const char *from = d->from;

	d->from = value.p;
	splice_inside(d, value);
	splice_flush(d, splice_behind(value));
	d->from = from;
}

static void
splice_members(struct splice *d)
{
	const struct jscan_item *m = d->body->members;

	for (int i = 0; i <= d->last_kept; i++) {
		if (d->plan[i].value.p == NULL) {
			splice_flush(d, m[i].name.p - 1);
			d->from = m[i + 1].name.p - 1;
			continue;
		}
		splice_replace(d, m[i].name, d->plan[i].name);
		splice_replace(d, m[i].value, d->plan[i].value);
		splice_inside(d, d->plan[i].value);
	}
}

/* Flush up to where members are added, and drop all behind the last kept. */
static void
splice_to_end(struct splice *d)
{
	const struct jscan_body *body = d->body;
	const char *at;

	if (d->last_kept >= 0)
		at = splice_behind(body->members[d->last_kept].value);
	else
		at = (const char *)memchr(body->text.p, '{', body->text.n) + 1;
	if (d->from < at)
		splice_flush(d, at);
	if (body->n > 0 && d->last_kept < (int)body->n - 1)
		d->from = splice_behind(body->members[body->n - 1].value);
	d->empty = d->last_kept < 0;
}

void
splice_begin(struct splice *d)
{
	d->result->n = 0;
	d->result->len = 0;
	d->from = d->body->text.p;
	d->last_kept = -1;
	for (unsigned i = 0; i < d->body->n; i++)
		if (d->plan[i].value.p != NULL)
			d->last_kept = (int)i;
	splice_members(d);
	splice_to_end(d);
}

void
splice_add(struct splice *d, struct splice_member member)
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
	splice_emit(d, glue, n);
	splice_emit_value(d, member.value);
	d->empty = false;
}

void
splice_end(struct splice *d)
{
	splice_flush(d, splice_behind(d->body->text));
}

#include "admin/faults.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/utf8.h"

void
faults_add(struct faults *f, struct slice field, const char *fmt, ...)
{
	char buf[256];
	struct slice text;
	va_list ap;

	if (f->n++ >= FAULTS_MOST)
		return;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	/* A long value may have been cut inside a character. */
	text = utf8_prefix(slice_str(buf));
	f->list[f->n - 1].field = field;
	f->list[f->n - 1].at = f->texts.len;
	f->list[f->n - 1].len = text.n;
	sbuf_add_slice(&f->texts, text);
	if (f->n == 1)
		err_set(&f->first, ERR_INVALID_VALUE, "%.*s: %.*s",
		    SLICE_ARGS(field), SLICE_ARGS(text));
}

/* Is the field one of the first n? */
static bool
faults_told(const struct faults *f, unsigned n, struct slice field)
{
	for (unsigned i = 0; i < n; i++)
		if (slice_eq(f->list[i].field, field))
			return true;
	return false;
}

/* All messages of a field, from the first one on. */
static void
faults_write_field(const struct faults *f, unsigned from, unsigned n,
    struct sbuf *out)
{
	struct slice field = f->list[from].field;
	const char *before = ":[";

	sbuf_add_json(out, field);
	for (unsigned i = from; i < n; i++) {
		if (!slice_eq(f->list[i].field, field))
			continue;
		sbuf_adds(out, before);
		sbuf_add_json(out,
		    (struct slice){ f->texts.data + f->list[i].at,
			f->list[i].len });
		before = ",";
	}
	sbuf_addc(out, ']');
}

void
faults_write(const struct faults *f, struct sbuf *out)
{
	unsigned n = f->n < FAULTS_MOST ? f->n : FAULTS_MOST;

	sbuf_addc(out, '{');
	for (unsigned i = 0; i < n; i++) {
		if (faults_told(f, i, f->list[i].field))
			continue;
		if (i > 0)
			sbuf_addc(out, ',');
		faults_write_field(f, i, n, out);
	}
	sbuf_addc(out, '}');
}

void
faults_free(struct faults *f)
{
	sbuf_free(&f->texts);
}

#include "admin/faults.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/utf8.h"

#define FAULTS_MOST 100 /* more are not told */

void
faults_add(struct faults *f, struct slice field, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (f->n++ >= FAULTS_MOST)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	sbuf_addc(&f->json, f->n == 1 ? '{' : ',');
	sbuf_add_json(&f->json, field);
	sbuf_adds(&f->json, ":[");
	/* A long value may have been cut inside a character. */
	sbuf_add_json(&f->json, utf8_prefix(slice_str(text)));
	sbuf_addc(&f->json, ']');
	if (f->n == 1)
		err_param(&f->first, ERR_INVALID_VALUE, "", "%.*s: %s",
		    SLICE_ARGS(field), text);
}

void
faults_free(struct faults *f)
{
	sbuf_free(&f->json);
}

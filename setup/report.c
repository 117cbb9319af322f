#include "setup/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xmem.h"

struct message {
	struct place at;
	bool is_error;
	unsigned nr; /* of noting, which settles what the place leaves open */
	struct sbuf text, help;
};

struct report {
	struct message **messages;
	unsigned n, errors;
};

struct report *
report_new(void)
{
	return xcalloc(1, sizeof(struct report));
}

void
report_free(struct report **rp)
{
	struct report *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n; i++) {
		sbuf_free(&r->messages[i]->text);
		sbuf_free(&r->messages[i]->help);
		free(r->messages[i]);
	}
	free(r->messages);
	free(r);
}

static void __attribute__((format(printf, 2, 0)))
report_vformat(struct sbuf *b, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, ap);
	sbuf_adds(b, text);
}

static struct message *
report_message(struct report *r, struct place at, bool is_error)
{
	struct message *m = xcalloc(1, sizeof *m);

	r->messages = xrealloc(r->messages, (r->n + 1) * sizeof *r->messages);
	r->messages[r->n] = m;
	m->at = at;
	m->is_error = is_error;
	m->nr = r->n++;
	r->errors += is_error;
	return m;
}

struct message *
report_error(struct report *r, struct place at, const char *fmt, ...)
{
	struct message *m = report_message(r, at, true);
	va_list ap;

	va_start(ap, fmt);
	report_vformat(&m->text, fmt, ap);
	va_end(ap);
	return m;
}

struct message *
report_warn(struct report *r, struct place at, const char *fmt, ...)
{
	struct message *m = report_message(r, at, false);
	va_list ap;

	va_start(ap, fmt);
	report_vformat(&m->text, fmt, ap);
	va_end(ap);
	return m;
}

void
report_help(struct message *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_vformat(&m->help, fmt, ap);
	va_end(ap);
}

unsigned
report_errors(const struct report *r)
{
	return r->errors;
}

unsigned
report_warnings(const struct report *r)
{
	return r->n - r->errors;
}

static int
report_compare(const void *va, const void *vb)
{
	const struct message *a = *(struct message *const *)va;
	const struct message *b = *(struct message *const *)vb;
	unsigned of_a[] = { 0, a->at.line, a->at.column, a->nr };
	unsigned of_b[] = { 0, b->at.line, b->at.column, b->nr };

	of_a[0] = a->at.source != NULL ? a->at.source->order : 0;
	of_b[0] = b->at.source != NULL ? b->at.source->order : 0;
	for (size_t i = 0; i < sizeof of_a / sizeof of_a[0]; i++)
		if (of_a[i] != of_b[i])
			return of_a[i] < of_b[i] ? -1 : 1;
	return 0;
}

/*
 * Whether the contents of a string could be a key: long, of the characters
 * that keys have, with a digit and a letter, and not the form of a reference.
 */
static bool
report_hides(struct slice s)
{
	bool digit = false, letter = false;

	if (s.n < 16)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == ' ' || c == '/' || c == ':')
			return false;
		digit |= c >= '0' && c <= '9';
		letter |= (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
	}
	return digit && letter;
}

/* Whether the string that starts at i follows a name that holds a secret. */
static bool
report_follows_key(struct slice line, size_t i)
{
	while (i > 0 && strchr(" \t=:", line.p[i - 1]) != NULL)
		i--;
	return (i >= 3 && memcmp(line.p + i - 3, "key", 3) == 0) ||
	       (i >= 5 && memcmp(line.p + i - 5, "token", 5) == 0);
}

static bool
report_is_reference(struct slice s)
{
	return slice_starts(s, SLICE("env:")) ||
	       slice_starts(s, SLICE("cred:")) ||
	       slice_starts(s, SLICE("file:"));
}

/* The line as it is shown: control bytes blank, secrets covered. */
static void
report_line(struct slice line, struct sbuf *out)
{
	size_t start = out->len, i = 0;

	sbuf_add_slice(out, line);
	for (size_t k = start; k < out->len; k++)
		if ((unsigned char)out->data[k] < 0x20)
			out->data[k] = ' ';
	while (i < line.n) {
		size_t from = i + 1, end = from;
		struct slice s;

		if (line.p[i++] != '"')
			continue;
		while (end < line.n && line.p[end] != '"')
			end += line.p[end] == '\\' ? 2 : 1;
		end = end < line.n ? end : line.n;
		s = (struct slice){ line.p + from, end - from };
		if (report_hides(s) || (report_follows_key(line, from - 1) &&
					   !report_is_reference(s)))
			memset(out->data + start + from, '*', s.n);
		i = end + 1;
	}
}

static void
report_show(const struct message *m, bool colour, struct sbuf *out)
{
	struct slice line = source_line(m->at.source, m->at.line);
	unsigned room = m->at.column <= line.n + 1
	                    ? (unsigned)line.n + 1 - m->at.column
	                    : 0;
	unsigned len = m->at.len < room ? m->at.len : room;

	sbuf_addf(out, "%5u | ", m->at.line);
	report_line(line, out);
	sbuf_addc(out, '\n');
	if (m->at.len == 0)
		return;
	sbuf_addf(out, "      | %*s", (int)m->at.column - 1, "");
	sbuf_adds(out, colour ? "\033[1;32m" : "");
	do
		sbuf_addc(out, '^');
	while (len-- > 1);
	sbuf_adds(out, colour ? "\033[0m\n" : "\n");
}

static void
report_one(const struct message *m, bool colour, struct sbuf *out)
{
	static const char *const words[2][2] = {
		{ "warning", "\033[1;35mwarning\033[0m" },
		{ "error", "\033[1;31merror\033[0m" },
	};

	if (m->at.source != NULL) {
		sbuf_addf(out, "%s:", m->at.source->path);
		if (m->at.line > 0)
			sbuf_addf(out, "%u:", m->at.line);
		if (m->at.line > 0 && m->at.column > 0)
			sbuf_addf(out, "%u:", m->at.column);
		sbuf_addc(out, ' ');
	}
	sbuf_addf(out, "%s: ", words[m->is_error][colour]);
	sbuf_add_slice(out, sbuf_slice(&m->text));
	sbuf_addc(out, '\n');
	if (m->at.source != NULL && m->at.line > 0)
		report_show(m, colour, out);
	if (m->help.len > 0)
		sbuf_addf(out, "      = help: %s\n", m->help.data);
}

void
report_write(const struct report *r, bool errors_only, bool colour,
    struct sbuf *out)
{
	if (r->n > 0)
		qsort(r->messages, r->n, sizeof *r->messages, report_compare);
	for (unsigned i = 0; i < r->n; i++)
		if (r->messages[i]->is_error || !errors_only)
			report_one(r->messages[i], colour, out);
}

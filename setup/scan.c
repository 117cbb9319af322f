#include "setup/scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "setup/report.h"

#define SCAN_DEPTH 10 /* libconfig's own limit of nested includes */

struct scan_file {
	const struct source *source;
	size_t at, line_start;
	unsigned line;
};

struct scan {
	struct scan_file files[SCAN_DEPTH];
	unsigned depth;
	const char *include_dir;
	struct report *report;
};

static void
scan_push(struct scan *s, const struct source *source)
{
	s->files[s->depth++] =
	    (struct scan_file){ .source = source, .line = 1 };
}

struct scan *
scan_new(const struct source *source, const char *include_dir, struct report *r)
{
	struct scan *s = xcalloc(1, sizeof *s);

	s->include_dir = include_dir;
	s->report = r;
	scan_push(s, source);
	return s;
}

void
scan_free(struct scan **sp)
{
	free(*sp);
	*sp = NULL;
}

static bool
scan_more(const struct scan_file *f)
{
	return f->at < f->source->text.n;
}

static char
scan_peek(const struct scan_file *f, size_t ahead)
{
	return f->at + ahead < f->source->text.n
	           ? f->source->text.p[f->at + ahead]
	           : '\0';
}

static void
scan_step(struct scan_file *f)
{
	if (f->source->text.p[f->at++] != '\n')
		return;
	f->line++;
	f->line_start = f->at;
}

static struct place
scan_place(const struct scan_file *f, size_t from)
{
	return (struct place){ f->source, f->line,
		(unsigned)(from - f->line_start) + 1,
		(unsigned)(f->at - from) };
}

static void
scan_line_comment(struct scan_file *f)
{
	while (scan_more(f) && scan_peek(f, 0) != '\n')
		scan_step(f);
}

static void
scan_block_comment(struct scan_file *f)
{
	scan_step(f);
	scan_step(f);
	while (
	    scan_more(f) && !(scan_peek(f, 0) == '*' && scan_peek(f, 1) == '/'))
		scan_step(f);
	if (scan_more(f)) {
		scan_step(f);
		scan_step(f);
	}
}

/* Past blanks and comments. */
static void
scan_blank(struct scan_file *f)
{
	while (scan_more(f)) {
		char c = scan_peek(f, 0), d = scan_peek(f, 1);

		if (c == '#' || (c == '/' && d == '/'))
			scan_line_comment(f);
		else if (c == '/' && d == '*')
			scan_block_comment(f);
		else if (c == ' ' || (c >= '\t' && c <= '\r'))
			scan_step(f);
		else
			return;
	}
}

/* libconfig drops \x00 without a word, and the text behind a bare NUL. */
static void
scan_check_string(struct scan *s, const struct token *t)
{
	for (size_t i = 0; i + 3 < t->text.n; i++) {
		if (t->text.p[i] != '\\')
			continue;
		if (memcmp(t->text.p + i, "\\x00", 4) == 0)
			report_error(s->report, t->at,
			    "a string cannot hold a zero byte (\\x00)");
		i++;
	}
}

static struct token
scan_string(struct scan *s, struct scan_file *f)
{
	struct token t = { .kind = TOKEN_STRING };
	struct scan_file start = *f;
	size_t from;

	scan_step(f);
	from = f->at;
	while (scan_more(f) && scan_peek(f, 0) != '"') {
		if (scan_peek(f, 0) == '\\' && f->at + 1 < f->source->text.n)
			scan_step(f);
		scan_step(f);
	}
	t.text = (struct slice){ f->source->text.p + from, f->at - from };
	t.at = (struct place){ f->source, start.line,
		(unsigned)(from - start.line_start) + 1,
		t.text.n > 0 ? (unsigned)t.text.n : 1 };
	if (scan_more(f))
		scan_step(f);
	else
		report_error(s->report,
		    (struct place){ f->source, start.line, t.at.column - 1, 1 },
		    "a string opened at line %u was not closed", start.line);
	scan_check_string(s, &t);
	return t;
}

static bool
scan_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("_*+-.", c));
}

static struct token
scan_word(struct scan_file *f)
{
	struct token t = { .kind = TOKEN_WORD };
	size_t from = f->at;

	while (scan_more(f) && scan_is_word(scan_peek(f, 0)))
		scan_step(f);
	t.text = (struct slice){ f->source->text.p + from, f->at - from };
	t.at = scan_place(f, from);
	return t;
}

static struct token
scan_mark(struct scan_file *f)
{
	char c = scan_peek(f, 0);
	size_t from = f->at;
	struct token t = { .kind = TOKEN_OTHER };

	if (strchr("{([", c) != NULL)
		t.kind = TOKEN_OPEN;
	else if (strchr("})]", c) != NULL)
		t.kind = TOKEN_CLOSE;
	f->at++;
	t.text = (struct slice){ f->source->text.p + from, 1 };
	t.at = scan_place(f, from);
	return t;
}

/* Go into an included file; one that cannot be read is libconfig's error. */
static void
scan_include(struct scan *s, struct scan_file *f)
{
	const struct source *source;
	struct token name;
	char *path;

	while (
	    scan_more(f) && scan_peek(f, 0) != '"' && scan_peek(f, 0) != '\n')
		scan_step(f);
	if (scan_peek(f, 0) != '"')
		return;
	name = scan_string(s, f);
	if (asprintf(&path, "%s/%.*s", s->include_dir, SLICE_ARGS(name.text)) <
	    0)
		return;
	source = s->depth < SCAN_DEPTH ? source_read(path) : NULL;
	if (source != NULL)
		scan_push(s, source);
	free(path);
}

struct token
scan_next(struct scan *s)
{
	while (s->depth > 0) {
		struct scan_file *f = &s->files[s->depth - 1];
		char c;

		scan_blank(f);
		c = scan_peek(f, 0);
		if (!scan_more(f))
			s->depth--;
		else if (c == '@')
			scan_include(s, f);
		else if (c == '"')
			return scan_string(s, f);
		else
			return scan_is_word(c) ? scan_word(f) : scan_mark(f);
	}
	return (struct token){ .kind = TOKEN_END };
}

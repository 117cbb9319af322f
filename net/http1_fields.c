#include <assert.h>

#include "net/http1_scan.h"
#include "net/http1_skip.h"

/* The lines of a head behind its first one. */

static_assert(HTTP1_NAME_COUNT <= 32, "struct http1_head's repeated is full");

int
scan_bad(struct scan *s, const char *what)
{
	return err_set(s->e, ERR_BAD_REQUEST,
	    "Malformed HTTP: %s at byte %zu of the head.", what,
	    (size_t)(s->at - s->base));
}

int
scan_long_line(const struct scan *s, size_t len)
{
	const struct http1_limits *limits = s->p->limits;
	size_t i;

	if (s->p->state < FIELD)
		return err_set(s->e, ERR_URI_TOO_LONG,
		    "The request line is longer than %zu bytes.", limits->line);
	if (len <= limits->long_line)
		for (i = 0; i < limits->long_count; i++)
			if (slice_eq_nocase(limits->long_names[i],
				s->h->fields[s->h->count].name))
				return NEXT;
	return err_set(s->e, ERR_HEADERS_TOO_LARGE,
	    "A header line is longer than %zu bytes.", limits->line);
}

/* Two lengths, or a length beside a coding: two ways to read the body. */
static int
check_framing(struct scan *s, enum http1_name name)
{
	const unsigned char *first = s->h->first;

	if (name == HTTP1_CONTENT_LENGTH &&
	    (first[HTTP1_CONTENT_LENGTH] | first[HTTP1_TRANSFER_ENCODING]) != 0)
		return scan_bad(s, "a second length of the body");
	if (name == HTTP1_TRANSFER_ENCODING && first[HTTP1_CONTENT_LENGTH] != 0)
		return scan_bad(s, "Transfer-Encoding beside Content-Length");
	return NEXT;
}

/* Up to the colon.  The bytes of a name that we know need no look. */
static int
name(struct scan *s, enum http1_name *id_r)
{
	const char *from = s->at;
	const char *at = find_near_colon(from, s->end);
	enum http1_name id = HTTP1_NAME_OTHER;

	if (at != from)
		id = http1_name_id(scan_span(from, at));
	if (id == HTTP1_NAME_OTHER) {
		s->at = at = skip_class(from, s->end, BYTE_TOKEN);
		if (at == s->end)
			return MORE;
		if (*at != ':' || at == from)
			return scan_bad(s, "not a header name");
		id = http1_name_id(scan_span(from, at));
	}
	s->at = at;
	s->h->fields[s->h->count].name = scan_span(from, at);
	*id_r = id;
	return id != HTTP1_NAME_OTHER ? check_framing(s, id) : NEXT;
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* The digits of Content-Length: 19 of them always fit in 64 bits. */
static int
check_length(struct scan *s)
{
	const char *from = s->at;

	s->at = skip_class(from, s->end, BYTE_DIGIT);
	if (s->at - from > 19)
		return scan_bad(s, "a Content-Length out of range");
	if (s->at == s->end)
		return MORE;
	if (s->at == from)
		return scan_bad(s, "a Content-Length that is no number");
	s->at = skip_blanks(s->at, s->end);
	if (s->at == s->end)
		return MORE;
	if (*s->at != '\r')
		return scan_bad(s, "a Content-Length that is no number");
	s->at = from;
	return NEXT;
}

static void
note_known(struct http1_head *h, enum http1_name id)
{
	if (id == HTTP1_NAME_OTHER)
		return;
	if (h->first[id] != 0)
		h->repeated |= 1U << id;
	else
		h->first[id] = (unsigned char)(h->count + 1);
}

/* Up to the LF. */
static int
value(struct scan *s)
{
	const char *from = s->at;
	const char *at = skip_value(from, s->end), *last = at;

	s->at = at;
	if (at == s->end)
		return MORE;
	if (*at != '\r')
		return scan_bad(s, "a forbidden byte in a header value");
	if (scan_check_line(s) < 0)
		return -1;
	while (last > from && (last[-1] == ' ' || last[-1] == '\t'))
		last--;
	s->h->fields[s->h->count].value = scan_span(from, last);
	s->at = ++at;
	if (at == s->end)
		return MORE;
	return *at == '\n' ? NEXT : scan_bad(s, "a CR without LF");
}

/*
 * A whole line at once: one that is not complete is looked at again from its
 * begin when more has come.
 */
static int
field(struct scan *s)
{
	enum http1_name id = HTTP1_NAME_OTHER;
	int r;

	if (*s->at == '\r') {
		s->at++;
		s->p->state = END_LF;
		return NEXT;
	}
	if (*s->at == ' ' || *s->at == '\t')
		return scan_bad(s, "a folded or indented line");
	if (s->h->count >= s->p->limits->fields)
		return err_set(s->e, ERR_HEADERS_TOO_LARGE,
		    "More than %u headers.", s->p->limits->fields);
	if ((r = name(s, &id)) != NEXT)
		return r;
	s->at = skip_blanks(s->at + 1, s->end);
	if (id == HTTP1_CONTENT_LENGTH && (r = check_length(s)) != NEXT)
		return r;
	if ((r = value(s)) != NEXT)
		return r;
	note_known(s->h, id);
	if (++s->h->count < HTTP1_FIELDS_MAX)
		s->h->fields[s->h->count].name = (struct slice){ NULL, 0 };
	s->p->line = (size_t)(++s->at - s->base);
	return NEXT;
}

int
scan_fields(struct scan *s)
{
	int r;

	do
		r = field(s);
	while (r == NEXT && s->at < s->end && s->p->state == FIELD);
	return r;
}

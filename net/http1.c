#include "net/http1.h"

#include <assert.h>

#include "net/http1_priv.h"
#include "net/http1_skip.h"

/*
 * The state machine that takes a head apart.  Each state is one function that
 * eats as many bytes as it can; what a call brings may end in any of them, and
 * the next call goes on there.
 */
enum state {
	START,
	START_LF,
	METHOD,
	TARGET,
	REQUEST_VERSION,
	REQUEST_CR,
	RESPONSE_VERSION,
	STATUS_SPACE,
	STATUS,
	REASON_SPACE,
	REASON,
	LINE_LF,
	FIELD,
	END_LF,
	STATE_COUNT
};

enum { MORE = 0, NEXT = 1, DONE = 2 };

static_assert(HTTP1_NAME_COUNT <= 32, "struct http1_head's repeated is full");

struct scan {
	struct http1_parser *p;
	struct http1_head *h;
	const char *at, *end;
	const char *base;
	struct err *e;
};

const struct http1_limits http1_request_limits = {
	.line = 8192,
	.long_line = (size_t)24 * 1024,
	.block = (size_t)32 * 1024,
	.fields = HTTP1_FIELDS_MAX,
};

const struct http1_limits http1_response_limits = {
	.line = (size_t)64 * 1024,
	.long_line = (size_t)64 * 1024,
	.block = (size_t)64 * 1024,
	.fields = HTTP1_FIELDS_MAX,
};

static int
bad(struct scan *s, const char *what)
{
	return err_set(s->e, ERR_BAD_REQUEST,
	    "Malformed HTTP: %s at byte %zu of the head.", what,
	    (size_t)(s->at - s->base));
}

static void
begin_part(struct scan *s, int state)
{
	s->p->mark = (size_t)(s->at - s->base);
	s->p->state = state;
}

static struct slice
span(const char *from, const char *to)
{
	return (struct slice){ from, (size_t)(to - from) };
}

static struct slice
part(const struct scan *s)
{
	return span(s->base + s->p->mark, s->at);
}

static int
long_line(const struct scan *s, size_t len)
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

/* Is the line too long, counted to here? */
static inline int
check_line(const struct scan *s)
{
	size_t len = (size_t)(s->at - s->base) - s->p->line;

	return len <= s->p->limits->line ? NEXT : long_line(s, len);
}

static int
start(struct scan *s)
{
	if (*s->at == '\r' && s->p->line == 0) {
		s->at++;
		s->p->state = START_LF;
		return NEXT;
	}
	begin_part(s, s->p->response ? RESPONSE_VERSION : METHOD);
	return NEXT;
}

/* One empty line before the first line is skipped (RFC 9112 2.2). */
static int
start_lf(struct scan *s)
{
	if (*s->at != '\n')
		return bad(s, "a CR without LF");
	s->at++;
	s->p->line = 2;
	s->p->state = START;
	return NEXT;
}

static int
method(struct scan *s)
{
	s->at = skip_class(s->at, s->end, BYTE_TOKEN);
	if (s->at == s->end)
		return MORE;
	s->h->method = part(s);
	if (*s->at != ' ' || s->h->method.n == 0)
		return bad(s, "not a method");
	s->h->method_id = http1_method_id(s->h->method);
	s->at++;
	begin_part(s, TARGET);
	return NEXT;
}

static int
target(struct scan *s)
{
	s->at = skip_target(s->at, s->end);
	if (s->at == s->end)
		return MORE;
	s->h->target = part(s);
	if (*s->at != ' ' || s->h->target.n == 0)
		return bad(s, "a forbidden byte in the target");
	if (check_line(s) < 0)
		return -1;
	s->at++;
	begin_part(s, REQUEST_VERSION);
	return NEXT;
}

static int
other_version(struct scan *s)
{
	return err_set(s->e, ERR_HTTP_VERSION,
	    "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
}

/* "HTTP/1.0" or "HTTP/1.1", told byte for byte where it is neither. */
static int
version_form(struct scan *s)
{
	static const char form[] = "HTTP/0.0";
	size_t i = part(s).n;

	for (; s->at < s->end && i < 8; s->at++, i++) {
		bool ok = form[i] == '0' ? byte_is(*s->at, BYTE_DIGIT)
		                         : *s->at == form[i];

		if (!ok)
			return bad(s, "not an HTTP version");
	}
	return i < 8 ? MORE : NEXT;
}

static int
version(struct scan *s, int next)
{
	const char *from = s->base + s->p->mark;
	int r;

	if (s->at == from && s->end - from >= 8 &&
	    memcmp(from, "HTTP/1.1", 8) == 0)
		s->at += 8;
	else if ((r = version_form(s)) != NEXT)
		return r;
	if (slice_eq(s->h->method, SLICE("PRI")) && from[5] == '2')
		return bad(s, "HTTP/2 is not spoken here");
	s->h->minor = (unsigned)(from[7] - '0');
	if (from[5] != '1')
		return other_version(s);
	s->p->state = next;
	return NEXT;
}

static int
request_version(struct scan *s)
{
	return version(s, REQUEST_CR);
}

static int
request_cr(struct scan *s)
{
	if (*s->at != '\r')
		return bad(s, "no CRLF after the version");
	if (s->h->minor > 1)
		return other_version(s);
	s->at++;
	s->p->state = LINE_LF;
	return NEXT;
}

static int
response_version(struct scan *s)
{
	return version(s, STATUS_SPACE);
}

static int
status_space(struct scan *s)
{
	if (*s->at != ' ')
		return bad(s, "no space after the version");
	if (s->h->minor > 1)
		return other_version(s);
	s->at++;
	begin_part(s, STATUS);
	return NEXT;
}

static int
status(struct scan *s)
{
	while (s->at < s->end && part(s).n < 3) {
		if (!byte_is(*s->at, BYTE_DIGIT))
			return bad(s, "not a status");
		s->h->status = s->h->status * 10 + (unsigned)(*s->at++ - '0');
	}
	if (part(s).n < 3)
		return MORE;
	if (s->h->status < 100)
		return bad(s, "not a status");
	s->p->state = REASON_SPACE;
	return NEXT;
}

static int
reason_space(struct scan *s)
{
	if (*s->at == ' ')
		s->at++;
	else if (*s->at != '\r')
		return bad(s, "not a status");
	begin_part(s, REASON);
	return NEXT;
}

static int
reason(struct scan *s)
{
	s->at = skip_value(s->at, s->end);
	if (s->at == s->end)
		return MORE;
	if (*s->at != '\r')
		return bad(s, "a forbidden byte in the reason");
	if (check_line(s) < 0)
		return -1;
	s->h->reason = part(s);
	s->at++;
	s->p->state = LINE_LF;
	return NEXT;
}

static int
line_lf(struct scan *s)
{
	if (*s->at != '\n')
		return bad(s, "a CR without LF");
	s->at++;
	s->p->line = (size_t)(s->at - s->base);
	s->p->state = FIELD;
	return NEXT;
}

/* Two lengths, or a length beside a coding: two ways to read the body. */
static int
check_framing(struct scan *s, enum http1_name name)
{
	const unsigned char *first = s->h->first;

	if (name == HTTP1_CONTENT_LENGTH &&
	    (first[HTTP1_CONTENT_LENGTH] | first[HTTP1_TRANSFER_ENCODING]) != 0)
		return bad(s, "a second length of the body");
	if (name == HTTP1_TRANSFER_ENCODING && first[HTTP1_CONTENT_LENGTH] != 0)
		return bad(s, "Transfer-Encoding beside Content-Length");
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
		id = http1_name_id(span(from, at));
	if (id == HTTP1_NAME_OTHER) {
		s->at = at = skip_class(from, s->end, BYTE_TOKEN);
		if (at == s->end)
			return MORE;
		if (*at != ':' || at == from)
			return bad(s, "not a header name");
		id = http1_name_id(span(from, at));
	}
	s->at = at;
	s->h->fields[s->h->count].name = span(from, at);
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
		return bad(s, "a Content-Length out of range");
	if (s->at == s->end)
		return MORE;
	if (s->at == from)
		return bad(s, "a Content-Length that is no number");
	s->at = skip_blanks(s->at, s->end);
	if (s->at == s->end)
		return MORE;
	if (*s->at != '\r')
		return bad(s, "a Content-Length that is no number");
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
		return bad(s, "a forbidden byte in a header value");
	if (check_line(s) < 0)
		return -1;
	while (last > from && (last[-1] == ' ' || last[-1] == '\t'))
		last--;
	s->h->fields[s->h->count].value = span(from, last);
	s->at = ++at;
	if (at == s->end)
		return MORE;
	return *at == '\n' ? NEXT : bad(s, "a CR without LF");
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
		return bad(s, "a folded or indented line");
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

static int
fields(struct scan *s)
{
	int r;

	do
		r = field(s);
	while (r == NEXT && s->at < s->end && s->p->state == FIELD);
	return r;
}

static int
end_lf(struct scan *s)
{
	if (*s->at != '\n')
		return bad(s, "a CR without LF");
	s->at++;
	return http1_frame(s->p, s->h, s->e) < 0 ? -1 : DONE;
}

static int (*const states[STATE_COUNT])(struct scan *s) = {
	[START] = start,
	[START_LF] = start_lf,
	[METHOD] = method,
	[TARGET] = target,
	[REQUEST_VERSION] = request_version,
	[REQUEST_CR] = request_cr,
	[RESPONSE_VERSION] = response_version,
	[STATUS_SPACE] = status_space,
	[STATUS] = status,
	[REASON_SPACE] = reason_space,
	[REASON] = reason,
	[LINE_LF] = line_lf,
	[FIELD] = fields,
	[END_LF] = end_lf,
};

static int
check_block(struct scan *s)
{
	if ((size_t)(s->at - s->base) <= s->p->limits->block)
		return NEXT;
	return err_set(s->e, ERR_HEADERS_TOO_LARGE,
	    "The headers are longer than %zu bytes.", s->p->limits->block);
}

int
http1_grammar(struct http1_parser *p, const char *buf, size_t len,
    struct http1_head *h, size_t *used_r, struct err *e)
{
	struct scan s = { p, h, buf + p->pos, buf + len, buf, e };
	int r = NEXT;

	if (p->base == NULL)
		http1_clear_head(h);
	else if (p->base != buf)
		http1_move_head(h, p->base, buf);
	p->base = buf;
	while (r == NEXT && s.at < s.end)
		r = states[p->state](&s);
	p->pos = p->state == FIELD ? p->line : (size_t)(s.at - buf);
	if (r < 0 || check_block(&s) < 0)
		return -1;
	if (r == DONE) {
		*used_r = p->pos;
		return 1;
	}
	/* A line that ends in CR has been checked already. */
	if (s.at > buf && s.at[-1] == '\r')
		return 0;
	return check_line(&s) < 0 ? -1 : 0;
}

int
http1_parse(struct http1_parser *p, const char *buf, size_t len,
    struct http1_head *h, size_t *used_r, struct err *e)
{
	int r = http1_grammar(p, buf, len, h, used_r, e);

	return r == 1 && http1_check(p, h, e) < 0 ? -1 : r;
}

static void
parser_start(struct http1_parser *p, const struct http1_limits *limits)
{
	assert(limits->fields <= HTTP1_FIELDS_MAX);
	*p = (struct http1_parser){ .limits = limits };
}

void
http1_request_start(struct http1_parser *p, const struct http1_limits *limits)
{
	parser_start(p, limits);
}

void
http1_response_start(struct http1_parser *p, const struct http1_limits *limits,
    bool to_head)
{
	parser_start(p, limits);
	p->response = true;
	p->to_head = to_head;
}

#include "net/http1.h"

#include <assert.h>

#include "net/http1_scan.h"
#include "net/http1_skip.h"

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

static void
begin_part(struct scan *s, int state)
{
	s->p->mark = (size_t)(s->at - s->base);
	s->p->state = state;
}

static struct slice
part(const struct scan *s)
{
	return scan_span(s->base + s->p->mark, s->at);
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
		return scan_bad(s, "a CR without LF");
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
		return scan_bad(s, "not a method");
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
		return scan_bad(s, "a forbidden byte in the target");
	if (scan_check_line(s) < 0)
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
			return scan_bad(s, "not an HTTP version");
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
		return scan_bad(s, "HTTP/2 is not spoken here");
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
		return scan_bad(s, "no CRLF after the version");
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
		return scan_bad(s, "no space after the version");
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
			return scan_bad(s, "not a status");
		s->h->status = s->h->status * 10 + (unsigned)(*s->at++ - '0');
	}
	if (part(s).n < 3)
		return MORE;
	if (s->h->status < 100)
		return scan_bad(s, "not a status");
	s->p->state = REASON_SPACE;
	return NEXT;
}

static int
reason_space(struct scan *s)
{
	if (*s->at == ' ')
		s->at++;
	else if (*s->at != '\r')
		return scan_bad(s, "not a status");
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
		return scan_bad(s, "a forbidden byte in the reason");
	if (scan_check_line(s) < 0)
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
		return scan_bad(s, "a CR without LF");
	s->at++;
	s->p->line = (size_t)(s->at - s->base);
	s->p->state = FIELD;
	return NEXT;
}

static int
end_lf(struct scan *s)
{
	if (*s->at != '\n')
		return scan_bad(s, "a CR without LF");
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
	[FIELD] = scan_fields,
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
	return scan_check_line(&s) < 0 ? -1 : 0;
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

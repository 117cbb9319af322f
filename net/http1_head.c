#include "net/http1_priv.h"

/* What a head means: the parts of its target, where its body ends. */

static int
bad(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "Malformed HTTP: %s.", what);
}

/* Cut s at the first stop; what is cut off comes back. */
static struct slice
cut(struct slice *s, char stop)
{
	const char *at = memchr(s->p, stop, s->n);
	size_t n = at != NULL ? (size_t)(at - s->p) : s->n;
	struct slice rest = slice_skip(*s, n);

	s->n = n;
	return rest;
}

/* "/path?query#fragment" */
static void
split_path(struct http1_head *h, struct slice rest)
{
	struct slice tail = cut(&rest, '#');

	h->fragment = tail.n > 0;
	tail = cut(&rest, '?');
	h->path = rest.n > 0 ? rest : SLICE("/");
	h->query = (struct slice){ NULL, 0 };
	if (tail.n > 0)
		h->query = slice_skip(tail, 1);
}

static bool
take_scheme(struct slice *s)
{
	static const struct slice schemes[] = { { "http://", 7 },
		{ "https://", 8 } };

	for (size_t i = 0; i < 2; i++) {
		if (slice_starts_nocase(*s, schemes[i])) {
			*s = slice_skip(*s, schemes[i].n);
			return true;
		}
	}
	return false;
}

/* RFC 9112 3.2: origin, asterisk, authority and absolute form. */
static int
split_target(struct http1_head *h, struct err *e)
{
	struct slice rest = h->target, tail;
	const char *at;

	if (rest.p[0] == '/' || slice_eq(rest, SLICE("*"))) {
		split_path(h, rest);
		return 0;
	}
	if (h->method_id == HTTP1_CONNECT) {
		h->authority = rest;
		h->path = (struct slice){ rest.p + rest.n, 0 };
		return 0;
	}
	if (!take_scheme(&rest))
		return bad(e, "the target is neither a path nor an http URL");
	tail = rest;
	cut(&rest, '/');
	cut(&rest, '?');
	cut(&rest, '#');
	tail = slice_skip(tail, rest.n);
	h->authority = rest;
	at = memchr(rest.p, '@', rest.n);
	if (rest.n == 0 ||
	    (at != NULL &&
		memchr(at + 1, '@', (size_t)(rest.p + rest.n - at - 1))))
		return bad(e, "the authority of the target");
	split_path(h, tail);
	return 0;
}

/* The last member of the (perhaps repeated) comma list. */
static bool
coding_ends_chunked(const struct http1_head *h)
{
	struct slice value, last = { NULL, 0 };
	unsigned at = 0;

	while (http1_next(h, SLICE("transfer-encoding"), &at, &value))
		last = value;
	for (size_t i = last.n; i > 0; i--)
		if (last.p[i - 1] == ',') {
			last = slice_skip(last, i);
			break;
		}
	return http1_list_has(last, SLICE("chunked"));
}

/* "chunked" must be the last coding and stand there once (RFC 9112 6.1). */
static int
frame_coded(const struct http1_parser *p, struct http1_head *h, struct err *e)
{
	if (coding_ends_chunked(h))
		h->body = HTTP1_BODY_CHUNKED;
	else if (p->response)
		h->body = HTTP1_BODY_CLOSE;
	else
		return http1_check(p, h, e) < 0
		           ? -1
		           : bad(e, "a Transfer-Encoding that does not end");
	return 0;
}

static void
frame_length(const struct http1_parser *p, struct http1_head *h)
{
	struct slice digits = http1_header(h, HTTP1_CONTENT_LENGTH);

	if (digits.p == NULL) {
		h->body = p->response ? HTTP1_BODY_CLOSE : HTTP1_BODY_NONE;
		return;
	}
	for (size_t i = 0; i < digits.n; i++)
		h->content_length =
		    h->content_length * 10 + (uint64_t)(digits.p[i] - '0');
	h->body = h->content_length > 0 ? HTTP1_BODY_LENGTH : HTTP1_BODY_NONE;
}

static bool
has_no_body(const struct http1_parser *p, const struct http1_head *h)
{
	return p->response && (p->to_head || h->status < 200 ||
				  h->status == 204 || h->status == 304);
}

static bool
connection_has(const struct http1_head *h, struct slice option)
{
	struct slice value;
	unsigned at = 0;

	if (h->first[HTTP1_CONNECTION] == 0)
		return false;
	while (http1_next(h, SLICE("connection"), &at, &value))
		if (http1_list_has(value, option))
			return true;
	return false;
}

int
http1_frame(const struct http1_parser *p, struct http1_head *h, struct err *e)
{
	if (!p->response && split_target(h, e) < 0)
		return -1;
	h->host = http1_header(h, HTTP1_HOST);
	h->expect_continue =
	    h->minor == 1 && slice_eq_nocase(http1_header(h, HTTP1_EXPECT),
				 SLICE("100-continue"));
	h->keep_alive =
	    !connection_has(h, SLICE("close")) &&
	    (h->minor == 1 || connection_has(h, SLICE("keep-alive")));
	if (h->first[HTTP1_TRANSFER_ENCODING] == 0)
		frame_length(p, h);
	else if (frame_coded(p, h, e) < 0)
		return -1;
	if (has_no_body(p, h))
		h->body = HTTP1_BODY_NONE;
	if (h->body == HTTP1_BODY_CLOSE)
		h->keep_alive = false;
	return 0;
}

static void
move_slice(struct slice *s, const char *from, const char *to)
{
	if (s->p != NULL)
		s->p = to + (s->p - from);
}

void
http1_move_head(struct http1_head *h, const char *from, const char *to)
{
	unsigned i;

	move_slice(&h->method, from, to);
	move_slice(&h->target, from, to);
	move_slice(&h->reason, from, to);
	for (i = 0; i < h->count; i++) {
		move_slice(&h->fields[i].name, from, to);
		move_slice(&h->fields[i].value, from, to);
	}
	if (i < HTTP1_FIELDS_MAX)
		move_slice(&h->fields[i].name, from, to);
}

void
http1_clear_head(struct http1_head *h)
{
	memset(h, 0, offsetof(struct http1_head, fields));
	h->fields[0].name = (struct slice){ NULL, 0 };
}

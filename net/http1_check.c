#include "net/http1_priv.h"

/*
 * What is legal, or nearly so, and refused all the same: whatever another
 * parser in the chain may read in a second way.
 */

static int
bad(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "Malformed HTTP: %s.", what);
}

/* ":" and a port, or nothing. */
static bool
port_ok(struct slice s)
{
	unsigned port = 0;

	if (s.n == 0)
		return true;
	if (s.p[0] != ':' || s.n < 2 || s.n > 6)
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!byte_is(s.p[i], BYTE_DIGIT))
			return false;
		port = port * 10 + (unsigned)(s.p[i] - '0');
	}
	return port <= 65535;
}

static bool
host_ok(struct slice host)
{
	const char *end = host.p + host.n, *at;

	if (host.n == 0)
		return false;
	if (host.p[0] == '[') {
		at = memchr(host.p, ']', host.n);
		if (at == NULL || at - host.p < 3 ||
		    strspn(host.p + 1, "0123456789abcdefABCDEF:.") !=
			(size_t)(at - host.p - 1))
			return false;
		at++;
	} else {
		at = skip_class(host.p, end, BYTE_HOST);
		if (at == host.p)
			return false;
	}
	return port_ok((struct slice){ at, (size_t)(end - at) });
}

static int
check_host(const struct http1_head *h, struct err *e)
{
	if (h->repeated & 1U << HTTP1_HOST)
		return bad(e, "two Host headers");
	if (h->host.p == NULL)
		return h->minor == 0 ? 0 : bad(e, "no Host header");
	if (!host_ok(h->host))
		return bad(e, "the Host header is no host");
	if (h->authority.p != NULL && !slice_eq_nocase(h->authority, h->host))
		return bad(e, "the target names another host than Host");
	return 0;
}

static int
check_target(const struct http1_head *h, struct err *e)
{
	if (h->method_id == HTTP1_CONNECT)
		return bad(e, "CONNECT is not offered");
	if (h->fragment)
		return bad(e, "a fragment in the target");
	if (h->target.p[0] == '*' && h->method_id != HTTP1_OPTIONS)
		return bad(e, "the target * is for OPTIONS only");
	if (h->authority.p != NULL && !host_ok(h->authority))
		return bad(e, "the authority of the target");
	return 0;
}

static bool
is_compression(struct slice coding)
{
	static const struct slice known[] = { { "gzip", 4 }, { "x-gzip", 6 },
		{ "deflate", 7 }, { "compress", 8 }, { "x-compress", 10 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (http1_list_has(coding, known[i]))
			return true;
	return false;
}

/* Exactly one Transfer-Encoding, exactly "chunked", not in HTTP/1.0. */
static int
check_coding(const struct http1_head *h, struct err *e)
{
	struct slice coding = http1_header(h, HTTP1_TRANSFER_ENCODING);

	if (coding.p == NULL)
		return 0;
	if (h->minor == 0)
		return bad(e, "Transfer-Encoding in HTTP/1.0");
	if (h->repeated & 1U << HTTP1_TRANSFER_ENCODING)
		return bad(e, "two Transfer-Encoding");
	if (slice_eq_nocase(coding, SLICE("chunked")))
		return 0;
	if (is_compression(coding))
		return err_set(e, ERR_NOT_IMPLEMENTED,
		    "Transfer codings other than chunked are not implemented.");
	return bad(e, "a Transfer-Encoding other than chunked");
}

static int
check_length(const struct http1_head *h, struct err *e)
{
	struct slice digits = http1_header(h, HTTP1_CONTENT_LENGTH);

	if (digits.n > 1 && digits.p[0] == '0')
		return bad(e, "a Content-Length with leading zeros");
	return 0;
}

/*
 * "Content_Length" is the framing header itself to a server behind a CGI-like
 * interface, and nothing to us.
 */
static int
check_lookalikes(const struct http1_head *h, struct err *e)
{
	for (unsigned i = 0; i < h->count; i++) {
		struct slice name = h->fields[i].name;

		if (slice_eq_nocase(name, SLICE("content_length")) ||
		    slice_eq_nocase(name, SLICE("transfer_encoding")))
			return bad(e, "a framing header with an underscore");
	}
	return 0;
}

static int
check_body(const struct http1_head *h, struct err *e)
{
	struct slice expect = http1_header(h, HTTP1_EXPECT);
	struct slice coding = http1_header(h, HTTP1_CONTENT_ENCODING);

	if (expect.p != NULL && !slice_eq_nocase(expect, SLICE("100-continue")))
		return err_set(e, ERR_EXPECTATION,
		    "Only 100-continue can be expected here.");
	if (coding.p != NULL && !slice_eq_nocase(coding, SLICE("identity")))
		return err_set(e, ERR_MEDIA_TYPE,
		    "Request bodies must not be compressed.");
	return 0;
}

int
http1_check(const struct http1_parser *p, const struct http1_head *h,
    struct err *e)
{
	if (check_coding(h, e) < 0)
		return -1;
	if (p->response)
		return 0;
	if (check_length(h, e) < 0 || check_target(h, e) < 0 ||
	    check_host(h, e) < 0 || check_lookalikes(h, e) < 0)
		return -1;
	return check_body(h, e);
}

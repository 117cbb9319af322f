#include "net/http1_priv.h"

/* The chunked coding (RFC 9112 7.1): sizes, extensions, data, trailers. */

enum {
	LINE_MAX_BYTES = 256,
	SIZE_MAX_DIGITS = 15,
	TRAILERS_MAX = 16,
	TRAILER_MAX_BYTES = 4096,
};

enum state {
	SIZE,
	EXT_NAME_BEGIN,
	EXT_NAME,
	EXT_VALUE_BEGIN,
	EXT_VALUE,
	EXT_QUOTED,
	EXT_ESCAPED,
	EXT_QUOTED_END,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	END,
};

static int
bad(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_REQUEST, "Malformed chunked body: %s.", what);
}

void
http1_chunks_start(struct http1_chunks *c)
{
	*c = (struct http1_chunks){ .state = SIZE };
}

static int
hex_value(char b)
{
	if (byte_is(b, BYTE_DIGIT))
		return b - '0';
	b |= 0x20;
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

static int
size_byte(struct http1_chunks *c, char b, struct err *e)
{
	int digit = hex_value(b);

	if (digit >= 0) {
		if (++c->digits > SIZE_MAX_DIGITS)
			return bad(e, "a chunk size out of range");
		c->left = c->left << 4 | (unsigned)digit;
		return 0;
	}
	if (c->digits == 0 || (b != ';' && b != '\r'))
		return bad(e, "not a chunk size");
	c->state = b == ';' ? EXT_NAME_BEGIN : SIZE_LF;
	return 0;
}

/* The state behind a complete extension, or -1 when b does not end one. */
static int
after_extension(char b)
{
	return b == ';' ? EXT_NAME_BEGIN : b == '\r' ? SIZE_LF : -1;
}

static int
extension_state(int state, char b)
{
	bool token = byte_is(b, BYTE_TOKEN);

	switch (state) {
	case EXT_NAME_BEGIN:
		return token ? EXT_NAME : -1;
	case EXT_NAME:
		if (token)
			return EXT_NAME;
		return b == '=' ? EXT_VALUE_BEGIN : after_extension(b);
	case EXT_VALUE_BEGIN:
		return b == '"' ? EXT_QUOTED : token ? EXT_VALUE : -1;
	case EXT_VALUE:
		return token ? EXT_VALUE : after_extension(b);
	case EXT_QUOTED:
		if (!byte_is(b, BYTE_VALUE))
			return -1;
		return b == '"'    ? EXT_QUOTED_END
		       : b == '\\' ? EXT_ESCAPED
		                   : EXT_QUOTED;
	case EXT_ESCAPED:
		return byte_is(b, BYTE_VALUE) ? EXT_QUOTED : -1;
	default:
		return after_extension(b);
	}
}

static int
line_byte(struct http1_chunks *c, char b, struct err *e)
{
	int next;

	if (++c->line > LINE_MAX_BYTES)
		return bad(e, "a chunk line longer than 256 bytes");
	if (c->state == SIZE)
		return size_byte(c, b, e);
	if (c->state == SIZE_LF) {
		if (b != '\n')
			return bad(e, "a CR without LF");
		c->line = 0;
		c->digits = 0;
		c->state = c->left > 0 ? DATA : TRAILER;
		return 0;
	}
	next = extension_state(c->state, b);
	if (next < 0)
		return bad(e, "not a chunk extension");
	c->state = next;
	return 0;
}

static int
data_end_byte(struct http1_chunks *c, char b, struct err *e)
{
	if (b != (c->state == DATA_CR ? '\r' : '\n'))
		return bad(e, "no CRLF behind a chunk");
	c->state = c->state == DATA_CR ? DATA_LF : SIZE;
	return 0;
}

/* Headers that would change what the message is must not come late. */
static bool
trailer_forbidden(const struct http1_chunks *c)
{
	static const struct slice names[] = { { "transfer-encoding", 17 },
		{ "content-length", 14 }, { "content-type", 12 },
		{ "content-encoding", 16 }, { "host", 4 },
		{ "authorization", 13 }, { "expect", 6 }, { "trailer", 7 } };
	struct slice name = { c->name, c->name_len };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_eq_nocase(name, names[i]))
			return true;
	return false;
}

static int
trailer_name_byte(struct http1_chunks *c, char b, struct err *e)
{
	if (b == ':' && c->name_len > 0) {
		if (trailer_forbidden(c))
			return bad(e, "a trailer that must be a header");
		c->state = TRAILER_VALUE;
		return 0;
	}
	if (!byte_is(b, BYTE_TOKEN))
		return bad(e, "not a trailer name");
	if (c->name_len < sizeof(c->name))
		c->name[c->name_len] = b;
	c->name_len++;
	c->state = TRAILER_NAME;
	return 0;
}

static int
trailer_begin_byte(struct http1_chunks *c, char b, struct err *e)
{
	if (b == '\r') {
		c->state = END_LF;
		return 0;
	}
	if (++c->trailers > TRAILERS_MAX)
		return err_set(e, ERR_HEADERS_TOO_LARGE, "Too many trailers.");
	c->name_len = 0;
	return trailer_name_byte(c, b, e);
}

static int
trailer_byte(struct http1_chunks *c, char b, struct err *e)
{
	if (++c->trailer_bytes > TRAILER_MAX_BYTES)
		return err_set(e, ERR_HEADERS_TOO_LARGE,
		    "Trailers longer than 4 KiB.");
	switch (c->state) {
	case TRAILER:
		return trailer_begin_byte(c, b, e);
	case TRAILER_NAME:
		return trailer_name_byte(c, b, e);
	case TRAILER_VALUE:
		if (b != '\r' && !byte_is(b, BYTE_VALUE))
			return bad(e, "a forbidden byte in a trailer");
		c->state = b == '\r' ? TRAILER_LF : TRAILER_VALUE;
		return 0;
	default:
		if (b != '\n')
			return bad(e, "a CR without LF");
		c->state = c->state == END_LF ? END : TRAILER;
		return 0;
	}
}

static struct slice
take_data(struct http1_chunks *c, struct slice *in)
{
	size_t n = in->n < c->left ? in->n : (size_t)c->left;
	struct slice data = { in->p, n };

	*in = slice_skip(*in, n);
	c->left -= n;
	if (c->left == 0)
		c->state = DATA_CR;
	return data;
}

int
http1_chunks_next(struct http1_chunks *c, struct slice *in,
    struct slice *data_r, struct err *e)
{
	int r = 0;

	while (r == 0 && in->n > 0 && c->state != END) {
		if (c->state == DATA) {
			*data_r = take_data(c, in);
			return HTTP1_CHUNK_DATA;
		}
		if (c->state < DATA)
			r = line_byte(c, slice_take(in), e);
		else if (c->state < TRAILER)
			r = data_end_byte(c, slice_take(in), e);
		else
			r = trailer_byte(c, slice_take(in), e);
	}
	if (r < 0)
		return -1;
	return c->state == END ? HTTP1_CHUNK_END : HTTP1_CHUNK_MORE;
}

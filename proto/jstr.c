#include "proto/jstr.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/utf8.h"

static unsigned
jstr_hex4(const char *p)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned digit = (unsigned char)p[i];

		/* A letter of either case is 9 behind its low four bits. */
		value = value << 4 | ((digit & 15) + (digit > '9' ? 9 : 0));
	}
	return value;
}

unsigned
jstr_unicode(const char *p, size_t *used_r)
{
	unsigned high = jstr_hex4(p), low;

	*used_r = 4;
	if (high < 0xd800 || high > 0xdbff)
		return high;
	low = jstr_hex4(p + 6);
	*used_r = 10;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char
jstr_short(char c)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found = strchr(from, c);

	return found != NULL ? to[found - from] : c;
}

/* One escape; p is behind the backslash.  The bytes written. */
static size_t
jstr_escape(const char *p, char *out, size_t *used_r)
{
	size_t used;
	unsigned code;

	if (*p != 'u') {
		*used_r = 1;
		*out = jstr_short(*p);
		return 1;
	}
	code = jstr_unicode(p + 1, &used);
	*used_r = used + 1;
	return utf8_write(code, out);
}

/*
 * Take the next piece of the text off raw: a run without escapes, or one
 * unescaped character, which is put in small[4].  raw is not empty.
 */
static struct slice
jstr_piece(struct slice *raw, char small[4])
{
	const char *slash = memchr(raw->p, '\\', raw->n);
	struct slice got = { raw->p, raw->n };
	size_t used;

	if (slash != raw->p) {
		if (slash != NULL)
			got.n = (size_t)(slash - raw->p);
		*raw = slice_skip(*raw, got.n);
		return got;
	}
	got = (struct slice){ small, jstr_escape(slash + 1, small, &used) };
	*raw = slice_skip(*raw, used + 1);
	return got;
}

size_t
jstr_unescape(struct slice raw, char *out)
{
	struct slice piece;
	char small[4];
	size_t n = 0;

	while (raw.n > 0) {
		piece = jstr_piece(&raw, small);
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
	}
	return n;
}

struct slice
jstr_decode(struct slice raw, struct pool *pool)
{
	char *out;

	if (raw.n == 0 || memchr(raw.p, '\\', raw.n) == NULL)
		return raw;
	out = pool_alloc(pool, raw.n);
	return (struct slice){ out, jstr_unescape(raw, out) };
}

struct slice
jstr_item(const struct jscan_item *item, struct pool *pool)
{
	struct slice raw = jscan_text(item);

	return item->escaped ? jstr_decode(raw, pool) : raw;
}

struct slice
jstr_name(const struct jscan_item *item, struct pool *pool)
{
	return item->name_escaped ? jstr_decode(item->name, pool) : item->name;
}

void
jstr_add(struct sbuf *b, struct slice raw)
{
	char small[4];

	while (raw.n > 0)
		sbuf_add_slice(b, jstr_piece(&raw, small));
}

size_t
jstr_chars(struct slice raw)
{
	struct slice piece;
	char small[4];
	size_t n = 0;

	while (raw.n > 0) {
		piece = jstr_piece(&raw, small);
		for (size_t i = 0; i < piece.n; i++)
			n += (piece.p[i] & 0xc0) != 0x80;
	}
	return n;
}

bool
jstr_equal(struct slice raw, struct slice text)
{
	struct slice piece;
	char small[4];

	while (raw.n > 0) {
		piece = jstr_piece(&raw, small);
		if (!slice_starts(text, piece))
			return false;
		text = slice_skip(text, piece.n);
	}
	return text.n == 0;
}

bool
jstr_same(struct slice a, struct slice b)
{
	struct slice piece_a = { "", 0 }, piece_b = { "", 0 };
	char small_a[4], small_b[4];
	size_t n;

	for (;;) {
		if (piece_a.n == 0 && a.n > 0)
			piece_a = jstr_piece(&a, small_a);
		if (piece_b.n == 0 && b.n > 0)
			piece_b = jstr_piece(&b, small_b);
		if (piece_a.n == 0 || piece_b.n == 0)
			return piece_a.n == piece_b.n;
		n = piece_a.n < piece_b.n ? piece_a.n : piece_b.n;
		if (memcmp(piece_a.p, piece_b.p, n) != 0)
			return false;
		piece_a = slice_skip(piece_a, n);
		piece_b = slice_skip(piece_b, n);
	}
}

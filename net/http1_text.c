#include <stdint.h>

#include "net/http1_priv.h"

/* Classes of bytes and the words that the grammar knows. */

#define ALNUM (BYTE_TOKEN | BYTE_VALUE | BYTE_TARGET | BYTE_HOST)
#define VISIBLE (BYTE_VALUE | BYTE_TARGET)
#define MARK (BYTE_TOKEN | VISIBLE)
#define MARK_HOST (MARK | BYTE_HOST)

const unsigned char http1_bytes[256] = {
	['\t'] = BYTE_VALUE,
	[' '] = BYTE_VALUE,
	['!'] = MARK_HOST,
	['"'] = VISIBLE,
	['#'] = MARK,
	['$'] = MARK_HOST,
	['%'] = MARK_HOST,
	['&'] = MARK_HOST,
	['\''] = MARK_HOST,
	['('] = VISIBLE | BYTE_HOST,
	[')'] = VISIBLE | BYTE_HOST,
	['*'] = MARK_HOST,
	['+'] = MARK_HOST,
	[','] = VISIBLE,
	['-'] = MARK_HOST,
	['.'] = MARK_HOST,
	['/'] = VISIBLE,
	['0' ... '9'] = ALNUM | BYTE_DIGIT,
	[':'] = VISIBLE,
	[';'] = VISIBLE | BYTE_HOST,
	['<'] = VISIBLE,
	['='] = VISIBLE | BYTE_HOST,
	['>'] = VISIBLE,
	['?'] = VISIBLE,
	['@'] = VISIBLE,
	['A' ... 'Z'] = ALNUM,
	['['] = VISIBLE,
	['\\'] = VISIBLE,
	[']'] = VISIBLE,
	['^'] = MARK,
	['_'] = MARK_HOST,
	['`'] = MARK,
	['a' ... 'z'] = ALNUM,
	['{'] = VISIBLE,
	['|'] = MARK,
	['}'] = VISIBLE,
	['~'] = MARK_HOST,
	[0x80 ... 0xff] = BYTE_VALUE,
};

#define EACH (UINT64_C(0x0101010101010101))
#define HIGH (EACH * 0x80)

/*
 * Eight bytes at a time: the high bit of each byte below 0x20 or equal to
 * 0x7f.  May flag too many (HTAB; a byte behind a flagged one), never too
 * few: the table decides.
 */
static uint64_t
suspects(uint64_t word)
{
	uint64_t low = (word - EACH * 0x20) & ~word;
	uint64_t del = word ^ (EACH * 0x7f);

	return (low | ((del - EACH) & ~del)) & HIGH;
}

const char *
http1_skip_value(const char *at, const char *end)
{
	uint64_t word;

	while (end - at >= 8) {
		memcpy(&word, at, 8);
		if (suspects(word) == 0) {
			at += 8;
			continue;
		}
		for (int i = 0; i < 8; i++, at++)
			if (!byte_is(*at, BYTE_VALUE))
				return at;
	}
	return skip_class(at, end, BYTE_VALUE);
}

enum http1_name
http1_name_id(struct slice name)
{
#define HTTP1_NAME(symbol, text)                                               \
	if (name.n == sizeof(text) - 1 &&                                      \
	    name_is(name.p, text, sizeof(text) - 1))                           \
		return HTTP1_##symbol;
#include "net/http1_names.def"
#undef HTTP1_NAME
	return HTTP1_NAME_OTHER;
}

enum http1_method
http1_method_id(struct slice method)
{
	static const struct {
		struct slice name;
		enum http1_method id;
	} methods[] = {
		{ { "POST", 4 }, HTTP1_POST },
		{ { "GET", 3 }, HTTP1_GET },
		{ { "HEAD", 4 }, HTTP1_HEAD },
		{ { "PUT", 3 }, HTTP1_PUT },
		{ { "PATCH", 5 }, HTTP1_PATCH },
		{ { "DELETE", 6 }, HTTP1_DELETE },
		{ { "OPTIONS", 7 }, HTTP1_OPTIONS },
		{ { "CONNECT", 7 }, HTTP1_CONNECT },
		{ { "TRACE", 5 }, HTTP1_TRACE },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_eq(method, methods[i].name))
			return methods[i].id;
	return HTTP1_METHOD_OTHER;
}

int
http1_next(const struct http1_head *h, struct slice name, unsigned *at,
    struct slice *value_r)
{
	while (*at < h->count) {
		const struct http1_field *f = &h->fields[(*at)++];

		if (slice_eq_nocase(f->name, name)) {
			*value_r = f->value;
			return 1;
		}
	}
	return 0;
}

struct slice
http1_find(const struct http1_head *h, struct slice name)
{
	struct slice value = { NULL, 0 };
	unsigned at = 0;

	http1_next(h, name, &at, &value);
	return value;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool
http1_list_has(struct slice list, struct slice token)
{
	while (list.n > 0) {
		const char *comma = memchr(list.p, ',', list.n);
		size_t n = comma != NULL ? (size_t)(comma - list.p) : list.n;
		struct slice item = trim((struct slice){ list.p, n });

		if (slice_eq_nocase(item, token))
			return true;
		list = slice_skip(list, comma != NULL ? n + 1 : n);
	}
	return false;
}

bool
http1_value_ok(struct slice value)
{
	const char *end = value.p + value.n;

	return value.n == 0 || http1_skip_value(value.p, end) == end;
}

bool
http1_token_ok(struct slice name)
{
	const char *end = name.p + name.n;

	return name.n > 0 && skip_class(name.p, end, BYTE_TOKEN) == end;
}

const char *
http1_reason(unsigned status)
{
	switch (status) {
#define HTTP1_REASON(number, text)                                             \
	case number:                                                           \
		return text;
#include "net/http1_reasons.def"
#undef HTTP1_REASON
	default:
		return "Unknown";
	}
}

#include <assert.h>
#include <stdint.h>

#include "net/http1_priv.h"
#include "net/http1_skip.h"

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

/* Open addressing; filled at the first look. */
enum { SLOTS = 64 };

static const struct slice names[HTTP1_NAME_COUNT] = {
#define HTTP1_NAME(symbol, text) [HTTP1_##symbol] = { text, sizeof(text) - 1 },
#include "net/http1_names.def"
#undef HTTP1_NAME
};

static unsigned char slots[SLOTS];

static_assert(HTTP1_NAME_COUNT <= SLOTS / 2, "the names fill the slots");

static unsigned
name_slot(const char *name, size_t n)
{
	unsigned first = name[0] & 0x1f, last = name[n - 1] & 0x1f;

	return ((unsigned)n + first * 2 + last * 5) % SLOTS;
}

static void
names_fill(void)
{
	for (unsigned id = 1; id < HTTP1_NAME_COUNT; id++) {
		unsigned i = name_slot(names[id].p, names[id].n);

		assert(names[id].n >= 4);
		while (slots[i] != 0)
			i = (i + 1) % SLOTS;
		slots[i] = (unsigned char)id;
	}
}

static uint64_t
load8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static uint32_t
load4(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/*
 * Letter case is the bit 0x20 of letters, which alone among the bytes of our
 * names have the bit 0x40: a CR does not pass for a hyphen.
 */
static bool
same8(const char *name, const char *lower)
{
	uint64_t low = load8(lower);

	return (load8(name) | (low >> 1 & UINT64_C(0x2020202020202020))) == low;
}

static bool
same4(const char *name, const char *lower)
{
	uint32_t low = load4(lower);

	return (load4(name) | (low >> 1 & 0x20202020U)) == low;
}

/* Words from the front and one that ends where the name does; n >= 4. */
static bool
name_is(const char *name, const char *lower, size_t n)
{
	if (n < 8)
		return same4(name, lower) && same4(name + n - 4, lower + n - 4);
	for (size_t i = 0; i + 8 < n; i += 8)
		if (!same8(name + i, lower + i))
			return false;
	return same8(name + n - 8, lower + n - 8);
}

enum http1_name
http1_name_id(struct slice name)
{
	unsigned i;

	if (name.n < 4)
		return HTTP1_NAME_OTHER;
	if (slots[name_slot(names[1].p, names[1].n)] == 0)
		names_fill();
	for (i = name_slot(name.p, name.n); slots[i] != 0; i = (i + 1) % SLOTS)
		if (names[slots[i]].n == name.n &&
		    name_is(name.p, names[slots[i]].p, name.n))
			return slots[i];
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

	return value.n == 0 || skip_value(value.p, end) == end;
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

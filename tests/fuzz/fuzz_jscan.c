/*
 * The scanner against a second reading of RFC 8259, plain and recursive; the
 * walk against the scan; and every form of the vector loops.
 */

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/jscan.h"
#include "proto/jscan_find.h"
#include "proto/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice in;
static bool lone; /* a surrogate without its partner was seen */

static void
blanks(void)
{
	while (in.n > 0 && strchr(" \t\r\n", *in.p) != NULL && *in.p != '\0')
		slice_take(&in);
}

static bool
take(char c)
{
	if (in.n == 0 || *in.p != c)
		return false;
	slice_take(&in);
	return true;
}

static bool
word(const char *text)
{
	for (; *text != '\0'; text++)
		if (!take(*text))
			return false;
	return true;
}

static bool
digits(void)
{
	size_t before = in.n;

	while (in.n > 0 && *in.p >= '0' && *in.p <= '9')
		slice_take(&in);
	return in.n < before;
}

static bool
number(void)
{
	take('-');
	if (!take('0') && !digits())
		return false;
	if (take('.') && !digits())
		return false;
	if (take('e') || take('E')) {
		if (!take('+'))
			take('-');
		return digits();
	}
	return true;
}

static int
hex4(void)
{
	static const char all[] = "0123456789abcdef0123456789ABCDEF";
	const char *at;
	int value = 0;

	for (int i = 0; i < 4; i++) {
		if (in.n == 0 || *in.p == '\0' ||
		    (at = strchr(all, *in.p)) == NULL)
			return -1;
		value = value * 16 + (int)((at - all) % 16);
		slice_take(&in);
	}
	return value;
}

static bool
escape(void)
{
	int high, low;

	if (in.n == 0)
		return false;
	if (*in.p != 'u') {
		char c = slice_take(&in);

		return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
	}
	slice_take(&in);
	high = hex4();
	if (high < 0)
		return false;
	if (high >= 0xd800 && high <= 0xdbff) {
		if (!word("\\u") || (low = hex4()) < 0xdc00 || low > 0xdfff)
			lone = true;
		return !lone;
	}
	if (high >= 0xdc00 && high <= 0xdfff)
		lone = true;
	return !lone;
}

static bool
string(void)
{
	size_t n;

	if (!take('"'))
		return false;
	while (in.n > 0 && *in.p != '"') {
		if (take('\\')) {
			if (!escape())
				return false;
			continue;
		}
		n = utf8_step(in.p, in.p + in.n);
		if (n == 0 || (unsigned char)*in.p < 0x20)
			return false;
		in = slice_skip(in, n);
	}
	return take('"');
}

static bool value(int depth);

static bool
items(char close, bool named, int depth)
{
	blanks();
	if (take(close))
		return true;
	do {
		blanks();
		if (named && (!string() || (blanks(), !take(':'))))
			return false;
		if (!value(depth))
			return false;
		blanks();
	} while (take(','));
	return take(close);
}

static bool
value(int depth)
{
	blanks();
	if (in.n == 0)
		return false;
	switch (*in.p) {
	case '{':
		slice_take(&in);
		return depth < JSCAN_DEPTH && items('}', true, depth + 1);
	case '[':
		slice_take(&in);
		return depth < JSCAN_DEPTH && items(']', false, depth + 1);
	case '"':
		return string();
	case 't':
		return word("true");
	case 'f':
		return word("false");
	case 'n':
		return word("null");
	default:
		return number();
	}
}

/* Each value found by the walk must pass the scan as the same value. */
static void
walk(const struct jscan_item *item)
{
	struct jscan_item inner, again;
	struct jscan_iter it;
	struct err e;
	const char *last = item->value.p;

	if (item->type != JSCAN_OBJECT && item->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, item->value);
	while (item->type == JSCAN_OBJECT ? jscan_member_next(&it, &inner)
					  : jscan_element_next(&it, &inner)) {
		assert(inner.value.p > last);
		last = inner.value.p + inner.value.n - 1;
		assert(jscan_value(inner.value, &again, &e) == 0);
		assert(again.type == inner.type &&
		       again.escaped == inner.escaped &&
		       slice_eq(again.value, inner.value));
		walk(&inner);
	}
	assert(last < item->value.p + item->value.n);
}

static void
forms(struct slice text)
{
	const char *end = text.p + text.n;

	for (size_t i = 0; i <= text.n; i++) {
		const char *p = text.p + i;

		assert(jscan_find_special(p, end) ==
		       jscan_find_special_portable(p, end));
		assert(jscan_find_quote(p, end) ==
		       jscan_find_quote_portable(p, end));
		assert(jscan_find_bracket(p, end) ==
		       jscan_find_bracket_portable(p, end));
#ifdef __SSE2__
		assert(jscan_find_special_sse2(p, end) ==
		       jscan_find_special_portable(p, end));
		if (__builtin_cpu_supports("avx2"))
			assert(jscan_find_special_avx2(p, end) ==
			       jscan_find_special_portable(p, end));
#endif
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct jscan_item item;
	struct err e;
	bool good;

	if (size == 0)
		return 0;
	in = text;
	lone = false;
	good = value(0);
	blanks();
	good = good && in.n == 0;
	assert((jscan_value(text, &item, &e) == 0) == good);
	if (good)
		walk(&item);
	if (size < 256)
		forms(text);
	return 0;
}

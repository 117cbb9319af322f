#include "proto/base64.h"

#include <stdint.h>

#include "base/sbuf.h"

/* The six bits of a character of either alphabet, or -1. */
static int
base64_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static int
base64_fail(const char *reason, size_t at, size_t *n_r, const char **reason_r)
{
	*reason_r = reason;
	*n_r = at;
	return 0;
}

/* The text without its padding; n 0 when the padding is not complete. */
static struct slice
base64_unpad(struct slice text)
{
	size_t padding = 0;

	while (padding < text.n && padding < 2 &&
	       text.p[text.n - 1 - padding] == '=')
		padding++;
	if (padding > 0 && text.n % 4 != 0)
		return (struct slice){ text.p, 0 };
	text.n -= padding;
	return text;
}

/* The place of the first character that may not be there, or s.n. */
static size_t
base64_first_bad(struct slice s)
{
	bool plain = false, url = false;

	for (size_t i = 0; i < s.n; i++) {
		plain |= s.p[i] == '+' || s.p[i] == '/';
		url |= s.p[i] == '-' || s.p[i] == '_';
		if ((plain && url) || base64_bits(s.p[i]) < 0)
			return i;
	}
	return s.n;
}

int
base64_read(struct slice text, char *out, size_t *n_r, const char **reason_r)
{
	struct slice s = base64_unpad(text);
	size_t bad = base64_first_bad(s), n = 0;
	unsigned held = 0, bits = 0;

	if (text.n == 0)
		return base64_fail("empty value", 0, n_r, reason_r);
	if (bad < s.n)
		return base64_fail("invalid character", bad, n_r, reason_r);
	if (s.n == 0 || s.n % 4 == 1)
		return base64_fail("invalid padding", text.n, n_r, reason_r);
	for (size_t i = 0; i < s.n; i++) {
		held = held << 6 | (unsigned)base64_bits(s.p[i]);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(held >> bits & 0xff);
		}
	}
	if ((held & ((1u << bits) - 1)) != 0)
		return base64_fail("unused bits are set", s.n - 1, n_r,
		    reason_r);
	*n_r = n;
	return 1;
}

/* Four characters for three bytes, or fewer with padding. */
static void
base64_group(char out[4], const unsigned char *in, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = (uint32_t)in[0] << 16;

	if (n > 1)
		bits |= (uint32_t)in[1] << 8;
	if (n > 2)
		bits |= in[2];
	out[0] = digits[bits >> 18];
	out[1] = digits[bits >> 12 & 63];
	out[2] = n > 1 ? digits[bits >> 6 & 63] : '=';
	out[3] = n > 2 ? digits[bits & 63] : '=';
}

void
base64_write(struct sbuf *b, struct slice bytes)
{
	const unsigned char *in = (const unsigned char *)bytes.p;
	char *out;

	sbuf_reserve(b, (bytes.n + 2) / 3 * 4 + 1);
	out = b->data + b->len;
	for (size_t at = 0; at < bytes.n; at += 3, out += 4)
		base64_group(out, in + at, bytes.n - at);
	b->len = (size_t)(out - b->data);
	b->data[b->len] = '\0';
}

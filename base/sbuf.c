#include "base/sbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/rare.h"
#include "base/xmem.h"

#define SBUF_MIN 64

void
sbuf_reserve(struct sbuf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need <= b->cap)
		return;
	if (b->cap == 0)
		b->cap = SBUF_MIN;
	while (b->cap < need)
		b->cap *= 2;
	b->data = xrealloc(b->data, b->cap);
}

void
sbuf_reserve_exact(struct sbuf *b, size_t n)
{
	if (b->len + n + 1 <= b->cap)
		return;
	b->cap = b->len + n + 1;
	b->data = xrealloc(b->data, b->cap);
}

RARE void
sbuf_grow_add(struct sbuf *b, const void *p, size_t n)
{
	sbuf_reserve(b, n);
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
sbuf_addc(struct sbuf *b, char c)
{
	sbuf_add(b, &c, 1);
}

void
sbuf_addf(struct sbuf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		sbuf_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void
sbuf_add_u64(struct sbuf *b, uint64_t n)
{
	char room[DECIMAL_DIGITS];

	sbuf_add_slice(b, decimal_write(n, room));
}

/* What a byte becomes inside a JSON string: itself, \x, or \u00xx. */
static void
sbuf_add_json_byte(struct sbuf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[] = "btn_fr"; /* from 0x08 on */
	char u[6] = { '\\', 'u', '0', '0', 0, 0 };

	if (c == '"' || c == '\\') {
		u[1] = (char)c;
		sbuf_add(b, u, 2);
	} else if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
		u[1] = shorts[c - 0x08];
		sbuf_add(b, u, 2);
	} else {
		u[4] = hex[c >> 4];
		u[5] = hex[c & 15];
		sbuf_add(b, u, 6);
	}
}

void
sbuf_add_json_part(struct sbuf *b, struct slice text)
{
	size_t from = 0;

	sbuf_reserve(b, text.n);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		sbuf_add(b, text.p + from, i - from);
		sbuf_add_json_byte(b, c);
		from = i + 1;
	}
	if (text.n > from)
		sbuf_add(b, text.p + from, text.n - from);
}

void
sbuf_add_json(struct sbuf *b, struct slice text)
{
	sbuf_addc(b, '"');
	sbuf_add_json_part(b, text);
	sbuf_addc(b, '"');
}

void
sbuf_consume(struct sbuf *b, size_t n)
{
	if (n >= b->len) {
		sbuf_clear(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void
sbuf_clear(struct sbuf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
sbuf_free(struct sbuf *b)
{
	free(b->data);
	memset(b, 0, sizeof *b);
}

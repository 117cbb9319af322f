/*
 * gemini_place - places in a text, in bytes and in characters.
 *
 * t->kept has a bit for each byte of the first choice's text: set where a
 * character goes on.  Other choices have no sources in practice; their places
 * stay as they are.
 */
#include "base/sbuf.h"
#include "dialect/gemini_tell.h"
#include "proto/jstr.h"

void
gemini_place_add(struct tell *t, struct slice raw)
{
	struct gemini_state *s = t->state;
	struct sbuf text = { 0 };

	if (raw.n == 0 || t->out.at != 0)
		return;
	jstr_add(&text, raw);
	for (size_t i = 0; i < text.len; i++, s->text++) {
		if (s->text % 8 == 0)
			sbuf_addc(&t->kept, 0);
		if ((text.data[i] & 0xc0) == 0x80)
			t->kept.data[s->text / 8] |= (char)(1 << s->text % 8);
	}
	sbuf_free(&text);
}

int64_t
gemini_place(const struct tell *t, int64_t byte)
{
	const struct gemini_state *s = t->state;
	int64_t inside = 0;
	size_t n;

	if (t->out.at != 0 || byte < 0)
		return byte < 0 ? 0 : byte;
	n = (size_t)byte < s->text ? (size_t)byte : s->text;
	for (size_t i = 0; i < n / 8; i++)
		inside += __builtin_popcount((unsigned char)t->kept.data[i]);
	for (size_t i = n - n % 8; i < n; i++)
		inside += t->kept.data[i / 8] >> i % 8 & 1;
	return (int64_t)n - inside;
}

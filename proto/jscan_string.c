#include "proto/jscan_string.h"

#include "proto/jscan_block.h"
#include "proto/utf8.h"

int
jscan_fail(struct jscan_reader *s, const char *reason)
{
	s->reason = s->p < s->end ? reason : "unexpected end";
	return -1;
}

/* The value of four hexadecimal digits at s->p, or -1. */
static int
jscan_hex4(struct jscan_reader *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		char c = s->p < s->end ? *s->p : 'x';

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return jscan_fail(s, "invalid \\u escape");
	}
	return value;
}

/* Behind "\u". */
static int
jscan_unicode(struct jscan_reader *s)
{
	const char *at = s->p - 2;
	int code = jscan_hex4(s);

	if (code < 0)
		return -1;
	if (code == 0)
		s->zero = true;
	if (code < 0xd800 || code > 0xdfff)
		return 0;
	if (code < 0xdc00 && s->end - s->p >= 6 && s->p[0] == '\\' &&
	    s->p[1] == 'u') {
		s->p += 2;
		code = jscan_hex4(s);
		if (code < 0)
			return -1;
		if (code >= 0xdc00 && code <= 0xdfff)
			return 0;
	}
	s->p = at;
	return jscan_fail(s, "lone surrogate");
}

/* Behind a backslash, but for the u. */
static bool
jscan_may_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return true;
	default:
		return false;
	}
}

/* At a backslash. */
static int
jscan_escape(struct jscan_reader *s)
{
	s->escaped = true;
	s->p++;
	if (s->p == s->end)
		return jscan_fail(s, "");
	if (*s->p == 'u') {
		s->p++;
		return jscan_unicode(s);
	}
	if (!jscan_may_escape(*s->p))
		return jscan_fail(s, "invalid escape");
	s->p++;
	return 0;
}

/* Text in ASCII escapes comes in runs of them. */
static int
jscan_escapes(struct jscan_reader *s)
{
	do {
		if (jscan_escape(s) != 0)
			return -1;
	} while (s->p < s->end && *s->p == '\\');
	return 0;
}

/* What the blocks stopped at is looked at byte by byte. */
int
jscan_string_rest(struct jscan_reader *s)
{
	for (;;) {
		s->p = jscan_block(s->p, s->end, &s->escaped);
		if (!(s->p < s->end && *s->p == '"'))
			s->p = jscan_find_special(s->p, s->end);
		if (s->p == s->end)
			return jscan_fail(s, "");
		if (*s->p == '"') {
			s->p++;
			return 0;
		}
		if (*s->p == '\\') {
			if (jscan_escapes(s) != 0)
				return -1;
		} else if ((unsigned char)*s->p < 0x20) {
			return jscan_fail(s, "control byte in a string");
		} else {
			s->p = utf8_run(s->p, s->end);
			if (s->p < s->end && (unsigned char)*s->p >= 0x80)
				return jscan_fail(s, "invalid UTF-8");
		}
	}
}

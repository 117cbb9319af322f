#include "proto/jscan.h"

#include <assert.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jscan_find.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/*
 * The scan keeps no stack but one bit for each open bracket: depth is at most
 * JSCAN_DEPTH, so that they fit in a word.
 */
struct jscan {
	const char *p, *end;
	const char *reason; /* of the first fault; it lies at p */
	uint64_t in_object; /* bit 0: the innermost open bracket is a brace */
	unsigned depth;
	bool escaped, zero; /* the last string had a backslash, had U+0000 */
	bool ask;           /* a request: names are held to our limits */
};

static_assert(JSCAN_DEPTH <= 64, "one bit for each level");

static int
jscan_fail(struct jscan *s, const char *reason)
{
	s->reason = s->p < s->end ? reason : "unexpected end";
	return -1;
}

static inline bool
jscan_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void
jscan_blanks(struct jscan *s)
{
	while (s->p < s->end && jscan_is_blank(*s->p))
		s->p++;
}

static inline bool
jscan_sees(const struct jscan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static inline bool
jscan_take(struct jscan *s, char c)
{
	if (!jscan_sees(s, c))
		return false;
	s->p++;
	return true;
}

static inline bool
jscan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of four hexadecimal digits at s->p, or -1. */
static int
jscan_hex4(struct jscan *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++, s->p++) {
		char c = s->p < s->end ? *s->p : 'x';

		if (jscan_is_digit(c))
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
jscan_unicode(struct jscan *s)
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

/* At a backslash. */
static int
jscan_escape(struct jscan *s)
{
	s->escaped = true;
	s->p++;
	if (s->p == s->end)
		return jscan_fail(s, "");
	if (*s->p == 'u') {
		s->p++;
		return jscan_unicode(s);
	}
	if (*s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
		return jscan_fail(s, "invalid escape");
	s->p++;
	return 0;
}

/* At the opening quote. */
static int
jscan_string(struct jscan *s)
{
	s->escaped = s->zero = false;
	s->p++;
	for (;;) {
		s->p = jscan_find_special(s->p, s->end);
		if (s->p == s->end)
			return jscan_fail(s, "");
		if (*s->p == '"') {
			s->p++;
			return 0;
		}
		if (*s->p == '\\') {
			if (jscan_escape(s) != 0)
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

static int
jscan_digits(struct jscan *s)
{
	if (s->p == s->end || !jscan_is_digit(*s->p))
		return jscan_fail(s, "invalid number");
	while (s->p < s->end && jscan_is_digit(*s->p))
		s->p++;
	return 0;
}

static int
jscan_number(struct jscan *s)
{
	if (*s->p == '-')
		s->p++;
	if (!jscan_take(s, '0') && jscan_digits(s) != 0)
		return -1;
	if (jscan_take(s, '.') && jscan_digits(s) != 0)
		return -1;
	if (!jscan_take(s, 'e') && !jscan_take(s, 'E'))
		return 0;
	if (!jscan_take(s, '-'))
		jscan_take(s, '+');
	return jscan_digits(s);
}

static int
jscan_word(struct jscan *s, struct slice word)
{
	if ((size_t)(s->end - s->p) < word.n ||
	    memcmp(s->p, word.p, word.n) != 0)
		return jscan_fail(s, "unexpected byte");
	s->p += word.n;
	return 0;
}

/* A value that holds no others; s->p is not at the end. */
static int
jscan_scalar(struct jscan *s)
{
	switch (*s->p) {
	case '"':
		return jscan_string(s);
	case 't':
		return jscan_word(s, SLICE("true"));
	case 'f':
		return jscan_word(s, SLICE("false"));
	case 'n':
		return jscan_word(s, SLICE("null"));
	case '-':
		return jscan_number(s);
	default:
		if (jscan_is_digit(*s->p))
			return jscan_number(s);
		return jscan_fail(s, "unexpected byte");
	}
}

/* A member's name and its colon; blanks before and after are skipped too. */
static int
jscan_name(struct jscan *s, struct slice *name_r)
{
	const char *at;

	jscan_blanks(s);
	if (!jscan_sees(s, '"'))
		return jscan_fail(s, "expected a member name");
	at = s->p;
	if (jscan_string(s) != 0)
		return -1;
	*name_r = (struct slice){ at + 1, (size_t)(s->p - at) - 2 };
	if (s->ask && (name_r->n > JSCAN_NAME_MAX || s->zero)) {
		s->p = at;
		return jscan_fail(s,
		    s->zero ? "NUL in a member name" : "member name too long");
	}
	jscan_blanks(s);
	if (!jscan_take(s, ':'))
		return jscan_fail(s, "expected ':'");
	jscan_blanks(s);
	return 0;
}

/* At "{" or "[": 1 when a value follows, 0 when it is empty. */
static int
jscan_open(struct jscan *s)
{
	bool object = *s->p == '{';
	struct slice name;

	if (s->depth == JSCAN_DEPTH)
		return jscan_fail(s, "nesting too deep");
	s->p++;
	jscan_blanks(s);
	if (jscan_take(s, object ? '}' : ']'))
		return 0;
	s->in_object = s->in_object << 1 | object;
	s->depth++;
	if (object && jscan_name(s, &name) != 0)
		return -1;
	return 1;
}

/* Behind a value, above floor: 1 when another follows, 0 when all closed. */
static int
jscan_after(struct jscan *s, unsigned floor)
{
	struct slice name;
	bool object;

	while (s->depth > floor) {
		object = s->in_object & 1;
		jscan_blanks(s);
		if (jscan_take(s, ',')) {
			if (object)
				return jscan_name(s, &name) == 0 ? 1 : -1;
			jscan_blanks(s);
			return 1;
		}
		if (!jscan_take(s, object ? '}' : ']'))
			return jscan_fail(s, object ? "expected ',' or '}'"
						    : "expected ',' or ']'");
		s->in_object >>= 1;
		s->depth--;
	}
	return 0;
}

/* Any value, whatever it holds.  The name in *item_r is left alone. */
static int
jscan_any(struct jscan *s, struct jscan_item *item_r)
{
	const char *at = s->p;
	unsigned floor = s->depth;
	int more;

	do {
		if (s->p == s->end)
			return jscan_fail(s, "");
		more = *s->p == '{' || *s->p == '[' ? jscan_open(s)
		                                    : jscan_scalar(s);
		if (more == 0)
			more = jscan_after(s, floor);
	} while (more > 0);
	if (more < 0)
		return -1;
	item_r->value = (struct slice){ at, (size_t)(s->p - at) };
	item_r->type = jscan_type_of(*at);
	item_r->escaped = *at == '"' && s->escaped;
	return 0;
}

static int
jscan_at_end(struct jscan *s)
{
	jscan_blanks(s);
	return s->p == s->end ? 0 : jscan_fail(s, "unexpected byte");
}

static void
jscan_start(struct jscan *s, struct slice text)
{
	*s = (struct jscan){ .p = text.p, .end = text.p + text.n };
	jscan_blanks(s);
}

static int
jscan_report(const struct jscan *s, struct slice text, struct err *e)
{
	return err_set(e, ERR_INVALID_JSON, "%s at byte %zu", s->reason,
	    (size_t)(s->p - text.p));
}

int
jscan_value(struct slice text, struct jscan_item *item_r, struct err *e)
{
	struct jscan s;

	jscan_start(&s, text);
	item_r->name = (struct slice){ NULL, 0 };
	item_r->name_escaped = false;
	if (jscan_any(&s, item_r) != 0 || jscan_at_end(&s) != 0)
		return jscan_report(&s, text, e);
	return 0;
}

static int
jscan_member(struct jscan *s, struct jscan_item *item_r)
{
	if (jscan_name(s, &item_r->name) != 0)
		return -1;
	item_r->name_escaped = s->escaped;
	if (jscan_any(s, item_r) != 0)
		return -1;
	jscan_blanks(s);
	return 0;
}

/* Behind "{". *n_r counts on past max, so that the rest is checked too. */
static int
jscan_members(struct jscan *s, struct jscan_item *members, unsigned max,
    unsigned *n_r)
{
	struct jscan_item extra;
	unsigned n = 0;

	jscan_blanks(s);
	if (!jscan_sees(s, '}')) {
		do {
			if (jscan_member(s, n < max ? &members[n] : &extra))
				return -1;
			n++;
		} while (jscan_take(s, ','));
	}
	if (!jscan_take(s, '}'))
		return jscan_fail(s, "expected ',' or '}'");
	*n_r = n;
	return jscan_at_end(s);
}

/* Something else than an object: is it at least JSON? */
static int
jscan_refuse(struct slice text, struct err *e)
{
	struct jscan_item item;

	if (text.n == 0)
		return err_set(e, ERR_INVALID_JSON, "empty body at byte 0");
	if (jscan_value(text, &item, e) != 0)
		return -1;
	return err_set(e, ERR_INVALID_REQUEST_BODY,
	    "The request body must be a JSON object.");
}

int
jscan_object(struct slice text, struct jscan_item *members, unsigned max,
    unsigned *n_r, struct err *e)
{
	struct jscan s;

	jscan_start(&s, text);
	if (!jscan_sees(&s, '{'))
		return jscan_refuse(text, e);
	s.p++;
	s.depth = 1;
	s.ask = true;
	if (jscan_members(&s, members, max, n_r) != 0)
		return jscan_report(&s, text, e);
	if (*n_r > max)
		return err_set(e, ERR_INVALID_REQUEST_BODY,
		    "The request body must not have more than %u members.",
		    max);
	return 0;
}

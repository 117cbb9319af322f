#include "proto/jscan.h"

#include <assert.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/rare.h"
#include "proto/jscan_string.h"

static_assert(JSCAN_DEPTH <= 64, "one bit for each level");

static inline bool
jscan_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *
jscan_past_blanks(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' && jscan_is_blank(*p))
		p++;
	return p;
}

static inline void
jscan_blanks(struct jscan_reader *s)
{
	s->p = jscan_past_blanks(s->p, s->end);
}

static inline bool
jscan_sees(const struct jscan_reader *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static inline bool
jscan_take(struct jscan_reader *s, char c)
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

static inline int
jscan_digits(struct jscan_reader *s)
{
	const char *p = s->p;

	while (p < s->end && jscan_is_digit(*p))
		p++;
	if (p == s->p)
		return jscan_fail(s, "invalid number");
	s->p = p;
	return 0;
}

/* Behind the digits before the point. */
static RARE int
jscan_fraction(struct jscan_reader *s)
{
	if (jscan_take(s, '.') && jscan_digits(s) != 0)
		return -1;
	if (!jscan_take(s, 'e') && !jscan_take(s, 'E'))
		return 0;
	if (!jscan_take(s, '-'))
		jscan_take(s, '+');
	return jscan_digits(s);
}

static inline int
jscan_number(struct jscan_reader *s)
{
	if (*s->p == '-')
		s->p++;
	if (!jscan_take(s, '0') && jscan_digits(s) != 0)
		return -1;
	/* Most are integers: what follows is a comma or a bracket. */
	if (s->p < s->end && (*s->p == '.' || (*s->p | 0x20) == 'e'))
		return jscan_fraction(s);
	return 0;
}

static int
jscan_word(struct jscan_reader *s, struct slice word)
{
	if ((size_t)(s->end - s->p) < word.n ||
	    memcmp(s->p, word.p, word.n) != 0)
		return jscan_fail(s, "unexpected byte");
	s->p += word.n;
	return 0;
}

/* A word or a negative number; s->p is not at the end. */
static RARE int
jscan_other(struct jscan_reader *s)
{
	switch (*s->p) {
	case 't':
		return jscan_word(s, SLICE("true"));
	case 'f':
		return jscan_word(s, SLICE("false"));
	case 'n':
		return jscan_word(s, SLICE("null"));
	case '-':
		return jscan_number(s);
	default:
		return jscan_fail(s, "unexpected byte");
	}
}

static inline int
jscan_scalar(struct jscan_reader *s)
{
	if (*s->p == '"')
		return jscan_string(s);
	return jscan_is_digit(*s->p) ? jscan_number(s) : jscan_other(s);
}

/* A request's name that is against our limits. */
static int
jscan_name_limit(struct jscan_reader *s)
{
	s->p = s->name.p - 1;
	return jscan_fail(s,
	    s->zero ? "NUL in a member name" : "member name too long");
}

/* A member's name and its colon; blanks before and after are skipped too. */
static RARE int
jscan_any_name(struct jscan_reader *s)
{
	const char *at, *p;

	jscan_blanks(s);
	if (!jscan_sees(s, '"'))
		return jscan_fail(s, "expected a member name");
	at = s->p + 1;
	if (jscan_string(s) != 0)
		return -1;
	p = s->p;
	s->name = (struct slice){ at, (size_t)(p - at) - 1 };
	s->name_escaped = s->escaped;
	if (s->ask && (s->name.n > JSCAN_NAME_MAX || s->zero))
		return jscan_name_limit(s);
	if (p < s->end && *p != ':')
		s->p = p = jscan_past_blanks(p, s->end);
	if (p == s->end || *p != ':')
		return jscan_fail(s, "expected ':'");
	s->p = jscan_past_blanks(p + 1, s->end);
	return 0;
}

/* A short name with at most one blank on either side, as nearly all are. */
static inline int
jscan_name(struct jscan_reader *s)
{
	const char *p = s->p;
	int n;

	if (s->end - p < JSCAN_FIND_ROOM + 8)
		return jscan_any_name(s);
	p += *p == ' ';
	if (*p++ != '"')
		return jscan_any_name(s);
	n = jscan_find_word(p);
	if (n < 0 || p[n + 1] != ':')
		return jscan_any_name(s);
	s->name = (struct slice){ p, (size_t)n };
	s->name_escaped = false;
	p += n + 2;
	p += *p == ' ';
	if ((unsigned char)*p <= ' ')
		p = jscan_past_blanks(p, s->end);
	s->p = p;
	return 0;
}

int
jscan_read_open(struct jscan_reader *s)
{
	bool object = *s->p == '{';

	if (s->depth == JSCAN_DEPTH)
		return jscan_fail(s, "nesting too deep");
	s->p++;
	jscan_blanks(s);
	if (jscan_take(s, object ? '}' : ']'))
		return 0;
	s->in_object = s->in_object << 1 | object;
	s->depth++;
	if (object && jscan_name(s) != 0)
		return -1;
	return 1;
}

/* Behind the last value and blanks. */
static RARE int
jscan_close(struct jscan_reader *s)
{
	bool object = s->in_object & 1;

	if (!jscan_take(s, object ? '}' : ']'))
		return jscan_fail(s,
		    object ? "expected ',' or '}'" : "expected ',' or ']'");
	s->in_object >>= 1;
	s->depth--;
	return 0;
}

int
jscan_read_any_next(struct jscan_reader *s)
{
	if (!jscan_sees(s, ','))
		jscan_blanks(s);
	if (!jscan_take(s, ','))
		return jscan_close(s);
	if (s->in_object & 1)
		return jscan_name(s) == 0 ? 1 : -1;
	jscan_blanks(s);
	return 1;
}

/* Behind a value, above floor: 1 when another follows, 0 when all closed. */
static int
jscan_after(struct jscan_reader *s, unsigned floor)
{
	int more = 0;

	while (more == 0 && s->depth > floor)
		more = jscan_read_next(s);
	return more;
}

/* The container at hand and all it holds. */
static RARE int
jscan_container(struct jscan_reader *s)
{
	unsigned floor = s->depth;
	int more;

	do {
		if (s->p == s->end)
			return jscan_fail(s, "");
		more = *s->p == '{' || *s->p == '[' ? jscan_read_open(s)
		                                    : jscan_scalar(s);
		if (more == 0)
			more = jscan_after(s, floor);
	} while (more > 0);
	return more;
}

int
jscan_read_item(struct jscan_reader *s, struct jscan_item *item_r)
{
	const char *at = s->p;
	int done;

	if (at == s->end)
		return jscan_fail(s, "");
	item_r->name = slice_fresh(s->name);
	item_r->name_escaped = s->name_escaped;
	done = *at == '{' || *at == '[' ? jscan_container(s) : jscan_scalar(s);
	if (done != 0)
		return -1;
	item_r->type = jscan_type_of(*at);
	item_r->escaped = *at == '"' && s->escaped;
	item_r->value = (struct slice){ at, (size_t)(s->p - at) };
	return 0;
}

int
jscan_read_string(struct jscan_reader *s, struct slice name,
    struct jscan_item *item_r)
{
	const char *at = s->p;

	if (jscan_string(s) != 0)
		return -1;
	*item_r = (struct jscan_item){ .name = name,
		.value = { at, (size_t)(s->p - at) },
		.type = JSCAN_STRING,
		.escaped = s->escaped };
	return 0;
}

void
jscan_read_enter(struct jscan_reader *s)
{
	assert(s->depth < JSCAN_DEPTH);
	s->in_object = s->in_object << 1 | 1;
	s->depth++;
}

int
jscan_read_end(struct jscan_reader *s)
{
	jscan_blanks(s);
	return s->p == s->end ? 0 : jscan_fail(s, "unexpected byte");
}

void
jscan_read_start(struct jscan_reader *s, struct slice text)
{
	*s = (struct jscan_reader){ .p = text.p, .end = text.p + text.n };
	jscan_blanks(s);
}

int
jscan_read_fail(const struct jscan_reader *s, struct slice text, struct err *e)
{
	return err_set(e, ERR_INVALID_JSON, "%s at byte %zu", s->reason,
	    (size_t)(s->p - text.p));
}

int
jscan_value(struct slice text, struct jscan_item *item_r, struct err *e)
{
	struct jscan_reader s;

	jscan_read_start(&s, text);
	if (jscan_read_item(&s, item_r) != 0 || jscan_read_end(&s) != 0)
		return jscan_read_fail(&s, text, e);
	item_r->name = (struct slice){ NULL, 0 };
	item_r->name_escaped = false;
	return 0;
}

/* A name in escapes is not looked for: its member is read as any other. */
static bool
jscan_hook_fits(struct jscan_hook *hook, const struct jscan_reader *s)
{
	if (hook == NULL || !jscan_read_sees(s, hook->first) ||
	    !slice_eq(s->name, hook->name))
		return false;
	hook->used = true;
	return true;
}

/* *n_r counts on past max, so that the rest is checked too. */
static int
jscan_members(struct jscan_reader *s, struct jscan_item *members, unsigned max,
    unsigned *n_r, struct jscan_hook *hook)
{
	struct jscan_item extra, *to;
	unsigned n = 0;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		to = n < max ? &members[n] : &extra;
		n++;
		if (jscan_hook_fits(hook, s))
			more = hook->read(s, to, hook->arg);
		else
			more = jscan_read_item(s, to);
		if (more != 0)
			return -1;
	}
	*n_r = n;
	return more == 0 ? jscan_read_end(s) : -1;
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
jscan_object_hooked(struct slice text, struct jscan_hook *hook,
    struct jscan_item *members, unsigned max, unsigned *n_r, struct err *e)
{
	struct jscan_reader s;

	jscan_read_start(&s, text);
	if (!jscan_sees(&s, '{'))
		return jscan_refuse(text, e);
	s.ask = true;
	if (jscan_members(&s, members, max, n_r, hook) != 0)
		return jscan_read_fail(&s, text, e);
	if (*n_r > max)
		return err_set(e, ERR_INVALID_REQUEST_BODY,
		    "The request body must not have more than %u members.",
		    max);
	return 0;
}

int
jscan_object(struct slice text, struct jscan_item *members, unsigned max,
    unsigned *n_r, struct err *e)
{
	return jscan_object_hooked(text, NULL, members, max, n_r, e);
}

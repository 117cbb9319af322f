#include "proto/demo_priv.h"

#define VALUE_MAX 1000000
#define MS_PER_S 1000

enum demo_unit { UNIT_COUNT, UNIT_STATUS, UNIT_TIME, UNIT_CALL };

static const struct {
	struct slice word;
	enum demo_directive directive;
	enum demo_unit unit;
} demo_directives[] = {
	{ SLICE("!status "), DEMO_STATUS, UNIT_STATUS },
	{ SLICE("!delay "), DEMO_DELAY, UNIT_TIME },
	{ SLICE("!cut "), DEMO_CUT, UNIT_COUNT },
	{ SLICE("!stall "), DEMO_STALL, UNIT_COUNT },
	{ SLICE("!malformed "), DEMO_MALFORMED, UNIT_COUNT },
	{ SLICE("!tool "), DEMO_TOOL, UNIT_CALL },
};

/* Digits off the front of *s.  False when there are none, or too many. */
static bool
demo_take_number(struct slice *s, int64_t *n_r)
{
	int64_t n = 0;
	size_t digits = 0;

	for (; s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9'; digits++) {
		n = n * 10 + (slice_take(s) - '0');
		if (n > VALUE_MAX)
			return false;
	}
	*n_r = n;
	return digits > 0;
}

static bool
demo_read_value(struct demo *d, struct slice rest, enum demo_unit unit)
{
	int64_t n;

	if (!demo_take_number(&rest, &n))
		return false;
	if (unit == UNIT_TIME && slice_eq(rest, SLICE("s")))
		n *= MS_PER_S;
	else if (unit == UNIT_TIME ? !slice_eq(rest, SLICE("ms")) : rest.n > 0)
		return false;
	if (unit == UNIT_STATUS && (n < 400 || n > 599))
		return false;
	d->value = n;
	return true;
}

/* name {"a":1} */
static bool
demo_read_call(struct demo *d, struct slice rest)
{
	const char *blank = memchr(rest.p, ' ', rest.n);
	size_t name = blank != NULL ? (size_t)(blank - rest.p) : rest.n;

	if (name == 0)
		return false;
	sbuf_add(&d->tool, rest.p, name);
	if (blank != NULL)
		sbuf_add_slice(&d->arguments, slice_skip(rest, name + 1));
	else
		sbuf_adds(&d->arguments, "{}");
	return true;
}

void
demo_read_directive(struct demo *d, struct slice text)
{
	struct slice rest;
	size_t i;
	bool good;

	for (i = 0; i < sizeof demo_directives / sizeof demo_directives[0];
	     i++) {
		if (!slice_starts(text, demo_directives[i].word))
			continue;
		rest = slice_skip(text, demo_directives[i].word.n);
		good = demo_directives[i].unit == UNIT_CALL
		           ? demo_read_call(d, rest)
		           : demo_read_value(d, rest, demo_directives[i].unit);
		if (good)
			d->directive = demo_directives[i].directive;
		return;
	}
}

#include "master/difference.h"

#include <inttypes.h>
#include <string.h>

#include "base/money.h"
#include "master/difference_priv.h"

#define DIFFERENCE_MOST 16 /* so much is told, the rest is counted */

bool
difference_next(struct difference *d)
{
	if (d->n++ >= DIFFERENCE_MOST)
		return false;
	if (d->n > 1)
		sbuf_adds(d->out, ", ");
	return true;
}

struct slice
difference_str(const struct settings *s, const void *at)
{
	struct sref r;

	memcpy(&r, at, sizeof r);
	return settings_str(s, r);
}

static bool
difference_same_list(const struct settings *a, const void *pa,
    const struct settings *b, const void *pb)
{
	struct slist la, lb;
	const struct sref *ra, *rb;

	memcpy(&la, pa, sizeof la);
	memcpy(&lb, pb, sizeof lb);
	ra = settings_list(a, la);
	rb = settings_list(b, lb);
	if (la.n != lb.n)
		return false;
	for (uint32_t i = 0; i < la.n; i++)
		if (!slice_eq(settings_str(a, ra[i]), settings_str(b, rb[i])))
			return false;
	return true;
}

static bool
difference_same_ints(const struct settings *a, const void *pa,
    const struct settings *b, const void *pb)
{
	struct slist la, lb;

	memcpy(&la, pa, sizeof la);
	memcpy(&lb, pb, sizeof lb);
	return la.n == lb.n &&
	       memcmp(settings_list(a, la), settings_list(b, lb),
		   la.n * sizeof(int32_t)) == 0;
}

static struct slice
difference_provider(const struct settings *s, const void *at)
{
	int32_t i;

	memcpy(&i, at, sizeof i);
	return settings_str(s, settings_provider_at(s, i)->name);
}

bool
difference_same(const struct difference *d, const struct difference_field *f,
    const void *old, const void *now)
{
	const char *a = (const char *)old + f->offset;
	const char *b = (const char *)now + f->offset;

	switch (f->kind) {
	case STR:
		return slice_eq(difference_str(d->old, a),
		    difference_str(d->now, b));
	case STRS:
		return difference_same_list(d->old, a, d->now, b);
	case INTS:
		return difference_same_ints(d->old, a, d->now, b);
	case PROVIDER:
		return slice_eq(difference_provider(d->old, a),
		    difference_provider(d->now, b));
	case SECRET:
		return true;
	default:
		return memcmp(a, b, f->size) == 0;
	}
}

#define SETTING(type, path, field, def, min, max, when, help)                  \
	{ path, type, offsetof(struct settings, field),                        \
		sizeof((struct settings *)0)->field },
static const struct difference_field scalars[] = {
#include "base/settings.def"
};
#undef SETTING

#define RESTART true
#define RELOAD false
#define SETTING(type, path, field, def, min, max, when, help) when,
static const bool waits[] = {
#include "base/settings.def"
};
#undef SETTING
#undef RESTART
#undef RELOAD

struct unit {
	int64_t factor;
	const char *name;
};

static const struct unit times[] = { { 86400000, "d" }, { 3600000, "h" },
	{ 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
static const struct unit sizes[] = { { 1 << 30, "G" }, { 1 << 20, "M" },
	{ 1 << 10, "K" }, { 1, "" } };

/* In the largest unit that needs no fraction. */
static void
difference_amount(struct sbuf *out, int64_t v, const struct unit *u)
{
	while (u->factor > 1 && (v == 0 || v % u->factor != 0))
		u++;
	sbuf_addf(out, "%" PRId64 "%s", v / u->factor, u->name);
}

void
difference_money(struct sbuf *out, int64_t nano)
{
	if (nano == MONEY_NONE)
		sbuf_adds(out, "none");
	else
		money_write(out, nano);
}

static void
difference_value(struct sbuf *out, const struct settings *s,
    const struct difference_field *f)
{
	const char *at = (const char *)s + f->offset;
	int64_t v = 0;
	int32_t i = 0;

	if (f->size == sizeof v && f->kind != STR)
		memcpy(&v, at, sizeof v);
	if (f->size == sizeof i)
		memcpy(&i, at, sizeof i);
	if (f->kind == BOOL)
		sbuf_adds(out, *at != 0 ? "true" : "false");
	else if (f->kind == INT)
		sbuf_addf(out, "%d", (int)i);
	else if (f->kind == MSEC)
		difference_amount(out, v, times);
	else if (f->kind == BYTES)
		difference_amount(out, v, sizes);
	else if (f->kind == NANO)
		difference_money(out, v);
	else if (f->kind == STR)
		sbuf_addf(out, "\"%.*s\"", SLICE_ARGS(difference_str(s, at)));
}

static void
difference_scalar(struct difference *d, const struct difference_field *f)
{
	if (difference_same(d, f, d->old, d->now) || !difference_next(d))
		return;
	sbuf_addf(d->out, "%s ", f->name);
	if (f->kind == STRS || f->kind == INTS) {
		sbuf_adds(d->out, "changed");
		return;
	}
	difference_value(d->out, d->old, f);
	sbuf_adds(d->out, " -> ");
	difference_value(d->out, d->now, f);
}

void
difference_write(struct sbuf *out, const struct settings *old,
    const struct settings *now)
{
	struct difference d = { .out = out, .old = old, .now = now };

	difference_lists(&d);
	for (size_t i = 0; i < COUNT(scalars); i++)
		difference_scalar(&d, &scalars[i]);
	if (d.n > DIFFERENCE_MOST)
		sbuf_addf(out, " and %u more", d.n - DIFFERENCE_MOST);
	if (d.n == 0)
		sbuf_adds(out, "nothing changed");
}

void
difference_write_restart(struct sbuf *out, const struct settings *old,
    const struct settings *now)
{
	struct difference d = { .out = out, .old = old, .now = now };

	for (size_t i = 0; i < COUNT(scalars); i++)
		if (waits[i] && !difference_same(&d, &scalars[i], old, now) &&
		    difference_next(&d))
			sbuf_adds(out, scalars[i].name);
}

/* The values of single settings: how each type is written and checked. */

#include "setup/compile_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/hex.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/suggest.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit units_ms[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60000 },
	{ "h", 3600000 },
	{ "d", 86400000 },
	{ NULL, 0 },
};

static const struct unit units_bytes[] = {
	{ "", 1 },
	{ "K", 1024 },
	{ "M", 1048576 },
	{ "G", 1073741824 },
	{ "T", 1099511627776 },
	{ NULL, 0 },
};

struct message *
value_error(struct compile *c, const struct node *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n->name.n == 0)
		return report_error(c->report, n->value, "%s", text);
	return report_error(c->report, n->value, "\"%.*s\" %s",
	    SLICE_ARGS(n->name), text);
}

/* Whether the node has the type; otherwise an error says what it must be. */
static bool
value_is(struct compile *c, const struct node *n, enum node_type type,
    const char *want)
{
	if (n->type == type)
		return true;
	value_error(c, n, "must be %s, not %s", want, tree_type_name(n));
	return false;
}

/* A figure in the unit that reads best, for messages. */
static void
value_write_unit(const struct unit *units, int64_t v, char *out, size_t size)
{
	const struct unit *best = units;

	for (const struct unit *u = units; u->name != NULL; u++)
		if (v != 0 && v % u->factor == 0 && v >= u->factor)
			best = u;
	snprintf(out, size, "\"%lld%s\"", (long long)(v / best->factor),
	    best->name);
}

static void
value_write(const struct field *f, int64_t v, char *out, size_t size)
{
	if (f->type == FIELD_MSEC)
		value_write_unit(units_ms, v, out, size);
	else if (f->type == FIELD_BYTES)
		value_write_unit(units_bytes, v, out, size);
	else
		snprintf(out, size, "%lld", (long long)v);
}

static bool
value_in_range(struct compile *c, const struct field *f, const struct node *n,
    int64_t v)
{
	char low[40], high[40];

	if (f->min == 0 && f->max == 0)
		return true;
	if (v >= f->min && (f->max == 0 || v <= f->max))
		return true;
	value_write(f, f->min, low, sizeof low);
	value_write(f, f->max, high, sizeof high);
	if (f->max == 0)
		value_error(c, n, "is out of range: at least %s", low);
	else if (f->min == f->max)
		value_error(c, n, "must be %s", low);
	else
		value_error(c, n, "is out of range: %s to %s", low, high);
	return false;
}

static void
value_bool(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	(void)f;
	if (value_is(c, n, NODE_BOOL, "true or false"))
		*(bool *)out = n->boolean;
}

/* A whole number within the bounds; false after an error. */
static bool
value_number(struct compile *c, const struct field *f, const struct node *n,
    int64_t *v_r)
{
	if (!value_is(c, n, NODE_INT, "a number"))
		return false;
	if (n->wide) {
		value_error(c, n,
		    "does not fit: a number is at most "
		    "2147483647");
		return false;
	}
	*v_r = n->integer;
	return value_in_range(c, f, n, *v_r);
}

static void
value_int(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	int64_t v;

	if (value_number(c, f, n, &v))
		*(int32_t *)out = (int32_t)v;
}

static void
value_count(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	int64_t v;

	if (value_number(c, f, n, &v))
		*(int64_t *)out = v;
}

static bool
value_is_word(const struct word *words, struct slice text)
{
	for (const struct word *w = words; w->text != NULL; w++)
		if (slice_eq(text, slice_str(w->text)))
			return true;
	return false;
}

static void
value_bad_word(struct compile *c, const struct field *f, const struct node *n)
{
	struct sbuf all = { 0 };
	struct suggest near;
	struct message *m;

	suggest_init(&near, n->text);
	for (const struct word *w = f->words; w->text != NULL; w++) {
		suggest_try(&near, slice_str(w->text));
		sbuf_addf(&all, "%s\"%s\"", all.len > 0 ? ", " : "", w->text);
	}
	m = value_error(c, n, "cannot be \"%.*s\"; it is one of %s",
	    SLICE_ARGS(n->text), all.data);
	if (near.best.n > 0)
		report_help(m, "did you mean \"%.*s\"?", SLICE_ARGS(near.best));
	sbuf_free(&all);
}

/* A row whose words are true and false takes the bare ones too. */
static bool
value_bool_as_text(const struct field *f, const struct node *n,
    struct node *copy)
{
	if (n->type != NODE_BOOL || f->words == NULL ||
	    !value_is_word(f->words, SLICE("true")))
		return false;
	*copy = *n;
	copy->type = NODE_STRING;
	copy->text = n->boolean ? SLICE("true") : SLICE("false");
	return true;
}

static void
value_str(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	struct node copy;

	if (value_bool_as_text(f, n, &copy))
		n = &copy;
	if (!value_is(c, n, NODE_STRING, "a string"))
		return;
	if (f->words != NULL && !value_is_word(f->words, n->text))
		value_bad_word(c, f, n);
	else if (f->required && n->text.n == 0)
		value_error(c, n, "must not be empty");
	else
		*(struct sref *)out = blob_str(&c->blob, n->text);
}

/* Digits and a unit of the table.  1, 0 no such text, -1 too large. */
static int
value_scaled(const struct unit *units, struct slice text, int64_t *v_r)
{
	int64_t v = 0;
	size_t i = 0;

	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, text.p[i] - '0', &v))
			return -1;
	if (i == 0)
		return 0;
	for (const struct unit *u = units; u->name != NULL; u++)
		if (slice_eq(slice_skip(text, i), slice_str(u->name)))
			return __builtin_mul_overflow(v, u->factor, v_r) ? -1
			                                                 : 1;
	return 0;
}

static void
value_with_unit(struct compile *c, const struct field *f, const struct node *n,
    const struct unit *units, int64_t *out)
{
	const char *want = units == units_ms
	                       ? "a duration such as \"500ms\" \"30s\" "
	                         "\"10m\" \"2h\" \"30d\""
	                       : "a size such as \"64K\" \"32M\" \"8G\"";
	int64_t v = 0;
	int known;

	if (!value_is(c, n, NODE_STRING, want))
		return;
	if (f->min == -1 && slice_eq(n->text, SLICE("none"))) {
		*out = -1;
		return;
	}
	known = value_scaled(units, n->text, &v);
	if (known == 0)
		value_error(c, n, "must be %s", want);
	else if (known < 0)
		value_error(c, n, "is too large");
	else if (value_in_range(c, f, n, v))
		*out = v;
}

static void
value_msec(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	value_with_unit(c, f, n, units_ms, out);
}

static void
value_bytes(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	value_with_unit(c, f, n, units_bytes, out);
}

/* A decimal string in 10^-scale; "" = MONEY_NONE.  False after an error. */
static bool
value_decimal(struct compile *c, const struct node *n, unsigned scale,
    int64_t *v_r)
{
	if (!value_is(c, n, NODE_STRING,
		"a decimal in quotes such as \"2.50\""))
		return false;
	*v_r = MONEY_NONE;
	if (n->text.n == 0 || money_read(n->text, scale, v_r) == 1)
		return true;
	value_error(c, n,
	    "must be a decimal such as \"2.50\" with at most %u digits "
	    "behind the point",
	    scale);
	return false;
}

static void
value_nano(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	(void)f;
	value_decimal(c, n, 9, out);
}

static void
value_pico(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	(void)f;
	value_decimal(c, n, 6, out);
}

static void
value_weight(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	int64_t v = 0;

	if (n->type == NODE_INT) {
		if (value_number(c, f, n, &v))
			*(int64_t *)out = v * 1000000000;
	} else if (value_decimal(c, n, 9, &v)) {
		if (v <= 0)
			value_error(c, n, "must be above 0");
		else
			*(int64_t *)out = v;
	}
}

static void
value_percent(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	int64_t v = 0;

	if (!value_decimal(c, n, 2, &v))
		return;
	if (v < 0 || value_in_range(c, f, n, v))
		*(int32_t *)out = v < 0 ? 0 : (int32_t)v;
}

static void
value_date(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ" };

	(void)f;
	if (!value_is(c, n, NODE_STRING, "a date such as \"2027-06-30\""))
		return;
	for (size_t i = 0; i < 2; i++) {
		struct tm tm = { 0 };
		const char *end = strptime(n->text.p, forms[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		*(int64_t *)out = timegm(&tm);
		return;
	}
	value_error(c, n,
	    "must be a date in UTC such as \"2027-06-30\" or "
	    "\"2027-06-30T12:00:00Z\"");
}

static void
value_sha256(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	(void)f;
	if (!value_is(c, n, NODE_STRING, "a string of 64 hexadecimal digits"))
		return;
	if (n->text.n != 64 || hex_read(n->text.p, out, 32) != 1)
		value_error(c, n, "must be 64 hexadecimal digits");
}

static void
value_secret(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	(void)f;
	if (value_is(c, n, NODE_STRING, "a string"))
		*(struct secret_ref *)out = secret_read(c, n);
}

static void
value_word(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	if (!value_is(c, n, NODE_STRING, "a string"))
		return;
	for (const struct word *w = f->words; w->text != NULL; w++)
		if (slice_eq(n->text, slice_str(w->text))) {
			*(int32_t *)out = (int32_t)w->value;
			return;
		}
	value_bad_word(c, f, n);
}

/* Whether the node is an array or list whose elements are strings. */
static bool
value_is_strings(struct compile *c, const struct node *n)
{
	if (n->type != NODE_LIST &&
	    !value_is(c, n, NODE_ARRAY, "an array of strings"))
		return false;
	for (const struct node *k = n->child; k != NULL; k = k->next)
		if (!value_is(c, k, NODE_STRING, "a string"))
			return false;
	return true;
}

static void
value_words(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	uint32_t all = 0;

	if (!value_is_strings(c, n))
		return;
	for (const struct node *k = n->child; k != NULL; k = k->next) {
		int32_t one = 0;

		value_word(c, f, k, &one);
		all |= (uint32_t)one;
	}
	*(uint32_t *)out = all;
}

static void
value_strs(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	struct sref *refs;
	size_t i = 0;

	(void)f;
	if (!value_is_strings(c, n))
		return;
	refs = pool_zalloc(c->pool, (n->children + 1) * sizeof *refs);
	for (const struct node *k = n->child; k != NULL; k = k->next)
		refs[i++] = blob_str(&c->blob, k->text);
	*(struct slist *)out = blob_list(&c->blob, refs, sizeof *refs, i);
}

static void
value_ints(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	int32_t *all = pool_zalloc(c->pool, (n->children + 1) * sizeof *all);
	size_t i = 0;

	if (n->type != NODE_LIST &&
	    !value_is(c, n, NODE_ARRAY, "an array of numbers"))
		return;
	for (const struct node *k = n->child; k != NULL; k = k->next)
		value_int(c, f, k, &all[i++]);
	*(struct slist *)out = blob_list(&c->blob, all, sizeof *all, i);
}

static void
value_group(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	if (value_is(c, n, NODE_GROUP, "a group { }"))
		schema_group(c, f->sub, n, out);
}

static void
value_list(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	size_t count = 0;
	void *elements = schema_list(c, f->sub, n, &count);

	*(struct slist *)out =
	    blob_list(&c->blob, elements, f->sub->size, count);
}

static void (*const readers[FIELD_TYPES])(struct compile *,
    const struct field *, const struct node *, void *) = {
	[FIELD_BOOL] = value_bool,
	[FIELD_INT] = value_int,
	[FIELD_STR] = value_str,
	[FIELD_MSEC] = value_msec,
	[FIELD_BYTES] = value_bytes,
	[FIELD_NANO] = value_nano,
	[FIELD_STRS] = value_strs,
	[FIELD_INTS] = value_ints,
	[FIELD_PICO] = value_pico,
	[FIELD_COUNT] = value_count,
	[FIELD_WEIGHT] = value_weight,
	[FIELD_PERCENT] = value_percent,
	[FIELD_DATE] = value_date,
	[FIELD_SHA256] = value_sha256,
	[FIELD_SECRET] = value_secret,
	[FIELD_WORD] = value_word,
	[FIELD_WORDS] = value_words,
	[FIELD_GROUP] = value_group,
	[FIELD_LIST] = value_list,
};

void
value_read(struct compile *c, const struct field *f, const struct node *n,
    void *out)
{
	readers[f->type](c, f, n, (char *)out + f->offset);
}

#include "admin/args.h"

#include <time.h>

#include "base/err.h"
#include "base/money.h"
#include "base/settings.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

static int
args_find(struct slice args, const char *name, struct jscan_item *item)
{
	return jscan_find(args, slice_str(name), item);
}

bool
args_given(struct slice args, const char *name)
{
	struct jscan_item item;

	return args_find(args, name, &item);
}

static int
args_wrong(const char *name, const char *what, struct err *e)
{
	return err_param(e, ERR_INVALID_VALUE, name, "%s: %s", name, what);
}

int
args_text(struct slice args, const char *name, struct sbuf *b, struct err *e)
{
	struct jscan_item item;

	if (!args_find(args, name, &item))
		return 0;
	if (item.type != JSCAN_STRING)
		return args_wrong(name, "Not a valid string.", e);
	jstr_add(b, jscan_text(&item));
	return 1;
}

int
args_int(struct slice args, const char *name, int64_t min, int64_t *value_r,
    struct err *e)
{
	struct jscan_item item;
	struct slice text;

	if (!args_find(args, name, &item))
		return 0;
	text = item.type == JSCAN_STRING ? jscan_text(&item) : item.value;
	if ((item.type != JSCAN_NUMBER && item.type != JSCAN_STRING) ||
	    !jnum_is(text) || !jnum_int(text, value_r) || *value_r < min)
		return args_wrong(name, "A valid integer is required.", e);
	return 1;
}

int
args_money(struct slice args, const char *name, int64_t *nano_r, struct err *e)
{
	struct jscan_item item;
	int good = 0;

	if (!args_find(args, name, &item))
		return 0;
	if (item.type == JSCAN_NULL) {
		*nano_r = MONEY_NONE;
		return 1;
	}
	if (item.type == JSCAN_NUMBER)
		good = money_read_json(item.value, 9, nano_r);
	else if (item.type == JSCAN_STRING)
		good = money_read(jscan_text(&item), 9, nano_r);
	return good ? 1 : args_wrong(name, "A valid number is required.", e);
}

int
args_signed_money(struct slice args, const char *name, int64_t *nano_r,
    struct err *e)
{
	struct jscan_item item;
	struct slice text;
	bool minus;

	if (!args_find(args, name, &item))
		return 0;
	text = item.type == JSCAN_STRING ? jscan_text(&item) : item.value;
	minus = slice_starts(text, SLICE("-"));
	if (minus || slice_starts(text, SLICE("+")))
		text = slice_skip(text, 1);
	if (!money_read(text, 9, nano_r))
		return args_wrong(name, "A valid number is required.", e);
	if (minus)
		*nano_r = -*nano_r;
	return 1;
}

int
args_bool(struct slice args, const char *name, bool *value_r, struct err *e)
{
	struct jscan_item item;

	if (!args_find(args, name, &item))
		return 0;
	if (item.type != JSCAN_BOOL)
		return args_wrong(name, "Must be a valid boolean.", e);
	*value_r = jscan_true(&item);
	return 1;
}

int
args_list(struct slice args, const char *name, struct sbuf *b, struct err *e)
{
	struct jscan_item list, item;
	struct jscan_iter it;

	if (!args_find(args, name, &list))
		return 0;
	if (list.type != JSCAN_ARRAY)
		return args_wrong(name, "Expected a list of items.", e);
	jscan_enter(&it, list.value);
	while (jscan_element_next(&it, &item)) {
		if (item.type != JSCAN_STRING)
			return args_wrong(name, "Not a valid string.", e);
		jstr_add(b, jscan_text(&item));
		sbuf_addc(b, '\0');
	}
	return 1;
}

bool
args_read_time(const struct jscan_item *item, int64_t *time_r)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S",
		"%Y-%m-%dT%H:%M:%SZ" };
	char text[40];
	struct slice raw;

	if (item->type != JSCAN_STRING)
		return false;
	raw = jscan_text(item);
	if (raw.n >= sizeof text)
		return false;
	memcpy(text, raw.p, raw.n);
	text[raw.n] = '\0';
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		struct tm tm = { 0 }, read;
		const char *end = strptime(text, forms[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		/* timegm() makes 2 March of 30 February. */
		read = tm;
		*time_r = (int64_t)timegm(&tm);
		return tm.tm_mday == read.tm_mday && tm.tm_mon == read.tm_mon;
	}
	return false;
}

int
args_time(struct slice args, const char *name, int64_t *time_r, struct err *e)
{
	struct jscan_item item;

	if (!args_find(args, name, &item))
		return 0;
	*time_r = 0;
	if (item.type == JSCAN_NULL || args_read_time(&item, time_r))
		return 1;
	return args_wrong(name, ARGS_NO_TIME, e);
}

int
args_environment(struct slice args, int32_t *environment_r, struct err *e)
{
	struct jscan_item item;

	*environment_r = ENV_PROD;
	if (!args_find(args, "environment", &item))
		return 0;
	if (slice_eq(item.value, SLICE("\"test\"")))
		*environment_r = ENV_TEST;
	else if (!slice_eq(item.value, SLICE("\"prod\"")))
		return args_wrong("environment",
		    "prod or test is a valid choice.", e);
	return 0;
}

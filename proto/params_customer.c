#include "proto/params_priv.h"

#include "base/err.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/settings.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/* The parameters of api.md 5.4 that are more than a text or a flag. */

#define NANO INT64_C(1000000000)
#define EMAIL_MAX 254 /* bytes; RFC 5321 4.5.3.1.3, without its brackets */

bool
params_is_email(struct slice s)
{
	const char *at = memchr(s.p, '@', s.n), *end = s.p + s.n;

	return s.n <= EMAIL_MAX && at != NULL && at > s.p && at + 1 < end &&
	       memchr(s.p, ' ', s.n) == NULL &&
	       memchr(at + 1, '@', (size_t)(end - (at + 1))) == NULL;
}

static int
params_check_email(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_string(c, row, v) != 0)
		return -1;
	if (params_is_email(v->text))
		return 0;
	return params_value(c, row->name, "is not a valid email address");
}

/* Two digits as a number, or -1. */
static int
params_two_digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool
params_is_date(struct slice s)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int century, year, month, day;
	bool leap;

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
		return false;
	century = params_two_digits(s.p);
	year = params_two_digits(s.p + 2);
	month = params_two_digits(s.p + 5);
	day = params_two_digits(s.p + 8);
	if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
	    day > days[month - 1])
		return false;
	leap = year != 0 ? year % 4 == 0 : century % 4 == 0;
	return month != 2 || day < 29 || leap;
}

static int
params_check_date(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type == JSCAN_STRING) {
		v->text = jstr_item(&v->item, c->pool);
		if (params_is_date(v->text))
			return 0;
	}
	return params_words(c, row->name,
	    "timestamp has to be a valid ISO 8601 formatted date-string "
	    "YYYY-MM-DD");
}

/* number: enum budget_duration. */
static int
params_check_duration(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct {
		struct slice name;
		enum budget_duration value;
	} durations[] = {
		{ PARAMS_NAME("daily"), DURATION_DAILY },
		{ PARAMS_NAME("weekly"), DURATION_WEEKLY },
		{ PARAMS_NAME("monthly"), DURATION_MONTHLY },
		{ PARAMS_NAME("yearly"), DURATION_YEARLY },
	};

	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		if (v->item.type == JSCAN_STRING &&
		    jstr_equal(jscan_text(&v->item), durations[i].name)) {
			v->number = durations[i].value;
			return 0;
		}
	}
	return params_value(c, row->name,
	    "must be daily, weekly, monthly or yearly");
}

/* number: nano-USD, digits below dropped. */
static int
params_check_amount(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct slice digits = params_lenient(v);

	if (digits.n == 0)
		return params_type(c, row->name, "number", &v->item);
	if (jnum_nano(digits) < 0)
		return params_value(c, row->name, "must not be negative");
	if (!money_read_json(digits, 9, &v->number))
		return params_value(c, row->name, "is too large");
	return 0;
}

enum {
	CUSTOMER_IDENTIFIER,
	CUSTOMER_NAME,
	CUSTOMER_GROUP,
	CUSTOMER_EMAIL,
	CUSTOMER_PERIOD_START,
	CUSTOMER_PERIOD_END,
	CUSTOMER_DURATION,
	CUSTOMER_PERIOD_BUDGET,
	CUSTOMER_TOTAL_BUDGET,
	CUSTOMER_MARKUP,
	CUSTOMER_RATE_LIMIT,
	CUSTOMER_METADATA,
	CUSTOMER_MEMBERS
};

/*
 * Its texts are kept in one record of the store, whose size is bounded, and
 * on the way there pass a lane of shared memory: none may be without end.
 */
static const struct params_row params_customer_rows[CUSTOMER_MEMBERS] = {
	{ PARAMS_NAME("customer_identifier"), params_check_identifier, 0, 254,
	    "" },
	{ PARAMS_NAME("name"), params_check_text, 0, 254, "" },
	{ PARAMS_NAME("group_identifier"), params_check_text, 0, 120, "" },
	{ PARAMS_NAME("email"), params_check_email, 0, 0, "" },
	{ PARAMS_NAME("period_start"), params_check_date, 0, 0, "" },
	{ PARAMS_NAME("period_end"), params_check_date, 0, 0, "" },
	{ PARAMS_NAME("budget_duration"), params_check_duration, 0, 0, "" },
	{ PARAMS_NAME("period_budget"), params_check_amount, 0, 0, "" },
	{ PARAMS_NAME("total_budget"), params_check_amount, 0, 0, "" },
	{ PARAMS_NAME("markup_percentage"), params_check_lenient_number, 0,
	    10000 * NANO, "must be between 0 and 10000" },
	{ PARAMS_NAME("rate_limit"), params_check_lenient_integer, 1, INT64_MAX,
	    "must be at least 1" },
	{ PARAMS_NAME("metadata"), params_check_object, 0, 65536,
	    "must be at most 65536 bytes" },
};

static bool
params_member_is_null(const struct param *v)
{
	return v->item.value.p != NULL && v->item.type == JSCAN_NULL;
}

static struct params_budget
params_budget_of(const struct param *v)
{
	struct params_budget budget = { BUDGET_ABSENT, 0 };

	if (params_member_is_null(v)) {
		budget.state = BUDGET_REMOVE;
	} else if (v->text.p != NULL) {
		budget.state = BUDGET_SET;
		budget.nano = v->number;
	}
	return budget;
}

static void
params_customer_fill(struct params_customer *to, const struct param *v)
{
	*to = (struct params_customer){
		.identifier = v[CUSTOMER_IDENTIFIER].text,
		.name = v[CUSTOMER_NAME].text,
		.email = v[CUSTOMER_EMAIL].text,
		.group = v[CUSTOMER_GROUP].text,
		.period_start = v[CUSTOMER_PERIOD_START].text,
		.period_end = v[CUSTOMER_PERIOD_END].text,
		.budget_duration = DURATION_NONE,
		.period_budget = params_budget_of(&v[CUSTOMER_PERIOD_BUDGET]),
		.total_budget = params_budget_of(&v[CUSTOMER_TOTAL_BUDGET]),
		.markup_bp = -1,
		.rate_limit = -1,
		.metadata = { NULL, 0 },
	};
	if (v[CUSTOMER_DURATION].text.p != NULL)
		to->budget_duration = (int32_t)v[CUSTOMER_DURATION].number;
	if (v[CUSTOMER_MARKUP].text.p != NULL)
		to->markup_bp =
		    (int32_t)(v[CUSTOMER_MARKUP].number / (NANO / 100));
	if (v[CUSTOMER_RATE_LIMIT].text.p != NULL)
		to->rate_limit = v[CUSTOMER_RATE_LIMIT].number;
	else if (params_member_is_null(&v[CUSTOMER_RATE_LIMIT]))
		to->rate_limit = 0;
	if (v[CUSTOMER_METADATA].text.p != NULL)
		to->metadata = v[CUSTOMER_METADATA].item.value;
}

int
params_check_customer_params(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_members table =
	    PARAMS_TABLE(params_customer_rows);
	struct slice beside = params_text(c->p, PARAM_customer_identifier);
	struct param values[CUSTOMER_MEMBERS];
	struct jscan_item inside;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	if (beside.n == 0 && (!jscan_find(v->item.value,
				  SLICE("customer_identifier"), &inside) ||
				 inside.type == JSCAN_NULL)) {
		params_warn(c->p, row->name);
		return 0;
	}
	params_enter(c, row->name);
	if (params_read_members(c, &table, v->item.value, values, NULL) != 0)
		return -1;
	params_leave(c);
	c->p->customer = pool_alloc(c->pool, sizeof *c->p->customer);
	params_customer_fill(c->p->customer, values);
	if (c->p->customer->identifier.n == 0)
		c->p->customer->identifier = beside;
	return 0;
}

/* Whether raw text of a string has at most max characters. */
static bool
params_at_most(struct slice raw, struct pool *pool, size_t max)
{
	struct slice text = jstr_decode(raw, pool);

	return utf8_cut(text, max).n == text.n;
}

bool
params_metadata_fits(struct slice object, struct pool *pool)
{
	struct jscan_item item;
	struct jscan_iter it;
	unsigned n = 0;

	jscan_enter(&it, object);
	for (; jscan_member_next(&it, &item); n++)
		if (n == 16 || item.type != JSCAN_STRING ||
		    !params_at_most(item.name, pool, 64) ||
		    !params_at_most(jscan_text(&item), pool, 512))
			return false;
	return true;
}

/* The object written as text takes the place of the text. */
static void
params_metadata_text(struct params_ctx *c, struct param *v)
{
	struct jscan_item object;
	struct err ignored;

	if (jscan_value(jstr_item(&v->item, c->pool), &object, &ignored) == 0 &&
	    object.type == JSCAN_OBJECT) {
		v->item.value = object.value;
		v->item.type = JSCAN_OBJECT;
	}
}

int
params_check_metadata(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type == JSCAN_STRING)
		params_metadata_text(c, v);
	if (params_check_object(c, row, v) != 0 ||
	    jscan_unique(v->item.value, "metadata", c->e) != 0)
		return -1;
	/* On C it is OpenAI's own only together with store. */
	if (!params_bool(c->p, PARAM_store))
		return 0;
	c->p->forward_metadata = params_metadata_fits(v->item.value, c->pool);
	if (!c->p->forward_metadata)
		params_warn(c->p, row->name);
	return 0;
}

struct slice
params_customer_id(const struct params *p)
{
	struct slice beside = params_text(p, PARAM_customer_identifier);

	if (beside.n > 0 || p->customer == NULL)
		return beside;
	return p->customer->identifier;
}

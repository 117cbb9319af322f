/* change_member - one member of what somebody wants of a customer. */

#include "admin/change_priv.h"

#include "admin/args.h"
#include "base/money.h"
#include "base/pool.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/params.h"
#include "proto/utf8.h"
#include "shm/period.h"

#define NAME_MAX_CHARACTERS 254
#define GROUP_MAX_CHARACTERS 120
#define METADATA_MAX 4096 /* bytes: the record must fit into DEFS_MAX */
#define IDENTIFIER_CHARACTERS 254
#define PERCENT_MAX 10000
#define NANO INT64_C(1000000000)
#define PERCENT_NANO_PER_BP (NANO / 100)

static bool
change_is_null(const struct change_ctx *x)
{
	return x->item->type == JSCAN_NULL;
}

/* A text of at most so many characters; null is "".  False after a fault. */
static bool
change_text(struct change_ctx *x, size_t max, struct slice *text_r)
{
	*text_r = SLICE("");
	if (change_is_null(x))
		return true;
	if (x->item->type != JSCAN_STRING) {
		change_wrong(x, "Not a valid string.");
		return false;
	}
	*text_r = jstr_item(x->item, x->how->pool);
	if (utf8_cut(*text_r, max).n == text_r->n)
		return true;
	change_wrong(x, "Ensure this field has no more than %zu characters.",
	    max);
	return false;
}

/* The bytes of a number, also of one in a string. */
static bool
change_number(struct change_ctx *x, const char *what, struct slice *number_r)
{
	*number_r = x->item->value;
	if (x->item->type == JSCAN_STRING)
		*number_r = jscan_text(x->item);
	if ((x->item->type == JSCAN_NUMBER || x->item->type == JSCAN_STRING) &&
	    jnum_is(*number_r))
		return true;
	change_wrong(x, "A valid %s is required.", what);
	return false;
}

static bool
change_money(struct change_ctx *x, int64_t *nano_r)
{
	struct slice number;

	*nano_r = MONEY_NONE;
	if (change_is_null(x))
		return true;
	if (!change_number(x, "number", &number))
		return false;
	if (jnum_nano(number) < 0)
		change_wrong(x,
		    "Ensure this value is greater than or equal to 0.");
	else if (!money_read_json(number, 9, nano_r))
		change_wrong(x, "A valid number is required.");
	else
		return true;
	return false;
}

bool
member_name(struct change_ctx *x)
{
	return change_text(x, NAME_MAX_CHARACTERS, &x->c->def.name);
}

bool
member_group(struct change_ctx *x)
{
	return change_text(x, GROUP_MAX_CHARACTERS,
	    &x->c->def.group_identifier);
}

bool
member_email(struct change_ctx *x)
{
	struct slice *email = &x->c->def.email;

	if (!change_text(x, NAME_MAX_CHARACTERS, email))
		return false;
	if (email->n == 0 || params_is_email(*email))
		return true;
	change_wrong(x, "Enter a valid email address.");
	return false;
}

bool
member_metadata(struct change_ctx *x)
{
	if (change_is_null(x)) {
		x->c->def.metadata = SLICE("");
		return true;
	}
	if (x->item->type != JSCAN_OBJECT)
		change_wrong(x,
		    "Expected a dictionary of items but got type \"%s\".",
		    jscan_type_name(x->item));
	else if (x->item->value.n > METADATA_MAX)
		change_wrong(x,
		    "Ensure this field has no more than %d characters.",
		    METADATA_MAX);
	else {
		x->c->def.metadata = x->item->value;
		return true;
	}
	return false;
}

bool
member_period_budget(struct change_ctx *x)
{
	return change_money(x, &x->c->def.period_budget_nano);
}

bool
member_total_budget(struct change_ctx *x)
{
	return change_money(x, &x->c->def.total_budget_nano);
}

static void
change_no_choice(struct change_ctx *x)
{
	struct slice text = x->item->value;

	if (x->item->type == JSCAN_STRING)
		text = jstr_item(x->item, x->how->pool);
	change_wrong(x, "\"%.*s\" is not a valid choice.",
	    (int)(text.n < 100 ? text.n : 100), text.p);
}

bool
member_duration(struct change_ctx *x)
{
	enum period_kind kind;
	struct slice text;

	x->c->def.budget_duration = DURATION_NONE;
	if (change_is_null(x))
		return true;
	if (x->item->type != JSCAN_STRING) {
		change_wrong(x, "Not a valid string.");
		return false;
	}
	text = pool_copy(x->how->pool, jstr_item(x->item, x->how->pool));
	if (strlen(text.p) != text.n || !period_read(text.p, &kind)) {
		change_no_choice(x);
		return false;
	}
	x->c->def.budget_duration = (int32_t)kind;
	return true;
}

static bool
change_time(struct change_ctx *x, int64_t *time_r)
{
	*time_r = 0;
	if (change_is_null(x) || args_read_time(x->item, time_r))
		return true;
	change_wrong(x, ARGS_NO_TIME);
	return false;
}

bool
member_period_start(struct change_ctx *x)
{
	return change_time(x, &x->c->def.period_start_s);
}

bool
member_period_end(struct change_ctx *x)
{
	return change_time(x, &x->c->def.period_end_s);
}

/* 20 is 2000 basis points; finer fractions are rounded up. */
bool
member_markup(struct change_ctx *x)
{
	struct slice number;
	int64_t nano;

	x->c->def.markup_bp = 0;
	if (change_is_null(x))
		return true;
	if (!change_number(x, "number", &number))
		return false;
	nano = jnum_nano(number);
	if (nano < 0)
		change_wrong(x,
		    "Ensure this value is greater than or equal to 0.");
	else if (nano > PERCENT_MAX * NANO)
		change_wrong(x,
		    "Ensure this value is less than or equal to %d.",
		    PERCENT_MAX);
	else {
		x->c->def.markup_bp =
		    (int32_t)((nano + PERCENT_NANO_PER_BP - 1) /
			      PERCENT_NANO_PER_BP);
		return true;
	}
	return false;
}

/* To an administrator's command 0 is no limit; here that is null. */
bool
member_rate_limit(struct change_ctx *x)
{
	int64_t least = x->how->strict ? 1 : 0, *rpm = &x->c->def.limits.rpm;
	struct slice number;

	*rpm = 0;
	if (change_is_null(x))
		return true;
	if (!change_number(x, "integer", &number))
		return false;
	if (!jnum_int(number, rpm) || *rpm == INT64_MAX)
		change_wrong(x, "A valid integer is required.");
	else if (*rpm < least)
		change_wrong(x,
		    "Ensure this value is greater than or equal to %d.",
		    (int)least);
	else
		return true;
	return false;
}

/* Longer ones are cut, as those of requests are; a number becomes a text. */
bool
member_identifier(struct change_ctx *x)
{
	struct slice id = SLICE("");
	int64_t whole;

	/* It is there, whatever it is. */
	if (x->how->identifier.p == NULL)
		x->c->def.identifier = id;
	if (x->item->type == JSCAN_STRING)
		id = utf8_cut(jstr_item(x->item, x->how->pool),
		    IDENTIFIER_CHARACTERS);
	else if (x->item->type == JSCAN_NUMBER &&
		 jnum_int(x->item->value, &whole) &&
		 jnum_is_plain(x->item->value))
		id = x->item->value;
	else if (!change_is_null(x)) {
		change_wrong(x, "Not a valid string.");
		return false;
	}
	if (x->how->identifier.p != NULL) {
		if (slice_eq(id, x->how->identifier))
			return true;
		change_wrong(x, "This field is read-only.");
		return false;
	}
	x->c->def.identifier = id;
	if (id.n > 0)
		return true;
	change_wrong(x, change_is_null(x) ? "This field is required."
					  : "This field may not be blank.");
	return false;
}

bool
member_environment(struct change_ctx *x)
{
	int32_t environment =
	    jstr_says(x->item, SLICE("test")) ? ENV_TEST : ENV_PROD;

	if (environment == ENV_PROD && !jstr_says(x->item, SLICE("prod"))) {
		change_no_choice(x);
		return false;
	}
	if (x->how->identifier.p == NULL)
		x->c->def.environment = environment;
	else if (environment != x->how->environment) {
		change_wrong(x, "This field is read-only.");
		return false;
	}
	return true;
}

bool
member_only(struct change_ctx *x)
{
	change_wrong(x, "This field is read-only.");
	return false;
}

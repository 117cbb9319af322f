/* customers - the verbs customer show, customer set and customer list. */

#include "admin/customers.h"

#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/money.h"
#include "shm/period.h"

int
customer_find(struct office *o, int32_t environment, struct slice id,
    struct customer_def *c, const char **source_r, struct err *e)
{
	const struct settings_customer *in_file =
	    settings_customer_find(o->settings, id);
	struct objects *objects;

	*source_r = "settings";
	if (in_file != NULL) {
		defs_from_customer(o->settings, in_file, c);
		c->environment = environment;
		return 1;
	}
	*source_r = "store";
	objects = office_objects(o, e);
	if (objects == NULL)
		return -1;
	return objects_customer_get(objects, environment, id, &o->def, c, e);
}

static int
customer_show(struct office *o, int32_t environment, struct slice id,
    struct sbuf *out, struct err *e)
{
	struct customer_def c;
	const char *source;
	int got = customer_find(o, environment, id, &c, &source, e);

	if (got == 1)
		show_customer(out, o->settings, &c, source);
	return got;
}

int
customer_id(struct slice args, struct sbuf *id, int32_t *environment_r,
    struct err *e)
{
	if (args_environment(args, environment_r, e) < 0 ||
	    args_text(args, "customer", id, e) < 0)
		return -1;
	if (id->len == 0 || id->len > DEFS_IDENTIFIER_MAX)
		return err_param(e, ERR_INVALID_VALUE, "customer",
		    "customer: This field is required.");
	return 0;
}

int
verb_customer_show(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf id = { 0 };
	int32_t environment;
	int done = customer_id(args, &id, &environment, e);

	if (done == 0)
		done = customer_show(o, environment, sbuf_slice(&id), out, e);
	sbuf_free(&id);
	return done;
}

/* The members that are text, and where their bytes lie meanwhile. */
struct change_texts {
	struct sbuf id, name, email, group, duration;
};

static void
change_given(struct customer_change *c, int got, enum customer_field bit)
{
	if (got == 1)
		c->given |= bit;
}

static int
change_read_texts(struct slice args, struct customer_change *c,
    struct change_texts *t, struct err *e)
{
	const struct {
		const char *name;
		struct sbuf *text;
		struct slice *member;
		enum customer_field bit;
	} rows[] = {
		{ "name", &t->name, &c->def.name, CUSTOMER_NAME },
		{ "email", &t->email, &c->def.email, CUSTOMER_EMAIL },
		{ "group_identifier", &t->group, &c->def.group_identifier,
		    CUSTOMER_GROUP },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int got = args_text(args, rows[i].name, rows[i].text, e);

		if (got < 0)
			return -1;
		change_given(c, got, rows[i].bit);
		*rows[i].member = sbuf_slice(rows[i].text);
	}
	return 0;
}

static int
change_read_duration(struct slice args, struct customer_change *c,
    struct change_texts *t, struct err *e)
{
	enum period_kind kind;
	int got = args_text(args, "budget_duration", &t->duration, e);

	if (got != 1)
		return got;
	if (t->duration.len == 0 || !period_read(t->duration.data, &kind) ||
	    kind == PERIOD_ALL)
		return err_param(e, ERR_INVALID_VALUE, "budget_duration",
		    "budget_duration: daily, weekly, monthly or yearly is a "
		    "valid choice.");
	c->def.budget_duration = (int32_t)kind;
	c->given |= CUSTOMER_DURATION;
	return 0;
}

/* 20 is 2000 basis points; finer fractions are rounded up. */
static int
change_read_markup(struct slice args, struct customer_change *c, struct err *e)
{
	int64_t nano;
	int got = args_money(args, "markup_percentage", &nano, e);

	if (got != 1)
		return got;
	if (nano < 0 || nano > INT64_C(10000) * 1000000000)
		return err_param(e, ERR_INVALID_VALUE, "markup_percentage",
		    "markup_percentage: A valid number is required.");
	c->def.markup_bp = (int32_t)((nano + 9999999) / 10000000);
	c->given |= CUSTOMER_MARKUP;
	return 0;
}

static int
change_read_numbers(struct slice args, struct customer_change *c, struct err *e)
{
	struct customer_def *d = &c->def;
	int period =
	    args_money(args, "period_budget", &d->period_budget_nano, e);
	int total, start, end, rpm;

	if (period < 0)
		return -1;
	total = args_money(args, "total_budget", &d->total_budget_nano, e);
	if (total < 0)
		return -1;
	start = args_time(args, "period_start", &d->period_start_s, e);
	if (start < 0)
		return -1;
	end = args_time(args, "period_end", &d->period_end_s, e);
	if (end < 0)
		return -1;
	rpm = args_int(args, "rate_limit", 0, &d->limits.rpm, e);
	if (rpm < 0)
		return -1;
	change_given(c, period, CUSTOMER_PERIOD_BUDGET);
	change_given(c, total, CUSTOMER_TOTAL_BUDGET);
	change_given(c, start, CUSTOMER_PERIOD_START);
	change_given(c, end, CUSTOMER_PERIOD_END);
	change_given(c, rpm, CUSTOMER_RPM);
	return 0;
}

static int
change_read(struct slice args, struct customer_change *c,
    struct change_texts *t, struct err *e)
{
	if (customer_id(args, &t->id, &c->def.environment, e) != 0 ||
	    change_read_texts(args, c, t, e) != 0 ||
	    change_read_duration(args, c, t, e) != 0 ||
	    change_read_markup(args, c, e) != 0 ||
	    change_read_numbers(args, c, e) != 0)
		return -1;
	c->def.identifier = sbuf_slice(&t->id);
	return 0;
}

static int
change_send(struct office *o, const struct customer_change *c, struct err *e)
{
	struct sbuf packed = { 0 };
	int done;

	defs_change_pack(&packed, c);
	done = office_ask(o, ASK_CUSTOMER, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	return done;
}

int
verb_customer_set(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct customer_change c = { .given = 0 };
	struct change_texts t = { .id = { 0 } };
	int done = change_read(args, &c, &t, e);

	if (done == 0)
		done = change_send(o, &c, e);
	if (done == 1)
		done = customer_show(o, c.def.environment, c.def.identifier,
		    out, e);
	sbuf_free(&t.id);
	sbuf_free(&t.name);
	sbuf_free(&t.email);
	sbuf_free(&t.group);
	sbuf_free(&t.duration);
	return done;
}

static void
customer_list_file(struct office *o, int32_t environment, struct sbuf *out)
{
	const struct settings_customer *in_file =
	    settings_list(o->settings, o->settings->customers);
	struct customer_def c;

	for (uint32_t i = 0; i < o->settings->customers.n; i++) {
		defs_from_customer(o->settings, &in_file[i], &c);
		c.environment = environment;
		if (i > 0)
			sbuf_addc(out, ',');
		show_customer(out, o->settings, &c, "settings");
	}
}

int
verb_customer_list(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct slice after = SLICE("");
	struct customer_def c;
	int32_t environment;
	int got;

	if (objects == NULL || args_environment(args, &environment, e) < 0)
		return -1;
	sbuf_adds(out, "{\"results\":[");
	customer_list_file(o, environment, out);
	while ((got = objects_customer_next(objects, environment, after,
		    &o->def, &c, e)) == 1) {
		if (out->data[out->len - 1] != '[')
			sbuf_addc(out, ',');
		show_customer(out, o->settings, &c, "store");
		after = c.identifier;
	}
	sbuf_adds(out, "]}");
	return got == 0 ? 1 : -1;
}

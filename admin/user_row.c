#include "admin/user_row.h"

#include "admin/show.h"

#define NANO INT64_C(1000000000)

typedef void row_get_fn(const struct user_row *row, struct filter_value *v);

/* A count times 10^9, as far as it goes. */
static int64_t
row_nano(int64_t n)
{
	return n > INT64_MAX / NANO ? INT64_MAX : n * NANO;
}

static void
get_identifier(const struct user_row *row, struct filter_value *v)
{
	v->text = row->def.identifier;
}

static void
get_name(const struct user_row *row, struct filter_value *v)
{
	v->text = row->def.name;
}

static void
get_email(const struct user_row *row, struct filter_value *v)
{
	v->text = row->def.email;
}

static void
get_requests(const struct user_row *row, struct filter_value *v)
{
	v->nano = row_nano(row->figures.did.requests);
}

static void
get_tokens(const struct user_row *row, struct filter_value *v)
{
	v->nano = row_nano(row->figures.did.prompt_tokens +
			   row->figures.did.completion_tokens);
}

static void
get_cost(const struct user_row *row, struct filter_value *v)
{
	v->nano = row->figures.money.total_nano;
}

static void
get_days(const struct user_row *row, struct filter_value *v)
{
	v->nano = row_nano(row->figures.did.days);
}

static void
get_first_seen(const struct user_row *row, struct filter_value *v)
{
	v->nano = row_nano(row->def.created_s);
}

static void
get_last_active(const struct user_row *row, struct filter_value *v)
{
	v->nano = row->figures.did.last_us;
}

/* Nobody is before those who have an average. */
static int64_t
row_average(int64_t sum, int64_t n)
{
	return n > 0 ? sum / n : -1;
}

static void
get_latency(const struct user_row *row, struct filter_value *v)
{
	const struct logstore_customer *did = &row->figures.did;

	v->nano = row_average(did->latency_us, did->latencies);
}

static void
get_ttft(const struct user_row *row, struct filter_value *v)
{
	const struct logstore_customer *did = &row->figures.did;

	v->nano = row_average(did->ttft_us, did->ttfts);
}

const struct filter_field user_row_fields[USER_ROW_FIELDS] = {
	{ "customer_identifier", FILTER_TEXT },
	{ "name", FILTER_TEXT },
	{ "email", FILTER_TEXT },
	{ "number_of_requests", FILTER_NUMBER },
	{ "total_tokens", FILTER_NUMBER },
	{ "total_cost", FILTER_NUMBER },
	{ "active_days", FILTER_NUMBER },
	{ "first_seen", FILTER_NUMBER },
	{ "last_active_timeframe", FILTER_NUMBER },
	{ "average_latency", FILTER_NUMBER },
	{ "average_ttft", FILTER_NUMBER },
};

static const struct {
	row_get_fn *get;
	bool figures; /* they are needed for it */
} getters[USER_ROW_FIELDS] = {
	{ get_identifier, false },
	{ get_name, false },
	{ get_email, false },
	{ get_requests, true },
	{ get_tokens, true },
	{ get_cost, true },
	{ get_days, true },
	{ get_first_seen, false },
	{ get_last_active, true },
	{ get_latency, true },
	{ get_ttft, true },
};

void
user_row_get(const void *row, unsigned field, struct filter_value *v)
{
	getters[field].get(row, v);
}

bool
user_row_needs_figures(unsigned field)
{
	return getters[field].figures;
}

void
user_row_show(struct sbuf *b, const struct user_row *row)
{
	const struct customer_def *c = &row->def;
	const struct logstore_customer *did = &row->figures.did;
	struct slice environment = user_environment(c->environment);
	struct sbuf id = { 0 };

	sbuf_add_slice(&id, c->identifier);
	sbuf_add_slice(&id, environment);
	sbuf_adds(&id, DEFS_ORGANIZATION);
	if (b->data[b->len - 1] == '}')
		sbuf_addc(b, ',');
	sbuf_addc(b, '{');
	show_text(b, "id", sbuf_slice(&id));
	user_show_organization(b);
	show_text(b, "customer_identifier", c->identifier);
	show_text(b, "environment", environment);
	show_text(b, "name", c->name);
	show_text(b, "email", c->email);
	show_time(b, "first_seen", c->created_s);
	show_time(b, "last_active_timeframe", did->last_us / 1000000);
	show_int(b, "active_days", did->days);
	show_int(b, "number_of_requests", did->requests);
	show_int(b, "total_tokens",
	    did->prompt_tokens + did->completion_tokens);
	show_money(b, "total_cost", row->figures.money.total_nano);
	user_show_average(b, "average_latency", did->latency_us,
	    did->latencies);
	user_show_average(b, "average_ttft", did->ttft_us, did->ttfts);
	sbuf_addc(b, '}');
	sbuf_free(&id);
}

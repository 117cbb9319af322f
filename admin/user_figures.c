#include "admin/user_figures.h"

#include <inttypes.h>

#include "admin/show.h"
#include "base/err.h"
#include "base/log.h"

#define TOP_MODELS 5

struct slice
user_environment(int32_t environment)
{
	return environment == ENV_TEST ? SLICE("test") : SLICE("prod");
}

int
user_figures_read(struct office *o, const struct customer_def *c,
    struct user_figures *f_r, struct err *e)
{
	struct logstore *logs;
	struct err why;

	*f_r = (struct user_figures){ .did = { .requests = 0 } };
	if (customer_money(o, c, &f_r->money, e) != 0)
		return -1;
	logs = office_logs(o);
	if (logs == NULL)
		return 0;
	if (logstore_customer(logs, user_environment(c->environment),
		c->identifier, &f_r->did, &why) != 0)
		log_warn("platform: no statistics: %s", why.text);
	logstore_end_read(logs);
	return 0;
}

/* In seconds, to the microsecond; null of nothing. */
void
user_show_average(struct sbuf *b, const char *name, int64_t sum_us, int64_t n)
{
	show_name(b, name);
	if (n == 0)
		sbuf_adds(b, "null");
	else
		sbuf_addf(b, "%" PRId64 ".%06" PRId64, sum_us / n / 1000000,
		    sum_us / n % 1000000);
}

void
user_show_models(struct office *o, struct sbuf *b, const struct customer_def *c)
{
	struct logstore *logs = office_logs(o);
	struct slice model;
	int64_t requests;
	unsigned at = 0;
	struct err e;

	show_name(b, "top_models");
	sbuf_addc(b, '{');
	while (logs != NULL && at < TOP_MODELS &&
	       logstore_customer_model(logs, user_environment(c->environment),
		   c->identifier, &at, &model, &requests, &e) == 1) {
		if (at > 1)
			sbuf_addc(b, ',');
		sbuf_add_json(b, model);
		sbuf_addf(b, ":%" PRId64, requests);
	}
	sbuf_addc(b, '}');
	if (logs != NULL)
		logstore_end_read(logs);
}

void
user_show_organization(struct sbuf *b)
{
	show_text(b, "unique_organization_id", SLICE(DEFS_ORGANIZATION));
}

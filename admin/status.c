/* status - the verbs status and config. */

#include "admin/figures.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/version.h"

static uint64_t
status_dropped(const struct figures *f)
{
	uint64_t sum = 0;

	for (int i = 0; i < LANE_TYPES; i++)
		sum += f->dropped[i];
	return sum;
}

/* Those that were not delivered; nothing to say is not said. */
static void
status_alerts(struct office *o, struct sbuf *out)
{
	struct err e;
	struct ledger *l = office_ledger(o, &e);
	uint64_t n = 0;

	if (l != NULL && ledger_alert_count(l, &n, &e) == 0 && n > 0)
		show_int(out, "alerts_pending", (int64_t)n);
}

int
verb_status(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf reasons = { 0 };
	struct figures f;
	bool ready;

	(void)args;
	(void)e;
	figures_read(o, &f);
	ready = figures_ready(&f, &reasons);
	sbuf_addc(out, '{');
	show_text(out, "version", SLICE(HOLDFAST_VERSION));
	show_time(out, "started_at", o->args->started_us / 1000000);
	show_bool(out, "ready", ready);
	show_name(out, "reasons");
	sbuf_addf(out, "[%.*s]", SLICE_ARGS(sbuf_slice(&reasons)));
	show_int(out, "settings_generation", (int64_t)o->settings->generation);
	show_int(out, "workers", f.workers);
	show_int(out, "workers_draining", f.draining);
	show_int(out, "requests_in_flight", (int64_t)f.requests_inflight);
	show_int(out, "streams", (int64_t)f.streams);
	show_int(out, "connections", (int64_t)f.connections);
	show_int(out, "accounts", f.accounts);
	show_money(out, "held", f.held_nano);
	show_money(out, "suspense", f.suspense_nano);
	show_int(out, "log_records_dropped", (int64_t)status_dropped(&f));
	show_int(out, "keeper_silent_ms", (int64_t)f.keeper_silent_ms);
	show_int(out, "logger_silent_ms", (int64_t)f.logger_silent_ms);
	show_int(out, "clock_steps", (int64_t)f.clock_steps);
	show_int(out, "last_clock_step_s", f.clock_step_s);
	status_alerts(o, out);
	sbuf_addc(out, '}');
	sbuf_free(&reasons);
	return 1;
}

int
verb_config(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	const struct settings *s = o->settings;

	(void)args;
	(void)e;
	sbuf_addc(out, '{');
	show_text(out, "path", slice_str(o->args->settings_path));
	show_int(out, "generation", (int64_t)s->generation);
	show_int(out, "providers", s->providers.n);
	show_int(out, "models", s->models.n);
	show_int(out, "keys", s->keys.n);
	show_int(out, "customers", s->customers.n);
	show_text(out, "store_path", settings_str(s, s->store_path));
	show_text(out, "run_path", settings_str(s, s->run_path));
	sbuf_addc(out, '}');
	return 1;
}

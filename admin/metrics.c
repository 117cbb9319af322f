#include "admin/metrics.h"

#include "admin/figures.h"
#include "admin/office.h"
#include "admin/standing.h"
#include "base/crash.h"
#include "base/money.h"
#include "base/version.h"
#include "shm/stats.h"

static void
metrics_head(struct sbuf *out, const char *name, const char *type,
    const char *help)
{
	sbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value, with the three escapes of the format. */
static void
metrics_value(struct sbuf *out, struct slice text)
{
	sbuf_addc(out, '"');
	for (; text.n > 0; text = slice_skip(text, 1)) {
		char c = *text.p;

		if (c == '"' || c == '\\')
			sbuf_addc(out, '\\');
		if (c == '\n')
			sbuf_adds(out, "\\n");
		else
			sbuf_addc(out, c);
	}
	sbuf_addc(out, '"');
}

/* {endpoint="chat",...,le="0.1"}; le NULL: none. */
static void
metrics_labels(struct office *o, struct sbuf *out, const struct stats_series *s,
    const char *le)
{
	const char *names = stats_info(s->metric)->labels;
	const char *comma = "{";

	for (int i = 0; *names != '\0'; i++) {
		size_t n = strcspn(names, " ");

		sbuf_addf(out, "%s%.*s=", comma, (int)n, names);
		metrics_value(out, stats_name_text(o->seg, s->label[i]));
		comma = ",";
		names += n + (names[n] == ' ');
	}
	if (le != NULL) {
		sbuf_addf(out, "%sle=\"%s\"", comma, le);
		comma = ",";
	}
	if (*comma == ',')
		sbuf_addc(out, '}');
}

static void
metrics_line(struct office *o, struct sbuf *out, const struct stats_series *s,
    const char *suffix, const char *le)
{
	sbuf_adds(out, stats_info(s->metric)->name);
	sbuf_adds(out, suffix);
	metrics_labels(o, out, s, le);
	sbuf_addc(out, ' ');
}

/* Cells: the buckets, +Inf, the sum in nanoseconds; shown cumulative. */
static void
metrics_histogram(struct office *o, struct sbuf *out,
    const struct stats_series *s)
{
	struct sbuf le = { 0 };
	int64_t count = 0;
	const uint64_t *bounds;
	unsigned n;

	bounds = stats_bounds(stats_info(s->metric)->type, &n);
	for (unsigned i = 0; i <= n; i++) {
		count += stats_sum(o->seg, s->cell + i);
		sbuf_clear(&le);
		/* Nanoseconds to seconds is nano-USD to USD. */
		if (i < n)
			money_write(&le, (int64_t)bounds[i]);
		else
			sbuf_adds(&le, "+Inf");
		metrics_line(o, out, s, "_bucket", le.data);
		sbuf_addf(out, "%lld\n", (long long)count);
	}
	metrics_line(o, out, s, "_sum", NULL);
	money_write(out, stats_sum(o->seg, s->cell + n + 1));
	sbuf_addc(out, '\n');
	metrics_line(o, out, s, "_count", NULL);
	sbuf_addf(out, "%lld\n", (long long)count);
	sbuf_free(&le);
}

static void
metrics_series(struct office *o, struct sbuf *out, const struct stats_series *s)
{
	switch (stats_info(s->metric)->type) {
	case STATS_MONEY:
		metrics_line(o, out, s, "", NULL);
		money_write(out, stats_sum(o->seg, s->cell));
		sbuf_addc(out, '\n');
		break;
	case STATS_COUNTER:
	case STATS_GAUGE:
		metrics_line(o, out, s, "", NULL);
		sbuf_addf(out, "%lld\n", (long long)stats_sum(o->seg, s->cell));
		break;
	case STATS_DURATION:
	case STATS_FIRST_TOKEN:
	case STATS_OVERHEAD:
		metrics_histogram(o, out, s);
		break;
	}
}

/* The format wants all series of a metric together. */
static void
metrics_of_table(struct office *o, struct sbuf *out)
{
	static const char *const types[] = {
		[STATS_COUNTER] = "counter",
		[STATS_MONEY] = "counter",
		[STATS_GAUGE] = "gauge",
		[STATS_DURATION] = "histogram",
		[STATS_FIRST_TOKEN] = "histogram",
		[STATS_OVERHEAD] = "histogram",
	};

	for (unsigned m = 0; m < METRICS; m++) {
		const struct stats_info *info =
		    stats_info((enum stats_metric)m);
		struct stats_series s;
		uint32_t at = 0;

		metrics_head(out, info->name, types[info->type], info->help);
		while (stats_each(o->seg, &at, &s))
			if (s.metric == m)
				metrics_series(o, out, &s);
	}
}

static void
metrics_gauge(struct sbuf *out, const char *name, const char *help,
    uint64_t value)
{
	metrics_head(out, name, "gauge", help);
	sbuf_addf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void
metrics_decimal(struct sbuf *out, const char *name, const char *help,
    int64_t nano)
{
	metrics_head(out, name, "gauge", help);
	sbuf_addf(out, "%s ", name);
	money_write(out, nano);
	sbuf_addc(out, '\n');
}

static void
metrics_of_lanes(const struct figures *f, struct sbuf *out)
{
	metrics_head(out, "holdfast_ring_used_ratio", "gauge",
	    "how full the fullest lane is");
	sbuf_adds(out, "holdfast_ring_used_ratio{lane=\"money\"} ");
	money_write(out, (int64_t)f->money_permille * 1000000);
	sbuf_adds(out, "\nholdfast_ring_used_ratio{lane=\"log\"} ");
	money_write(out, (int64_t)f->log_permille * 1000000);
	sbuf_addc(out, '\n');
	metrics_head(out, "holdfast_ring_dropped_total", "counter",
	    "records that found their lane full");
	sbuf_addf(out,
	    "holdfast_ring_dropped_total{type=\"access\"} %llu\n"
	    "holdfast_ring_dropped_total{type=\"body\"} %llu\n"
	    "holdfast_ring_dropped_total{type=\"cache\"} %llu\n",
	    (unsigned long long)f->dropped[LANE_ACCESS],
	    (unsigned long long)f->dropped[LANE_BODY],
	    (unsigned long long)f->dropped[LANE_CACHE]);
}

static void
metrics_of_process(struct office *o, const struct figures *f, struct sbuf *out)
{
	metrics_head(out, "holdfast_build_info", "gauge",
	    "what runs here; the revision is the build id");
	sbuf_addf(out,
	    "holdfast_build_info{version=\"" HOLDFAST_VERSION
	    "\",revision=\"%s\"} 1\n",
	    crash_build_id());
	metrics_gauge(out, "holdfast_settings_generation",
	    "number of the settings in force", o->settings->generation);
	metrics_head(out, "holdfast_workers", "gauge", "worker processes");
	sbuf_addf(out,
	    "holdfast_workers{state=\"serving\"} %u\n"
	    "holdfast_workers{state=\"draining\"} %u\n",
	    f->workers - f->draining, f->draining);
	metrics_gauge(out, "holdfast_connections", "open client connections",
	    f->connections);
	metrics_gauge(out, "holdfast_inflight_requests",
	    "requests that have not ended", f->requests_inflight);
	metrics_gauge(out, "holdfast_streams", "streams that run", f->streams);
}

/* Nobody says when a charge was published: the keeper's silence bounds it. */
static int64_t
metrics_lag_ns(const struct figures *f)
{
	return f->charges_wait ? (int64_t)f->keeper_silent_ms * 1000000 : 0;
}

static void
metrics_of_providers(struct office *o, struct sbuf *out)
{
	const struct settings *s = o->settings;
	struct standings all;

	metrics_head(out, "holdfast_provider_up", "gauge",
	    "1, or 0 while all its credentials are ejected or it is drained");
	standings_read(o, &all);
	for (uint32_t i = 0; i < s->providers.n; i++) {
		const struct settings_provider *p =
		    settings_provider_at(s, (int32_t)i);
		bool up =
		    standings_provider(o, &all, (int32_t)i) == STANDING_UP;

		sbuf_adds(out, "holdfast_provider_up{provider=");
		metrics_value(out, settings_str(s, p->name));
		sbuf_adds(out, up ? "} 1\n" : "} 0\n");
	}
	standings_free(&all);
}

void
metrics_write(struct office *o, struct sbuf *out)
{
	struct figures f;

	figures_read(o, &f);
	metrics_of_process(o, &f, out);
	metrics_of_lanes(&f, out);
	metrics_decimal(out, "holdfast_budget_held_dollars",
	    "held by requests in flight", f.held_nano);
	metrics_decimal(out, "holdfast_budget_suspense_dollars",
	    "spent perhaps, of accounts in use", f.suspense_nano);
	metrics_decimal(out, "holdfast_ledger_lag_seconds",
	    "age of the oldest charge that is not in the ledger, at most",
	    metrics_lag_ns(&f));
	metrics_head(out, "holdfast_clock_steps_total", "counter",
	    "times that the wall clock was set by a minute or more");
	sbuf_addf(out, "holdfast_clock_steps_total %llu\n",
	    (unsigned long long)f.clock_steps);
	metrics_gauge(out, "holdfast_accounts",
	    "budget accounts in the segment", f.accounts);
	metrics_of_providers(o, out);
	metrics_of_table(o, out);
}

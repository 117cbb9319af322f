#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/xmem.h"
#include "master/difference_priv.h"

#define FIELD(kind, type, member)                                              \
	{                                                                      \
		NULL, kind, offsetof(struct type, member),                     \
		    sizeof((struct type *)0)->member                           \
	}

static const struct difference_field listen_fields[] = {
	FIELD(STR, settings_listen, address),
	FIELD(RAW, settings_listen, port),
	FIELD(RAW, settings_listen, tls),
};
static const struct difference_field tls_fields[] = {
	FIELD(STR, settings_tls, certificate),
	FIELD(RAW, settings_tls, min_version),
};
static const struct difference_field provider_fields[] = {
	FIELD(RAW, settings_provider, kind),
	FIELD(STR, settings_provider, base_url),
	FIELD(STR, settings_provider, api_version),
	FIELD(STR, settings_provider, ca_file),
	FIELD(RAW, settings_provider, open_models),
	FIELD(RAW, settings_provider, ask_usage),
	FIELD(RAW, settings_provider, max_name),
	FIELD(RAW, settings_provider, reasoning),
	FIELD(RAW, settings_provider, json_schema),
	FIELD(RAW, settings_provider, end),
	FIELD(RAW, settings_provider, quirks),
	FIELD(RAW, settings_provider, max_connections),
	FIELD(RAW, settings_provider, connect_timeout_ms),
	FIELD(RAW, settings_provider, first_byte_timeout_ms),
	FIELD(RAW, settings_provider, idle_timeout_ms),
	FIELD(RAW, settings_provider, timeout_ms),
	FIELD(RAW, settings_provider, stream_timeout_ms),
	FIELD(RAW, settings_provider, credentials.n),
};
static const struct difference_field model_fields[] = {
	FIELD(STR, settings_model, upstream),
	FIELD(PROVIDER, settings_model, provider),
	FIELD(RAW, settings_model, features),
	FIELD(RAW, settings_model, context),
	FIELD(RAW, settings_model, max_output),
	FIELD(RAW, settings_model, image_tokens_max),
	FIELD(RAW, settings_model, created),
	FIELD(RAW, settings_model, limits),
	FIELD(RAW, settings_model, price_source),
};
static const struct difference_field key_fields[] = {
	FIELD(STR, settings_key, name),
	FIELD(RAW, settings_key, sha256),
	FIELD(RAW, settings_key, environment),
	FIELD(RAW, settings_key, scopes),
	FIELD(STRS, settings_key, models),
	FIELD(STRS, settings_key, customers),
	FIELD(STRS, settings_key, addresses),
	FIELD(RAW, settings_key, period_budget_nano),
	FIELD(RAW, settings_key, spending_limit_nano),
	FIELD(RAW, settings_key, clamp_max_tokens),
	FIELD(RAW, settings_key, budget_duration),
	FIELD(RAW, settings_key, expires_s),
	FIELD(RAW, settings_key, max_usage),
	FIELD(RAW, settings_key, limits),
};
static const struct difference_field customer_fields[] = {
	FIELD(STR, settings_customer, name),
	FIELD(STR, settings_customer, email),
	FIELD(STR, settings_customer, group_identifier),
	FIELD(RAW, settings_customer, period_budget_nano),
	FIELD(RAW, settings_customer, total_budget_nano),
	FIELD(RAW, settings_customer, budget_duration),
	FIELD(RAW, settings_customer, markup_bp),
	FIELD(RAW, settings_customer, period_start_s),
	FIELD(RAW, settings_customer, limits),
};
static const struct difference_field log_fields[] = {
	FIELD(STR, settings_log_file, kind),
	FIELD(RAW, settings_log_file, bodies),
};

static const struct difference_field exporter_fields[] = {
	FIELD(STR, settings_exporter, kind),
	FIELD(STR, settings_exporter, endpoint),
	FIELD(RAW, settings_exporter, events),
	FIELD(RAW, settings_exporter, enabled),
};

#define LIST(one, list, type, name, fields, priced)                            \
	{                                                                      \
		one, offsetof(struct settings, list), sizeof(struct type),     \
		    offsetof(struct type, name), fields, COUNT(fields), priced \
	}

static const struct difference_list {
	const char *one; /* "model" */
	size_t offset, size, name;
	const struct difference_field *fields;
	size_t n;
	bool priced; /* a model: prices are told one by one */
} lists[] = {
	LIST("listener", listen, settings_listen, address, listen_fields,
	    false),
	LIST("certificate", tls, settings_tls, name, tls_fields, false),
	LIST("provider", providers, settings_provider, name, provider_fields,
	    false),
	LIST("model", models, settings_model, name, model_fields, true),
	LIST("key", keys, settings_key, prefix, key_fields, false),
	LIST("customer", customers, settings_customer, identifier,
	    customer_fields, false),
	LIST("log file", log_files, settings_log_file, path, log_fields, false),
	LIST("exporter", exporters, settings_exporter, name, exporter_fields,
	    false),
};

#define RATE(name, member)                                                     \
	{                                                                      \
		name, offsetof(struct settings_price, member)                  \
	}

/* Prices per token; written per million of them. */
static const struct {
	const char *name;
	size_t offset;
} rates[] = {
	RATE("input", input),
	RATE("output", output),
	RATE("cached input", cached_input),
	RATE("cache write", cache_write),
	RATE("cache write 1h", cache_write_1h),
	RATE("reasoning", reasoning_output),
	RATE("audio input", audio_input),
	RATE("audio output", audio_output),
	RATE("cached audio input", cached_audio_input),
	RATE("image input", image_input),
	RATE("tier input", tier_input),
	RATE("tier output", tier_output),
	RATE("tier cached input", tier_cached_input),
};

static void
difference_rate(struct sbuf *out, int64_t pico)
{
	difference_money(out, pico == MONEY_NONE ? pico : pico * 1000);
}

static void
difference_prices(struct difference *d, const struct settings_model *old,
    const struct settings_model *now)
{
	struct slice name = settings_str(d->now, now->name);

	for (size_t i = 0; i < COUNT(rates); i++) {
		int64_t a, b;

		memcpy(&a, (const char *)&old->price + rates[i].offset, 8);
		memcpy(&b, (const char *)&now->price + rates[i].offset, 8);
		if (a == b || !difference_next(d))
			continue;
		sbuf_addf(d->out, "price of %.*s %s ", SLICE_ARGS(name),
		    rates[i].name);
		difference_rate(d->out, a);
		sbuf_adds(d->out, " -> ");
		difference_rate(d->out, b);
	}
}

/* One of two lists, its elements by name. */
struct difference_side {
	const struct settings *s;
	const struct difference_list *list;
	const char **at;
	uint32_t n, i;
};

static struct slice
difference_name(const struct difference_side *side, const char *element)
{
	return difference_str(side->s, element + side->list->name);
}

static int
difference_order(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Those of one name, as two ports of an address, stay as they were written. */
static int
difference_compare(const void *va, const void *vb, void *arg)
{
	const char *const *a = va, *const *b = vb;
	int order = difference_order(difference_name(arg, *a),
	    difference_name(arg, *b));

	return order != 0 ? order : (*a > *b) - (*a < *b);
}

static void
difference_side(struct difference_side *side, const struct settings *s,
    const struct difference_list *list)
{
	const char *first;
	struct slist l;

	memcpy(&l, (const char *)s + list->offset, sizeof l);
	first = settings_list(s, l);
	*side = (struct difference_side){ .s = s, .list = list, .n = l.n };
	side->at = xcalloc(l.n + 1, sizeof side->at[0]);
	for (uint32_t i = 0; i < l.n; i++)
		side->at[i] = first + i * list->size;
	qsort_r(side->at, l.n, sizeof side->at[0], difference_compare, side);
}

/* Below 0: the next one is in a alone; above 0: in b alone. */
static int
difference_pair(const struct difference_side *a,
    const struct difference_side *b)
{
	if (a->i == a->n)
		return 1;
	if (b->i == b->n)
		return -1;
	return difference_order(difference_name(a, a->at[a->i]),
	    difference_name(b, b->at[b->i]));
}

/* An element of both lists; true when more than a price differs. */
static bool
difference_element(struct difference *d, const struct difference_list *list,
    const void *old, const void *now)
{
	if (list->priced)
		difference_prices(d, old, now);
	for (size_t i = 0; i < list->n; i++)
		if (!difference_same(d, &list->fields[i], old, now))
			return true;
	return false;
}

static void
difference_count(struct difference *d, const char *sign, unsigned n,
    const char *one, const char *what)
{
	if (n > 0 && difference_next(d))
		sbuf_addf(d->out, "%s%u %s%s%s", sign, n, one, n > 1 ? "s" : "",
		    what);
}

static void
difference_list(struct difference *d, const struct difference_list *list)
{
	struct difference_side a, b;
	unsigned gone = 0, come = 0, changed = 0;

	difference_side(&a, d->old, list);
	difference_side(&b, d->now, list);
	while (a.i < a.n || b.i < b.n) {
		int order = difference_pair(&a, &b);

		gone += order < 0;
		come += order > 0;
		if (order == 0)
			changed +=
			    difference_element(d, list, a.at[a.i], b.at[b.i]);
		a.i += order <= 0;
		b.i += order >= 0;
	}
	difference_count(d, "+", come, list->one, "");
	difference_count(d, "-", gone, list->one, "");
	difference_count(d, "", changed, list->one, " changed");
	free(a.at);
	free(b.at);
}

void
difference_lists(struct difference *d)
{
	for (size_t i = 0; i < COUNT(lists); i++)
		difference_list(d, &lists[i]);
}

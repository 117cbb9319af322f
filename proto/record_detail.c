#include "proto/record_detail.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "proto/record_json.h"

#define ATTEMPT_TEXTS 11
#define ATTEMPT_NUMBERS 13
#define ATTEMPT_TEXT_MAX 512
#define ATTEMPT_TIME_MAX 253402300799999999 /* the end of the year 9999 */

_Static_assert(offsetof(struct record_attempt, model) ==
		       ATTEMPT_NUMBERS * sizeof(int64_t) &&
		   sizeof(struct record_attempt) ==
		       ATTEMPT_NUMBERS * sizeof(int64_t) +
			   ATTEMPT_TEXTS * sizeof(struct slice),
    "struct record_attempt has holes");

static const char *const limit_names[RECORD_LIMIT_NAMES] = {
	[RECORD_LIMIT_CUSTOMER] = "customer_budget",
	[RECORD_LIMIT_CUSTOMER_TOTAL] = "customer_total_budget",
	[RECORD_LIMIT_KEY] = "key_budget",
	[RECORD_LIMIT_KEY_TOTAL] = "key_total_budget",
	[RECORD_LIMIT_ORGANIZATION] = "org_budget",
	[RECORD_LIMIT_CREDITS] = "org_credits",
};

void
record_limits_begin(struct sbuf *packed, bool allowed)
{
	int64_t word = allowed;

	sbuf_add(packed, &word, sizeof word);
}

void
record_limits_add(struct sbuf *packed, const struct record_limit *l)
{
	sbuf_add(packed, l, sizeof *l);
}

/* Take n bytes off the front.  False when there are fewer. */
static bool
detail_take(struct slice *packed, void *to, size_t n)
{
	if (packed->n < n)
		return false;
	memcpy(to, packed->p, n);
	*packed = slice_skip(*packed, n);
	return true;
}

static void
detail_money(struct sbuf *out, const char *name, int64_t nano)
{
	sbuf_adds(out, name);
	money_write(out, nano);
}

/* Whole seconds: what is shown of a period's end. */
static void
detail_second(struct sbuf *out, int64_t s)
{
	char iso[NOW_ISO_S_SIZE];

	if (s <= 0 || s > INT64_MAX / 1000000) {
		sbuf_adds(out, "null");
		return;
	}
	now_iso_s(s, iso);
	sbuf_addc(out, '"');
	sbuf_adds(out, iso);
	sbuf_addc(out, '"');
}

/* Credits are shown as what is left of them, the vendor's way. */
static void
limit_figures_json(const struct record_limit *l, struct sbuf *out)
{
	bool falls = l->name == RECORD_LIMIT_CREDITS;

	detail_money(out,
	    ",\"current_value\":", falls ? l->limit - l->current : l->current);
	detail_money(out,
	    ",\"new_value\":", falls ? l->limit - l->after : l->after);
	detail_money(out, ",\"limit_value\":", falls ? 0 : l->limit);
}

static void
limit_json(const struct record_limit *l, struct sbuf *out)
{
	int64_t total = 0;
	bool within = !__builtin_add_overflow(l->current, l->held, &total) &&
	              !__builtin_add_overflow(total, l->needed, &total) &&
	              total <= l->limit;

	sbuf_adds(out, "{\"name\":\"");
	sbuf_adds(out, limit_names[l->name]);
	sbuf_addc(out, '"');
	limit_figures_json(l, out);
	sbuf_adds(out, ",\"is_within_limit\":");
	sbuf_adds(out, within ? "true" : "false");
	detail_money(out, ",\"held_value\":", l->held);
	detail_money(out, ",\"needed_value\":", l->needed);
	detail_money(out, ",\"suspense_value\":", l->suspense);
	sbuf_adds(out, ",\"resets_at\":");
	detail_second(out, l->resets_s);
	sbuf_addc(out, '}');
}

void
record_limits_json(struct slice packed, struct sbuf *out)
{
	struct record_limit l;
	int64_t allowed = 0;
	bool first = true;

	if (!detail_take(&packed, &allowed, sizeof allowed)) {
		sbuf_adds(out, "null");
		return;
	}
	sbuf_adds(out, "{\"is_allowed\":");
	sbuf_adds(out, allowed ? "true" : "false");
	sbuf_adds(out, ",\"limits\":[");
	while (detail_take(&packed, &l, sizeof l)) {
		if (l.name < 0 || l.name >= RECORD_LIMIT_NAMES)
			continue;
		if (!first)
			sbuf_addc(out, ',');
		first = false;
		limit_json(&l, out);
	}
	sbuf_adds(out, "]}");
}

void
record_attempts_add(struct sbuf *packed, const struct record_attempt *a)
{
	const struct slice *text = &a->model;
	uint16_t lens[ATTEMPT_TEXTS];

	for (int i = 0; i < ATTEMPT_TEXTS; i++)
		lens[i] =
		    (uint16_t)(text[i].n < ATTEMPT_TEXT_MAX ? text[i].n
							    : ATTEMPT_TEXT_MAX);
	sbuf_add(packed, a, offsetof(struct record_attempt, model));
	sbuf_add(packed, lens, sizeof lens);
	for (int i = 0; i < ATTEMPT_TEXTS; i++)
		sbuf_add(packed, text[i].p, lens[i]);
}

/* False at the end, or when the bytes are none of ours. */
static bool
attempt_take(struct slice *packed, struct record_attempt *a)
{
	struct slice *text = &a->model;
	uint16_t lens[ATTEMPT_TEXTS];

	if (!detail_take(packed, a, offsetof(struct record_attempt, model)) ||
	    !detail_take(packed, lens, sizeof lens))
		return false;
	for (int i = 0; i < ATTEMPT_TEXTS; i++) {
		if (packed->n < lens[i])
			return false;
		text[i] = (struct slice){ packed->p, lens[i] };
		*packed = slice_skip(*packed, lens[i]);
	}
	return true;
}

static void
attempt_text(struct sbuf *out, const char *name, struct slice text)
{
	sbuf_adds(out, name);
	record_json_text(text, out);
}

/* The same, null when there is none. */
static void
attempt_maybe(struct sbuf *out, const char *name, struct slice text)
{
	if (text.n > 0) {
		attempt_text(out, name, text);
		return;
	}
	sbuf_adds(out, name);
	sbuf_adds(out, "null");
}

static void
attempt_number(struct sbuf *out, const char *name, int64_t n)
{
	sbuf_adds(out, name);
	sbuf_add_u64(out, n > 0 ? (uint64_t)n : 0);
}

/* Microseconds shown as seconds. */
static void
attempt_seconds(struct sbuf *out, const char *name, int64_t us)
{
	detail_money(out, name,
	    us > 0 && us < INT64_MAX / 1000 ? us * 1000 : 0);
}

static void
attempt_json(const struct record_attempt *a, struct sbuf *out)
{
	attempt_number(out, "{\"n\":", a->n);
	attempt_text(out, ",\"model\":", a->model);
	attempt_text(out, ",\"provider_id\":", a->provider);
	attempt_text(out, ",\"deployment_name\":", a->deployment);
	attempt_text(out, ",\"credential_source\":", a->credential_source);
	attempt_maybe(out, ",\"credential_id\":", a->credential_id);
	attempt_text(out, ",\"upstream_model\":", a->upstream_model);
	attempt_text(out, ",\"upstream_host\":", a->upstream_host);
	sbuf_adds(out, ",\"started_at\":\"");
	record_json_time(a->started_us > 0 && a->started_us < ATTEMPT_TIME_MAX
			     ? a->started_us
			     : 0,
	    out);
	attempt_seconds(out, "\",\"wait_before\":", a->wait_us);
	attempt_seconds(out, ",\"connect_time\":", a->connect_us);
	attempt_seconds(out, ",\"time_to_first_byte\":", a->first_byte_us);
	attempt_seconds(out, ",\"duration\":", a->duration_us);
	sbuf_adds(out, ",\"reused_connection\":");
	sbuf_adds(out, a->reused ? "true" : "false");
	attempt_number(out, ",\"status_code\":", a->status);
	attempt_text(out, ",\"outcome\":", a->outcome);
	attempt_maybe(out, ",\"error_class\":", a->error_class);
	attempt_maybe(out, ",\"error_message\":", a->error_message);
	attempt_seconds(out, ",\"retry_after\":",
	    a->retry_after_ms < INT64_MAX / 1000 ? a->retry_after_ms * 1000
						 : 0);
	attempt_maybe(out, ",\"upstream_request_id\":", a->upstream_request_id);
	attempt_number(out, ",\"prompt_tokens\":", a->prompt_tokens);
	attempt_number(out, ",\"completion_tokens\":", a->completion_tokens);
	attempt_number(out, ",\"hold_nano_usd\":", a->hold_nano);
	attempt_number(out, ",\"charge_nano_usd\":", a->charge_nano);
	sbuf_addc(out, '}');
}

void
record_attempts_json(struct slice packed, struct sbuf *out)
{
	struct record_attempt a;
	bool first = true;

	sbuf_addc(out, '[');
	while (attempt_take(&packed, &a)) {
		if (!first)
			sbuf_addc(out, ',');
		first = false;
		attempt_json(&a, out);
	}
	sbuf_addc(out, ']');
}

/* why - the verb why: what one request held, cost and met (money.md 10). */

#include "admin/why.h"

#include <stdio.h>
#include <string.h>

#include "admin/args.h"
#include "admin/journal.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/money.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define DIGITS_MIN 7

/* What of a record explains its money, in this order (spec/logs.md 1). */
static const char *const members[] = { "timestamp", "status", "status_code",
	"error_code", "error_message", "customer_identifier",
	"organization_key_id", "environment", "requested_model", "model",
	"provider_id", "deployment_name", "credential_source",
	"load_balance_group_id", "stream", "cache_hit", "cached_model",
	"saved_cost", "prompt_tokens", "prompt_cache_hit_tokens",
	"prompt_cache_creation_tokens", "completion_tokens", "reasoning_tokens",
	"usage_source", "usage_estimated", "hold", "price_version", "cost",
	"cost_known", "provider_cost", "charge", "suspense", "limit_info",
	"attempts", "warnings" };

bool
why_fits(const struct why_id *w, const unsigned char id[16])
{
	char hex[HEX_ID_SIZE];

	if (w->known)
		return memcmp(w->id, id, 16) == 0;
	hex_write(id, 16, hex);
	return memcmp(hex, w->digits.p, w->digits.n) == 0;
}

/* USD per million tokens; pico-USD per token times 1000 is nano-USD. */
static void
why_show_rate(struct sbuf *out, const char *name, int64_t pico)
{
	if (pico != MONEY_NONE && pico <= INT64_MAX / 1000)
		show_amount(out, name, pico * 1000);
}

/* The price row, when the prices are still those of the record. */
static void
why_show_price(struct office *o, struct slice record, struct sbuf *out)
{
	const struct settings *s = o->settings;
	const struct settings_model *models = settings_list(s, s->models);
	struct jscan_item version, name;
	char now[24];

	snprintf(now, sizeof now, "%lld", (long long)s->price_version);
	if (!jscan_find(record, SLICE("price_version"), &version) ||
	    !slice_eq(version.value, slice_str(now)) ||
	    !jscan_find(record, SLICE("model"), &name) ||
	    name.type != JSCAN_STRING)
		return;
	for (uint32_t i = 0; i < s->models.n; i++) {
		const struct settings_price *p = &models[i].price;

		if (!p->known ||
		    !jstr_says(&name, settings_str(s, models[i].name)))
			continue;
		show_name(out, "price_per_million");
		sbuf_addc(out, '{');
		why_show_rate(out, "input", p->input);
		why_show_rate(out, "cached_input", p->cached_input);
		why_show_rate(out, "cache_write", p->cache_write);
		why_show_rate(out, "output", p->output);
		why_show_rate(out, "reasoning_output", p->reasoning_output);
		sbuf_addc(out, '}');
		return;
	}
}

static void
why_show_record(struct office *o, struct slice json, struct sbuf *out)
{
	struct jscan_item whole, item;
	struct err e;

	if (jscan_value(json, &whole, &e) != 0 || whole.type != JSCAN_OBJECT)
		return;
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		if (!jscan_find(whole.value, slice_str(members[i]), &item))
			continue;
		show_name(out, members[i]);
		sbuf_add_slice(out, item.value);
	}
	why_show_price(o, whole.value, out);
}

/* From the log store.  1, 0, -1. */
static int
why_read_record(struct office *o, struct why_id *w, struct sbuf *out,
    struct err *e)
{
	struct logstore_found found;
	struct logstore *logs = office_logs(o);
	int got;

	if (logs == NULL)
		return 0;
	got = w->known ? logstore_get(logs, w->id, &found, e)
	               : logstore_get_prefix(logs, w->digits, &found, e);
	if (got == 1) {
		memcpy(w->id, found.id, sizeof w->id);
		w->known = true;
		why_show_record(o, found.json, out);
	}
	logstore_end_read(logs);
	return got;
}

/* What the keeper noted of it: an orphan has no record.  1, 0, -1. */
static int
why_read_journal(struct office *o, struct why_id *w, struct sbuf *out,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	struct journal_line line = { .seq = 0 };
	unsigned char id[16];
	int got = l != NULL ? 0 : -1, n = 0;

	while (l != NULL && (got = journal_next(l, &line, e)) == 1) {
		if (line.request.n != 32 ||
		    !hex_read(line.request.p, id, sizeof id) ||
		    !why_fits(w, id))
			continue;
		memcpy(w->id, id, sizeof id);
		w->known = true;
		if (n++ == 0) {
			show_name(out, "journal");
			sbuf_addc(out, '[');
		}
		show_element(out);
		if ((got = journal_show(o, &line, out, e)) != 0)
			break;
	}
	if (n > 0)
		sbuf_addc(out, ']');
	sbuf_free(&line.text);
	return got < 0 ? -1 : n > 0;
}

static int
why_show(struct office *o, struct why_id *w, struct sbuf *out, struct err *e)
{
	struct sbuf parts = { 0 };
	char hex[HEX_ID_SIZE];
	int flight, record, journal;

	sbuf_addc(&parts, '{');
	record = why_read_record(o, w, &parts, e);
	flight = record >= 0 ? why_show_flight(o, w, &parts, e) : -1;
	journal = flight >= 0 ? why_read_journal(o, w, &parts, e) : -1;
	if (journal >= 0 && w->known) {
		hex_write(w->id, sizeof w->id, hex);
		sbuf_addf(out, "{\"request\":\"%s\",\"known_from\":\"%s\"", hex,
		    record == 1   ? "record"
		    : flight == 1 ? "slot"
				  : "journal");
		sbuf_addc(out, ',');
		sbuf_add_slice(out, slice_skip(sbuf_slice(&parts), 1));
		sbuf_addc(out, '}');
	}
	sbuf_free(&parts);
	return journal < 0 ? -1 : w->known;
}

/* Lower-case digits without the dashes of a UUID. */
static int
why_read_id(struct sbuf *text, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (c != '-')
			text->data[n++] =
			    c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	text->len = n;
	if (n < DIGITS_MIN || n > 32 ||
	    strspn(text->data, "0123456789abcdef") < n)
		return err_param(e, ERR_INVALID_VALUE, "request",
		    "request: the id of a request, or its first 7 digits or "
		    "more, is required.");
	return 0;
}

int
verb_why(struct office *o, struct slice args, struct sbuf *out, struct err *e)
{
	struct sbuf text = { 0 };
	struct why_id w = { .known = false };
	int done = args_text(args, "request", &text, e);

	if (done == 0 || (done == 1 && text.len == 0))
		done = err_param(e, ERR_MISSING_PARAMETER, "request",
		    "request: This field is required.");
	if (done == 1 && why_read_id(&text, e) != 0)
		done = -1;
	w.digits = sbuf_slice(&text);
	if (done == 1)
		done = why_show(o, &w, out, e);
	sbuf_free(&text);
	return done;
}

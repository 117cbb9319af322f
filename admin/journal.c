/* journal - the verb budget journal. */

#include "admin/journal.h"

#include <string.h>

#include "admin/accounts.h"
#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/hex.h"
#include "proto/jnum.h"
#include "proto/jscan.h"

#define JOURNAL_LAST 100 /* shown unless more are asked for */

static struct slice
journal_text(struct slice object, const char *name)
{
	struct jscan_item item;

	if (!jscan_find(object, slice_str(name), &item) ||
	    item.type != JSCAN_STRING)
		return SLICE("");
	return jscan_text(&item);
}

static int64_t
journal_nano(struct slice object, const char *name)
{
	struct jscan_item item;
	int64_t nano;

	return jscan_find(object, slice_str(name), &item) &&
	               item.type == JSCAN_NUMBER && jnum_int(item.value, &nano)
	           ? nano
	           : 0;
}

/* 1, or 0 when it is no entry of ours. */
static int
journal_read(struct journal_line *line)
{
	struct jscan_item whole;
	struct slice row;
	struct err e;

	if (jscan_value(sbuf_slice(&line->text), &whole, &e) != 0 ||
	    whole.type != JSCAN_OBJECT)
		return 0;
	row = journal_text(whole.value, "account");
	if (row.n != 2 * ROW_KEY_SIZE ||
	    !hex_read(row.p, line->row.bytes, ROW_KEY_SIZE))
		return 0;
	line->action = journal_text(whole.value, "action");
	line->request = journal_text(whole.value, "request");
	line->time = journal_text(whole.value, "time");
	line->by = journal_text(whole.value, "by");
	line->reason = journal_text(whole.value, "reason");
	line->settled_nano = journal_nano(whole.value, "settled_nano");
	line->suspense_nano = journal_nano(whole.value, "suspense_nano");
	return 1;
}

int
journal_next(struct ledger *l, struct journal_line *line, struct err *e)
{
	int got;

	do
		got = ledger_journal_next(l, &line->seq, &line->text, e);
	while (got == 1 && !journal_read(line));
	return got;
}

/* A string that is JSON already. */
static void
journal_show_raw(struct sbuf *out, const char *name, struct slice raw)
{
	show_name(out, name);
	if (raw.n == 0)
		sbuf_adds(out, "null");
	else
		sbuf_addf(out, "\"%.*s\"", SLICE_ARGS(raw));
}

int
journal_show(struct office *o, const struct journal_line *line,
    struct sbuf *out, struct err *e)
{
	sbuf_addc(out, '{');
	show_int(out, "entry", (int64_t)line->seq);
	journal_show_raw(out, "time", line->time);
	journal_show_raw(out, "action", line->action);
	if (accounts_show(o, &line->row, out, e) < 0)
		return -1;
	show_amount(out, "settled", line->settled_nano);
	show_amount(out, "suspense", line->suspense_nano);
	journal_show_raw(out, "by", line->by);
	journal_show_raw(out, "request", line->request);
	journal_show_raw(out, "reason", line->reason);
	sbuf_addc(out, '}');
	return 0;
}

struct journal_filter {
	bool all;
	unsigned char hash[OWNER_HASH_SIZE];
	int64_t skip; /* so many of those that fit */
};

static bool
journal_fits(const struct journal_filter *f, const struct journal_line *line)
{
	return f->all ||
	       memcmp(row_key_hash(&line->row), f->hash, OWNER_HASH_SIZE) == 0;
}

/* Show what fits but for the first skip; out NULL: only count.  -1 with *e. */
static int64_t
journal_walk(struct office *o, struct ledger *l, const struct journal_filter *f,
    struct sbuf *out, struct err *e)
{
	struct journal_line line = { .seq = 0 };
	int64_t n = 0;
	int got = 0, shown = 0;

	while (shown == 0 && (got = journal_next(l, &line, e)) == 1) {
		if (!journal_fits(f, &line) || n++ < f->skip || out == NULL)
			continue;
		show_element(out);
		shown = journal_show(o, &line, out, e);
	}
	sbuf_free(&line.text);
	return shown < 0 || got < 0 ? -1 : n;
}

static int
journal_filter_read(struct slice args, struct journal_filter *f, struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int done = verb_owner(args, &id, &owner, e);

	owner_hash(&owner, f->hash);
	f->all = owner.kind == OWNER_ORGANIZATION;
	sbuf_free(&id);
	return done;
}

int
verb_budget_journal(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	struct journal_filter f = { .skip = 0 };
	int64_t last = JOURNAL_LAST, n;

	if (l == NULL || journal_filter_read(args, &f, e) < 0 ||
	    args_int(args, "last", 1, &last, e) < 0)
		return -1;
	n = journal_walk(o, l, &f, NULL, e);
	if (n < 0)
		return -1;
	f.skip = n > last ? n - last : 0;
	sbuf_adds(out, "{\"results\":[");
	n = journal_walk(o, l, &f, out, e);
	sbuf_adds(out, "]}");
	return n < 0 ? -1 : 1;
}

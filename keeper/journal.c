#include "keeper/journal.h"

#include "base/clock.h"
#include "base/hex.h"

static void
journal_text(struct sbuf *line, const char *name, struct slice text)
{
	if (text.n == 0)
		return;
	sbuf_addf(line, ",\"%s\":", name);
	sbuf_add_json(line, text);
}

static void
journal_write(struct sbuf *line, const struct journal_entry *entry)
{
	char iso[NOW_ISO_S_SIZE], row[2 * ROW_KEY_SIZE + 1], id[HEX_ID_SIZE];

	now_iso_s(now_real_us() / 1000000, iso);
	hex_write(entry->row.bytes, ROW_KEY_SIZE, row);
	sbuf_addf(line, "{\"time\":\"%s\",\"action\":\"%s\"", iso,
	    entry->action);
	journal_text(line, "by", entry->by);
	sbuf_addf(line,
	    ",\"account\":\"%s\",\"settled_nano\":%lld,"
	    "\"suspense_nano\":%lld",
	    row, (long long)entry->settled_nano,
	    (long long)entry->suspense_nano);
	if (entry->request != NULL) {
		hex_write(entry->request, 16, id);
		journal_text(line, "request", slice_str(id));
	}
	journal_text(line, "reason", entry->reason);
	sbuf_addc(line, '}');
}

int
journal_add(struct book *b, const struct journal_entry *entry, struct err *e)
{
	struct sbuf line = { 0 };
	int done;

	journal_write(&line, entry);
	done = ledger_journal_add(b->ledger, sbuf_slice(&line), e);
	sbuf_free(&line);
	return done;
}

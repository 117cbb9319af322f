#include "logger/sink_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "store/logstore.h"

/* The columns: the rows of record.def that are marked PLAIN or INDEXED. */
enum column_use { PLAIN, INDEXED, NONE };

static const struct column_row {
	const char *name;
	enum column_use use;
	bool text;
	size_t offset;
} column_rows[] = {
#define NUMBER(form, name, shown, column)                                      \
	{ #name, column, false, offsetof(struct record, name) },
#define STRING(form, name, shown, column)                                      \
	{ #name, column, true, offsetof(struct record, name) },
#include "proto/record.def"
};
#define COLUMN_ROWS (sizeof column_rows / sizeof column_rows[0])

struct sink_store {
	struct logstore *store;
	struct logstore_column columns[COLUMN_ROWS];
	size_t offsets[COLUMN_ROWS];
	size_t n;
	struct sbuf json;
	bool failing; /* the failure was logged */
};

static void
store_make_columns(struct sink_store *s)
{
	for (size_t i = 0; i < COLUMN_ROWS; i++) {
		const struct column_row *row = &column_rows[i];

		if (row->use == NONE)
			continue;
		s->columns[s->n] = (struct logstore_column){
			.name = row->name,
			.type = row->text ? LOGSTORE_TEXT : LOGSTORE_INT,
			.indexed = row->use == INDEXED,
		};
		s->offsets[s->n++] = row->offset;
	}
}

struct sink_store *
sink_store_new(const struct settings *settings)
{
	struct sink_store *s;
	char path[4096];
	struct err e;

	if (!settings->logs_store_enabled)
		return NULL;
	s = xcalloc(1, sizeof *s);
	store_make_columns(s);
	snprintf(path, sizeof path, "%s/logs.sqlite",
	    settings_str(settings, settings->store_path).p);
	s->store = logstore_open(path,
	    &(struct logstore_options){
		.columns = s->columns,
		.n_columns = s->n,
		.retention_us = settings->logs_store_retention_ms * 1000,
		.max_bytes = settings->logs_store_max_size_bytes,
	    },
	    &e);
	if (s->store == NULL) {
		log_error("logger: no log store: %s", e.text);
		sink_store_free(&s);
		return NULL;
	}
	/* Retention keeps it below max_size; this holds when it cannot. */
	logstore_limit(s->store, settings->logs_store_max_size_bytes / 4 * 5);
	return s;
}

void
sink_store_free(struct sink_store **sp)
{
	struct sink_store *s = *sp;

	if (s == NULL)
		return;
	logstore_close(&s->store);
	sbuf_free(&s->json);
	free(s);
	*sp = NULL;
}

static void
store_fill_values(const struct sink_store *s, const struct record *r,
    struct logstore_value *values)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *field = (const char *)r + s->offsets[i];

		if (s->columns[i].type == LOGSTORE_INT)
			memcpy(&values[i].number, field,
			    sizeof values[i].number);
		else
			memcpy(&values[i].text, field, sizeof values[i].text);
	}
}

static struct logstore_stat
store_stat(const struct record *r)
{
	return (struct logstore_stat){
		.environment = r->environment,
		.key = r->organization_key_id,
		.customer = r->customer_identifier,
		.model = r->model,
		.provider = r->provider_id,
		.errors = !slice_eq(r->status, SLICE("success")),
		.hits = r->cache_hit,
		.prompt_tokens = r->prompt_tokens,
		.completion_tokens = r->completion_tokens,
		.cost_nano = r->cost,
		.charge_nano = r->charge,
		.latency_us = r->latency,
		.ttft_us = r->time_to_first_token,
	};
}

/* Say it once, until it works again. */
static void
store_note(struct sink_store *s, bool ok, const struct err *e)
{
	if (!ok && !s->failing)
		log_error("logger: records are dropped: %s", e->text);
	if (ok && s->failing)
		log_info("logger: the log store takes records again");
	s->failing = !ok;
}

bool
sink_store_add(struct sink_store *s, const struct sink_record *r, bool room)
{
	struct logstore_value values[COLUMN_ROWS];
	struct logstore_row row = {
		.seq = r->origin.seq,
		.lane = r->origin.lane,
		.time_us = r->record->timestamp,
		.values = values,
		.stat = store_stat(r->record),
	};
	struct err e = { .text = "the disk is nearly full" };

	if (!room) {
		store_note(s, false, &e);
		return false;
	}
	memcpy(row.id, r->record->id, sizeof row.id);
	memcpy(row.epoch, r->epoch, sizeof row.epoch);
	store_fill_values(s, r->record, values);
	sbuf_clear(&s->json);
	sbuf_add_slice(&s->json, r->line);
	record_json_bodies(r->request, r->response, RECORD_EXCERPT, &s->json);
	sbuf_addc(&s->json, '}');
	row.json = sbuf_slice(&s->json);
	row.bodies[RECORD_REQUEST] = r->request;
	row.bodies[RECORD_RESPONSE] = r->response;
	if (logstore_add(s->store, &row, &e) != -1)
		return true;
	store_note(s, false, &e);
	return false;
}

unsigned
sink_store_pending(const struct sink_store *s)
{
	return logstore_pending(s->store);
}

unsigned
sink_store_commit(struct sink_store *s)
{
	unsigned lost;
	struct err e;
	int rc = logstore_commit(s->store, &lost, &e);

	if (rc != 0)
		store_note(s, rc > 0, &e);
	return lost;
}

bool
sink_store_retain(struct sink_store *s, int64_t now_us)
{
	struct err e;
	int rc = logstore_retain(s->store, now_us, &e);

	if (rc == -1)
		store_note(s, false, &e);
	return rc == 1;
}

bool
sink_store_forget(struct sink_store *s, struct slice environment,
    struct slice customer, int64_t until_us)
{
	struct err e;
	int rc = logstore_forget(s->store, environment, customer, until_us, &e);

	if (rc == -1)
		log_error("logger: a deleted customer's records stay: %s",
		    e.text);
	return rc == 1;
}

void
sink_store_checkpoint(struct sink_store *s)
{
	logstore_checkpoint(s->store);
}

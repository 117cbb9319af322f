#ifndef LOGGER_SINK_STORE_H
#define LOGGER_SINK_STORE_H

/* sink_store - the log store: what the log API and the page read. */

#include "logger/sink.h"

struct settings;
struct sink_store;

/* NULL when it is switched off or cannot be opened (logged). */
struct sink_store *sink_store_new(const struct settings *s);
void sink_store_free(struct sink_store **sp);

/* False: the record is lost.  room false: it is dropped at once. */
bool sink_store_add(struct sink_store *s, const struct sink_record *r,
    bool room);

unsigned sink_store_pending(const struct sink_store *s);

/* Commit; the rows that were lost. */
unsigned sink_store_commit(struct sink_store *s);

/* One small step of retention; true when there is more to do. */
bool sink_store_retain(struct sink_store *s, int64_t now_us);

/* Remove what there is of a customer, as logstore_forget(). */
bool sink_store_forget(struct sink_store *s, struct slice environment,
    struct slice customer, int64_t until_us);

/* Once a day. */
void sink_store_checkpoint(struct sink_store *s);

#endif

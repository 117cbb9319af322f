#ifndef LOGGER_SINK_FILE_H
#define LOGGER_SINK_FILE_H

/* sink_file - the files of "logs.files": JSON lines and access lines. */

#include "logger/sink.h"

struct segment;
struct settings;
struct sink_files;

/* The settings must outlive it. */
struct sink_files *sink_files_new(const struct settings *s);
void sink_files_free(struct sink_files **fp);

/* Add a record to every file. */
void sink_files_add(struct sink_files *f, const struct sink_record *r);

/* Tell of records that were lost on their way, in the JSON lines. */
void sink_files_tell(struct sink_files *f, const struct sink_loss *loss);

/* Write all; false room: only standard output.  The lines that were lost. */
unsigned sink_files_flush(struct sink_files *f, bool room);

void sink_files_reopen(struct sink_files *f);

/* True when something waits to be flushed. */
bool sink_files_pending(const struct sink_files *f);

/* -- the formats -- */

/* Append one line for a record.  bodies: with contents. */
void sink_jsonl(const struct sink_record *r, bool bodies, struct sbuf *out);
void sink_access(const struct sink_record *r, bool bodies, struct sbuf *out);

/* For the person before the terminal ("access" with path "-"). */
void sink_console(const struct sink_record *r, bool bodies, struct sbuf *out);

#endif

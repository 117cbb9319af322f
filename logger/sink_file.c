#include "logger/sink_file.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "logger/outfile.h"

/* Above this the lines of one turn go out before it ends. */
#define FLUSH_BYTES (1024 * 1024)

struct sink_file {
	struct outfile out;
	void (*format)(const struct sink_record *r, bool bodies,
	    struct sbuf *out);
	bool bodies;
};

struct sink_files {
	struct sink_file *file;
	unsigned n;
	unsigned lost; /* since the last sink_files_flush() */
	bool room;     /* as that was told */
};

static void
file_init(struct sink_file *f, const struct settings *s,
    const struct settings_log_file *from)
{
	outfile_init(&f->out, settings_str(s, from->path));
	f->bodies = from->bodies;
	f->format = sink_jsonl;
	if (settings_is(s, from->kind, "access"))
		f->format =
		    outfile_is_stdout(&f->out) ? sink_console : sink_access;
}

struct sink_files *
sink_files_new(const struct settings *s)
{
	const struct settings_log_file *from = settings_list(s, s->log_files);
	struct sink_files *f = xcalloc(1, sizeof *f);

	f->room = true;
	f->n = s->log_files.n;
	f->file = xcalloc(f->n + 1, sizeof f->file[0]);
	for (unsigned i = 0; i < f->n; i++)
		file_init(&f->file[i], s, &from[i]);
	return f;
}

void
sink_files_free(struct sink_files **fp)
{
	struct sink_files *f = *fp;

	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->n; i++)
		outfile_fini(&f->file[i].out);
	free(f->file);
	free(f);
	*fp = NULL;
}

static void
file_add_loss(struct sink_file *f, const struct sink_loss *loss)
{
	struct sbuf *b = &f->out.buf;

	if (f->format != sink_jsonl)
		return;
	sbuf_addf(b,
	    "{\"dropped\":%llu,\"type\":\"%s\",\"lane\":%u,\"from\":\"",
	    (unsigned long long)loss->count, loss->type, loss->lane);
	record_json_time(loss->from_us, b);
	sbuf_adds(b, "\",\"to\":\"");
	record_json_time(loss->to_us, b);
	sbuf_adds(b, "\"}\n");
	f->out.lines++;
}

/*
 * Write the buffer.  The lines that a full disk took are told of once a
 * buffer has gone out again; "lane" is then the sink's: none.
 */
static unsigned
file_flush(struct sink_file *f, bool room)
{
	unsigned written = f->out.lines;
	unsigned lost = outfile_flush(&f->out, room);

	if (lost > 0) {
		if (f->out.dropped == 0)
			f->out.dropped_us = now_real_us();
		f->out.dropped += lost;
	} else if (written > 0 && f->out.dropped > 0) {
		struct sink_loss loss = {
			.type = "ACCESS",
			.count = f->out.dropped,
			.lane = UINT32_MAX,
			.from_us = f->out.dropped_us,
			.to_us = now_real_us(),
		};

		f->out.dropped = 0;
		file_add_loss(f, &loss);
		lost = outfile_flush(&f->out, room);
	}
	return lost;
}

void
sink_files_add(struct sink_files *f, const struct sink_record *r)
{
	for (unsigned i = 0; i < f->n; i++) {
		struct sink_file *file = &f->file[i];

		file->format(r, file->bodies, &file->out.buf);
		file->out.lines++;
		if (file->out.buf.len > FLUSH_BYTES)
			f->lost += file_flush(file, f->room);
	}
}

void
sink_files_tell(struct sink_files *f, const struct sink_loss *loss)
{
	for (unsigned i = 0; i < f->n; i++)
		file_add_loss(&f->file[i], loss);
}

unsigned
sink_files_flush(struct sink_files *f, bool room)
{
	unsigned lost = f->lost;

	f->lost = 0;
	f->room = room;
	for (unsigned i = 0; i < f->n; i++)
		lost += file_flush(&f->file[i], room);
	return lost;
}

void
sink_files_reopen(struct sink_files *f)
{
	for (unsigned i = 0; i < f->n; i++)
		outfile_reopen(&f->file[i].out);
}

bool
sink_files_pending(const struct sink_files *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		if (f->file[i].out.lines > 0)
			return true;
	}
	return false;
}

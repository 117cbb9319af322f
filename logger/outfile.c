#include "logger/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

bool
outfile_is_stdout(const struct outfile *f)
{
	return slice_eq(f->path, SLICE("-"));
}

static void
outfile_open(struct outfile *f)
{
	if (outfile_is_stdout(f)) {
		f->fd = STDOUT_FILENO;
		return;
	}
	f->fd =
	    open(f->path.p, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (f->fd == -1)
		log_error("logger: %s: %s", f->path.p, strerror(errno));
}

void
outfile_init(struct outfile *f, struct slice path)
{
	*f = (struct outfile){ .path = path };
	outfile_open(f);
}

static void
outfile_close(struct outfile *f)
{
	if (f->fd != -1 && !outfile_is_stdout(f))
		close(f->fd);
	f->fd = -1;
}

void
outfile_fini(struct outfile *f)
{
	outfile_close(f);
	sbuf_free(&f->buf);
}

void
outfile_reopen(struct outfile *f)
{
	outfile_close(f);
	outfile_open(f);
}

/* All or nothing; what a full disk took of it is cut off again. */
static bool
outfile_write(struct outfile *f)
{
	size_t done = 0;
	off_t end;

	while (f->fd != -1 && done < f->buf.len) {
		ssize_t n = write(f->fd, f->buf.data + done, f->buf.len - done);

		if (n <= 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == f->buf.len)
		return true;
	end = done > 0 ? lseek(f->fd, 0, SEEK_END) : -1;
	if (end != -1 && ftruncate(f->fd, end - (off_t)done) == -1)
		log_error("logger: %s: %s", f->path.p, strerror(errno));
	return false;
}

unsigned
outfile_flush(struct outfile *f, bool room)
{
	unsigned lost = 0;

	if (f->lines == 0)
		return 0;
	if ((!room && !outfile_is_stdout(f)) || !outfile_write(f)) {
		if (f->dropped == 0)
			log_error("logger: %s: records are dropped", f->path.p);
		lost = f->lines;
	}
	f->lines = 0;
	sbuf_clear(&f->buf);
	return lost;
}

#include "logger/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

bool
outfile_is_stdout(const struct outfile *f)
{
	return slice_eq(f->path, SLICE("-"));
}

/* Where the last whole line of the first n bytes ends; -1: not to be read. */
static off_t
outfile_last_line(int fd, off_t n)
{
	char part[4096];

	while (n > 0) {
		off_t from =
		    n > (off_t)sizeof part ? n - (off_t)sizeof part : 0;
		ssize_t got = pread(fd, part, (size_t)(n - from), from);

		if (got != n - from)
			return -1;
		while (got > 0 && part[got - 1] != '\n')
			got--;
		if (got > 0)
			return from + got;
		n = from;
	}
	return 0;
}

/*
 * A logger that was killed may have left half a line.  Its record is still in
 * the lane and is written again, so that the half is cut off.
 */
static void
outfile_cut(struct outfile *f)
{
	struct stat st;
	off_t end;
	int fd;

	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	fd = open(f->path.p, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	end = outfile_last_line(fd, st.st_size);
	close(fd);
	if (end >= 0 && end < st.st_size && ftruncate(f->fd, end) != 0)
		log_error("logger: %s: %s", f->path.p, strerror(errno));
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
	else
		outfile_cut(f);
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

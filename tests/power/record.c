#include "tests/power/record.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xmem.h"

#define RECORD_FDS 1024

const char *const tape_names[TAPE_FILES] = {
	[TAPE_LEDGER] = "ledger/data.mdb",
	[TAPE_OBJECTS] = "objects/data.mdb",
};

struct tape tape;

static struct {
	bool on;
	void (*look)(void);
	bool known[TAPE_FILES];
	dev_t dev[TAPE_FILES];
	ino_t ino[TAPE_FILES];
	bool dsync[RECORD_FDS]; /* opened with O_DSYNC, which was taken off */
} record;

static void
tape_add(struct tape_event ev, const void *bytes)
{
	if (tape.n == tape.room) {
		tape.room = tape.room == 0 ? 1024 : 2 * tape.room;
		tape.events =
		    xrealloc(tape.events, tape.room * sizeof *tape.events);
	}
	if (ev.n > 0) {
		ev.bytes = xmalloc(ev.n);
		memcpy(ev.bytes, bytes, ev.n);
	}
	tape.events[tape.n++] = ev;
}

void
record_start(void (*look)(void))
{
	for (size_t i = 0; i < tape.n; i++)
		free(tape.events[i].bytes);
	tape.n = 0;
	tape.blind = false;
	record.look = look;
	record.on = true;
}

void
record_stop(void)
{
	record.on = false;
}

void
record_mark(const void *bytes, size_t n)
{
	tape_add((struct tape_event){ .kind = TAPE_MARK, .n = n }, bytes);
}

size_t
record_count(enum tape_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < tape.n; i++)
		n += tape.events[i].kind == kind;
	return n;
}

/* Which file is it?  TAPE_FILES: none of ours. */
static enum tape_file
record_file(int fd)
{
	struct stat st;

	if (!record.on || fd < 0 || fstat(fd, &st) != 0)
		return TAPE_FILES;
	for (unsigned i = 0; i < TAPE_FILES; i++)
		if (record.known[i] && record.dev[i] == st.st_dev &&
		    record.ino[i] == st.st_ino)
			return (enum tape_file)i;
	return TAPE_FILES;
}

/* Before the call. */
static enum tape_file
record_look(int fd)
{
	enum tape_file file = record_file(fd);

	if (file != TAPE_FILES)
		record.look();
	return file;
}

static void
record_write(enum tape_file file, int fd, const void *bytes, ssize_t n,
    off_t at)
{
	struct tape_event ev = { TAPE_WRITE, file, (uint64_t)at, (size_t)n,
		NULL };

	if (file == TAPE_FILES || n <= 0)
		return;
	tape_add(ev, bytes);
	if (fd < RECORD_FDS && record.dsync[fd])
		tape_add((struct tape_event){ .kind = TAPE_DURABLE,
			     .file = file },
		    NULL);
}

static void
record_vector(enum tape_file file, int fd, const struct iovec *v, int n,
    ssize_t done, off_t at)
{
	for (int i = 0; i < n && done > 0; i++) {
		ssize_t part = (ssize_t)v[i].iov_len;

		if (part > done)
			part = done;
		record_write(file, fd, v[i].iov_base, part, at);
		at += part;
		done -= part;
	}
}

static bool
record_named(const char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name);

	return n > m && path[n - m - 1] == '/' &&
	       strcmp(path + n - m, name) == 0;
}

static void
record_opened(const char *path, int fd, int flags)
{
	struct stat st;

	if (fd >= 0 && fd < RECORD_FDS)
		record.dsync[fd] = (flags & O_DSYNC) != 0;
	if (!record.on || fd < 0 || fstat(fd, &st) != 0)
		return;
	for (unsigned i = 0; i < TAPE_FILES; i++)
		if (record_named(path, tape_names[i])) {
			record.known[i] = true;
			record.dev[i] = st.st_dev;
			record.ino[i] = st.st_ino;
		}
}

/* -- libc's -- */

int
open(const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode;
	int fd;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, unsigned) : 0;
	va_end(ap);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags & ~O_SYNC, mode);
	record_opened(path, fd, flags);
	return fd;
}

ssize_t
pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	enum tape_file file = record_look(fd);
	ssize_t done = syscall(SYS_pwrite64, fd, bytes, n, at);

	record_write(file, fd, bytes, done, at);
	return done;
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	enum tape_file file = record_look(fd);
	off_t at = file == TAPE_FILES ? 0 : lseek(fd, 0, SEEK_CUR);
	ssize_t done = syscall(SYS_write, fd, bytes, n);

	record_write(file, fd, bytes, done, at);
	return done;
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	enum tape_file file = record_look(fd);
	off_t at = file == TAPE_FILES ? 0 : lseek(fd, 0, SEEK_CUR);
	ssize_t done = syscall(SYS_writev, fd, v, n);

	record_vector(file, fd, v, n, done, at);
	return done;
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t at)
{
	enum tape_file file = record_look(fd);
	ssize_t done = syscall(SYS_pwritev, fd, v, n, at, 0);

	record_vector(file, fd, v, n, done, at);
	return done;
}

int
ftruncate(int fd, off_t size)
{
	enum tape_file file = record_look(fd);
	int done = (int)syscall(SYS_ftruncate, fd, size);

	if (file != TAPE_FILES && done == 0)
		tape_add((struct tape_event){ TAPE_RESIZE, file, (uint64_t)size,
			     0, NULL },
		    NULL);
	return done;
}

int
fdatasync(int fd)
{
	enum tape_file file = record_look(fd);

	if (file != TAPE_FILES)
		tape_add((struct tape_event){ .kind = TAPE_SYNC, .file = file },
		    NULL);
	return 0;
}

int
fsync(int fd)
{
	return fdatasync(fd);
}

void *
mmap(void *addr, size_t n, int prot, int flags, int fd, off_t at)
{
	if ((prot & PROT_WRITE) && (flags & MAP_TYPE) == MAP_SHARED &&
	    record_file(fd) != TAPE_FILES)
		tape.blind = true;
	return (void *)syscall(SYS_mmap, addr, n, prot, flags, fd, at);
}

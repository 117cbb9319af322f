/*
 * The world of a gateway that is started with this preloaded.
 *
 * A wall clock that jumps: the file FALSE_CLOCK begins with the seconds that it
 * is ahead.  A commit that is on the disk LATE_COMMIT_US before the keeper
 * knows of it: who is killed then has committed what nobody was told of.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/syscall.h>

static const volatile int64_t *ahead_s;

__attribute__((constructor)) static void
world_open(void)
{
	const char *path = getenv("FALSE_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = mmap(NULL, sizeof *ahead_s, PROT_READ, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		ahead_s = at;
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int got = (int)syscall(SYS_clock_gettime, id, ts);

	if (got == 0 && id == CLOCK_REALTIME && ahead_s != NULL)
		ts->tv_sec += *ahead_s;
	return got;
}

time_t
time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

/* LMDB ends a commit with the header of a page that is one of the first two. */
ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
	const char *us = getenv("LATE_COMMIT_US");
	ssize_t wrote = syscall(SYS_pwrite64, fd, data, n, at);

	if (us != NULL && n < 4096 && at < 8192)
		usleep((useconds_t)atoi(us));
	return wrote;
}

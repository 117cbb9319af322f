/*
 * A wall clock that jumps, for a gateway that is started with this preloaded:
 * the file FALSE_CLOCK begins with the seconds that it is ahead.
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
false_clock_open(void)
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

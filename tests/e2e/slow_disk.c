/*
 * A disk that is slow, for a gateway that is started with this preloaded:
 * every fdatasync() takes SLOW_DISK_MS longer.
 */
#include <stdlib.h>
#include <unistd.h>

#include <sys/syscall.h>

int
fdatasync(int fd)
{
	const char *ms = getenv("SLOW_DISK_MS");

	if (ms != NULL)
		usleep((useconds_t)atoi(ms) * 1000);
	return (int)syscall(SYS_fdatasync, fd);
}

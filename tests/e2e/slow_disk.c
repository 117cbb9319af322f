/*
 * A disk that is slow, for a gateway that is started with this preloaded:
 * every fdatasync() takes SLOW_DISK_MS longer, or, with SLOW_DISK_FILE, every
 * write() to the file of that name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/syscall.h>

static void
slow_wait(void)
{
	const char *ms = getenv("SLOW_DISK_MS");

	if (ms != NULL)
		usleep((useconds_t)atoi(ms) * 1000);
}

static int
slow_is_file(int fd)
{
	const char *name = getenv("SLOW_DISK_FILE");
	char link[64], path[4096];
	ssize_t n;

	if (name == NULL)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	return strcmp(path, name) == 0;
}

int
fdatasync(int fd)
{
	if (getenv("SLOW_DISK_FILE") == NULL)
		slow_wait();
	return (int)syscall(SYS_fdatasync, fd);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	if (slow_is_file(fd))
		slow_wait();
	return syscall(SYS_write, fd, bytes, n);
}

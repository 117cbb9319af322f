#include "master/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static int
lock_open(const char *dir, int flags)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/holdfast.lock", dir);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0640);
}

static int
lock_read_pid(int fd)
{
	char text[16];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return atoi(text);
}

static int
lock_write_pid(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n
	           ? 0
	           : -1;
}

int
lock_take(const char *dir, int *fd_r, struct err *e)
{
	int fd;

	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		return err_set(e, ERR_SYSTEM, "%s: %m", dir);
	fd = lock_open(dir, O_RDWR | O_CREAT);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "%s/holdfast.lock: %m", dir);
	*fd_r = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && lock_write_pid(fd) == 0)
		return 1;
	if (errno != EWOULDBLOCK) {
		err_set(e, ERR_SYSTEM, "%s/holdfast.lock: %m", dir);
		close(fd);
		return -1;
	}
	err_set(e, ERR_SYSTEM, "already running as process %d (lock in %s)",
	    lock_read_pid(fd), dir);
	close(fd);
	return 0;
}

int
lock_holder(const char *dir)
{
	int fd = lock_open(dir, O_RDONLY), pid = 0;

	if (fd < 0)
		return 0;
	/* A lock that can be shared has no holder; the pid is an old one. */
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		pid = lock_read_pid(fd);
	close(fd);
	return pid;
}

/* ask - one line to the daemon, one line back. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl.h"

#define ASK_SECONDS 30 /* an audit of all accounts takes its time */

static int
ask_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { ASK_SECONDS, 0 };
	int fd;

	if (strlen(path) >= sizeof to.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
ask_read(int fd, struct sbuf *reply)
{
	char bytes[16384];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
		sbuf_add(reply, bytes, (size_t)n);
		if (bytes[n - 1] == '\n')
			return 1;
	}
	return 0;
}

int
ctl_ask(const char *socket_path, struct slice line, struct sbuf *reply)
{
	struct sbuf request = { 0 };
	int fd = ask_connect(socket_path), got;

	if (fd < 0)
		return 0;
	sbuf_add_slice(&request, line);
	sbuf_addc(&request, '\n');
	got = send(fd, request.data, request.len, MSG_NOSIGNAL) ==
	          (ssize_t)request.len &&
	      ask_read(fd, reply);
	ctl_wipe(&request);
	close(fd);
	return got;
}

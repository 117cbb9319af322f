#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

enum { SOCKET_TYPE = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

/* Takes fd over when it fails. */
static int
listen_on(int fd, const struct sockaddr *to, socklen_t len, const char *what,
    struct err *e)
{
	int error;

	if (fd >= 0 && bind(fd, to, len) == 0 &&
	    listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	return err_set(e, ERR_SYSTEM, "listen: cannot listen on %s: %s", what,
	    strerrordesc_np(error));
}

static int
listen_v4(struct in_addr address, unsigned port, const char *what,
    struct err *e)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = address };
	int fd = socket(AF_INET, SOCKET_TYPE, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return listen_on(fd, (struct sockaddr *)&to, sizeof(to), what, e);
}

static int
listen_v6(struct in6_addr address, unsigned port, int only, const char *what,
    struct err *e)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = address };
	int fd = socket(AF_INET6, SOCKET_TYPE, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	return listen_on(fd, (struct sockaddr *)&to, sizeof(to), what, e);
}

/* Both families on one socket; IPv4 alone where there is no IPv6. */
static int
listen_any(unsigned port, const char *what, struct err *e)
{
	struct in_addr any = { INADDR_ANY };
	int fd = socket(AF_INET6, SOCKET_TYPE, 0);

	if (fd < 0)
		return listen_v4(any, port, what, e);
	close(fd);
	return listen_v6(in6addr_any, port, 0, what, e);
}

int
listen_tcp(const char *address, unsigned port, struct err *e)
{
	char what[80], bare[INET6_ADDRSTRLEN];
	size_t len = strlen(address);
	struct in6_addr v6;
	struct in_addr v4;

	snprintf(what, sizeof(what), "%s port %u", address, port);
	if (port > 65535)
		return err_set(e, ERR_SYSTEM, "listen: %s: no such port", what);
	if (strcmp(address, "*") == 0)
		return listen_any(port, what, e);
	if (inet_pton(AF_INET, address, &v4) == 1)
		return listen_v4(v4, port, what, e);
	if (address[0] == '[' && address[len - 1] == ']' && len > 2 &&
	    len - 2 < sizeof(bare)) {
		memcpy(bare, address + 1, len - 2);
		bare[len - 2] = '\0';
		address = bare;
	}
	if (inet_pton(AF_INET6, address, &v6) == 1)
		return listen_v6(v6, port, 1, what, e);
	return err_set(e, ERR_SYSTEM, "listen: %s is no IP address", address);
}

/* Does somebody answer there? */
static int
is_answered(const struct sockaddr_un *to)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (const struct sockaddr *)to, sizeof(*to));

	close(fd);
	return r == 0;
}

int
listen_unix(const char *path, mode_t mode, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(e, ERR_SYSTEM, "listen: %s is too long", path);
	strcpy(to.sun_path, path);
	if (is_answered(&to))
		return err_set(e, ERR_SYSTEM,
		    "listen: another process listens on %s", path);
	unlink(path);
	fd = listen_on(socket(AF_UNIX, SOCKET_TYPE, 0),
	    (const struct sockaddr *)&to, sizeof(to), path, e);
	if (fd < 0 || chmod(path, mode) == 0)
		return fd;
	close(fd);
	return err_set(e, ERR_SYSTEM, "listen: cannot set the mode of %s: %s",
	    path, strerrordesc_np(errno));
}

void
listen_defer(int fd, bool on)
{
	int after_s = on;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &after_s,
	    sizeof(after_s));
}

unsigned
listen_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} at = { { 0 } };
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.any, &len) < 0)
		return 0;
	if (at.any.sa_family == AF_INET)
		return ntohs(at.in.sin_port);
	return at.any.sa_family == AF_INET6 ? ntohs(at.in6.sin6_port) : 0;
}

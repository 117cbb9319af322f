#include "net/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int
addr_from_sockaddr(struct addr *a, const struct sockaddr *sa, socklen_t len)
{
	socklen_t own = sa->sa_family == AF_INET    ? sizeof a->sa.in
	                : sa->sa_family == AF_INET6 ? sizeof a->sa.in6
	                : sa->sa_family != AF_UNIX  ? 0
	                : len < sizeof a->sa.un     ? len
	                                            : sizeof a->sa.un;

	/* len may be that of a sockaddr_storage, which is larger than ours. */
	if (own == 0 || len < own)
		return 0;
	len = own;
	memset(a, 0, sizeof *a);
	memcpy(&a->sa, sa, len);
	a->len = len;
	return 1;
}

uint16_t
addr_port(const struct addr *a)
{
	if (a->sa.any.sa_family == AF_INET)
		return ntohs(a->sa.in.sin_port);
	if (a->sa.any.sa_family == AF_INET6)
		return ntohs(a->sa.in6.sin6_port);
	return 0;
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.any.sa_family == AF_INET)
		a->sa.in.sin_port = htons(port);
	else if (a->sa.any.sa_family == AF_INET6)
		a->sa.in6.sin6_port = htons(port);
}

bool
addr_same_host(const struct addr *a, const struct addr *b)
{
	if (a->sa.any.sa_family != b->sa.any.sa_family)
		return false;
	switch (a->sa.any.sa_family) {
	case AF_INET:
		return a->sa.in.sin_addr.s_addr == b->sa.in.sin_addr.s_addr;
	case AF_INET6:
		return memcmp(&a->sa.in6.sin6_addr, &b->sa.in6.sin6_addr,
			   sizeof a->sa.in6.sin6_addr) == 0;
	default:
		return strcmp(a->sa.un.sun_path, b->sa.un.sun_path) == 0;
	}
}

/* Write the host; true when it needs brackets before a port. */
static bool
addr_write_host(const struct addr *a, char *out, size_t size)
{
	const struct in6_addr *in6 = &a->sa.in6.sin6_addr;

	out[0] = '\0';
	switch (a->len > 0 ? a->sa.any.sa_family : AF_UNSPEC) {
	case AF_INET:
		inet_ntop(AF_INET, &a->sa.in.sin_addr, out, (socklen_t)size);
		return false;
	case AF_INET6:
		if (IN6_IS_ADDR_V4MAPPED(in6)) {
			inet_ntop(AF_INET, &in6->s6_addr[12], out,
			    (socklen_t)size);
			return false;
		}
		inet_ntop(AF_INET6, in6, out, (socklen_t)size);
		return true;
	case AF_UNIX:
		snprintf(out, size, "unix:%s", a->sa.un.sun_path);
		return false;
	default:
		return false;
	}
}

void
addr_text(const struct addr *a, char out[ADDR_TEXT_SIZE])
{
	addr_write_host(a, out, ADDR_TEXT_SIZE);
}

void
addr_text_port(const struct addr *a, char out[ADDR_TEXT_SIZE])
{
	char host[INET6_ADDRSTRLEN];

	if (a->len == 0 || a->sa.any.sa_family == AF_UNIX)
		addr_write_host(a, out, ADDR_TEXT_SIZE);
	else if (addr_write_host(a, host, sizeof host))
		snprintf(out, ADDR_TEXT_SIZE, "[%s]:%u", host, addr_port(a));
	else
		snprintf(out, ADDR_TEXT_SIZE, "%s:%u", host, addr_port(a));
}

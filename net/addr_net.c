#include "net/addr.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/xmem.h"

/* security.md F5: what a host named by a caller must not resolve to. */
static const struct addr_deny {
	sa_family_t family;
	uint8_t bits;
	uint8_t head[12];
} addr_denied[] = {
	{ AF_INET, 8, { 0 } },                   /* this network */
	{ AF_INET, 8, { 10 } },                  /* private */
	{ AF_INET, 10, { 100, 64 } },            /* carriers' NAT */
	{ AF_INET, 8, { 127 } },                 /* loopback */
	{ AF_INET, 16, { 169, 254 } },           /* link local, metadata */
	{ AF_INET, 12, { 172, 16 } },            /* private */
	{ AF_INET, 24, { 192, 0, 0 } },          /* protocol assignments */
	{ AF_INET, 24, { 192, 0, 2 } },          /* documentation */
	{ AF_INET, 24, { 192, 88, 99 } },        /* 6to4 relays */
	{ AF_INET, 16, { 192, 168 } },           /* private */
	{ AF_INET, 15, { 198, 18 } },            /* benchmarks */
	{ AF_INET, 24, { 198, 51, 100 } },       /* documentation */
	{ AF_INET, 24, { 203, 0, 113 } },        /* documentation */
	{ AF_INET, 3, { 224 } },                 /* multicast, reserved */
	{ AF_INET6, 96, { 0 } },                 /* ::, ::1, IPv4-compatible */
	{ AF_INET6, 96, { [10] = 0xff, 0xff } }, /* IPv4-mapped */
	{ AF_INET6, 96, { 0, 0x64, 0xff, 0x9b } },       /* NAT64 */
	{ AF_INET6, 48, { 0, 0x64, 0xff, 0x9b, 0, 1 } }, /* local NAT64 */
	{ AF_INET6, 64, { 1 } },                         /* discard */
	{ AF_INET6, 23, { 0x20, 1 } },                   /* protocols, Teredo */
	{ AF_INET6, 32, { 0x20, 1, 0xd, 0xb8 } },        /* documentation */
	{ AF_INET6, 16, { 0x20, 2 } },                   /* 6to4 */
	{ AF_INET6, 7, { 0xfc } },                       /* unique local */
	{ AF_INET6, 10, { 0xfe, 0x80 } },                /* link local */
	{ AF_INET6, 10, { 0xfe, 0xc0 } },                /* site local */
	{ AF_INET6, 8, { 0xff } },                       /* multicast */
};

/* Of this process, as long as it lives. */
static struct addr *addr_own;
static unsigned addr_own_n, addr_own_room;

/* The bytes in network order and how many; NULL for unix sockets. */
static const uint8_t *
addr_bytes(const struct addr *a, size_t *n_r)
{
	switch (a->sa.any.sa_family) {
	case AF_INET:
		*n_r = 4;
		return (const uint8_t *)&a->sa.in.sin_addr;
	case AF_INET6:
		*n_r = 16;
		return a->sa.in6.sin6_addr.s6_addr;
	default:
		*n_r = 0;
		return NULL;
	}
}

/* The same, a mapped IPv4 address by its last four. */
static const uint8_t *
addr_bytes_unmapped(const struct addr *a, size_t *n_r)
{
	const uint8_t *bytes = addr_bytes(a, n_r);

	if (*n_r == 16 && IN6_IS_ADDR_V4MAPPED(&a->sa.in6.sin6_addr)) {
		*n_r = 4;
		return bytes + 12;
	}
	return bytes;
}

static bool
addr_same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	unsigned mask = 0xff00u >> rest & 0xff;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

bool
addr_is_loopback(const struct addr *a)
{
	size_t n;
	const uint8_t *bytes = addr_bytes_unmapped(a, &n);

	if (n == 16)
		return IN6_IS_ADDR_LOOPBACK(&a->sa.in6.sin6_addr);
	return n == 4 ? bytes[0] == 127 : a->sa.any.sa_family == AF_UNIX;
}

bool
addr_is_public(const struct addr *a)
{
	size_t n;
	const uint8_t *bytes = addr_bytes(a, &n);

	if (bytes == NULL)
		return false;
	for (size_t i = 0; i < sizeof addr_denied / sizeof *addr_denied; i++) {
		const struct addr_deny *row = &addr_denied[i];

		if (row->family == a->sa.any.sa_family &&
		    addr_same_bits(bytes, row->head, row->bits))
			return false;
	}
	for (unsigned i = 0; i < addr_own_n; i++)
		if (addr_same_host(a, &addr_own[i]))
			return false;
	return true;
}

static void
addr_learn(const struct addr *a)
{
	if (addr_own_n == addr_own_room) {
		addr_own_room = addr_own_room * 2 + 8;
		addr_own = xrealloc(addr_own, addr_own_room * sizeof *addr_own);
	}
	addr_own[addr_own_n++] = *a;
}

/* All interfaces; the caller frees the rows (netdevice(7)). */
static size_t
addr_list_ip4(struct ifreq **rows_r)
{
	struct ifconf conf = { .ifc_len = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*rows_r = NULL;
	if (fd == -1)
		return 0;
	/* Without a buffer it tells how much there is. */
	if (ioctl(fd, SIOCGIFCONF, &conf) == -1)
		conf.ifc_len = 0;
	conf.ifc_req = *rows_r = xcalloc(1, (size_t)conf.ifc_len + 1);
	if (ioctl(fd, SIOCGIFCONF, &conf) == -1)
		conf.ifc_len = 0;
	close(fd);
	return (size_t)conf.ifc_len / sizeof **rows_r;
}

static void
addr_learn_ip4(void)
{
	struct ifreq *rows;
	size_t n = addr_list_ip4(&rows);

	for (size_t i = 0; i < n; i++) {
		struct addr a;

		if (addr_from_sockaddr(&a, &rows[i].ifr_addr,
			sizeof(struct sockaddr_in)))
			addr_learn(&a);
	}
	free(rows);
}

/* proc(5): 32 hexadecimal digits begin each line. */
static void
addr_learn_ip6(void)
{
	FILE *f = fopen("/proc/self/net/if_inet6", "re");
	char line[256];

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		struct addr a = { .len = sizeof a.sa.in6 };
		int n = 0;

		a.sa.in6.sin6_family = AF_INET6;
		while (n < 16 && sscanf(line + 2 * n, "%2hhx",
				     &a.sa.in6.sin6_addr.s6_addr[n]) == 1)
			n++;
		if (n == 16)
			addr_learn(&a);
	}
	if (f != NULL)
		fclose(f);
}

void
addr_learn_own(void)
{
	addr_own_n = 0;
	addr_learn_ip4();
	addr_learn_ip6();
}

/* "0" to "128", no sign, no leading zero. */
static int
addr_read_bits(struct slice text, unsigned *bits_r)
{
	unsigned bits = 0;

	if (text.n == 0 || text.n > 3 || (text.n > 1 && text.p[0] == '0'))
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		bits = bits * 10 + (unsigned)(text.p[i] - '0');
	}
	*bits_r = bits;
	return 1;
}

static bool
addr_rest_is_zero(const uint8_t *bytes, size_t n, unsigned bits)
{
	for (unsigned i = bits; i < n * 8; i++)
		if (bytes[i / 8] & 0x80u >> i % 8)
			return false;
	return true;
}

int
addr_read_net(struct addr_net *net, struct slice text)
{
	const char *slash = memchr(text.p, '/', text.n);
	struct slice host = text, bits = { NULL, 0 };
	const uint8_t *bytes;
	size_t n;

	if (slash != NULL) {
		host.n = (size_t)(slash - text.p);
		bits = slice_skip(text, host.n + 1);
	}
	if (!addr_read_ip(&net->addr, host, 0))
		return 0;
	bytes = addr_bytes(&net->addr, &n);
	net->bits = (unsigned)n * 8;
	if (slash != NULL && !addr_read_bits(bits, &net->bits))
		return 0;
	return net->bits <= n * 8 && addr_rest_is_zero(bytes, n, net->bits);
}

bool
addr_in_net(const struct addr *a, const struct addr_net *net)
{
	size_t n, net_n;
	const uint8_t *bytes = addr_bytes_unmapped(a, &n);
	const uint8_t *net_bytes = addr_bytes(&net->addr, &net_n);

	return n > 0 && n == net_n &&
	       addr_same_bits(bytes, net_bytes, net->bits);
}

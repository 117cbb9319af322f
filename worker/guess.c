#include "worker/guess.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "net/addr.h"
#include "net/server.h"
#include "shm/rate.h"
#include "worker/worker_priv.h"

/*
 * What one client has: an IPv4 address, or the 64 bits of IPv6 that a host
 * cannot choose.  Empty for a unix socket.
 */
static struct slice
guess_network(const struct sockaddr *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;
	const char *bytes = (const char *)&v6->sin6_addr;

	if (peer->sa_family == AF_INET)
		return (struct slice){ (const char *)&v4->sin_addr, 4 };
	if (peer->sa_family != AF_INET6)
		return (struct slice){ NULL, 0 };
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return (struct slice){ bytes + 12, 4 };
	return (struct slice){ bytes, 8 };
}

bool
guess_counted(struct req *r)
{
	struct segment *seg = r->w->segment;
	struct rate_limit limit = { .per_minute = GUESS_PER_MINUTE };
	struct slice network = guess_network(exchange_peer(r->x));
	unsigned char hash[16] = { 0 };
	uint64_t h;

	if (network.n == 0)
		return false;
	h = hash_slice(network, 0);
	memcpy(hash, &h, sizeof h);
	return rate_take(seg, rate_get(seg, RATE_ADDRESS, hash), RATE_REQUESTS,
		   &limit, 1, now_mono_ns(), NULL) == 0;
}

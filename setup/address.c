#include "setup/address.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/pool.h"
#include "setup/compile_priv.h"

/* "host", "host:port", "[v6]:port".  False when it is none of them. */
static bool
address_authority(struct compile *c, struct address *a, struct slice text)
{
	const char *colon = memrchr(text.p, ':', text.n);
	struct slice host = text;
	char *end = NULL;
	long port;

	if (text.n > 0 && text.p[text.n - 1] == ']')
		colon = NULL;
	if (colon != NULL) {
		host.n = (size_t)(colon - text.p);
		port = strtol(colon + 1, &end, 10);
		if (end != text.p + text.n || port < 1 || port > 65535)
			return false;
		a->port = (int32_t)port;
	}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct slice){ host.p + 1, host.n - 2 };
	for (size_t i = 0; i < host.n; i++)
		if (strchr(" @?#/[]{}\"", host.p[i]) != NULL)
			return false;
	host = pool_copy(c->pool, host);
	a->host = blob_str(&c->blob, host);
	return host.n > 0;
}

bool
address_split(struct compile *c, struct slice text, struct address *address_r)
{
	struct slice url = pool_copy(c->pool, text);
	struct address a = { .tls = slice_starts(url, SLICE("https://")) };
	size_t n;

	if (!a.tls && !slice_starts(url, SLICE("http://")))
		return false;
	a.port = a.tls ? 443 : 80;
	url = slice_skip(url, a.tls ? 8 : 7);
	n = strcspn(url.p, "/");
	if (!address_authority(c, &a, (struct slice){ url.p, n }))
		return false;
	a.path = blob_str(&c->blob, slice_skip(url, n));
	*address_r = a;
	return true;
}

bool
address_is_near(struct slice host)
{
	struct in6_addr v6;
	struct in_addr v4;
	uint32_t a;

	if (slice_eq(host, SLICE("localhost")) ||
	    memchr(host.p, '.', host.n) == NULL)
		return true;
	if (inet_pton(AF_INET6, host.p, &v6) == 1)
		return true;
	if (inet_pton(AF_INET, host.p, &v4) != 1)
		return false;
	a = ntohl(v4.s_addr);
	return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe;
}

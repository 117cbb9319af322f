/*
 * A URL from a caller: in what is let through, no resolver may read a number
 * that is not public, and what a redirect leads to is judged the same when it
 * is written again.
 */

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/sbuf.h"
#include "net/addr.h"
#include "net/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The C library reads more forms than we do. */
static void
check_host(struct slice host)
{
	struct sbuf b = { 0 };
	struct addr a = { .len = sizeof a.sa.in };

	sbuf_add_slice(&b, host);
	assert(b.len > 0 && strlen(b.data) == b.len);
	assert(strpbrk(b.data, "@/\\?#%[] ") == NULL);
	a.sa.in.sin_family = AF_INET;
	if (inet_aton(b.data, &a.sa.in.sin_addr))
		assert(addr_is_public(&a));
	a.len = sizeof a.sa.in6;
	a.sa.in6.sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, b.data, &a.sa.in6.sin6_addr) == 1)
		assert(addr_is_public(&a));
	else
		assert(
		    strchr(b.data, '.') != NULL && strchr(b.data, ':') == NULL);
	sbuf_free(&b);
}

static void
check_same(struct slice url, const struct guard_url *u)
{
	struct guard_url again;

	assert(guard_url(url, &again));
	assert(again.tls == u->tls && again.port == u->port);
	assert(slice_eq(again.host, u->host));
	assert(slice_eq(again.path, u->path));
	assert(slice_eq(again.query, u->query));
}

/* The host alone of what was taken, with all else of ours, is taken too. */
static void
check_written(const struct guard_url *u)
{
	struct sbuf b = { 0 }, to = { 0 };
	struct guard_url bare = *u;

	bare.path = bare.query = SLICE("");
	sbuf_add_slice(&b, u->path.n > 0 ? u->path : SLICE("/"));
	sbuf_add_slice(&b, u->query);
	/* Two slashes at the beginning name another host. */
	if (!slice_starts(sbuf_slice(&b), SLICE("//"))) {
		guard_join(&bare, sbuf_slice(&b), &to);
		bare.path = u->path.n > 0 ? u->path : SLICE("/");
		bare.query = u->query;
		if (to.len <= GUARD_URL_MAX)
			check_same(sbuf_slice(&to), &bare);
	}
	sbuf_free(&b);
	sbuf_free(&to);
}

static void
check_url(struct slice url)
{
	struct guard_url u;

	if (!guard_url(url, &u))
		return;
	assert(u.port == (u.tls ? 443 : 80));
	check_host(u.host);
	check_written(&u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct sbuf b = { 0 };
	struct guard_url from;

	check_url(text);
	sbuf_adds(&b, "https://");
	sbuf_add_slice(&b, text);
	check_url(sbuf_slice(&b));
	sbuf_clear(&b);
	assert(guard_url(SLICE("https://a.example.com/b/c?d"), &from));
	guard_join(&from, text, &b);
	check_url(sbuf_slice(&b));
	sbuf_free(&b);
	return 0;
}

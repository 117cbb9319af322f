#include "net/guard.h"

#include "base/sbuf.h"
#include "net/addr.h"

static const struct guard_scheme {
	struct slice head, port;
	bool tls;
	uint16_t number;
} guard_schemes[] = {
	{ SLICE("https://"), SLICE(":443"), true, 443 },
	{ SLICE("http://"), SLICE(":80"), false, 80 },
};

/*
 * Nobody's names on the Internet, and where clouds tell a machine its secrets:
 * these and all below them.
 */
static const struct slice guard_denied[] = {
	SLICE("localhost"),
	SLICE("localdomain"),
	SLICE("local"),
	SLICE("internal"),
	SLICE("intranet"),
	SLICE("lan"),
	SLICE("home.arpa"),
	SLICE("svc"),
	SLICE("metadata.goog"),
	SLICE("metadata.tencentyun.com"),
	SLICE("metadata.packet.net"),
	SLICE("metadata.platformequinix.com"),
};

/* Where the first byte of stops stands, or the end. */
static size_t
guard_span(struct slice text, const char *stops)
{
	size_t n = 0;

	while (n < text.n && strchr(stops, text.p[n]) == NULL)
		n++;
	return n;
}

/* Bytes that parsers of URLs disagree about. */
static bool
guard_is_plain(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c <= ' ' || c >= 0x7f || c == '\\' || c == '#')
			return false;
	}
	return true;
}

static const struct guard_scheme *
guard_scheme(struct slice text)
{
	for (size_t i = 0; i < sizeof guard_schemes / sizeof *guard_schemes;
	     i++) {
		const struct guard_scheme *s = &guard_schemes[i];

		if (text.n > s->head.n && slice_starts_nocase(text, s->head))
			return s;
	}
	return NULL;
}

/* name is denied, or ends in a dot and denied. */
static bool
guard_is_below(struct slice name, struct slice denied)
{
	size_t before = name.n - denied.n;

	if (name.n < denied.n ||
	    !slice_eq_nocase(slice_skip(name, before), denied))
		return false;
	return before == 0 || name.p[before - 1] == '.';
}

/* Without a dot it is a name of some network of ours, not of the world. */
static bool
guard_is_public_name(struct slice name)
{
	if (!addr_is_name(name) || memchr(name.p, '.', name.n) == NULL)
		return false;
	for (size_t i = 0; i < sizeof guard_denied / sizeof *guard_denied; i++)
		if (guard_is_below(name, guard_denied[i]))
			return false;
	return true;
}

/* The dot at the end of a name goes; one behind an address is a fault. */
static int
guard_host(struct slice host, struct slice *host_r)
{
	struct addr a;

	*host_r = host;
	if (addr_read_ip(&a, host, 0))
		return addr_is_public(&a);
	if (!addr_is_name(host))
		return 0;
	if (host.p[host.n - 1] == '.')
		host_r->n--;
	return guard_is_public_name(*host_r);
}

/* "[address]" with what follows in *rest_r. */
static int
guard_bracketed(struct slice authority, struct slice *host_r,
    struct slice *rest_r)
{
	size_t n = guard_span(authority, "]");

	if (n == authority.n)
		return 0;
	*rest_r = slice_skip(authority, n + 1);
	*host_r = (struct slice){ authority.p + 1, n - 1 };
	return memchr(host_r->p, ':', host_r->n) != NULL;
}

static int
guard_authority(struct slice authority, const struct guard_scheme *s,
    struct slice *host_r)
{
	struct slice host = authority, port;

	if (authority.n > 0 && *authority.p == '[') {
		if (!guard_bracketed(authority, &host, &port))
			return 0;
	} else {
		host.n = guard_span(authority, ":");
		port = slice_skip(authority, host.n);
	}
	return (port.n == 0 || slice_eq(port, s->port)) &&
	       guard_host(host, host_r);
}

/* One dot of a segment, plain or escaped; *n_r: its bytes. */
static bool
guard_is_dot(struct slice text, size_t *n_r)
{
	*n_r = 1;
	if (text.n > 0 && *text.p == '.')
		return true;
	*n_r = 3;
	return slice_starts_nocase(text, SLICE("%2e"));
}

static bool
guard_is_upwards(struct slice segment)
{
	size_t n;

	if (!guard_is_dot(segment, &n))
		return false;
	segment = slice_skip(segment, n);
	return guard_is_dot(segment, &n) && segment.n == n;
}

static bool
guard_climbs(struct slice path)
{
	while (path.n > 0) {
		size_t n;

		path = slice_skip(path, 1);
		n = guard_span(path, "/");
		if (guard_is_upwards((struct slice){ path.p, n }))
			return true;
		path = slice_skip(path, n);
	}
	return false;
}

int
guard_url(struct slice text, struct guard_url *u_r)
{
	const struct guard_scheme *s = guard_scheme(text);
	struct slice authority, path;

	if (s == NULL || text.n > GUARD_URL_MAX || !guard_is_plain(text))
		return 0;
	authority = path = slice_skip(text, s->head.n);
	authority.n = guard_span(authority, "/?");
	path = slice_skip(path, authority.n);
	u_r->tls = s->tls;
	u_r->port = s->number;
	u_r->path = path;
	u_r->path.n = guard_span(path, "?");
	u_r->query = slice_skip(path, u_r->path.n);
	return guard_authority(authority, s, &u_r->host) &&
	       !guard_climbs(u_r->path);
}

/* "name:" before anything else of a URL (RFC 3986 4.2). */
static bool
guard_has_scheme(struct slice text)
{
	size_t n = guard_span(text, ":/?#");

	return n < text.n && text.p[n] == ':';
}

static void
guard_add_authority(const struct guard_url *u, struct sbuf *out)
{
	bool v6 = memchr(u->host.p, ':', u->host.n) != NULL;

	sbuf_adds(out, v6 ? "//[" : "//");
	sbuf_add_slice(out, u->host);
	if (v6)
		sbuf_addc(out, ']');
}

/* What of the path stays before a location that has none of its own. */
static struct slice
guard_kept_path(const struct guard_url *u, struct slice location)
{
	struct slice kept = u->path;

	if (location.n == 0 || *location.p == '?')
		return kept;
	while (kept.n > 0 && kept.p[kept.n - 1] != '/')
		kept.n--;
	return kept.n > 0 ? kept : SLICE("/");
}

void
guard_join(const struct guard_url *from, struct slice location,
    struct sbuf *out)
{
	if (!guard_has_scheme(location)) {
		sbuf_adds(out, from->tls ? "https:" : "http:");
		if (!slice_starts(location, SLICE("//")))
			guard_add_authority(from, out);
		if (location.n == 0 || *location.p != '/')
			sbuf_add_slice(out, guard_kept_path(from, location));
	}
	sbuf_add_slice(out, location);
}

#ifndef NET_GUARD_H
#define NET_GUARD_H

/*
 * guard - the URLs that a caller may point us at (security.md F3, F4).
 *
 * The text alone is judged here.  What a name resolves to is judged where it
 * is called: client_target_options.public_only, for every URL that comes from
 * here.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sbuf;

#define GUARD_URL_MAX 2048

/* Parts of a URL, in its text. */
struct guard_url {
	bool tls;
	struct slice host; /* a name without the last dot, or a public address
	                      without brackets */
	uint16_t port;
	struct slice path;  /* from its "/" on; n 0: none */
	struct slice query; /* from its "?" on; n 0: none */
};

/*
 * 1 when it is https or http at that scheme's own port, with a host that may
 * be asked; else 0.  No user, fragment, backslash, ".." or byte that is not
 * printable ASCII; a host is a name with a dot in it, or the canonical form of
 * an address that is public.
 */
int guard_url(struct slice text, struct guard_url *u_r);

/*
 * Append where a redirect of from leads to: a URL to be judged like any other.
 */
void guard_join(const struct guard_url *from, struct slice location,
    struct sbuf *out);

#endif

/*
 * Where a caller's credential is taken: to the provider's own address, or to
 * one that the caller names, if it may be named (routing.md 4.3, security.md
 * F1 to F4).
 */

#include "worker/credential_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "base/sbuf.h"
#include "net/guard.h"
#include "worker/keys.h"
#include "worker/targets.h"
#include "worker/tls.h"
#include "worker/worker_priv.h"

#define BASE_SHOWN 200 /* bytes of a caller's text in a message */

/*
 * What of an api_base is shown: its host as it stands there, for whom it may
 * be meant as well as we can tell, never the user and password before it.
 */
static struct slice
base_host_shown(struct slice text)
{
	const char *at = text.n > 0 ? memmem(text.p, text.n, "://", 3) : NULL;
	size_t n = 0;

	if (at != NULL)
		text = slice_skip(text, (size_t)(at - text.p) + 3);
	while (n < text.n && strchr("/?#\\", text.p[n]) == NULL)
		n++;
	text.n = n;
	at = n > 0 ? memrchr(text.p, '@', n) : NULL;
	if (at != NULL)
		text = slice_skip(text, (size_t)(at - text.p) + 1);
	return text;
}

static int
base_refuse(struct req *r, const char *where, struct slice host)
{
	char shown[BASE_SHOWN + 1], param[CREDENTIAL_WHERE_SIZE + 16];
	size_t n = 0;

	for (; n < host.n && n < BASE_SHOWN; n++)
		shown[n] =
		    host.p[n] > ' ' && host.p[n] < 0x7f ? host.p[n] : '?';
	shown[n] = '\0';
	snprintf(param, sizeof param, "%s.api_base", where);
	return err_param(req_err(r), ERR_API_BASE_NOT_ALLOWED, param,
	    "api_base '%s' is not allowed.", shown);
}

void
credential_refuse_base(struct req *r)
{
	const struct credential *c = r->choice.credential;

	base_refuse(r, c->where, base_host_shown(c->api_base));
}

/* An entry with a dot before it is all below it, another one host. */
static bool
base_is_listed(const struct settings *s, struct slice host)
{
	const struct sref *list = settings_list(s, s->outbound_override_hosts);

	for (uint32_t i = 0; i < s->outbound_override_hosts.n; i++) {
		struct slice entry = settings_str(s, list[i]);

		if (entry.n == 0 || host.n < entry.n ||
		    (*entry.p != '.' && host.n != entry.n))
			continue;
		if (slice_eq_nocase(slice_skip(host, host.n - entry.n), entry))
			return host.n > entry.n || *entry.p != '.';
	}
	return false;
}

/* The administrator sends requests to that host himself. */
static bool
base_is_of_provider(const struct settings *s, struct slice host)
{
	for (uint32_t i = 0; i < s->providers.n; i++) {
		const struct settings_provider *p =
		    settings_provider_at(s, (int32_t)i);
		const struct settings_credential *c =
		    settings_list(s, p->credentials);

		if (slice_eq_nocase(host, settings_str(s, p->base.host)))
			return true;
		for (uint32_t k = 0; k < p->credentials.n; k++)
			if (slice_eq_nocase(host,
				settings_str(s, c[k].base.host)))
				return true;
	}
	return false;
}

static bool
base_may_be_named(const struct req *r, struct slice host)
{
	const struct settings *s = r->w->settings;

	return (r->key->def.scopes & SCOPE_ANY_API_BASE) != 0 ||
	       base_is_listed(s, host) || base_is_of_provider(s, host);
}

/* Names do not tell case: one host, one pool of connections. */
static struct slice
base_lower(struct req *r, struct slice host)
{
	char *to = pool_alloc(r->pool, host.n + 1);

	for (size_t i = 0; i < host.n; i++)
		to[i] = host.p[i] >= 'A' && host.p[i] <= 'Z'
		            ? (char)(host.p[i] | 0x20)
		            : host.p[i];
	to[host.n] = '\0';
	return (struct slice){ to, host.n };
}

/* A path as it is written in the settings, without the slashes at its end. */
static void
base_take_path(struct credential_base *b, struct slice path)
{
	while (path.n > 0 && path.p[path.n - 1] == '/')
		path.n--;
	b->path = path;
}

static int
base_of_caller(struct req *r, const char *where, struct slice text,
    struct credential *c)
{
	struct guard_url u;

	/* A key of ours is never sent there: the caller's own comes along. */
	if (c->api_key.n == 0 && c->azure_ad_token.n == 0)
		return credential_missing(r, where, "api_key");
	if (!guard_url(text, &u) || !u.tls || u.query.n > 0 ||
	    !base_may_be_named(r, u.host) ||
	    worker_tls_system(r->w->tls) == NULL)
		return base_refuse(r, where, base_host_shown(text));
	c->host = HOST_CALLER;
	c->api_base = text;
	c->base.host = base_lower(r, u.host);
	c->base.port = u.port;
	c->base.tls = true;
	base_take_path(&c->base, u.path);
	return 0;
}

/* "https://host:port/path" of the settings, where all else was checked. */
static void
base_split(struct req *r, struct slice url, struct credential_base *b)
{
	const char *end, *colon;
	size_t n = 0;

	b->tls = slice_starts(url, SLICE("https://"));
	url = slice_skip(url, b->tls ? 8 : 7);
	while (n < url.n && url.p[n] != '/')
		n++;
	base_take_path(b, slice_skip(url, n));
	url.n = n;
	end = url.p + url.n;
	b->port = b->tls ? 443 : 80;
	colon = memrchr(url.p, ':', url.n);
	if (colon != NULL &&
	    memchr(colon, ']', (size_t)(end - colon)) == NULL) {
		b->port = atoi(colon + 1);
		url.n = (size_t)(colon - url.p);
	}
	if (url.n > 1 && *url.p == '[')
		url = (struct slice){ url.p + 1, url.n - 2 };
	b->host = pool_copy(r->pool, url);
}

/* A part that the base URL of this provider has a place for. */
static int
base_need(struct req *r, const char *where, struct slice url, const char *word,
    struct slice text, const char *member)
{
	if (text.n > 0 || memmem(url.p, url.n, word, strlen(word)) == NULL)
		return 0;
	return credential_missing(r, where, member);
}

static int
base_of_region(struct req *r, const char *where, struct slice url,
    struct credential *c)
{
	struct slice place = c->vertex_ai_location;

	if (base_need(r, where, url, "{region}", c->aws_region_name,
		"aws_region_name") != 0 ||
	    base_need(r, where, url, "{location}", place,
		"vertex_ai_location") != 0)
		return -1;
	url = pool_fill(r->pool, url, "{region}", c->aws_region_name);
	if (slice_eq(place, SLICE("global"))) /* Google's name without one */
		url = pool_fill(r->pool, url, "{location}-", SLICE(""));
	url = pool_fill(r->pool, url, "{location}", place);
	c->host = HOST_REGION;
	base_split(r, url, &c->base);
	return 0;
}

int
credential_place(struct req *r, const char *where, struct slice api_base,
    struct credential *c)
{
	const struct target *t = r->choice.target;
	struct slice url = settings_str(r->w->settings, t->provider->base_url);

	/* An administrator may write down what holds anyway. */
	if (!c->callers && slice_eq(api_base, url))
		api_base = SLICE("");
	if (api_base.n > 0)
		return base_of_caller(r, where, api_base, c);
	if (t->base.host.n > 0) {
		c->host = HOST_PROVIDER;
		c->base = t->base;
		return 0;
	}
	if (url.n == 0) /* Azure: each customer has his own host */
		return credential_missing(r, where, "api_base");
	return base_of_region(r, where, url, c);
}

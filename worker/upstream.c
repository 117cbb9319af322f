#include "worker/upstream.h"

#include "base/sbuf.h"
#include "base/settings.h"
#include "base/version.h"
#include "dialect/azure_path.h"
#include "dialect/dialect.h"
#include "worker/headers.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

static void
upstream_host(struct worker *w, const struct settings_base *base,
    struct sbuf *b)
{
	struct slice host = settings_str(w->settings, base->host);
	bool v6 = memchr(host.p, ':', host.n) != NULL;
	int usual = base->tls ? 443 : 80;

	sbuf_addf(b, "Host: %s%.*s%s", v6 ? "[" : "", SLICE_ARGS(host),
	    v6 ? "]" : "");
	if (base->port != usual)
		sbuf_addf(b, ":%d", base->port);
	sbuf_adds(b, "\r\n");
}

static struct slice
upstream_secret(struct worker *w, struct secret_ref ref)
{
	return settings_secret(w->secrets, ref);
}

static void
upstream_bearer(struct worker *w, const struct settings_provider *p,
    const struct settings_credential *c, struct sbuf *b)
{
	const struct settings *s = w->settings;

	(void)p;
	headers_add(b, "Authorization: Bearer ",
	    upstream_secret(w, c->api_key));
	headers_add(b,
	    "OpenAI-Organization: ", settings_str(s, c->organization));
	headers_add(b, "OpenAI-Project: ", settings_str(s, c->project));
}

static void
upstream_azure(struct worker *w, const struct settings_provider *p,
    const struct settings_credential *c, struct sbuf *b)
{
	(void)p;
	if (c->azure_ad_token.len > 0)
		headers_add(b, "Authorization: Bearer ",
		    upstream_secret(w, c->azure_ad_token));
	else
		headers_add(b, "api-key: ", upstream_secret(w, c->api_key));
}

static void
upstream_anthropic(struct worker *w, const struct settings_provider *p,
    const struct settings_credential *c, struct sbuf *b)
{
	struct slice version = settings_str(w->settings, p->api_version);

	headers_add(b, "x-api-key: ", upstream_secret(w, c->api_key));
	headers_add(b, "anthropic-version: ",
	    version.n > 0 ? version : SLICE("2023-06-01"));
}

static void
upstream_goog(struct worker *w, const struct settings_provider *p,
    const struct settings_credential *c, struct sbuf *b)
{
	(void)p;
	headers_add(b, "x-goog-api-key: ", upstream_secret(w, c->api_key));
}

/* What proves whose it is without a look at the request. */
static void (*const authorize[])(struct worker *w,
    const struct settings_provider *p, const struct settings_credential *c,
    struct sbuf *b) = {
	[AUTH_BEARER] = upstream_bearer,
	[AUTH_API_KEY] = upstream_azure,
	[AUTH_X_API_KEY] = upstream_anthropic,
	[AUTH_GOOG_KEY] = upstream_goog,
	[AUTH_NONE] = NULL,
};

void
upstream_write_lines(struct worker *w, const struct settings_provider *p,
    const struct settings_credential *c, const struct settings_base *base,
    bool stream, struct sbuf *b)
{
	enum kind_auth auth = kind_auths[p->kind];

	upstream_host(w, base, b);
	sbuf_adds(b, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"
		     "Content-Type: application/json\r\n"
		     "Accept-Encoding: identity\r\nAccept: ");
	sbuf_adds(b, stream ? "text/event-stream" : "application/json");
	sbuf_adds(b, "\r\n");
	if (c != NULL && authorize[auth] != NULL)
		authorize[auth](w, p, c, b);
}

static void
upstream_path_azure(struct req *r, const struct settings_base *base,
    struct sbuf *b)
{
	const struct settings *s = r->w->settings;
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_credential *c =
	    target_credential(r->w, r->choice.target, r->choice.credential);
	struct azure_place at = {
		.host = settings_str(s, base->host),
		.path = settings_str(s, base->path),
		.version = settings_str(s, p->api_version),
		.deployment = r->choice.upstream_model,
	};

	if (c != NULL && c->api_version.len > 0)
		at.version = settings_str(s, c->api_version);
	azure_path(&at, AZURE_CHAT, b);
}

/* "POST /v1/chat/completions HTTP/1.1" */
static void
upstream_line(struct req *r, struct sbuf *b)
{
	const struct settings_base *base =
	    target_base(r->w, r->choice.target, r->choice.credential);

	sbuf_adds(b, "POST ");
	if (r->dialect == NULL &&
	    r->choice.target->provider->kind == KIND_AZURE) {
		upstream_path_azure(r, base, b);
	} else {
		sbuf_add_slice(b, settings_str(r->w->settings, base->path));
		if (r->dialect != NULL)
			r->dialect->path(r->ask, b);
		else
			sbuf_adds(b, "/chat/completions");
	}
	sbuf_adds(b, " HTTP/1.1\r\n");
}

void
upstream_write_head(struct req *r, struct sbuf *b)
{
	upstream_line(r, b);
	sbuf_add_slice(b, target_lines(r->w, r->choice.target,
			      r->choice.credential, r->stream));
}

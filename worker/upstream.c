#include "worker/upstream.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/sigv4.h"
#include "base/version.h"
#include "dialect/azure_path.h"
#include "dialect/dialect.h"
#include "dialect/embed.h"
#include "net/client.h"
#include "worker/client_dialect.h"
#include "worker/headers.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

static void
upstream_bearer(struct worker *w, const struct settings_provider *p,
    const struct credential *c, struct sbuf *b)
{
	(void)w;
	(void)p;
	headers_add(b, "Authorization: Bearer ", c->api_key);
	headers_add(b, "OpenAI-Organization: ", c->organization);
	headers_add(b, "OpenAI-Project: ", c->project);
}

static void
upstream_azure(struct worker *w, const struct settings_provider *p,
    const struct credential *c, struct sbuf *b)
{
	(void)w;
	(void)p;
	if (c->azure_ad_token.n > 0)
		headers_add(b, "Authorization: Bearer ", c->azure_ad_token);
	else
		headers_add(b, "api-key: ", c->api_key);
}

static void
upstream_anthropic(struct worker *w, const struct settings_provider *p,
    const struct credential *c, struct sbuf *b)
{
	struct slice version = settings_str(w->settings, p->api_version);

	headers_add(b, "x-api-key: ", c->api_key);
	headers_add(b, "anthropic-version: ",
	    version.n > 0 ? version : SLICE("2023-06-01"));
}

static void
upstream_goog(struct worker *w, const struct settings_provider *p,
    const struct credential *c, struct sbuf *b)
{
	(void)w;
	(void)p;
	headers_add(b, "x-goog-api-key: ", c->api_key);
}

/* What proves whose it is without a look at the request. */
static void (*const authorize[])(struct worker *w,
    const struct settings_provider *p, const struct credential *c,
    struct sbuf *b) = {
	[AUTH_BEARER] = upstream_bearer,
	[AUTH_API_KEY] = upstream_azure,
	[AUTH_X_API_KEY] = upstream_anthropic,
	[AUTH_GOOG_KEY] = upstream_goog,
	[AUTH_NONE] = NULL,
};

void
upstream_write_lines(struct worker *w, const struct target *t,
    const struct credential *c, bool stream, struct sbuf *b)
{
	const struct credential_base *base = target_base(t, c);
	enum kind_auth auth = kind_auths[t->provider->kind];

	client_write_host(b, base->host, base->port, base->tls);
	sbuf_adds(b, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"
		     "Content-Type: application/json\r\n"
		     "Accept-Encoding: identity\r\nAccept: ");
	sbuf_adds(b, stream ? "text/event-stream" : "application/json");
	sbuf_adds(b, "\r\n");
	if (c != NULL && authorize[auth] != NULL)
		authorize[auth](w, t->provider, c, b);
}

static enum azure_operation
upstream_azure_operation(const struct req *r)
{
	if (r->route.route == ROUTE_EMBEDDINGS)
		return AZURE_EMBEDDINGS;
	return r->dialect == &dialect_responses ? AZURE_RESPONSES : AZURE_CHAT;
}

static RARE void
upstream_path_azure(struct req *r, const struct credential_base *base,
    struct sbuf *b)
{
	const struct settings_provider *p = r->choice.target->provider;
	const struct credential *c = r->choice.credential;
	struct azure_place at = {
		.host = base->host,
		.path = base->path,
		.version = settings_str(r->w->settings, p->api_version),
		.deployment = r->choice.upstream_model,
	};

	if (c != NULL && c->api_version.n > 0)
		at.version = c->api_version;
	azure_path(&at, upstream_azure_operation(r), b);
}

/* "POST /v1/chat/completions HTTP/1.1" */
static void
upstream_line(struct req *r, struct sbuf *b)
{
	const struct credential_base *base =
	    target_base(r->choice.target, r->choice.credential);

	sbuf_adds(b, "POST ");
	if (r->choice.kind == KIND_AZURE) {
		upstream_path_azure(r, base, b);
	} else {
		sbuf_add_slice(b, base->path);
		if (client_counts(r))
			client_count_path(r, b);
		else if (r->embed != NULL)
			r->embed->path(r->ask, b);
		else if (r->route.route == ROUTE_EMBEDDINGS)
			sbuf_adds(b, "/embeddings");
		else
			r->dialect->path(r->ask, b);
	}
	sbuf_adds(b, " HTTP/1.1\r\n");
}

/* The digest of the body that is sent. */
static void
upstream_sum(struct req *r, unsigned char sum[DIGEST_SIZE])
{
	struct digest *d = r->w->digest;

	digest_start(d);
	for (unsigned i = 0; i < r->edit.n; i++)
		digest_add(d, r->edit.pieces[i].p, r->edit.pieces[i].n);
	digest_end(d, sum);
}

/* Signature Version 4 over the line and the lines that were written. */
static void
upstream_sign(struct req *r, const struct credential *c, struct slice path,
    struct sbuf *b)
{
	struct sigv4_key own = { 0 },
			 *key = target_aws_key(r->choice.target, c);
	struct sigv4_credential who = {
		.key_id = c->aws_access_key_id,
		.secret = c->aws_secret_access_key,
		.region = c->aws_region_name,
		.service = SLICE("bedrock"),
	};
	struct slice token = c->aws_session_token;
	struct sbuf host = { 0 };
	struct sigv4_header headers[3] = {
		{ SLICE("content-type"), SLICE("application/json") },
		{ SLICE("host"), SLICE("") },
		{ SLICE("x-amz-security-token"), token },
	};
	struct sigv4_request q = {
		.method = SLICE("POST"),
		.path = path,
		.headers = headers,
		.n_headers = token.n > 0 ? 3 : 2,
		.now_s = now_real_us() / 1000000,
	};
	char date[SIGV4_DATE_SIZE];

	client_write_host(&host, c->base.host, c->base.port, c->base.tls);
	headers[1].value = (struct slice){ host.data + sizeof "Host: " - 1,
		host.len - (sizeof "Host: \r\n" - 1) };
	upstream_sum(r, q.body_sum);
	sigv4_date(q.now_s, date);
	headers_add(b, "X-Amz-Date: ", slice_str(date));
	headers_add(b, "X-Amz-Security-Token: ", token);
	sbuf_adds(b, "Authorization: ");
	sigv4_sign(&q, &who, key != NULL ? key : &own, b);
	sbuf_adds(b, "\r\n");
	sigv4_key_wipe(&own);
	sbuf_free(&host);
}

static void
upstream_aws(struct req *r, struct slice path, struct sbuf *b)
{
	const struct credential *c = r->choice.credential;

	if (c == NULL)
		return;
	if (c->aws_bearer_token.n > 0)
		headers_add(b, "Authorization: Bearer ", c->aws_bearer_token);
	else
		upstream_sign(r, c, path, b);
}

/* Who brings his own credential says more of his account in headers. */
static void
upstream_openai(const struct req *r, struct sbuf *b)
{
	const struct credential *c = r->choice.credential;

	if (c != NULL && c->callers && r->choice.kind == KIND_OPENAI)
		sbuf_add_slice(b, r->openai_headers);
}

void
upstream_write_head(struct req *r, struct sbuf *b)
{
	size_t from = b->len + sizeof "POST " - 1;
	struct slice path;

	if (r->dialect == NULL && r->choice.kind == KIND_OPENAI &&
	    r->route.route != ROUTE_EMBEDDINGS) {
		target_add_chat(r->w, r->choice.target, r->choice.credential,
		    r->stream, b);
		upstream_openai(r, b);
		return;
	}

	upstream_line(r, b);
	target_add_lines(r->w, r->choice.target, r->choice.credential,
	    r->stream, b);
	upstream_openai(r, b);
	headers_add(b, "Authorization: Bearer ", r->token);
	if (kind_auths[r->choice.kind] != AUTH_AWS)
		return;
	path = (struct slice){ b->data + from, b->len - from };
	path.n = (size_t)((const char *)memchr(path.p, ' ', path.n) - path.p);
	upstream_aws(r, pool_copy(r->pool, path), b);
}

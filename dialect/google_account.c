#include "dialect/google_account.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/rs256.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define SCOPE "https://www.googleapis.com/auth/cloud-platform"
#define GRANT "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
#define SKEW_S 10       /* their clock may be behind */
#define LIFE_S 3600     /* as long as Google allows */
#define EXPIRES_S 3600  /* of a token that does not say */
#define TOKEN_MAX 16384 /* bytes; it goes into a header */
#define PORT_MAX 65535

/* A member that is a text; n 0: there is none. */
static struct slice
account_text(struct slice object, struct slice name, struct pool *pool)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type != JSCAN_STRING)
		return SLICE("");
	/* The JSON will be wiped. */
	return pool_copy(pool, jstr_item(&item, pool));
}

/* Tokens go into a header: nothing but visible characters. */
static bool
account_is_token(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 127)
			return false;
	return text.n > 0 && text.n <= TOKEN_MAX;
}

/* A text that nobody but its user may see, unescaped; wiped soon. */
struct account_secret {
	char *p;
	size_t n;
};

static struct account_secret
account_open(struct slice object, struct slice name)
{
	struct account_secret s = { .n = 0 };
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type != JSCAN_STRING)
		return s;
	s.p = xmalloc(item.value.n);
	s.n = jstr_unescape(jscan_text(&item), s.p);
	return s;
}

static void
account_close(struct account_secret *s)
{
	if (s->p != NULL)
		explicit_bzero(s->p, s->n);
	free(s->p);
}

static struct slice
account_secret(struct slice object, struct slice name, struct pool *pool)
{
	struct account_secret s = account_open(object, name);
	struct slice copy = pool_secret(pool, (struct slice){ s.p, s.n });

	account_close(&s);
	return copy;
}

static bool
account_ends(struct slice text, struct slice end)
{
	return text.n > end.n &&
	       slice_eq_nocase(slice_skip(text, text.n - end.n), end);
}

static bool
account_is_host(struct slice host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum((unsigned char)host.p[i]) && host.p[i] != '-' &&
		    host.p[i] != '.')
			return false;
	return host.n > 0;
}

/* Whoever gives a credential must not aim us at a host of his own. */
static bool
account_may_ask(struct slice host, const struct slice *hosts, unsigned n_hosts)
{
	if (account_ends(host, SLICE(".googleapis.com")))
		return true;
	for (unsigned i = 0; i < n_hosts; i++)
		if (slice_eq_nocase(host, hosts[i]))
			return true;
	return false;
}

/* ":443" behind the host; 0: it is no port. */
static int
account_port(struct slice text)
{
	int port = 0;

	if (text.n == 0)
		return 443;
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		port = 10 * port + (text.p[i] - '0');
		if (port > PORT_MAX)
			return 0;
	}
	return port;
}

/* 1 with the parts of an address, 0 when it is none that may be asked. */
static int
account_uri(struct slice text, struct google_uri *uri_r)
{
	const struct slice scheme = SLICE("https://");
	struct slice rest, authority;
	const char *slash, *colon;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 127)
			return 0;
	if (!slice_starts(text, scheme))
		return 0;
	rest = authority = slice_skip(text, scheme.n);
	slash = memchr(rest.p, '/', rest.n);
	if (slash != NULL)
		authority.n = (size_t)(slash - rest.p);
	colon = memchr(authority.p, ':', authority.n);
	*uri_r = (struct google_uri){ .text = text,
		.host = authority,
		.path = slash != NULL ? slice_skip(rest, authority.n)
		                      : SLICE("/") };
	if (colon != NULL)
		uri_r->host.n = (size_t)(colon - authority.p);
	uri_r->port = account_port(slice_skip(authority, uri_r->host.n));
	return uri_r->port != 0 && account_is_host(uri_r->host);
}

/* The PEM is in memory for a moment, unescaped. */
static struct rs256 *
account_key(struct slice json, struct err *e)
{
	struct account_secret pem = account_open(json, SLICE("private_key"));
	struct rs256 *key = rs256_new((struct slice){ pem.p, pem.n }, e);

	account_close(&pem);
	return key;
}

static int
account_fault(struct err *e, const char *what)
{
	return err_param(e, ERR_INVALID_VALUE, "vertex_ai_credentials",
	    "Invalid value for 'vertex_ai_credentials': %s.", what);
}

static int
account_service(struct slice json, const struct slice *hosts, unsigned n_hosts,
    struct pool *pool, struct google_account *a, struct err *e)
{
	struct slice uri = account_text(json, SLICE("token_uri"), pool);

	a->email = account_text(json, SLICE("client_email"), pool);
	a->key_id = account_text(json, SLICE("private_key_id"), pool);
	if (a->email.n == 0)
		return account_fault(e, "it has no client_email");
	if (account_uri(uri.n > 0 ? uri : SLICE(TOKEN_URI), &a->uri) != 1)
		return account_fault(e, "its token_uri is no https address");
	if (!account_may_ask(a->uri.host, hosts, n_hosts))
		return err_param(e, ERR_API_BASE_NOT_ALLOWED,
		    "vertex_ai_credentials",
		    "The host of 'vertex_ai_credentials.token_uri' is not "
		    "allowed.");
	a->key = account_key(json, e);
	if (a->key == NULL)
		return account_fault(e,
		    "its private_key is no RSA key of 2048 bits or more");
	return 0;
}

int
google_account_read(struct slice json, const struct slice *hosts,
    unsigned n_hosts, struct pool *pool, struct google_account *a_r,
    struct err *e)
{
	struct jscan_item whole, token;

	*a_r = (struct google_account){ .key = NULL };
	if (jscan_value(json, &whole, e) != 0 || whole.type != JSCAN_OBJECT)
		return account_fault(e, "it is no JSON object");
	json = whole.value;
	a_r->project = account_text(json, SLICE("project_id"), pool);
	if (jscan_find(json, SLICE("access_token"), &token) != 1)
		return account_service(json, hosts, n_hosts, pool, a_r, e);
	a_r->token = account_secret(json, SLICE("access_token"), pool);
	if (!account_is_token(a_r->token))
		return account_fault(e, "its access_token is no token");
	return 0;
}

void
google_account_fini(struct google_account *a)
{
	rs256_free(&a->key);
}

void
google_account_ask(const struct google_account *a, int64_t now_s,
    struct sbuf *form)
{
	struct sbuf header = { 0 }, claims = { 0 };
	int64_t from_s = now_s - SKEW_S;

	sbuf_adds(&header, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
	if (a->key_id.n > 0) {
		sbuf_adds(&header, ",\"kid\":");
		sbuf_add_json(&header, a->key_id);
	}
	sbuf_addc(&header, '}');
	sbuf_adds(&claims, "{\"iss\":");
	sbuf_add_json(&claims, a->email);
	sbuf_adds(&claims, ",\"scope\":\"" SCOPE "\",\"aud\":");
	sbuf_add_json(&claims, a->uri.text);
	/* More than an hour from iat to exp is refused. */
	sbuf_addf(&claims, ",\"iat\":%lld,\"exp\":%lld}", (long long)from_s,
	    (long long)(from_s + LIFE_S));
	sbuf_adds(form, "grant_type=" GRANT "&assertion=");
	rs256_jwt(a->key, sbuf_slice(&header), sbuf_slice(&claims), form);
	sbuf_free(&header);
	sbuf_free(&claims);
}

/* {"error":"invalid_grant","error_description":"..."}, shortened. */
static int
account_no_token(struct slice json, struct pool *pool, struct err *e)
{
	struct slice error = account_text(json, SLICE("error"), pool);
	struct slice words =
	    account_text(json, SLICE("error_description"), pool);

	return err_set(e, ERR_UPSTREAM_CONNECT, "no token: %.*s %.*s",
	    (int)(error.n < 64 ? error.n : 64), error.p,
	    (int)(words.n < 200 ? words.n : 200), words.p);
}

int
google_token_read(struct slice json, struct pool *pool,
    struct google_token *token_r, struct err *e)
{
	struct jscan_item whole, item;
	int64_t n;

	if (jscan_value(json, &whole, e) != 0 || whole.type != JSCAN_OBJECT)
		return err_set(e, ERR_UPSTREAM_CONNECT,
		    "no token: the answer is no JSON object");
	token_r->text =
	    account_secret(whole.value, SLICE("access_token"), pool);
	if (!account_is_token(token_r->text))
		return account_no_token(whole.value, pool, e);
	token_r->expires_in_s = EXPIRES_S;
	if (jscan_find(whole.value, SLICE("expires_in"), &item) == 1 &&
	    item.type == JSCAN_NUMBER && jnum_int(item.value, &n) == 1 && n > 0)
		token_r->expires_in_s = n < EXPIRES_S * 24 ? n : EXPIRES_S * 24;
	return 0;
}

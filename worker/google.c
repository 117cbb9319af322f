#include "worker/google.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "dialect/google_account.h"
#include "net/client.h"
#include "net/http1.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/tls.h"
#include "worker/worker_priv.h"

#define GOOGLE_FETCH_MS 10000
#define GOOGLE_EARLY_S 300 /* renewed so long before its end */
#define GOOGLE_ANSWER_MAX 65536

struct google {
	struct worker *worker;
	struct pool *pool; /* of the account */
	struct google_account account;
	struct client_target *target;
	/* Of the token at hand; its memory is wiped. */
	struct pool *token_pool;
	struct slice token;
	uint64_t renew_ms, expires_ms;
	/* Of the fetch that runs. */
	struct call *call;
	struct sbuf head, form, answer;
	struct iovec iov;
	unsigned status;
	/* Why the last fetch brought nothing; kind NONE: it did. */
	struct err failed;
};

static void
google_wipe(struct sbuf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	sbuf_free(b);
}

/* What belongs to one fetch; it holds a signed statement and a token. */
static void
google_clean(struct google *g)
{
	google_wipe(&g->head);
	google_wipe(&g->form);
	google_wipe(&g->answer);
}

void
google_free(struct google **gp)
{
	struct google *g = *gp;

	*gp = NULL;
	if (g == NULL)
		return;
	call_cancel(&g->call);
	client_target_free(&g->target);
	google_clean(g);
	google_account_fini(&g->account);
	pool_free(&g->pool);
	if (g->token_pool != NULL)
		pool_free(&g->token_pool);
	free(g);
}

bool
google_is_busy(const struct google *g)
{
	return g != NULL && g->call != NULL;
}

/* Requests of this worker that wait for it. */
static void
google_wake(struct google *g)
{
	struct list *all = &g->worker->requests;

	for (struct list *l = all->next; l != all; l = l->next) {
		struct req *r = LIST_OWNER(l, struct req, link);

		if (r->google == g)
			req_wake(r);
	}
}

static void
google_done(struct google *g)
{
	g->call = NULL;
	google_clean(g);
	if (g->failed.kind != ERR_NONE)
		log_warn("google: no token for %.*s: %s",
		    SLICE_ARGS(g->account.email), g->failed.text);
	google_wake(g);
}

static void
google_take(struct google *g)
{
	struct google_token t;
	struct pool *pool = pool_new();
	uint64_t life_s;

	if (g->status != 200) {
		err_set(&g->failed, ERR_UPSTREAM_CONNECT,
		    "the token endpoint answered %u", g->status);
		pool_free(&pool);
		return;
	}
	if (google_token_read(sbuf_slice(&g->answer), pool, &t, &g->failed) !=
	    0) {
		pool_free(&pool);
		return;
	}
	if (g->token_pool != NULL)
		pool_free(&g->token_pool);
	g->token_pool = pool;
	g->token = t.text;
	life_s = (uint64_t)t.expires_in_s;
	g->expires_ms = now_mono_ms() + life_s * 1000;
	g->renew_ms = g->expires_ms;
	if (life_s > GOOGLE_EARLY_S)
		g->renew_ms -= (uint64_t)GOOGLE_EARLY_S * 1000;
	g->failed.kind = ERR_NONE;
}

static void
google_ready(void *ctx)
{
	(void)ctx;
}

static void
google_head(void *ctx, const struct http1_head *h)
{
	struct google *g = ctx;

	g->status = h->status;
}

static void
google_data(void *ctx, struct slice bytes)
{
	struct google *g = ctx;

	if (g->answer.len + bytes.n <= GOOGLE_ANSWER_MAX)
		sbuf_add_slice(&g->answer, bytes);
}

static void
google_end(void *ctx)
{
	struct google *g = ctx;

	google_take(g);
	google_done(g);
}

static void
google_fail(void *ctx, enum call_failure failure, const struct err *e)
{
	struct google *g = ctx;

	(void)e;
	err_set(&g->failed, ERR_UPSTREAM_CONNECT, "%s",
	    call_failure_name(failure));
	google_done(g);
}

static const struct call_ops google_ops = { google_ready, google_head,
	google_data, google_end, google_fail };

static void
google_write_head(struct google *g)
{
	const struct google_uri *uri = &g->account.uri;
	struct sbuf *b = &g->head;

	sbuf_adds(b, "POST ");
	sbuf_add_slice(b, uri->path);
	sbuf_adds(b, " HTTP/1.1\r\n");
	client_write_host(b, uri->host, uri->port, true);
	sbuf_adds(b, "Content-Type: application/x-www-form-urlencoded\r\n"
		     "Accept: application/json\r\n"
		     "Accept-Encoding: identity\r\nContent-Length: ");
	sbuf_add_u64(b, g->form.len);
	sbuf_adds(b, "\r\n\r\n");
}

static void
google_fetch(struct google *g)
{
	struct call_request q = { .total_ms = GOOGLE_FETCH_MS };

	google_account_ask(&g->account, now_real_us() / 1000000, &g->form);
	google_write_head(g);
	g->iov = (struct iovec){ g->form.data, g->form.len };
	g->status = 0;
	q.head = sbuf_slice(&g->head);
	q.body = &g->iov;
	q.body_n = 1;
	g->call = call_start(g->target, &q, &google_ops, g);
}

static struct client_target *
google_connect(struct worker *w, const struct settings_provider *p,
    const struct google_account *a)
{
	struct sbuf host = { 0 };
	struct client_target_options o = {
		.port = (uint16_t)a->uri.port,
		.tls = worker_tls_client(w->tls, w->settings, p),
	};
	struct client_target *t;

	sbuf_add_slice(&host, a->uri.host);
	o.host = host.data;
	t = client_target_new(w->client, &o);
	sbuf_free(&host);
	return t;
}

static int
google_read(struct google *g, struct slice json, struct err *e)
{
	const struct settings *s = g->worker->settings;
	const struct sref *from = settings_list(s, s->outbound_token_hosts);
	uint32_t n = s->outbound_token_hosts.n;
	struct slice *hosts = xcalloc(n + 1, sizeof *hosts);
	int done;

	for (uint32_t i = 0; i < n; i++)
		hosts[i] = settings_str(s, from[i]);
	done = google_account_read(json, hosts, n, g->pool, &g->account, e);
	free(hosts);
	return done;
}

/* What a caller wrote is his fault; of ours the log tells. */
static void
google_complain(const struct credential *c, const struct err *e)
{
	if (!c->callers)
		log_error("google: %s", e->text);
}

/* The credential's own, made at its first use.  NULL with req_err(). */
static struct google *
google_of(struct req *r)
{
	struct worker *w = r->w;
	const struct credential *c = r->choice.credential;
	struct google **at, *g;

	if (c == NULL)
		return NULL;
	at = target_google(w, r->choice.target, c);
	if (*at != NULL)
		return *at;
	g = xcalloc(1, sizeof *g);
	g->worker = w;
	g->pool = pool_new();
	if (google_read(g, c->vertex_ai_credentials, req_err(r)) != 0) {
		google_complain(c, req_err(r));
		google_free(&g);
		return NULL;
	}
	if (g->account.key != NULL)
		g->target =
		    google_connect(w, r->choice.target->provider, &g->account);
	*at = g;
	return g;
}

/* In the words of a provider that cannot be reached. */
static int
google_refuse(struct req *r)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	r->attempt_error = "token";
	return err_set(req_err(r), ERR_UPSTREAM_CONNECT,
	    "Could not connect to provider %.*s.", SLICE_ARGS(name));
}

RARE int
google_token(struct req *r, struct slice *token_r)
{
	struct google *g = google_of(r);
	uint64_t now = now_mono_ms();
	bool waited = r->google != NULL;

	if (g == NULL)
		return r->choice.credential->callers ? -1 : google_refuse(r);
	r->google = NULL;
	if (g->account.key == NULL) {
		*token_r = g->account.token;
		return 1;
	}
	if (now >= g->renew_ms && g->call == NULL &&
	    !(waited && g->failed.kind != ERR_NONE))
		google_fetch(g);
	if (now < g->expires_ms) {
		/* Another fetch may end before the answer is read. */
		*token_r = pool_secret(r->pool, g->token);
		return 1;
	}
	if (g->call == NULL)
		return google_refuse(r);
	r->google = g;
	return 0;
}

bool
google_refused(struct req *r)
{
	struct google *g =
	    *target_google(r->w, r->choice.target, r->choice.credential);

	/* Another request may have had a new one since. */
	if (g != NULL && slice_eq(g->token, r->token))
		g->expires_ms = g->renew_ms = 0;
	return g != NULL && g->account.key != NULL;
}

struct slice
google_project(struct req *r)
{
	struct google *g = google_of(r);

	return g != NULL ? g->account.project : SLICE("");
}

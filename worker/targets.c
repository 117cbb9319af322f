#include "worker/targets.h"

#include <stdlib.h>

#include "base/random.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/version.h"
#include "base/xmem.h"
#include "net/client.h"
#include "shm/stats.h"
#include "worker/headers.h"
#include "worker/tls.h"

#include "worker/worker_priv.h"

/* The heads of one credential: without and with a stream. */
struct target_heads {
	struct sbuf head[2];
};

struct target_full {
	struct target target;       /* what others see */
	struct target_heads *heads; /* one per credential, and one for none */
	uint32_t n_heads;
};

struct targets {
	struct worker *worker;
	struct target_full **at; /* by index of the provider */
	uint32_t n;
};

struct targets *
targets_new(struct worker *w)
{
	struct targets *t = xcalloc(1, sizeof *t);

	t->worker = w;
	t->n = w->settings->providers.n;
	t->at = xcalloc(t->n + 1, sizeof(struct target_full *));
	return t;
}

static void
target_full_free(struct target_full *f)
{
	if (f == NULL)
		return;
	client_target_free(&f->target.pool);
	for (uint32_t i = 0; i < f->n_heads; i++)
		for (int stream = 0; stream < 2; stream++) {
			struct sbuf *b = &f->heads[i].head[stream];

			/* It holds a provider's key. */
			if (b->data != NULL)
				explicit_bzero(b->data, b->cap);
			sbuf_free(b);
		}
	free(f->heads);
	free(f);
}

void
targets_free(struct targets **tp)
{
	struct targets *t = *tp;

	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->n; i++)
		target_full_free(t->at[i]);
	free(t->at);
	free(t);
	*tp = NULL;
}

static struct client_target *
target_pool(struct worker *w, const struct settings_provider *p)
{
	struct slice host = settings_str(w->settings, p->host);
	struct client_target_options o = {
		.host = host.p, /* NUL-terminated in the snapshot */
		.port = (uint16_t)p->port,
		.tls =
		    p->tls ? worker_tls_client(w->tls, w->settings, p) : NULL,
		.connect_ms = (uint32_t)p->connect_timeout_ms,
		.idle_ms = CLIENT_IDLE_LISTED_MS,
		.max_connections = (unsigned)p->max_connections,
	};

	return client_target_new(w->client, &o);
}

static uint32_t
target_inflight_cell(struct worker *w, const struct settings_provider *p)
{
	uint16_t label[STATS_LABELS] = { stats_name(w->segment,
	    settings_str(w->settings, p->name)) };

	return stats_cell(w->segment, METRIC_UPSTREAM_INFLIGHT, label);
}

struct target *
targets_get(struct targets *t, int32_t provider)
{
	struct worker *w = t->worker;
	struct target_full *f = t->at[provider];
	const struct settings_provider *p;

	if (f != NULL)
		return &f->target;
	p = settings_provider_at(w->settings, provider);
	f = xcalloc(1, sizeof *f);
	f->target.provider = p;
	f->target.demo = settings_is(w->settings, p->kind, "demo");
	f->n_heads = p->credentials.n + 1;
	f->heads = xcalloc(f->n_heads, sizeof *f->heads);
	if (!f->target.demo)
		f->target.pool = target_pool(w, p);
	f->target.inflight_cell = target_inflight_cell(w, p);
	t->at[provider] = f;
	return &f->target;
}

void
targets_close_idle(struct targets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i] != NULL && t->at[i]->target.pool != NULL)
			client_target_close_idle(t->at[i]->target.pool);
}

static bool
credential_serves(const struct settings *s, const struct settings_credential *c,
    int32_t environment, struct slice slug)
{
	if (c->environment != ENV_BOTH && c->environment != environment)
		return false;
	if (settings_has(s, c->exclude_models, slug))
		return false;
	return c->available_models.n == 0 ||
	       settings_has(s, c->available_models, slug);
}

int
target_draw(struct worker *w, const struct target *t, int32_t environment,
    struct slice slug)
{
	const struct settings_credential *c =
	    settings_list(w->settings, t->provider->credentials);
	uint32_t n = t->provider->credentials.n;
	uint64_t sum = 0, draw;
	int last = TARGET_NO_CREDENTIAL;

	if (n == 0)
		return t->demo || (t->provider->quirks & QUIRK_LOCAL) != 0
		           ? TARGET_NEEDS_NONE
		           : TARGET_NO_CREDENTIAL;
	for (uint32_t i = 0; i < n; i++)
		if (credential_serves(w->settings, &c[i], environment, slug)) {
			sum += (uint64_t)c[i].weight_nano;
			last = (int)i;
		}
	if (sum == 0 || n == 1)
		return last;
	draw = random_draw() % sum;
	for (uint32_t i = 0; i < n; i++) {
		if (!credential_serves(w->settings, &c[i], environment, slug))
			continue;
		if (draw < (uint64_t)c[i].weight_nano)
			return (int)i;
		draw -= (uint64_t)c[i].weight_nano;
	}
	return last;
}

const struct settings_credential *
target_credential(struct worker *w, const struct target *t, int credential)
{
	const struct settings_credential *c =
	    settings_list(w->settings, t->provider->credentials);

	return credential >= 0 ? &c[credential] : NULL;
}

static void
head_add_host(struct worker *w, struct sbuf *b,
    const struct settings_provider *p)
{
	client_write_host(b, settings_str(w->settings, p->host), p->port,
	    p->tls);
}

static void
head_write(struct worker *w, struct sbuf *b, const struct settings_provider *p,
    const struct settings_credential *c, bool stream)
{
	const struct settings *s = w->settings;

	sbuf_adds(b, "POST ");
	sbuf_add_slice(b, settings_str(s, p->path));
	sbuf_adds(b, "/chat/completions HTTP/1.1\r\n");
	head_add_host(w, b, p);
	sbuf_adds(b, "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"
		     "Content-Type: application/json\r\n"
		     "Accept-Encoding: identity\r\nAccept: ");
	sbuf_adds(b, stream ? "text/event-stream" : "application/json");
	sbuf_adds(b, "\r\n");
	if (c == NULL)
		return;
	headers_add(b, "Authorization: Bearer ",
	    settings_secret(w->secrets, c->api_key));
	headers_add(b,
	    "OpenAI-Organization: ", settings_str(s, c->organization));
	headers_add(b, "OpenAI-Project: ", settings_str(s, c->project));
}

struct slice
target_head(struct worker *w, struct target *t, int credential, bool stream)
{
	struct target_full *f = (struct target_full *)t;
	uint32_t at = credential >= 0 ? (uint32_t)credential : f->n_heads - 1;
	struct sbuf *b = &f->heads[at].head[stream];

	if (b->len == 0)
		head_write(w, b, t->provider,
		    target_credential(w, t, credential), stream);
	return sbuf_slice(b);
}

#include "worker/targets.h"

#include <stdlib.h>

#include "base/random.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/sigv4.h"
#include "base/xmem.h"
#include "net/client.h"
#include "shm/stats.h"
#include "worker/google.h"
#include "worker/tls.h"
#include "worker/upstream.h"

#include "worker/worker_priv.h"

/*
 * What is kept for one credential: connections to its address, and the heads
 * of its requests, without and with a stream.
 */
struct target_door {
	struct client_target *pool; /* NULL: that of the provider */
	struct sigv4_key aws;       /* of AWS alone */
	struct google *google;      /* of Google alone */
	struct sbuf lines[2];
	struct sbuf chat[2]; /* the same behind the line of OpenAI's chat */
};

struct target_full {
	struct target target;       /* what others see */
	struct client_target *pool; /* of the provider's own address */
	struct target_door *doors;  /* one per credential, and one for none */
	uint32_t n_doors;
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

/* It holds a provider's key. */
static void
target_wipe(struct sbuf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	sbuf_free(b);
}

static void
target_full_free(struct target_full *f)
{
	if (f == NULL)
		return;
	client_target_free(&f->pool);
	for (uint32_t i = 0; i < f->n_doors; i++) {
		client_target_free(&f->doors[i].pool);
		sigv4_key_wipe(&f->doors[i].aws);
		google_free(&f->doors[i].google);
		for (int stream = 0; stream < 2; stream++) {
			target_wipe(&f->doors[i].lines[stream]);
			target_wipe(&f->doors[i].chat[stream]);
		}
	}
	free(f->doors);
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
target_connect(struct worker *w, const struct settings_provider *p,
    const struct settings_base *base)
{
	struct slice host = settings_str(w->settings, base->host);
	struct client_target_options o = {
		.host = host.p, /* NUL-terminated in the snapshot */
		.port = (uint16_t)base->port,
		.tls = base->tls ? worker_tls_client(w->tls, w->settings, p)
		                 : NULL,
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
	f->target.demo = p->kind == KIND_DEMO;
	f->n_doors = p->credentials.n + 1;
	f->doors = xcalloc(f->n_doors, sizeof *f->doors);
	if (!f->target.demo && p->base.host.len > 0)
		f->pool = target_connect(w, p, &p->base);
	f->target.inflight_cell = target_inflight_cell(w, p);
	t->at[provider] = f;
	return &f->target;
}

static struct target_door *
target_door(struct target_full *f, int credential)
{
	return &f->doors[credential >= 0 ? (uint32_t)credential
					 : f->n_doors - 1];
}

const struct settings_base *
target_base(struct worker *w, const struct target *t, int credential)
{
	const struct settings_credential *c =
	    target_credential(w, t, credential);

	return c != NULL ? &c->base : &t->provider->base;
}

struct client_target *
target_pool(struct worker *w, struct target *t, int credential)
{
	struct target_full *f = (struct target_full *)t;
	const struct settings_base *own = target_base(w, t, credential);
	const struct settings_base *base = &t->provider->base;
	struct target_door *d = target_door(f, credential);

	if (own->host.off == base->host.off && own->port == base->port &&
	    own->tls == base->tls)
		return f->pool;
	if (d->pool == NULL)
		d->pool = target_connect(w, t->provider, own);
	return d->pool;
}

static void
target_close_idle(struct target_full *f)
{
	if (f->pool != NULL)
		client_target_close_idle(f->pool);
	for (uint32_t i = 0; i < f->n_doors; i++)
		if (f->doors[i].pool != NULL)
			client_target_close_idle(f->doors[i].pool);
}

void
targets_close_idle(struct targets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i] != NULL)
			target_close_idle(t->at[i]);
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
		if (settings_credential_serves(w->settings, &c[i], environment,
			slug)) {
			sum += (uint64_t)c[i].weight_nano;
			last = (int)i;
		}
	if (sum == 0 || n == 1)
		return last;
	draw = random_choice() % sum;
	for (uint32_t i = 0; i < n; i++) {
		if (!settings_credential_serves(w->settings, &c[i], environment,
			slug))
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

struct sigv4_key *
target_aws_key(struct target *t, int credential)
{
	return &target_door((struct target_full *)t, credential)->aws;
}

struct google **
target_google(struct target *t, int credential)
{
	return &target_door((struct target_full *)t, credential)->google;
}

struct slice
target_lines(struct worker *w, struct target *t, int credential, bool stream)
{
	struct target_full *f = (struct target_full *)t;
	struct sbuf *b = &target_door(f, credential)->lines[stream];

	if (b->len == 0)
		upstream_write_lines(w, t->provider,
		    target_credential(w, t, credential),
		    target_base(w, t, credential), stream, b);
	return sbuf_slice(b);
}

struct slice
target_chat(struct worker *w, struct target *t, int credential, bool stream)
{
	struct target_full *f = (struct target_full *)t;
	struct sbuf *b = &target_door(f, credential)->chat[stream];

	if (b->len == 0) {
		sbuf_adds(b, "POST ");
		sbuf_add_slice(b, settings_str(w->settings,
				      target_base(w, t, credential)->path));
		sbuf_adds(b, "/chat/completions HTTP/1.1\r\n");
		sbuf_add_slice(b, target_lines(w, t, credential, stream));
	}
	return sbuf_slice(b);
}

#include "worker/targets.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/sigv4.h"
#include "base/xmem.h"
#include "net/client.h"
#include "shm/stats.h"
#include "worker/google.h"
#include "worker/guests.h"
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
	struct credential *credentials;
	uint32_t n_doors;
};

struct targets {
	struct worker *worker;
	struct target_full **at; /* by index of the provider */
	uint32_t n;
	struct guests *guests;
};

struct targets *
targets_new(struct worker *w)
{
	struct targets *t = xcalloc(1, sizeof *t);

	t->worker = w;
	t->n = w->settings->providers.n;
	t->at = xcalloc(t->n + 1, sizeof(struct target_full *));
	t->guests = guests_new(w);
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
	free(f->credentials);
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
	guests_free(&t->guests);
	free(t->at);
	free(t);
	*tp = NULL;
}

static struct client_target *
target_connect(struct worker *w, const struct settings_provider *p,
    const struct credential_base *base)
{
	struct client_target_options o = {
		.host = base->host.p, /* NUL-terminated in the snapshot */
		.port = (uint16_t)base->port,
		.tls = base->tls ? worker_tls_client(w->tls, w->settings, p)
		                 : NULL,
		.connect_ms = (uint32_t)p->connect_timeout_ms,
		.idle_ms = CLIENT_IDLE_LISTED_MS,
		.max_connections = (unsigned)p->max_connections,
	};

	return client_target_new(w->client, &o);
}

/* --- credentials of the settings --- */

static struct credential_base
target_base_of(const struct settings *s, const struct settings_base *b)
{
	return (struct credential_base){ settings_str(s, b->host),
		settings_str(s, b->path), b->port, b->tls };
}

/* Names tell them apart everywhere and for ever; order and secrets may change.
 */
static void
target_sum(struct worker *w, const struct target *t, struct credential *c)
{
	struct slice provider = settings_str(w->settings, t->provider->name);
	uint64_t id;

	digest_start(w->digest);
	digest_add(w->digest, provider.p, provider.n);
	digest_add(w->digest, "", 1);
	digest_add(w->digest, c->name.p, c->name.n);
	digest_end(w->digest, c->sum);
	memcpy(&id, c->sum, sizeof id);
	c->id = le64toh(id) | 1;
}

static RARE void
target_credential(struct worker *w, const struct target *t,
    const struct settings_credential *from, struct credential *c)
{
	const struct settings *s = w->settings;
	const char *secrets = w->secrets;

	c->source = CREDENTIAL_SETTINGS;
	c->name = settings_str(s, from->name);
	c->api_key = settings_secret(secrets, from->api_key);
	c->azure_ad_token = settings_secret(secrets, from->azure_ad_token);
	c->aws_access_key_id =
	    settings_secret(secrets, from->aws_access_key_id);
	c->aws_secret_access_key =
	    settings_secret(secrets, from->aws_secret_access_key);
	c->aws_session_token =
	    settings_secret(secrets, from->aws_session_token);
	c->aws_bearer_token = settings_secret(secrets, from->aws_bearer_token);
	c->aws_region_name = settings_str(s, from->aws_region_name);
	c->vertex_ai_credentials =
	    settings_secret(secrets, from->vertex_ai_credentials);
	c->vertex_ai_project = settings_str(s, from->vertex_ai_project);
	c->vertex_ai_location = settings_str(s, from->vertex_ai_location);
	c->organization = settings_str(s, from->organization);
	c->project = settings_str(s, from->project);
	c->api_version = settings_str(s, from->api_version);
	c->base = target_base_of(s, &from->base);
	target_sum(w, t, c);
}

static void
target_credentials(struct worker *w, struct target_full *f)
{
	const struct settings_provider *p = f->target.provider;
	const struct settings_credential *from =
	    settings_list(w->settings, p->credentials);

	f->credentials = xcalloc(p->credentials.n + 1, sizeof *f->credentials);
	f->target.credentials = f->credentials;
	for (uint32_t i = 0; i < p->credentials.n; i++) {
		f->credentials[i].index = (int32_t)i;
		target_credential(w, &f->target, &from[i], &f->credentials[i]);
	}
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
	f->target.base = target_base_of(w->settings, &p->base);
	target_credentials(w, f);
	if (!f->target.demo && p->base.host.len > 0)
		f->pool = target_connect(w, p, &f->target.base);
	f->target.inflight_cell = target_inflight_cell(w, p);
	t->at[provider] = f;
	return &f->target;
}

/* Of a credential of the settings, or of none. */
static struct target_door *
target_door(struct target_full *f, const struct credential *c)
{
	return &f->doors[c != NULL ? (uint32_t)c->index : f->n_doors - 1];
}

static bool
target_has_door(const struct credential *c)
{
	return c == NULL || c->index >= 0;
}

const struct credential_base *
target_base(const struct target *t, const struct credential *c)
{
	return c != NULL ? &c->base : &t->base;
}

static struct client_target *
target_guest_pool(struct worker *w, struct target *t,
    const struct credential *c)
{
	bool caller = c->host == HOST_CALLER;
	struct guest_place place = {
		.base = &c->base,
		.connect_ms = (uint32_t)t->provider->connect_timeout_ms,
		.public_only = caller,
	};

	/* A key of ours goes where the settings say and nowhere else. */
	assert(c->source != CREDENTIAL_SETTINGS);
	if (c->base.tls)
		place.tls = caller ? worker_tls_system(w->tls)
		                   : worker_tls_client(w->tls, w->settings,
					 t->provider);
	return guests_pool(w->targets->guests, &place);
}

static bool
base_equal(const struct credential_base *a, const struct credential_base *b)
{
	return slice_eq(a->host, b->host) && a->port == b->port &&
	       a->tls == b->tls;
}

struct client_target *
target_pool(struct worker *w, struct target *t, const struct credential *c)
{
	struct target_full *f = (struct target_full *)t;
	const struct credential_base *base = target_base(t, c);
	struct target_door *d;

	if (!target_has_door(c) && c->host != HOST_PROVIDER)
		return target_guest_pool(w, t, c);
	if (base_equal(base, &t->base))
		return f->pool;
	d = target_door(f, c);
	if (d->pool == NULL)
		d->pool = target_connect(w, t->provider, base);
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
	guests_close_idle(t->guests);
}

struct sigv4_key *
target_aws_key(struct target *t, const struct credential *c)
{
	if (!target_has_door(c))
		return NULL;
	return &target_door((struct target_full *)t, c)->aws;
}

struct google **
target_google(struct worker *w, struct target *t, const struct credential *c)
{
	if (!target_has_door(c))
		return guests_google(w->targets->guests, c->sum);
	return &target_door((struct target_full *)t, c)->google;
}

void
target_add_lines(struct worker *w, struct target *t, const struct credential *c,
    bool stream, struct sbuf *b)
{
	struct sbuf *kept;

	if (!target_has_door(c)) {
		upstream_write_lines(w, t, c, stream, b);
		return;
	}
	kept = &target_door((struct target_full *)t, c)->lines[stream];
	if (kept->len == 0)
		upstream_write_lines(w, t, c, stream, kept);
	sbuf_add_slice(b, sbuf_slice(kept));
}

static void
target_write_chat(struct worker *w, struct target *t,
    const struct credential *c, bool stream, struct sbuf *b)
{
	sbuf_adds(b, "POST ");
	sbuf_add_slice(b, target_base(t, c)->path);
	sbuf_adds(b, "/chat/completions HTTP/1.1\r\n");
	target_add_lines(w, t, c, stream, b);
}

void
target_add_chat(struct worker *w, struct target *t, const struct credential *c,
    bool stream, struct sbuf *b)
{
	struct sbuf *kept;

	if (!target_has_door(c)) {
		target_write_chat(w, t, c, stream, b);
		return;
	}
	kept = &target_door((struct target_full *)t, c)->chat[stream];
	if (kept->len == 0)
		target_write_chat(w, t, c, stream, kept);
	sbuf_add_slice(b, sbuf_slice(kept));
}

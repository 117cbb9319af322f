#include "worker/tls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "net/tls.h"
#include "worker/worker.h"

struct worker_tls {
	struct tls_server **servers; /* as settings.tls */
	uint32_t n_servers;
	struct tls_client *system;   /* NULL while nobody needs it */
	struct tls_client **clients; /* of providers with a CA file, or NULL */
	uint32_t n_clients;
};

static int
tls_read_file(const char *path, struct sbuf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[8192];
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, part, sizeof part)) > 0)
		sbuf_add(b, part, (size_t)n);
	if (fd >= 0)
		close(fd);
	return n < 0 ? err_set(e, ERR_SETTINGS, "%s: %m", path) : 0;
}

static struct tls_server *
tls_make_server(const struct settings *s, const char *secrets,
    const struct settings_tls *from, struct err *e)
{
	struct sbuf chain = { 0 };
	struct tls_server *server = NULL;

	if (tls_read_file(settings_str(s, from->certificate).p, &chain, e) == 0)
		server = tls_server_new(sbuf_slice(&chain),
		    settings_secret(secrets, from->key), from->min_version, e);
	sbuf_free(&chain);
	return server;
}

static int
tls_make_servers(struct worker_tls *t, const struct settings *s,
    const char *secrets, struct err *e)
{
	const struct settings_tls *from = settings_list(s, s->tls);

	t->n_servers = s->tls.n;
	t->servers = xcalloc(t->n_servers + 1, sizeof(struct tls_server *));
	for (uint32_t i = 0; i < t->n_servers; i++) {
		t->servers[i] = tls_make_server(s, secrets, &from[i], e);
		if (t->servers[i] == NULL)
			return -1;
	}
	return 0;
}

/* A provider that is called with TLS, with whose credentials ever. */
static bool
tls_is_used(const struct settings *s, const struct settings_provider *p)
{
	const struct settings_credential *c = settings_list(s, p->credentials);

	if (p->kind == KIND_DEMO)
		return false;
	for (uint32_t i = 0; i < p->credentials.n; i++)
		if (c[i].base.tls)
			return true;
	/* A token is fetched with TLS always. */
	return p->base.tls || p->base.host.len == 0 ||
	       kind_auths[p->kind] == AUTH_GOOGLE;
}

/* Any caller may bring a host of his own, once there is a provider. */
static void
tls_make_system(struct worker_tls *t, const struct settings *s)
{
	struct err e; /* where there are no certificates he is refused */
	uint32_t i = 0;

	while (i < t->n_clients &&
	       settings_provider_at(s, (int32_t)i)->kind == KIND_DEMO)
		i++;
	if (i < t->n_clients && t->system == NULL)
		t->system = tls_client_new(NULL, &e);
}

static int
tls_make_clients(struct worker_tls *t, const struct settings *s, struct err *e)
{
	t->n_clients = s->providers.n;
	t->clients = xcalloc(t->n_clients + 1, sizeof(struct tls_client *));
	if (s->images_fetch)
		t->system = tls_client_new(NULL, e);
	if (s->images_fetch && t->system == NULL)
		return -1;
	for (uint32_t i = 0; i < t->n_clients; i++) {
		const struct settings_provider *p =
		    settings_provider_at(s, (int32_t)i);
		struct slice ca = settings_str(s, p->ca_file);

		if (!tls_is_used(s, p))
			continue;
		if (ca.n > 0)
			t->clients[i] = tls_client_new(ca.p, e);
		else if (t->system == NULL)
			t->system = tls_client_new(NULL, e);
		if (t->clients[i] == NULL && (ca.n > 0 || t->system == NULL))
			return -1;
	}
	tls_make_system(t, s);
	return 0;
}

struct worker_tls *
worker_tls_new(const struct settings *s, const char *secrets, struct err *e)
{
	struct worker_tls *t = xcalloc(1, sizeof *t);

	if (tls_make_servers(t, s, secrets, e) != 0 ||
	    tls_make_clients(t, s, e) != 0)
		worker_tls_free(&t);
	return t;
}

void
worker_tls_free(struct worker_tls **tp)
{
	struct worker_tls *t = *tp;

	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->n_servers; i++)
		tls_server_free(&t->servers[i]);
	for (uint32_t i = 0; i < t->n_clients; i++)
		tls_client_free(&t->clients[i]);
	tls_client_free(&t->system);
	free(t->servers);
	free(t->clients);
	free(t);
	*tp = NULL;
}

struct tls_client *
worker_tls_client(struct worker_tls *t, const struct settings *s,
    const struct settings_provider *p)
{
	const struct settings_provider *first = settings_provider_at(s, 0);
	struct tls_client *own = t->clients[p - first];

	return own != NULL ? own : t->system;
}

struct tls_client *
worker_tls_system(struct worker_tls *t)
{
	return t->system;
}

struct tls_server *
worker_tls_server(struct worker_tls *t, int32_t i)
{
	return i >= 0 ? t->servers[i] : NULL;
}

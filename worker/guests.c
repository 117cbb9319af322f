#include "worker/guests.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/xmem.h"
#include "net/client.h"
#include "worker/credential.h"
#include "worker/google.h"

#include "worker/worker_priv.h"

struct guest {
	struct list link; /* the one used last is the first */
	/* Of a pool: whose it is. */
	char *host;
	int port;
	struct tls_client *tls;
	bool public_only;
	struct client_target *pool;
	/* Of an account. */
	unsigned char sum[DIGEST_SIZE];
	struct google *google;
};

struct guests {
	struct worker *worker;
	struct list pools, accounts;
	unsigned n_pools, n_accounts;
};

struct guests *
guests_new(struct worker *w)
{
	struct guests *g = xcalloc(1, sizeof *g);

	g->worker = w;
	list_init(&g->pools);
	list_init(&g->accounts);
	return g;
}

static void
guest_free(struct guest *k, unsigned *count)
{
	list_del(&k->link);
	client_target_free(&k->pool);
	google_free(&k->google);
	free(k->host);
	free(k);
	--*count;
}

static struct guest *
guest_of(struct list *l)
{
	return LIST_OWNER(l, struct guest, link);
}

void
guests_free(struct guests **gp)
{
	struct guests *g = *gp;

	*gp = NULL;
	if (g == NULL)
		return;
	while (!list_empty(&g->pools))
		guest_free(guest_of(g->pools.next), &g->n_pools);
	while (!list_empty(&g->accounts))
		guest_free(guest_of(g->accounts.next), &g->n_accounts);
	free(g);
}

static bool
guest_is_busy(const struct guest *k)
{
	struct client_target_counts n;

	if (k->pool == NULL)
		return google_is_busy(k->google);
	n = client_target_counts(k->pool);
	return n.open > n.idle || n.waiting > 0;
}

/* Room for one more, from those that were used longest ago. */
static void
guests_shrink(struct list *all, unsigned *count)
{
	struct list *l = all->prev;

	while (*count >= GUESTS_MAX && l != all) {
		struct guest *k = guest_of(l);

		l = l->prev;
		if (!guest_is_busy(k))
			guest_free(k, count);
	}
}

static struct guest *
guests_add(struct list *all, unsigned *count)
{
	struct guest *k = xcalloc(1, sizeof *k);

	guests_shrink(all, count);
	list_add_head(all, &k->link);
	++*count;
	return k;
}

static struct guest *
guests_use(struct list *all, struct guest *k)
{
	list_del(&k->link);
	list_add_head(all, &k->link);
	return k;
}

static bool
guest_serves(const struct guest *k, const struct guest_place *at)
{
	return k->port == at->base->port && k->tls == at->tls &&
	       k->public_only == at->public_only &&
	       slice_eq(slice_str(k->host), at->base->host);
}

static struct guest *
guests_connect(struct guests *g, const struct guest_place *at)
{
	struct guest *k = guests_add(&g->pools, &g->n_pools);
	struct client_target_options o = {
		.port = (uint16_t)at->base->port,
		.tls = at->tls,
		.connect_ms = at->connect_ms,
		.idle_ms = CLIENT_IDLE_UNKNOWN_MS,
		.public_only = at->public_only,
	};

	k->host = xstrdup(at->base->host.p);
	k->port = at->base->port;
	k->tls = at->tls;
	k->public_only = at->public_only;
	o.host = k->host;
	k->pool = client_target_new(g->worker->client, &o);
	return k;
}

struct client_target *
guests_pool(struct guests *g, const struct guest_place *at)
{
	for (struct list *l = g->pools.next; l != &g->pools; l = l->next)
		if (guest_serves(guest_of(l), at))
			return guests_use(&g->pools, guest_of(l))->pool;
	return guests_connect(g, at)->pool;
}

struct google **
guests_google(struct guests *g, const unsigned char sum[DIGEST_SIZE])
{
	struct guest *k;

	for (struct list *l = g->accounts.next; l != &g->accounts; l = l->next)
		if (memcmp(guest_of(l)->sum, sum, DIGEST_SIZE) == 0)
			return &guests_use(&g->accounts, guest_of(l))->google;
	k = guests_add(&g->accounts, &g->n_accounts);
	memcpy(k->sum, sum, DIGEST_SIZE);
	return &k->google;
}

void
guests_close_idle(struct guests *g)
{
	for (struct list *l = g->pools.next; l != &g->pools; l = l->next)
		client_target_close_idle(guest_of(l)->pool);
}

unsigned
guests_count(const struct guests *g)
{
	return g->n_pools;
}

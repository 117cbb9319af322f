#include "net/tls_priv.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xmem.h"

struct tls_store_host {
	char *host; /* NULL: the place is free */
	uint16_t port;
	unsigned n;
	uint64_t used;                             /* the larger, the later */
	SSL_SESSION *sessions[TLS_STORE_SESSIONS]; /* the newest last */
};

struct tls_store {
	uint64_t uses;
	struct tls_store_host hosts[TLS_STORE_HOSTS];
};

struct tls_store *
tls_store_new(void)
{
	return xcalloc(1, sizeof(struct tls_store));
}

static void
tls_store_drop(struct tls_store_host *h, unsigned at)
{
	SSL_SESSION_free(h->sessions[at]);
	h->n--;
	memmove(&h->sessions[at], &h->sessions[at + 1],
	    (h->n - at) * sizeof *h->sessions);
}

static void
tls_store_empty(struct tls_store_host *h)
{
	while (h->n > 0)
		tls_store_drop(h, h->n - 1);
	free(h->host);
	h->host = NULL;
}

void
tls_store_free(struct tls_store **sp)
{
	if (*sp == NULL)
		return;
	for (size_t i = 0; i < TLS_STORE_HOSTS; i++)
		tls_store_empty(&(*sp)->hosts[i]);
	free(*sp);
	*sp = NULL;
}

static struct tls_store_host *
tls_store_find(struct tls_store *s, const char *host, uint16_t port)
{
	for (size_t i = 0; i < TLS_STORE_HOSTS; i++) {
		struct tls_store_host *h = &s->hosts[i];

		if (h->host != NULL && h->port == port &&
		    strcmp(h->host, host) == 0)
			return h;
	}
	return NULL;
}

/* A place for a new host: a free one (never used), or the longest unused. */
static struct tls_store_host *
tls_store_make(struct tls_store *s, const char *host, uint16_t port)
{
	struct tls_store_host *h = &s->hosts[0];

	for (size_t i = 1; i < TLS_STORE_HOSTS; i++)
		if (s->hosts[i].used < h->used)
			h = &s->hosts[i];
	tls_store_empty(h);
	h->host = xstrdup(host);
	h->port = port;
	return h;
}

void
tls_store_add(struct tls_store *s, const char *host, uint16_t port,
    SSL_SESSION *session)
{
	struct tls_store_host *h = tls_store_find(s, host, port);

	if (h == NULL)
		h = tls_store_make(s, host, port);
	else if (h->n == TLS_STORE_SESSIONS)
		tls_store_drop(h, 0);
	h->used = ++s->uses;
	h->sessions[h->n++] = session;
}

static int
tls_store_is_good(const SSL_SESSION *session)
{
	return SSL_SESSION_is_resumable(session) &&
	       SSL_SESSION_get_time(session) +
	               SSL_SESSION_get_timeout(session) >
	           (long)time(NULL);
}

SSL_SESSION *
tls_store_take(struct tls_store *s, const char *host, uint16_t port)
{
	struct tls_store_host *h = tls_store_find(s, host, port);
	SSL_SESSION *session;

	while (
	    h != NULL && h->n > 0 && !tls_store_is_good(h->sessions[h->n - 1]))
		tls_store_drop(h, h->n - 1);
	if (h == NULL || h->n == 0)
		return NULL;
	h->used = ++s->uses;
	session = h->sessions[h->n - 1];
	if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
		h->n--; /* our reference becomes the caller's */
	else
		SSL_SESSION_up_ref(session);
	return session;
}

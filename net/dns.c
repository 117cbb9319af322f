#include "net/dns.h"

#include <ares.h>
#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/xmem.h"
#include "net/dns_priv.h"

#define DNS_TIMEOUT_MS 1000
#define DNS_TRIES 2
#define DNS_DEADLINE_MS 2000 /* D3: the library's own add up to more */
#define DNS_TTL_MIN_S 5
#define DNS_TTL_MAX_S 300
#define DNS_FAILED_MS 2000
#define DNS_STALE_MS (3600 * 1000)
#define DNS_CACHE_MAX 256
#define DNS_FILES_MS 30000 /* D6: how often their times are looked at */

/* What is known, or being asked, about one name. */
struct dns_entry {
	struct list link; /* of dns->entries, the last used first */
	struct dns *dns;
	uint64_t hash;
	struct list queries; /* who waits */
	bool telling;        /* them: not to be evicted */
	bool in_flight;      /* c-ares will call dns_arrived() */
	bool waited_out;     /* ... but nobody waits for it any more */
	struct timer deadline;
	uint64_t good_until_ms, stale_until_ms, bad_until_ms;
	struct dns_answer answer; /* n 0: none yet */
	struct err err;           /* until bad_until_ms */
	char name[];
};

struct dns {
	struct loop *loop;
	const char *servers;
	struct dns_channel *channel;
	struct list entries;
	unsigned entries_n, in_flight;
	unsigned telling; /* depth of dns_tell() */
	bool closing;
	uint64_t files_seen_ms;
	struct timespec files_changed[2];
};

static const char *const dns_files[] = { "/etc/resolv.conf", "/etc/hosts" };

/* True when one of the files has changed since the last look. */
static bool
dns_look_at_files(struct dns *d)
{
	bool changed = false;

	for (size_t i = 0; i < sizeof dns_files / sizeof *dns_files; i++) {
		struct stat st = { .st_size = 0 };
		struct timespec *old = &d->files_changed[i];

		stat(dns_files[i], &st);
		if (st.st_mtim.tv_sec != old->tv_sec ||
		    st.st_mtim.tv_nsec != old->tv_nsec)
			changed = true;
		*old = st.st_mtim;
	}
	d->files_seen_ms = now_mono_ms();
	return changed;
}

struct dns *
dns_new(struct loop *loop, const struct dns_options *options, struct err *e)
{
	struct dns *d = xcalloc(1, sizeof *d);

	d->loop = loop;
	d->servers = options != NULL ? options->servers : NULL;
	list_init(&d->entries);
	dns_look_at_files(d);
	d->channel =
	    dns_channel_new(loop, d->servers, DNS_TIMEOUT_MS, DNS_TRIES, e);
	if (d->channel == NULL)
		dns_free(&d);
	return d;
}

static void
dns_entry_free(struct dns_entry *entry)
{
	assert(!entry->in_flight);
	while (!list_empty(&entry->queries))
		list_del(entry->queries.next);
	list_del(&entry->link);
	timer_stop(&entry->deadline);
	entry->dns->entries_n--;
	free(entry);
}

void
dns_free(struct dns **dp)
{
	struct dns *d = *dp;

	if (d == NULL)
		return;
	d->closing = true;
	dns_channel_free(&d->channel); /* calls dns_arrived() (D4) */
	while (!list_empty(&d->entries))
		dns_entry_free(
		    LIST_OWNER(d->entries.next, struct dns_entry, link));
	free(d);
	*dp = NULL;
}

/*
 * A new channel, and a new look at all names, when the files have changed;
 * put off while queries are in flight, because they would end with it, and
 * inside a callback of c-ares (D4).
 */
static void
dns_follow_files(struct dns *d)
{
	struct dns_channel *fresh;
	struct err e;

	if (d->in_flight > 0 || d->telling > 0 ||
	    now_mono_ms() - d->files_seen_ms < DNS_FILES_MS)
		return;
	if (!dns_look_at_files(d))
		return;
	fresh =
	    dns_channel_new(d->loop, d->servers, DNS_TIMEOUT_MS, DNS_TRIES, &e);
	if (fresh == NULL)
		return; /* a file being written: the old one serves on */
	dns_channel_free(&d->channel);
	d->channel = fresh;
	for (struct list *l = d->entries.next; l != &d->entries; l = l->next)
		LIST_OWNER(l, struct dns_entry, link)->good_until_ms = 0;
}

static struct dns_entry *
dns_find(struct dns *d, const char *name, uint64_t hash)
{
	for (struct list *l = d->entries.next; l != &d->entries; l = l->next) {
		struct dns_entry *entry = LIST_OWNER(l, struct dns_entry, link);

		if (entry->hash == hash && strcasecmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/* Forget the name that was not asked for the longest time. */
static void
dns_evict(struct dns *d)
{
	for (struct list *l = d->entries.prev; l != &d->entries; l = l->prev) {
		struct dns_entry *entry = LIST_OWNER(l, struct dns_entry, link);

		if (!entry->in_flight && !entry->telling &&
		    list_empty(&entry->queries)) {
			dns_entry_free(entry);
			return;
		}
	}
}

static void dns_out_of_time(void *ctx);

static struct dns_entry *
dns_make(struct dns *d, const char *name, uint64_t hash)
{
	size_t size = strlen(name) + 1;
	struct dns_entry *entry;

	if (d->entries_n >= DNS_CACHE_MAX)
		dns_evict(d);
	entry = xcalloc(1, sizeof *entry + size);
	entry->dns = d;
	entry->hash = hash;
	memcpy(entry->name, name, size);
	list_init(&entry->link);
	list_init(&entry->queries);
	timer_init(&entry->deadline, d->loop, dns_out_of_time, entry);
	d->entries_n++;
	return entry;
}

/* Tell all who wait.  Their functions may ask and cancel as they like. */
static void
dns_tell(struct dns_entry *entry, const struct dns_answer *answer,
    const struct err *e)
{
	struct list *waiting = &entry->queries;

	entry->telling = true;
	entry->dns->telling++;
	while (!list_empty(waiting)) {
		struct dns_query *q =
		    LIST_OWNER(waiting->next, struct dns_query, link);

		list_del(&q->link);
		q->fn(q->ctx, answer, e);
	}
	entry->dns->telling--;
	entry->telling = false;
}

/* The last good answer stands in for a failed refresh, for an hour (D5). */
static bool
dns_has_stale(const struct dns_entry *entry)
{
	return entry->answer.n > 0 && entry->stale_until_ms > now_mono_ms();
}

static void
dns_failed(struct dns_entry *entry, const char *why)
{
	err_set(&entry->err, ERR_UPSTREAM_CONNECT, "%s: %s", entry->name, why);
	if (dns_has_stale(entry))
		entry->good_until_ms = now_mono_ms() + DNS_FAILED_MS;
	else
		entry->bad_until_ms = now_mono_ms() + DNS_FAILED_MS;
}

static bool
dns_is_good(const struct dns_entry *entry)
{
	return entry->answer.n > 0 && entry->good_until_ms > now_mono_ms();
}

static void
dns_tell_result(struct dns_entry *entry)
{
	if (dns_is_good(entry))
		dns_tell(entry, &entry->answer, NULL);
	else
		dns_tell(entry, NULL, &entry->err);
}

static void
dns_out_of_time(void *ctx)
{
	struct dns_entry *entry = ctx;

	entry->waited_out = true;
	dns_failed(entry, "no answer from DNS in time");
	dns_tell_result(entry);
}

static void
dns_learn(struct dns_entry *entry, const struct ares_addrinfo *info)
{
	int ttl_s = dns_channel_sort(info, &entry->answer);

	if (ttl_s < DNS_TTL_MIN_S)
		ttl_s = DNS_TTL_MIN_S;
	if (ttl_s > DNS_TTL_MAX_S)
		ttl_s = DNS_TTL_MAX_S;
	entry->good_until_ms = now_mono_ms() + (uint64_t)ttl_s * 1000;
	entry->stale_until_ms = now_mono_ms() + DNS_STALE_MS;
	entry->bad_until_ms = 0;
}

/* From c-ares, perhaps inside dns_start(). */
static void
dns_arrived(void *ctx, int status, int timeouts, struct ares_addrinfo *info)
{
	struct dns_entry *entry = ctx;
	bool found =
	    status == ARES_SUCCESS && info != NULL && info->nodes != NULL;

	(void)timeouts;
	entry->in_flight = false;
	entry->dns->in_flight--;
	timer_set(&entry->deadline, TIMER_NEVER);
	if (found)
		dns_learn(entry, info);
	else if (!entry->waited_out)
		dns_failed(entry, status == ARES_SUCCESS
				      ? "no address"
				      : ares_strerror(status));
	if (info != NULL)
		ares_freeaddrinfo(info);
	if (!entry->dns->closing)
		dns_tell_result(entry);
}

static void
dns_start(struct dns_entry *entry)
{
	struct dns *d = entry->dns;

	entry->in_flight = true;
	entry->waited_out = false;
	d->in_flight++;
	dns_channel_ask(d->channel, entry->name, dns_arrived, entry);
}

/* dns_ask() of what is a name. */
static int
dns_ask_name(struct dns *d, const char *host, struct dns_entry **entry_r)
{
	uint64_t hash = hash_slice(slice_str(host), hash_seed());
	struct dns_entry *entry;

	dns_follow_files(d);
	entry = dns_find(d, host, hash);
	if (entry == NULL)
		entry = dns_make(d, host, hash);
	list_del(&entry->link);
	list_add_head(&d->entries, &entry->link);
	*entry_r = entry;
	if (!dns_is_good(entry) && entry->bad_until_ms <= now_mono_ms() &&
	    !entry->in_flight)
		dns_start(entry);
	if (dns_is_good(entry))
		return 1;
	if (entry->bad_until_ms > now_mono_ms())
		return -1;
	/* D3; c-ares may still be trying what others have given up. */
	if (!timer_is_set(&entry->deadline))
		timer_set(&entry->deadline, now_mono_ms() + DNS_DEADLINE_MS);
	entry->waited_out = false;
	return 0;
}

/*
 * "localhost" and what lies below it never leave the machine (RFC 6761 6.3),
 * hosts file or not.
 */
static int
dns_is_localhost(struct slice host)
{
	static const struct slice name = { "localhost", 9 };

	if (host.n > 0 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n > name.n && host.p[host.n - name.n - 1] == '.')
		host = slice_skip(host, host.n - name.n);
	return slice_eq_nocase(host, name);
}

/*
 * Addresses that need no query.  Servers of this machine that listen on one
 * family only listen on IPv4.  1 with *answer_r, or 0.
 */
static int
dns_know(const char *host, struct dns_answer *answer_r)
{
	struct addr *a = answer_r->addrs;

	answer_r->n = 1;
	if (addr_read_ip(&a[0], slice_str(host), 0))
		return 1;
	answer_r->n = 2;
	return dns_is_localhost(slice_str(host)) &&
	       addr_read_ip(&a[0], SLICE("127.0.0.1"), 0) &&
	       addr_read_ip(&a[1], SLICE("::1"), 0);
}

int
dns_ask(struct dns *d, struct dns_query *q, const char *host, dns_fn fn,
    void *ctx, struct dns_answer *answer_r, struct err *e)
{
	struct dns_entry *entry;
	int r;

	list_init(&q->link);
	if (dns_know(host, answer_r))
		return 1;
	answer_r->n = 0;
	if (!addr_is_name(slice_str(host)))
		return err_set(e, ERR_UPSTREAM_CONNECT, "%s: not a host name",
		    host);
	r = dns_ask_name(d, host, &entry);
	if (r == 1) {
		*answer_r = entry->answer;
	} else if (r == -1) {
		*e = entry->err;
	} else {
		q->fn = fn;
		q->ctx = ctx;
		list_add_tail(&entry->queries, &q->link);
	}
	return r;
}

void
dns_cancel(struct dns_query *q)
{
	if (q->link.next != NULL)
		list_del(&q->link);
}

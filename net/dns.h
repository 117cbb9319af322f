#ifndef NET_DNS_H
#define NET_DNS_H

/*
 * dns - names to addresses, on the loop, by c-ares (rules D1 to D6, D9).
 *
 * One per worker, made after fork.  Knows literals, the hosts file and DNS;
 * nothing else of nsswitch.conf.  Answers are cached 5 s to 300 s by their
 * TTL, failures 2 s; the last good answer is used for an hour when a refresh
 * fails.  One query per name is in flight, whoever asks.  A query ends
 * within 2 s.
 */

#include <stdint.h>

#include "base/list.h"
#include "net/addr.h"

struct err;
struct loop;

#define DNS_ADDRS_MAX 16

struct dns_answer {
	struct addr
	    addrs[DNS_ADDRS_MAX]; /* IPv6, IPv4, IPv6 ...; ports are 0 */
	unsigned n;               /* at least 1 */
};

/*
 * servers: "127.0.0.1:5300", comma separated, instead of those that
 * resolv.conf names; NULL: those.  Outlives the dns.
 */
struct dns_options {
	const char *servers;
};

struct dns;

/* options may be NULL.  NULL with *e filled when c-ares does not start. */
struct dns *dns_new(struct loop *loop, const struct dns_options *options,
    struct err *e);

/* Queries still waiting are forgotten without a call. */
void dns_free(struct dns **dp);

/*
 * The end of a query: exactly one of answer and e is not NULL; both live
 * until the function returns.
 */
typedef void (
    *dns_fn)(void *ctx, const struct dns_answer *answer, const struct err *e);

/* One asker.  The caller embeds it; its members belong to dns. */
struct dns_query {
	struct list link;
	dns_fn fn;
	void *ctx;
};

/*
 * Ask for host (a name or a canonical IP literal).
 *
 * 1 with *answer_r filled when it is known at once; 0 when fn will be called
 * later, never inside this call; -1 with *e filled when host is no name, or
 * failed less than 2 s ago.
 */
int dns_ask(struct dns *d, struct dns_query *q, const char *host, dns_fn fn,
    void *ctx, struct dns_answer *answer_r, struct err *e);

/* Forget a query; its function will not be called.  Harmless after the end
 * and on a zeroed query. */
void dns_cancel(struct dns_query *q);

#endif

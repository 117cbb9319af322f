#ifndef NET_DNS_PRIV_H
#define NET_DNS_PRIV_H

/*
 * dns_priv - the channel of net/dns: c-ares on the loop, without memory of
 * what it has said.
 */

#include <ares.h>
#include <stdbool.h>

#include "net/dns.h"
#include "net/loop.h"
#include "net/timer.h"

struct dns_channel;

/* NULL with *e filled when c-ares does not start. */
struct dns_channel *dns_channel_new(struct loop *loop, const char *servers,
    int timeout_ms, int tries, struct err *e);

/* Open queries end with ARES_EDESTRUCTION, in this call. */
void dns_channel_free(struct dns_channel **cp);

/* done() may run in this call. */
void dns_channel_ask(struct dns_channel *c, const char *name,
    ares_addrinfo_callback done, void *ctx);

/*
 * The addresses, families taking turns and IPv6 first (C8), in the order of
 * the server within a family.  Returns the smallest TTL, in seconds.
 */
int dns_channel_sort(const struct ares_addrinfo *info,
    struct dns_answer *answer);

#endif

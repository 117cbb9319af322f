#ifndef WORKER_TLS_H
#define WORKER_TLS_H

/* tls - which context a listener or a provider uses. */

#include <stdint.h>

struct settings;
struct settings_provider;
struct tls_client;
struct tls_server;
struct worker_tls;

/* Never NULL for a provider whose base_url is https. */
struct tls_client *worker_tls_client(struct worker_tls *t,
    const struct settings *s, const struct settings_provider *p);

/*
 * With the system's CA store, for images and hosts that callers name; NULL
 * where there are no providers but demo, or no store.
 */
struct tls_client *worker_tls_system(struct worker_tls *t);

/* Of the i-th entry of settings.tls; NULL for -1. */
struct tls_server *worker_tls_server(struct worker_tls *t, int32_t i);

#endif

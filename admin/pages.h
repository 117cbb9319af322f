#ifndef ADMIN_PAGES_H
#define ADMIN_PAGES_H

/*
 * pages - the HTTP listener on loopback: /health, /ready, /metrics and, with
 * the admin token, the platform API (admin/rest.h).
 */

struct office;
struct server;

/* NULL when there is no listener. */
struct server *pages_new(struct office *o);

#endif

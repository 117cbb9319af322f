#ifndef WORKER_PLATFORM_H
#define WORKER_PLATFORM_H

/*
 * platform - a request of the platform API on its way to the admin process
 * and back (spec/platform.md): through run.path/platform.sock, one connection
 * each, with the key that was checked here.  What it means is not known here.
 */

#include "worker/req.h"

#define PLATFORM_BODY_MAX ((size_t)1024 * 1024)

struct client_target;
struct platform;

/* The way to the admin process of this generation. */
struct client_target *platform_target(struct worker *w);

/*
 * The key is good, and comes from where it may: take the body, or refuse the
 * request.
 */
enum step_result platform_begin(struct req *r, bool address_ok);

/* The body has come, or the answer. */
enum step_result platform_run(struct req *r);

/* Also in flight; sets *pp to NULL and accepts NULL. */
void platform_free(struct platform **pp);

#endif

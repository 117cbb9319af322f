#ifndef WORKER_FETCH_H
#define WORKER_FETCH_H

/*
 * fetch - the images that a request names by URL, for a dialect that takes
 * only bytes (spec/providers.md 4.5).
 *
 * Its text comes from a caller: where it may lead is net/guard and the public
 * addresses of net/addr.  Nothing of the request goes there but the URL, and
 * what comes back is an image in the request's memory or nothing.
 */

#include "worker/req.h"

struct fetch;

/*
 * Put the images in the place of their URLs in r->ask->chat.  1 when that is
 * done or there is none; 0: they must be waited for, req_wake() or the time
 * comes; -1 with req_err().
 */
int fetch_images(struct req *r);

/* Let go of all connections; what has come stays. */
void fetch_stop(struct req *r);

void fetch_free(struct fetch **fp);

#endif

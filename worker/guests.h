#ifndef WORKER_GUESTS_H
#define WORKER_GUESTS_H

/*
 * guests - what is kept for credentials that requests bring: connections to
 * hosts that are no provider's own, and tokens of service accounts.
 *
 * Nothing of it is shared with a provider of the settings.  At most GUESTS_MAX
 * of each are kept by a worker: the one that was used longest ago goes, unless
 * it is in use; so there are never more than that and the requests in flight.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

struct client_target;
struct credential_base;
struct google;
struct guests;
struct tls_client;
struct worker;

#define GUESTS_MAX 64

struct guests *guests_new(struct worker *w);
void guests_free(struct guests **gp);

/*
 * The connections to an address; they live until the next call, or as long as
 * a call of theirs.  public_only: no address but those of the Internet is
 * connected to.
 */
struct guest_place {
	const struct credential_base *base; /* its host ends in a NUL */
	struct tls_client *tls;             /* NULL: plain */
	uint32_t connect_ms;
	bool public_only;
};
struct client_target *guests_pool(struct guests *g,
    const struct guest_place *place);

/*
 * Where the tokens of a service account are kept: by the digest of the
 * credential.  *p is NULL at first and belongs to guests; good until the next
 * call.
 */
struct google **guests_google(struct guests *g,
    const unsigned char sum[DIGEST_SIZE]);

/* Close the kept connections of all. */
void guests_close_idle(struct guests *g);

unsigned guests_count(const struct guests *g);

#endif

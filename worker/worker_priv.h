#ifndef WORKER_WORKER_PRIV_H
#define WORKER_WORKER_PRIV_H

/* The state of the process; every module of the room reads it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/sbuf.h"
#include "net/addr.h"
#include "net/http1.h"
#include "proto/relay_frame.h"
#include "proto/routes.h"
#include "shm/period.h"
#include "shm/seat.h"
#include "store/defs.h"
#include "worker/worker.h"

struct cache;
struct cachekeys;
struct client;
struct credential;
struct client_target;
struct customers;
struct digest;
struct dns;
struct health_drained;
struct keys;
struct loop;
struct objects;
struct server;
struct settings;
struct settings_model;
struct source_call;
struct stored;
struct counters;
struct router;
struct targets;

/* What health_recall() remembers. */
#define WORKER_HEALTH_KNOWN 64
struct health_known {
	const struct credential *credential;
	const struct settings_model *model;
	uint64_t until_ns;
	uint32_t place;
};

struct worker {
	const struct worker_args *args;
	const struct settings *settings;
	struct period_rules period_rules; /* theirs */
	struct period organization_period;
	unsigned char organization_hash[OWNER_HASH_SIZE];
	struct settings_limits organization_limits;
	const char *secrets;
	struct worker_tls *tls;
	struct segment *segment;
	struct seat_owner seat;
	uint32_t stats_area;

	struct loop *loop;
	struct server *server;
	struct dns *dns;
	struct client *client;
	struct client_target *platform; /* the admin process */
	struct targets *targets;
	struct router *router; /* NULL until a request needs it */
	struct keys *keys;
	struct stored *stored;
	struct customers *customers;
	int64_t keys_count;    /* stored ones, and at which generation + 1 */
	uint64_t keys_counted; /* of the word they were counted */
	struct objects *objects;
	struct cache *cache; /* NULL: not there (yet) */
	uint64_t cache_tried_ms;
	struct cachekeys *cachekeys;
	struct digest *digest;
	struct counters *counters;
	struct health_drained *drained; /* worker/health.c */

	struct http1_limits head_limits;
	const struct http1_head *head; /* of the request that arrives now */
	struct routes_bases bases;
	struct list requests; /* all that are not ended */
	unsigned n_requests, n_streams;
	uint64_t log_message; /* the number of the last one in the log lane */
	bool bodies_logged;   /* some sink wants the text of requests */
	bool announced, draining, stopping;
	uint64_t drain_until_ms;

	uint64_t refused_second; /* of the bad keys that were recorded */
	unsigned refused_logged;
	struct addr last_peer; /* and how it is written */
	char last_peer_text[ADDR_TEXT_SIZE];
	struct source_call *calls; /* to be used again */

	struct err err;          /* req_err() */
	const struct err no_err; /* of requests that did not fail */

	struct health_known health[WORKER_HEALTH_KNOWN];

	/* One of each is enough: used within one callback. */
	struct relay_out out;
	struct sbuf headers, body, scratch;
	struct sbuf decoded; /* what one turn made of another dialect */
	struct sbuf encoded; /* and what it makes of chat in another */
};

#endif

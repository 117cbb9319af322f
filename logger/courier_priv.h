#ifndef LOGGER_COURIER_PRIV_H
#define LOGGER_COURIER_PRIV_H

/*
 * courier.c            alerts: from the keeper, tries, back to the keeper
 * courier_receivers.c  who receives, and who after a reload
 * courier_call.c       one try of one delivery
 */

#include <sys/uio.h>

#include "base/list.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "logger/courier.h"
#include "logger/watch.h"
#include "store/alert.h"

struct call;
struct client;
struct client_target;
struct dns;
struct loop;
struct tls_client;

/* An exporter of these settings. */
struct receiver {
	const struct settings_exporter *exporter;
	struct client_target *target; /* NULL: no call is in flight */
	unsigned calls;
};

/* An alert on its way to one receiver. */
struct delivery {
	struct parcel *parcel;
	struct receiver *to; /* NULL: it has ended */
	unsigned tries;      /* that failed */
	uint64_t due_ms;
	struct call *call; /* NULL: between tries */
	unsigned status;   /* of the answer; 0 = none yet */
	struct sbuf head;
	struct iovec body;
};

/* An alert, until it is acknowledged. */
struct parcel {
	struct list link;
	struct courier *courier;
	uint64_t number; /* the keeper's; 0 = our own */
	unsigned char id[ALERT_ID_SIZE];
	enum alert_event event;
	struct sbuf body;
	struct delivery *deliveries;
	uint32_t n;
};

struct courier {
	const struct settings *settings;
	const char *secrets;
	struct segment *seg;
	struct courier_log log;
	int keeper_fd;
	uint64_t now_ms;     /* of the last tending */
	struct list parcels; /* as they came */
	unsigned parcels_n;
	struct receiver *receivers; /* of those that are enabled */
	uint32_t receivers_n;
	struct watch watch;
	struct tls_client *tls; /* made once, when a receiver needs it */
	/* While a call is in flight, else NULL. */
	struct loop *loop;
	struct dns *dns;
	struct client *client;
	unsigned calls;
};

/* -- courier_call.c -- */

/* Begin a try. */
void courier_try(struct courier *c, struct delivery *d);

/* Break off a try, which does not count. */
void courier_break(struct delivery *d);

/* Once no call is in flight. */
void courier_close(struct courier *c);

/* -- courier.c -- */

/* The end of a try; why: NULL when it was delivered. */
void courier_tried(struct delivery *d, const char *why);

/* What has ended is acknowledged, and then forgotten. */
void courier_settle(struct courier *c);

/* -- courier_receivers.c -- */

/* From the settings; those of before are the caller's. */
void courier_make_receivers(struct courier *c);

bool receiver_wants(const struct receiver *r, enum alert_event event);

#endif

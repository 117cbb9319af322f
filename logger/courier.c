#include "logger/courier.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/xmem.h"
#include "logger/courier_priv.h"
#include "logger/webhook.h"
#include "net/loop.h"
#include "net/tls.h"
#include "shm/stats.h"
#include "store/orphan.h"

/* ---- parcels ------------------------------------------------------------ */

static struct parcel *
parcel_new(struct courier *c, const struct alert *a, uint64_t number)
{
	struct parcel *p = xcalloc(1, sizeof *p);

	p->courier = c;
	p->number = number;
	p->event = a->event;
	memcpy(p->id, a->id, sizeof p->id);
	webhook_body(&p->body, a);
	p->deliveries = xcalloc(c->receivers_n + 1, sizeof p->deliveries[0]);
	for (uint32_t i = 0; i < c->receivers_n; i++)
		if (receiver_wants(&c->receivers[i], a->event))
			p->deliveries[p->n++] = (struct delivery){ .parcel = p,
				.to = &c->receivers[i] };
	list_add_tail(&c->parcels, &p->link);
	c->parcels_n++;
	return p;
}

static void
parcel_free(struct parcel *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		courier_break(&p->deliveries[i]);
		sbuf_free(&p->deliveries[i].head);
	}
	list_del(&p->link);
	p->courier->parcels_n--;
	sbuf_free(&p->body);
	free(p->deliveries);
	free(p);
}

static bool
parcel_has_ended(const struct parcel *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->deliveries[i].to != NULL)
			return false;
	return true;
}

static struct parcel *
courier_find(struct courier *c, const unsigned char id[ALERT_ID_SIZE])
{
	for (struct list *l = c->parcels.next; l != &c->parcels; l = l->next) {
		struct parcel *p = LIST_OWNER(l, struct parcel, link);

		if (memcmp(p->id, id, ALERT_ID_SIZE) == 0)
			return p;
	}
	return NULL;
}

/* ---- the keeper --------------------------------------------------------- */

static void
courier_part(struct courier *c)
{
	if (c->keeper_fd >= 0)
		close(c->keeper_fd);
	c->keeper_fd = -1;
}

/* False: not now, or not to this keeper. */
static bool
courier_acknowledge(struct courier *c, uint64_t number, const void *id)
{
	struct sbuf out = { 0 };
	ssize_t n;

	if (c->keeper_fd < 0)
		return false;
	alert_message_pack(&out,
	    &(struct alert_message){ number, { id, ALERT_ID_SIZE } });
	n = send(c->keeper_fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	sbuf_free(&out);
	return n >= 0;
}

void
courier_settle(struct courier *c)
{
	struct list *l = c->parcels.next;

	while (l != &c->parcels) {
		struct parcel *p = LIST_OWNER(l, struct parcel, link);

		l = l->next;
		if (parcel_has_ended(p) &&
		    (p->number == 0 ||
			courier_acknowledge(c, p->number, p->id)))
			parcel_free(p);
	}
}

static void
courier_take_alert(struct courier *c, const struct alert *a, uint64_t number)
{
	struct parcel *p = courier_find(c, a->id);

	if (p != NULL)
		p->number = number; /* handed over again */
	else
		parcel_new(c, a, number);
}

static void
courier_take(struct courier *c, const struct alert_message *m)
{
	struct orphan orphan;
	struct alert alert;

	if (alert_unpack(m->body, &alert)) {
		courier_take_alert(c, &alert, m->number);
		return;
	}
	if (orphan_unpack(m->body, &orphan))
		c->log.orphan(c->log.ctx, &orphan);
	else
		log_error("logger: an alert of %zu bytes cannot be read",
		    m->body.n);
	courier_acknowledge(c, m->number, m->body.p);
}

void
courier_hear(struct courier *c)
{
	while (courier_fd(c) >= 0) {
		char bytes[ALERT_MAX];
		ssize_t n =
		    recv(c->keeper_fd, bytes, sizeof bytes, MSG_DONTWAIT);
		struct alert_message m;

		if (n < 0 && errno != ECONNRESET)
			break;
		if (n <= 0)
			courier_part(c);
		else if (alert_message_unpack((struct slice){ bytes,
						  (size_t)n },
			     &m))
			courier_take(c, &m);
	}
	courier_settle(c);
}

void
courier_meet(struct courier *c, int keeper_fd)
{
	courier_part(c);
	c->keeper_fd = keeper_fd;
	courier_settle(c);
}

int
courier_fd(const struct courier *c)
{
	return c->parcels_n < COURIER_PARCELS ? c->keeper_fd : -1;
}

/* ---- tries -------------------------------------------------------------- */

static void
courier_count(struct courier *c, struct slice exporter)
{
	uint16_t label[STATS_LABELS] = { stats_name(c->seg, exporter) };

	stats_add(c->seg, stats_area_of_role(c->seg, ROLE_LOGGER),
	    stats_cell(c->seg, METRIC_EXPORT_FAILURES, label), 1);
}

void
courier_tried(struct delivery *d, const char *why)
{
	struct courier *c = d->parcel->courier;
	struct slice name = settings_str(c->settings, d->to->exporter->name);
	char id[2 * ALERT_ID_SIZE + 1];
	int64_t pause_ms;

	if (why == NULL) {
		d->to = NULL;
		return;
	}
	courier_count(c, name);
	hex_write(d->parcel->id, ALERT_ID_SIZE, id);
	pause_ms = webhook_pause_ms(++d->tries);
	if (pause_ms >= 0) {
		d->due_ms = c->now_ms + (uint64_t)pause_ms;
		log_info("logger: exporter %.*s: alert %s, try %u: %s",
		    SLICE_ARGS(name), id, d->tries, why);
		return;
	}
	log_error("logger: exporter %.*s: alert %s is given up after %u "
		  "tries: %s",
	    SLICE_ARGS(name), id, d->tries, why);
	d->to = NULL;
}

bool
courier_turn(struct courier *c)
{
	if (c->loop == NULL)
		return false;
	loop_turn(c->loop, 0);
	courier_settle(c);
	if (c->calls == 0)
		courier_close(c);
	return c->calls > 0;
}

/* What this process has seen itself. */
static void
courier_tell(struct courier *c, const struct alert *a)
{
	if (settings_alert_wanted(c->settings, a->event) &&
	    c->parcels_n < COURIER_PARCELS)
		parcel_new(c, a, 0);
}

static void
courier_watch(struct courier *c)
{
	struct alert a;

	if (watch_look(&c->watch, c->seg, now_mono_ns(), &a))
		courier_tell(c, &a);
	while (c->parcels_n < COURIER_PARCELS &&
	       watch_provider(c->settings, c->seg, &a))
		courier_tell(c, &a);
}

void
courier_tend(struct courier *c, uint64_t now_ms)
{
	c->now_ms = now_ms;
	courier_watch(c);
	for (struct list *l = c->parcels.next; l != &c->parcels; l = l->next) {
		struct parcel *p = LIST_OWNER(l, struct parcel, link);

		for (uint32_t i = 0; i < p->n; i++) {
			struct delivery *d = &p->deliveries[i];

			if (d->to != NULL && d->call == NULL &&
			    d->to->calls < COURIER_CALLS && now_ms >= d->due_ms)
				courier_try(c, d);
		}
	}
	courier_settle(c);
}

/* ---- life --------------------------------------------------------------- */

struct courier *
courier_new(const struct settings *s, const char *secrets, struct segment *seg,
    struct courier_log log, int keeper_fd)
{
	struct courier *c = xcalloc(1, sizeof *c);

	c->settings = s;
	c->secrets = secrets;
	c->seg = seg;
	c->log = log;
	c->keeper_fd = keeper_fd;
	list_init(&c->parcels);
	watch_init(&c->watch, now_mono_ns());
	courier_make_receivers(c);
	return c;
}

void
courier_free(struct courier **cp)
{
	struct courier *c = *cp;

	if (c == NULL)
		return;
	while (!list_empty(&c->parcels))
		parcel_free(LIST_OWNER(c->parcels.next, struct parcel, link));
	courier_close(c);
	courier_part(c);
	tls_client_free(&c->tls);
	free(c->receivers);
	free(c);
	*cp = NULL;
}

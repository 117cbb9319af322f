/* Who receives, by the settings; and what other settings change for it. */

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xmem.h"
#include "logger/courier_priv.h"
#include "net/tls.h"

void
courier_make_receivers(struct courier *c)
{
	const struct settings_exporter *x =
	    settings_list(c->settings, c->settings->exporters);
	uint32_t n = c->settings->exporters.n;
	bool tls = false;
	struct err e;

	c->receivers = xcalloc(n + 1, sizeof c->receivers[0]);
	c->receivers_n = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!x[i].enabled)
			continue;
		c->receivers[c->receivers_n++].exporter = &x[i];
		tls = tls || x[i].tls;
	}
	if (tls && c->tls == NULL) {
		c->tls = tls_client_new(NULL, &e);
		if (c->tls == NULL)
			log_error("logger: %s", e.text);
	}
}

bool
receiver_wants(const struct receiver *r, enum alert_event event)
{
	return (r->exporter->events >> event & 1) != 0;
}

static struct receiver *
courier_find_receiver(struct courier *c, struct slice name)
{
	for (uint32_t i = 0; i < c->receivers_n; i++)
		if (slice_eq(name, settings_str(c->settings,
				       c->receivers[i].exporter->name)))
			return &c->receivers[i];
	return NULL;
}

/*
 * The same receiver of the new settings, or none.  What kept it away may be
 * mended: it is tried at once, as if for the first time.
 */
static void
courier_redirect(struct courier *c, struct delivery *d,
    const struct settings *old)
{
	struct receiver *to;

	if (d->to == NULL)
		return;
	to = courier_find_receiver(c, settings_str(old, d->to->exporter->name));
	if (to != NULL && !receiver_wants(to, d->parcel->event))
		to = NULL;
	d->to = to;
	d->tries = 0;
	d->due_ms = 0;
}

static void
courier_each(struct courier *c,
    void (
	*fn)(struct courier *c, struct delivery *d, const struct settings *old),
    const struct settings *old)
{
	for (struct list *l = c->parcels.next; l != &c->parcels; l = l->next) {
		struct parcel *p = LIST_OWNER(l, struct parcel, link);

		for (uint32_t i = 0; i < p->n; i++)
			fn(c, &p->deliveries[i], old);
	}
}

static void
courier_interrupt(struct courier *c, struct delivery *d,
    const struct settings *old)
{
	(void)c;
	(void)old;
	courier_break(d);
}

void
courier_apply(struct courier *c, const struct settings *s, const char *secrets)
{
	const struct settings *old = c->settings;
	struct receiver *receivers = c->receivers;

	courier_each(c, courier_interrupt, NULL);
	courier_close(c);
	c->settings = s;
	c->secrets = secrets;
	courier_make_receivers(c);
	courier_each(c, courier_redirect, old);
	free(receivers);
	courier_settle(c);
}

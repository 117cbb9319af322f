/* One try of one delivery, and the loop that it needs. */

#include <stdio.h>

#include "base/err.h"
#include "base/xmem.h"
#include "logger/courier_priv.h"
#include "logger/webhook.h"
#include "net/client.h"
#include "net/dns.h"
#include "net/http1.h"
#include "net/loop.h"

static void
courier_call_ended(struct delivery *d)
{
	d->call = NULL;
	d->to->calls--;
	d->parcel->courier->calls--;
}

/* Its status is all that counts of an answer. */
static void
courier_call_judge(struct delivery *d, const char *otherwise)
{
	char why[32];

	courier_call_ended(d);
	if (d->status / 100 == 2) {
		courier_tried(d, NULL);
		return;
	}
	snprintf(why, sizeof why, "status %u", d->status);
	courier_tried(d, d->status != 0 ? why : otherwise);
}

static void
courier_call_ready(void *ctx)
{
	(void)ctx;
}

static void
courier_call_head(void *ctx, const struct http1_head *head)
{
	struct delivery *d = ctx;

	d->status = head->status;
}

static void
courier_call_data(void *ctx, struct slice bytes)
{
	(void)ctx;
	(void)bytes;
}

static void
courier_call_end(void *ctx)
{
	courier_call_judge(ctx, "no answer");
}

static void
courier_call_fail(void *ctx, enum call_failure failure, const struct err *e)
{
	(void)e;
	courier_call_judge(ctx, call_failure_name(failure));
}

static const struct call_ops courier_ops = { courier_call_ready,
	courier_call_head, courier_call_data, courier_call_end,
	courier_call_fail };

static int
courier_open(struct courier *c, struct err *e)
{
	if (c->loop != NULL)
		return 0;
	c->loop = loop_new();
	c->dns = dns_new(c->loop, NULL, e);
	if (c->dns == NULL) {
		loop_free(&c->loop);
		return -1;
	}
	c->client = client_new(c->loop, c->dns);
	return 0;
}

void
courier_close(struct courier *c)
{
	if (c->loop == NULL)
		return;
	loop_turn(c->loop, 0); /* what was put off to the end of a turn */
	for (uint32_t i = 0; i < c->receivers_n; i++)
		client_target_free(&c->receivers[i].target);
	client_free(&c->client);
	dns_free(&c->dns);
	loop_turn(c->loop, 0);
	loop_free(&c->loop);
}

static struct client_target *
courier_target(struct courier *c, const struct settings_exporter *x)
{
	struct client_target_options o = {
		.host = settings_str(c->settings, x->host).p,
		.port = (uint16_t)x->port,
		.tls = x->tls ? c->tls : NULL,
		.connect_ms = WEBHOOK_LIMIT_MS,
		.max_connections = COURIER_CALLS,
	};

	return client_target_new(c->client, &o);
}

void
courier_try(struct courier *c, struct delivery *d)
{
	const struct settings_exporter *x = d->to->exporter;
	struct slice body = sbuf_slice(&d->parcel->body);
	struct call_request q = { .body = &d->body,
		.body_n = 1,
		.fresh = true,
		.total_ms = WEBHOOK_LIMIT_MS };
	struct err e;

	if (x->tls && c->tls == NULL) {
		courier_tried(d, "the system's certificates cannot be read");
		return;
	}
	if (courier_open(c, &e) != 0) {
		courier_tried(d, e.text);
		return;
	}
	if (d->to->target == NULL)
		d->to->target = courier_target(c, x);
	sbuf_clear(&d->head);
	webhook_head(&d->head, c->settings, x,
	    settings_secret(c->secrets, x->secret), body);
	d->body = (struct iovec){ d->parcel->body.data, body.n };
	d->status = 0;
	q.head = sbuf_slice(&d->head);
	d->to->calls++;
	c->calls++;
	d->call = call_start(d->to->target, &q, &courier_ops, d);
}

void
courier_break(struct delivery *d)
{
	if (d->call == NULL)
		return;
	call_cancel(&d->call);
	courier_call_ended(d);
}

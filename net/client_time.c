#include "net/client_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"

/* The socket does not tell when the last byte leaves: look again. */
#define CALL_SENDING_MS 1000

bool
call_look_sent(struct call *c)
{
	if (!c->sent && c->link != NULL && c->given == c->total)
		c->sent = conn_pending(c->link->conn) == 0;
	return c->sent;
}

struct call_deadline {
	uint64_t ms;
	enum call_failure failure;
};

/* 0 = none, as everywhere. */
static void
call_sooner(struct call_deadline *d, uint64_t from_ms, uint64_t limit_ms,
    enum call_failure failure)
{
	if (limit_ms > 0 && from_ms + limit_ms < d->ms) {
		d->ms = from_ms + limit_ms;
		d->failure = failure;
	}
}

static void
call_sooner_active(const struct call *c, struct call_deadline *d)
{
	uint64_t out_ms = conn_progress_ms(c->link->conn);

	if (out_ms < c->since_ms)
		out_ms = c->since_ms;
	if (!c->sent)
		call_sooner(d, out_ms, c->req.write_ms, CALL_WRITE_TIMEOUT);
	else if (c->body_ms == 0)
		call_sooner(d, out_ms, c->req.first_byte_ms,
		    CALL_FIRST_BYTE_TIMEOUT);
	if (c->body_ms != 0 && !c->paused)
		call_sooner(d, c->body_ms, c->req.idle_ms, CALL_IDLE_TIMEOUT);
}

/* The next deadline and what it means; ms is TIMER_NEVER when none is. */
static struct call_deadline
call_deadline(const struct call *c)
{
	struct call_deadline d = { TIMER_NEVER, CALL_TOTAL_TIMEOUT };

	call_sooner(&d, c->start_ms, c->req.total_ms, CALL_TOTAL_TIMEOUT);
	if (c->state == CALL_WAITING)
		call_sooner(&d, c->since_ms, CLIENT_QUEUE_MS,
		    CALL_CONNECT_TIMEOUT);
	else if (c->state == CALL_DIALING)
		call_sooner(&d, c->since_ms, c->target->connect_ms,
		    CALL_CONNECT_TIMEOUT);
	else
		call_sooner_active(c, &d);
	return d;
}

void
call_arm(struct call *c)
{
	uint64_t deadline_ms = call_deadline(c).ms;
	uint64_t again_ms = now_mono_ms() + CALL_SENDING_MS;

	if (c->state == CALL_ACTIVE && !c->sent && deadline_ms > again_ms)
		deadline_ms = again_ms;
	timer_set(&c->timer, deadline_ms);
}

void
call_fire(void *ctx)
{
	struct call *c = ctx;
	struct call_deadline d;
	struct err e;

	call_look_sent(c);
	d = call_deadline(c);
	if (d.ms > now_mono_ms()) {
		call_arm(c);
		return;
	}
	err_set(&e,
	    c->state == CALL_ACTIVE ? ERR_UPSTREAM_TIMEOUT
				    : ERR_UPSTREAM_CONNECT,
	    "%s:%u: %s after %llu ms", c->target->host, c->target->port,
	    c->state == CALL_WAITING ? "no free connection"
				     : call_failure_name(d.failure),
	    (unsigned long long)(now_mono_ms() - c->start_ms));
	call_fail(c, d.failure, &e);
}

#include "worker/serve.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "net/addr.h"
#include "net/loop.h"
#include "net/server.h"
#include "proto/errbody.h"
#include "proto/paramhdr.h"
#include "shm/segment.h"
#include "shm/wake.h"
#include "worker/relay_stream.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/tls.h"
#include "worker/worker_priv.h"

#define SERVE_CLOSING_PERCENT 92 /* of the slots: connections end */
#define SERVE_PRESSED_PERCENT 80

static void
serve_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	struct worker *w = ctx;
	struct req *r = req_new(w, x);

	w->head = h;
	req_run(r);
	w->head = NULL;
}

static void
serve_body(struct exchange *x, struct slice body, void *ctx)
{
	struct req *r = exchange_data(x);

	(void)ctx;
	r->body = body;
	if (r->body.p == NULL)
		r->body.p = "";
	req_run(r);
}

static void
serve_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	req_gone(exchange_data(x));
}

static void
serve_drained(struct exchange *x, void *ctx)
{
	(void)ctx;
	relay_stream_drained(exchange_data(x));
}

/* What is refused before it is a request still gets a whole body (H10). */
static void
serve_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	struct errbody b = { .status = err_status(e->kind) };
	unsigned char id[16];
	char uuid[HEX_UUID_SIZE];

	(void)ctx;
	random_id(id);
	hex_uuid(id, uuid);
	sbuf_addf(headers,
	    "x-respan-gateway-request-id: %s\r\nx-request-id: %s\r\n"
	    "Content-Type: application/json\r\n",
	    uuid, uuid);
	errbody_write(&b, e, body);
}

static unsigned
serve_mean(void *ctx)
{
	struct worker *w = ctx;
	uint32_t n = segment_seats(w->segment);
	uint64_t sum = 0;
	unsigned serving = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct seat *s = seat_at(w->segment, i);

		if (atomic_load_explicit(&s->state, memory_order_relaxed) !=
			SEAT_OWNED ||
		    atomic_load_explicit(&s->figures.draining,
			memory_order_relaxed) != 0)
			continue;
		sum += atomic_load_explicit(&s->figures.connections,
		    memory_order_relaxed);
		serving++;
	}
	return serving > 0 ? (unsigned)(sum / serving) : 0;
}

static bool
serve_exempt(void *ctx, const struct sockaddr *peer)
{
	struct addr a;

	(void)ctx;
	return !addr_from_sockaddr(&a, peer, sizeof(struct sockaddr_storage)) ||
	       addr_is_loopback(&a);
}

static void
serve_count(void *ctx, unsigned count)
{
	struct worker *w = ctx;

	atomic_store_explicit(&w->seat.seat->figures.connections, count,
	    memory_order_relaxed);
}

static const struct server_ops ops = { serve_head, serve_body, serve_gone,
	serve_drained, serve_refuse, serve_mean, serve_exempt, serve_count };

void
serve_start(struct worker *w)
{
	const struct settings *s = w->settings;
	const struct settings_listen *l = settings_list(s, s->listen);
	struct server_settings set;

	server_settings_init(&set);
	set.ops = &ops;
	set.ctx = w;
	w->head_limits = http1_request_limits;
	w->head_limits.block = (size_t)s->server_max_header_bytes;
	w->head_limits.long_names = paramhdr_names;
	w->head_limits.long_count = PARAMHDR_COUNT;
	set.limits = &w->head_limits;
	set.header_ms = (uint64_t)s->server_header_timeout_ms;
	set.body_ms = (uint64_t)s->server_body_timeout_ms;
	set.idle_ms = (uint64_t)s->server_idle_timeout_ms;
	set.write_ms = (uint64_t)s->server_write_timeout_ms;
	set.per_address = (unsigned)s->server_max_connections_per_address;
	set.allow_half_close = s->server_allow_half_close;
	w->server = server_new(w->loop, &set);
	for (size_t i = 0; i < w->args->listen_n; i++)
		server_listen(w->server, w->args->listen_fds[i],
		    worker_tls_server(w->tls, l[i].tls));
}

void
serve_stop(struct worker *w)
{
	while (!list_empty(&w->requests)) {
		struct req *r = LIST_OWNER(w->requests.next, struct req, link);

		err_set(req_err(r), ERR_SHUTTING_DOWN,
		    "The gateway is shutting down. Please retry.");
		req_fail_waiting(r);
		if (!r->ended)
			req_end_now(r);
	}
	server_free(&w->server);
}

/* Which step waits for which reason. */
static uint32_t
serve_reason(const struct req *r)
{
	switch (r->step) {
	case STEP_limit:
		return WAKE_UPSERT | WAKE_CONCURRENCY | WAKE_LANE;
	case STEP_recall:
		return WAKE_TWIN;
	case STEP_hold:
		return WAKE_MONEY | WAKE_LANE;
	case STEP_settle:
		return WAKE_LANE;
	default:
		return 0;
	}
}

void
serve_wake(struct worker *w, uint32_t reasons)
{
	struct list *l, *next;

	for (l = w->requests.next; l != &w->requests; l = next) {
		struct req *r = LIST_OWNER(l, struct req, link);

		next = l->next;
		if (r->waiting && (serve_reason(r) & reasons) != 0)
			req_wake(r);
	}
}

void
serve_watch_pressure(struct worker *w)
{
	unsigned used = w->n_requests * 100 / SEAT_SLOTS;
	enum server_pressure p = SERVER_CALM;

	if (used > SERVE_CLOSING_PERCENT ||
	    loop_lag_ms(w->loop) > LOOP_LAG_SHED_MS)
		p = SERVER_CLOSING;
	else if (used > SERVE_PRESSED_PERCENT ||
		 loop_lag_ms(w->loop) > LOOP_LAG_LOG_MS)
		p = SERVER_PRESSED;
	server_set_pressure(w->server, p);
}

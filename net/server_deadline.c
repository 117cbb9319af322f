#include "net/server_priv.h"

/* When a session has waited long enough: all of the server's deadlines. */

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
busy_deadline(const struct session *n)
{
	uint64_t at = TIMER_NEVER;

	if (n->x->body_state == BODY_READING)
		at = n->x->body_ms;
	if (conn_pending(n->conn) > 0)
		at = sooner(at,
		    conn_progress_ms(n->conn) + n->server->set.write_ms);
	return at;
}

uint64_t
session_deadline(const struct session *n)
{
	const struct server *s = n->server;
	unsigned hurry = s->pressure == SERVER_CALM ? 1 : 10;
	uint64_t at;

	switch (n->state) {
	case SESSION_HANDSHAKE:
		return n->since_ms + s->set.handshake_ms;
	case SESSION_IDLE:
		at = n->since_ms + s->set.idle_ms / hurry;
		return s->draining ? sooner(at, s->drain_ms) : at;
	case SESSION_HEAD:
		return n->since_ms + s->set.header_ms / hurry;
	case SESSION_BUSY:
		return busy_deadline(n);
	default:
		return n->since_ms + LINGER_MS;
	}
}

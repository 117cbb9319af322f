/*
 * The order of the stop: workers, so that every hold is settled; keeper, which
 * applies what they settled; logger, which writes what both said; admin, which
 * answers until then.
 */

#include "base/childproto.h"
#include "base/clock.h"
#include "base/log.h"
#include "master/master_priv.h"
#include "master/notify.h"

#define STOP_FAST_NS (2 * MASTER_SECOND_NS)
#define STOP_ROLE_NS (10 * MASTER_SECOND_NS)

static uint64_t
stop_patience_ns(const struct master *m)
{
	return m->stop_fast
	           ? STOP_FAST_NS
	           : (uint64_t)m->now->settings->drain_stop_ms * 1000000;
}

static void
stop_unlisten(const struct master *m, struct generation *g)
{
	const struct master_options *o = m->options;

	if (g != NULL && g->prepared != NULL && o->unlisten != NULL)
		o->unlisten(o->arg, g->prepared);
}

/* Of every generation: they share sockets by dup(). */
static void
stop_listening(struct master *m)
{
	stop_unlisten(m, m->now);
	stop_unlisten(m, m->next);
	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++)
		stop_unlisten(m, m->children[i].generation);
}

static void
stop_announce(struct master *m)
{
	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++)
		if (child_is_alive(&m->children[i]))
			child_say(&m->children[i], MASTER_ANNOUNCE);
}

static void
stop_workers(struct master *m, uint64_t now_ns)
{
	stop_listening(m);
	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (!child_is_alive(c)) {
			c->generation = NULL;
			continue;
		}
		child_say(c, m->stop_fast ? MASTER_STOP : MASTER_DRAIN);
		c->state = m->stop_fast ? CHILD_STOPPING : CHILD_DRAINING;
		c->due_ns = now_ns + stop_patience_ns(m);
	}
}

static void
stop_role(struct master *m, enum master_role role, uint64_t now_ns)
{
	struct child *c = &m->children[role];

	if (!child_is_alive(c))
		return;
	child_say(c, MASTER_STOP);
	c->state = CHILD_STOPPING;
	c->due_ns = now_ns + STOP_ROLE_NS;
}

static void
stop_enter(struct master *m, enum master_phase phase, uint64_t now_ns)
{
	m->phase = phase;
	if (phase == PHASE_ANNOUNCE)
		stop_announce(m);
	else if (phase == PHASE_WORKERS)
		stop_workers(m, now_ns);
	else if (phase == PHASE_KEEPER)
		stop_role(m, MASTER_KEEPER, now_ns);
	else if (phase == PHASE_LOGGER)
		stop_role(m, MASTER_LOGGER, now_ns);
	else if (phase == PHASE_ADMIN)
		stop_role(m, MASTER_ADMIN, now_ns);
}

void
stop_begin(struct master *m, bool fast)
{
	uint64_t now_ns = now_fresh_ns();

	if (m->phase >= PHASE_ANNOUNCE && !(fast && !m->stop_fast))
		return;
	m->stop_fast = fast;
	notify_send("STOPPING=1");
	log_info("master: stopping%s", fast ? " fast" : "");
	if (m->phase > PHASE_WORKERS)
		return;
	m->phase_due_ns =
	    now_ns + (uint64_t)m->now->settings->drain_announce_ms * 1000000;
	stop_enter(m, fast ? PHASE_WORKERS : PHASE_ANNOUNCE, now_ns);
}

/* Whether what this phase waits for has come. */
static bool
stop_phase_over(const struct master *m, uint64_t now_ns)
{
	switch (m->phase) {
	case PHASE_ANNOUNCE:
		return now_ns >= m->phase_due_ns;
	case PHASE_WORKERS:
		return fleet_workers_gone(m);
	case PHASE_KEEPER:
		return !child_is_alive(&m->children[MASTER_KEEPER]);
	case PHASE_LOGGER:
		return !child_is_alive(&m->children[MASTER_LOGGER]);
	case PHASE_ADMIN:
		return !child_is_alive(&m->children[MASTER_ADMIN]);
	default:
		return false;
	}
}

void
stop_turn(struct master *m, uint64_t now_ns)
{
	while (m->phase < PHASE_END && stop_phase_over(m, now_ns))
		stop_enter(m, m->phase + 1, now_ns);
}

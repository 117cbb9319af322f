/* The settings that serve, and the way from one generation to the next. */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "master/difference.h"
#include "master/master_priv.h"
#include "master/notify.h"
#include "shm/seat.h"

#define GENERATION_STOP_NS (2 * MASTER_SECOND_NS)

static void
generation_unmap(const void *at, int fd)
{
	struct stat st;

	if (at != NULL && fstat(fd, &st) == 0)
		munmap((void *)(uintptr_t)at, (size_t)st.st_size);
	close(fd);
}

static void
generation_free(const struct master *m, struct generation *g)
{
	if (g->prepared != NULL && m->options->unprepare != NULL)
		m->options->unprepare(m->options->arg, g->prepared);
	generation_unmap(g->settings, g->snapshot_fd);
	generation_unmap(g->secrets, g->secrets_fd);
	free(g);
}

struct generation *
generation_new(struct master *m, int snapshot_fd, int secrets_fd, struct err *e)
{
	struct generation *g = xcalloc(1, sizeof *g);
	const struct master_options *o = m->options;

	g->snapshot_fd = snapshot_fd;
	g->secrets_fd = secrets_fd;
	g->settings = settings_map(snapshot_fd);
	g->secrets = settings_map_secrets(secrets_fd);
	if (g->settings == NULL || g->secrets == NULL)
		err_set(e, ERR_SYSTEM, "the settings cannot be mapped");
	else if (o->prepare == NULL)
		return g;
	else {
		g->prepared = o->prepare(o->arg, g->settings, g->secrets, e);
		if (g->prepared != NULL)
			return g;
	}
	generation_free(m, g);
	return NULL;
}

void
generation_release(struct master *m, struct generation *g)
{
	if (g->workers == 0 && g != m->now && g != m->next)
		generation_free(m, g);
}

static void
generation_answer(struct master *m, char message)
{
	tally_reload(m, message == MASTER_LOADED);
	if (m->reload_asked)
		child_say(&m->children[MASTER_ADMIN], message);
	m->reload_asked = false;
	notify_send("READY=1\nSTATUS=ready: %u workers, settings %llu",
	    m->workers_wanted,
	    (unsigned long long)m->now->settings->generation);
}

/* The coming settings, or NULL when they are refused (that was said). */
static struct generation *
generation_load(struct master *m)
{
	const struct master_options *o = m->options;
	struct generation *g = NULL;
	struct err e = { 0 };
	int snapshot_fd, secrets_fd;
	int loaded =
	    o->load(o->arg, m->generations + 1, &snapshot_fd, &secrets_fd, &e);

	if (loaded == 1)
		g = generation_new(m, snapshot_fd, secrets_fd, &e);
	if (g == NULL)
		log_error("master: settings refused, the old ones stay%s%s",
		    e.text[0] != '\0' ? ": " : "", e.text);
	else
		m->generations++;
	return g;
}

static void
generation_begin(struct master *m)
{
	notify_send("RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)(now_fresh_ns() / 1000));
	m->reload_wanted = false;
	m->next = generation_load(m);
	if (m->next == NULL) {
		generation_answer(m, MASTER_REFUSED);
		return;
	}
	for (unsigned i = 0; i < m->workers_wanted; i++)
		fleet_add_worker(m, m->next);
}

/* Tell the workers of g to stop or to drain, until due_ns. */
static void
generation_end(struct master *m, const struct generation *g,
    enum child_state state, uint64_t due_ns)
{
	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (c->generation != g)
			continue;
		if (!child_is_alive(c)) {
			c->generation = NULL;
			continue;
		}
		child_say(c,
		    state == CHILD_DRAINING ? MASTER_DRAIN : MASTER_STOP);
		c->state = state;
		c->due_ns = due_ns;
	}
}

void
generation_refuse(struct master *m)
{
	struct generation *g = m->next;

	log_error("master: the workers of settings %llu do not start; the old "
		  "ones stay",
	    (unsigned long long)g->settings->generation);
	m->next = NULL;
	generation_end(m, g, CHILD_STOPPING,
	    now_fresh_ns() + GENERATION_STOP_NS);
	generation_answer(m, MASTER_REFUSED);
}

static void
generation_drain(struct master *m, const struct generation *old,
    uint64_t now_ns)
{
	uint64_t patience = (uint64_t)old->settings->drain_reload_ms * 1000000 +
	                    GENERATION_STOP_NS;

	generation_end(m, old, CHILD_DRAINING, now_ns + patience);
}

/* What was changed, and what of it cannot be taken into use while we run. */
static void
generation_tell(const struct settings *old, const struct settings *now)
{
	struct sbuf text = { 0 };

	difference_write(&text, old, now);
	log_info("master: settings %llu serve: %s",
	    (unsigned long long)now->generation, text.data);
	sbuf_clear(&text);
	difference_write_restart(&text, old, now);
	if (text.len > 0)
		log_warn("master: changed, but waiting for a restart: %s",
		    text.data);
	sbuf_free(&text);
}

/* The new workers serve: everybody takes the settings, the old ones drain. */
static void
generation_switch(struct master *m, uint64_t now_ns)
{
	struct generation *old = m->now;
	int fds[2] = { m->next->snapshot_fd, m->next->secrets_fd };

	m->now = m->next;
	m->next = NULL;
	for (size_t i = 0; i < MASTER_WORKER; i++)
		if (m->children[i].control_fd >= 0)
			child_send(m->children[i].control_fd, MASTER_SETTINGS,
			    fds, 2);
	generation_tell(old->settings, m->now->settings);
	generation_drain(m, old, now_ns);
	generation_release(m, old);
	generation_answer(m, MASTER_LOADED);
}

void
generation_turn(struct master *m, uint64_t now_ns)
{
	if (m->phase != PHASE_RUN)
		return;
	if (m->next != NULL &&
	    fleet_count(m, m->next, CHILD_SERVING) >= m->workers_wanted)
		generation_switch(m, now_ns);
	/* Without seats for all, the reload waits; the newest file wins. */
	if (m->reload_wanted && m->next == NULL &&
	    seat_count_free(m->segment) >= m->workers_wanted)
		generation_begin(m);
}

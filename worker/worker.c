#include "worker/worker.h"

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "net/client.h"
#include "net/dns.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/timer.h"
#include "shm/segment.h"
#include "shm/stats.h"
#include "shm/wake.h"
#include "store/cache.h"
#include "store/objects.h"
#include "worker/cachekeys.h"
#include "worker/counters.h"
#include "worker/customers.h"
#include "worker/health.h"
#include "worker/keys.h"
#include "worker/platform.h"
#include "worker/router.h"
#include "worker/serve.h"
#include "worker/source.h"
#include "worker/stored.h"
#include "worker/targets.h"
#include "worker/tls.h"
#include "worker/worker_priv.h"

#define WORKER_BEAT_MS 1000
#define WORKER_QUIET_BEATS 10  /* so long without a request at any beat */
#define WORKER_STORE_TRIES 500 /* of 20 ms: the keeper makes the store */
#define WORKER_STOP_MS 1000    /* of the 2 s that the master waits then */

/* The heap keeps so much of what was freed, and makes pieces up to so large. */
#define WORKER_HEAP_FREE (16 << 20)
#define WORKER_HEAP_PIECE (4 << 20)

/* What belongs to the life of the process only. */
struct life {
	struct worker worker;
	struct event *master, *wake;
	struct timer beat;
	unsigned quiet; /* beats since a request was seen; 0 before any */
	struct slice *base_paths;
};

static void
life_check_end(struct life *life)
{
	struct worker *w = &life->worker;

	if (!w->draining)
		return;
	if (server_count(w->server) > 0 && now_mono_ms() < w->drain_until_ms)
		return;
	loop_stop(w->loop);
}

/* A drain ends when it is due, not at the beat behind that. */
static void
life_set_beat(struct life *life)
{
	struct worker *w = &life->worker;
	uint64_t next_ms = now_mono_ms() + WORKER_BEAT_MS;

	if (w->draining && w->drain_until_ms < next_ms)
		next_ms = w->drain_until_ms;
	timer_set(&life->beat, next_ms);
}

/* What a load has left behind in the heap is the system's again. */
static void
life_trim(struct life *life)
{
	if (life->worker.n_requests > 0)
		life->quiet = 1;
	else if (life->quiet > 0 && ++life->quiet > WORKER_QUIET_BEATS) {
		pool_shrink();
		cachekeys_trim(life->worker.cachekeys);
		malloc_trim(0);
		life->quiet = 0;
	}
}

static void
life_beat(void *ctx)
{
	struct life *life = ctx;
	struct worker *w = &life->worker;

	seat_beat(&w->seat, now_mono_ns());
	stats_resident(w->segment, w->stats_area, SLICE("worker"));
	serve_watch_pressure(w);
	life_trim(life);
	life_check_end(life);
	life_set_beat(life);
}

static void
life_drain(struct life *life, uint64_t most_ms)
{
	struct worker *w = &life->worker;

	if (!w->draining) {
		log_info("draining: %u connections, %u requests",
		    server_count(w->server), w->n_requests);
		server_drain(w->server, (uint64_t)w->settings->drain_idle_ms);
		/* The last who has them decides whether clients may queue. */
		for (size_t i = 0; i < w->args->listen_n; i++)
			close(w->args->listen_fds[i]);
	}
	w->draining = true;
	atomic_store_explicit(&w->seat.seat->figures.draining, 1,
	    memory_order_relaxed);
	if (w->drain_until_ms == 0 ||
	    now_mono_ms() + most_ms < w->drain_until_ms)
		w->drain_until_ms = now_mono_ms() + most_ms;
	life_set_beat(life);
	life_check_end(life);
}

static void
life_hear(evutil_socket_t fd, short what, void *ctx)
{
	struct life *life = ctx;
	struct worker *w = &life->worker;
	enum child_message m;
	int fds[CHILD_MAX_FDS], got;
	size_t n = 0;

	(void)what;
	loop_enter(w->loop);
	while ((got = child_get(fd, &m, fds, &n)) == 1) {
		while (n > 0)
			close(fds[--n]);
		if (m == MASTER_ANNOUNCE)
			w->announced = true;
		else if (m == MASTER_DRAIN)
			life_drain(life,
			    (uint64_t)w->settings->drain_reload_ms);
		else if (m == MASTER_STOP)
			life_drain(life, WORKER_STOP_MS);
	}
	if (got < 0)
		loop_stop(w->loop); /* the master is gone, and so are we */
}

static void
life_wake(evutil_socket_t fd, short what, void *ctx)
{
	struct life *life = ctx;
	struct worker *w = &life->worker;
	uint64_t count;
	ssize_t got;

	(void)what;
	loop_enter(w->loop);
	got = read(fd, &count, sizeof count);
	(void)got;
	serve_wake(w, wake_take(w->segment, w->seat.index));
}

/* Once for all that the requests of this turn have published. */
static void
life_turned(void *ctx)
{
	seat_wake(ctx);
}

static struct event *
life_watch(struct life *life, int fd, event_callback_fn fn)
{
	struct event *ev;

	if (fd < 0)
		return NULL;
	ev = event_new(loop_base(life->worker.loop), fd, EV_READ | EV_PERSIST,
	    fn, life);
	event_add(ev, NULL);
	return ev;
}

/* The keeper makes the store at the very first start. */
static int
life_open_store(struct worker *w, struct err *e)
{
	const char *path = settings_str(w->settings, w->settings->store_path).p;

	for (int i = 0; i < WORKER_STORE_TRIES; i++) {
		w->objects = objects_open_reader(path, e);
		if (w->objects != NULL)
			return 0;
		usleep(20000);
	}
	return -1;
}

static void
life_base_paths(struct life *life)
{
	struct worker *w = &life->worker;
	const struct settings *s = w->settings;
	const struct sref *from = settings_list(s, s->server_base_paths);
	uint32_t n = s->server_base_paths.n;

	life->base_paths = xcalloc(n + 1, sizeof *life->base_paths);
	for (uint32_t i = 0; i < n; i++)
		life->base_paths[i] = settings_str(s, from[i]);
	w->bases =
	    (struct routes_bases){ life->base_paths, n, s->server_platform };
}

static bool
life_logs_bodies(const struct settings *s)
{
	const struct settings_log_file *f = settings_list(s, s->log_files);
	bool wanted = s->logs_store_enabled;

	for (uint32_t i = 0; i < s->log_files.n; i++)
		wanted |= f[i].bodies;
	return wanted && settings_is(s, s->logs_bodies, "full");
}

static int
life_make(struct life *life, struct err *e)
{
	struct worker *w = &life->worker;

	addr_learn_own();
	w->loop = loop_new();
	w->digest = digest_new();
	w->cachekeys = cachekeys_new(w);
	w->dns = dns_new(w->loop, NULL, e);
	if (w->dns == NULL)
		return -1;
	w->client = client_new(w->loop, w->dns);
	w->platform = platform_target(w);
	w->targets = targets_new(w);
	w->keys = keys_new(w);
	w->stored = stored_new(w);
	w->customers = customers_new(w);
	w->counters = counters_new(w);
	relay_out_init(&w->out);
	list_init(&w->requests);
	w->bodies_logged = life_logs_bodies(w->settings);
	life_base_paths(life);
	serve_start(w);
	timer_init(&life->beat, w->loop, life_beat, life);
	loop_each_turn(w->loop, life_turned, &w->seat);
	life->master = life_watch(life, w->args->master_fd, life_hear);
	life->wake = life_watch(life,
	    segment_seat_fd(w->segment, w->seat.index), life_wake);
	return 0;
}

static void
life_end(struct life *life)
{
	struct worker *w = &life->worker;

	serve_stop(w);
	if (life->master != NULL)
		event_free(life->master);
	if (life->wake != NULL)
		event_free(life->wake);
	timer_stop(&life->beat);
	loop_turn(w->loop, 0); /* what was put off to the end of a turn */
	targets_free(&w->targets);
	router_free(&w->router);
	client_target_free(&w->platform);
	client_free(&w->client);
	dns_free(&w->dns);
	keys_free(&w->keys);
	stored_free(&w->stored);
	customers_free(&w->customers);
	counters_free(&w->counters);
	health_forget(w);
	relay_out_fini(&w->out);
	sbuf_free(&w->headers);
	sbuf_free(&w->body);
	sbuf_free(&w->scratch);
	sbuf_free(&w->decoded);
	sbuf_free(&w->encoded);
	cache_close(&w->cache);
	objects_close(&w->objects);
	digest_free(&w->digest);
	cachekeys_free(&w->cachekeys);
	loop_turn(w->loop, 0);
	source_call_forget(w);
	loop_free(&w->loop);
	free(life->base_paths);
}

/*
 * The memory of a large body is the next one's.  By itself the heap gives it to
 * the system each time, and gets it back by a fault for each page; life_trim()
 * gives it when it is quiet.
 */
static void
life_keep_heap(void)
{
	mallopt(M_TRIM_THRESHOLD, WORKER_HEAP_FREE);
	mallopt(M_MMAP_THRESHOLD, WORKER_HEAP_PIECE);
}

int
worker_main(const struct worker_args *args)
{
	struct life *life = xcalloc(1, sizeof *life);
	struct worker *w = &life->worker;
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	now_update();
	life_keep_heap();
	w->args = args;
	w->settings = args->settings;
	random_seed((uint64_t)w->settings->routing_random_seed);
	w->period_rules = period_rules(w->settings);
	owner_hash(&(struct account_owner){ .kind = OWNER_ORGANIZATION },
	    w->organization_hash);
	w->organization_limits = (struct settings_limits){
		.rpm = w->settings->organization_limits_rpm,
		.concurrency = w->settings->organization_limits_concurrency,
	};
	w->secrets = args->secrets;
	w->tls = args->tls;
	w->segment = args->segment;
	seat_own(args->segment, (uint32_t)args->seat, &w->seat);
	w->stats_area = stats_area_of_seat((uint32_t)args->seat);
	if (life_open_store(w, &e) != 0 || life_make(life, &e) != 0) {
		log_error("worker: %s", e.text);
		return 71;
	}
	atomic_store(&w->seat.seat->figures.settings_generation,
	    w->settings->generation);
	life_beat(life);
	child_send(args->master_fd, CHILD_READY, NULL, 0);
	loop_run(w->loop);
	life_end(life);
	child_send(args->master_fd, CHILD_DRAINED, NULL, 0);
	free(life);
	return 0;
}

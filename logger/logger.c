#include "logger/logger.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "logger/courier.h"
#include "logger/drain.h"
#include "logger/words.h"
#include "shm/segment.h"
#include "shm/stats.h"
#include "shm/wake.h"

#define BEAT_MS 1000
#define TEND_MS 100
/*
 * After a turn that found records we nap without saying that we sleep: more
 * will have come, and no worker pays for waking us.
 */
#define NAP_MS 2
#define SLEEP_MS 100

enum { POLL_WAKE, POLL_MASTER, POLL_KEEPER, POLL_FIXED };

struct logger {
	const struct logger_args *args;
	struct drain *drain;
	struct courier *courier;
	struct words *words;
	struct pollfd *polls;
	uint64_t beat_ms, tend_ms;
	bool stopping, draining;
};

static void
logger_take_orphan(void *ctx, const struct orphan *o)
{
	struct logger *l = ctx;

	drain_orphan(l->drain, o);
}

static void
logger_init(struct logger *l, const struct logger_args *args)
{
	*l = (struct logger){ .args = args };
	log_role("logger");
	crash_init("logger");
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C reaches the whole group; the master says when to end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	umask(027); /* SQLite makes its files with 0644 */
	now_update();
	l->words = xcalloc(args->n_stderr + 1, sizeof l->words[0]);
	l->polls = xcalloc(POLL_FIXED + args->n_stderr, sizeof l->polls[0]);
	for (size_t i = 0; i < args->n_stderr; i++)
		words_init(&l->words[i], args->stderr_fds[i]);
	l->drain = drain_new(args->settings, args->segment);
	l->courier = courier_new(args->settings, args->secrets, args->segment,
	    (struct courier_log){ logger_take_orphan, l }, args->keeper_fd);
}

static void
logger_fini(struct logger *l)
{
	while (drain_turn(l->drain))
		now_update();
	drain_free(&l->drain);
	courier_free(&l->courier);
	for (size_t i = 0; i < l->args->n_stderr; i++) {
		words_copy(&l->words[i]);
		words_fini(&l->words[i]);
	}
	free(l->words);
	free(l->polls);
}

/* The old snapshot stays mapped: it is small, and reloads are rare. */
static void
logger_take_settings(struct logger *l, const int fds[], size_t n)
{
	const struct settings *s = n > 0 ? settings_map(fds[0]) : NULL;
	const char *secrets = n > 1 ? settings_map_secrets(fds[1]) : NULL;

	if (s == NULL || secrets == NULL) {
		log_error("logger: the new settings cannot be mapped");
		return;
	}
	drain_apply(l->drain, s);
	courier_apply(l->courier, s, secrets);
	child_send(l->args->master_fd, CHILD_DONE, NULL, 0);
}

/* Take what came with a message, or close it. */
static void
logger_obey(struct logger *l, enum child_message message, const int fds[],
    size_t n)
{
	switch (message) {
	case MASTER_STOP:
		l->stopping = true;
		break;
	case MASTER_DRAIN:
		l->draining = true;
		break;
	case MASTER_REOPEN:
		drain_reopen(l->drain);
		break;
	case MASTER_SETTINGS:
		logger_take_settings(l, fds, n);
		break;
	case MASTER_ALERTS:
		if (n == 0)
			break;
		courier_meet(l->courier, fds[0]);
		return;
	case MASTER_REAPED:
		drain_reaped(l->drain);
		break;
	default:
		break;
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void
logger_listen(struct logger *l)
{
	int fds[CHILD_MAX_FDS];
	enum child_message message;
	size_t n;
	int rc;

	while ((rc = child_get(l->args->master_fd, &message, fds, &n)) == 1)
		logger_obey(l, message, fds, n);
	if (rc == -1)
		l->stopping = true; /* the master is gone */
}

/* False when the time is over and nothing has come. */
static bool
logger_poll(struct logger *l, int timeout_ms)
{
	const struct logger_args *args = l->args;
	uint64_t count;

	l->polls[POLL_WAKE] = (struct pollfd){
		.fd = segment_role_fd(args->segment, ROLE_LOGGER),
		.events = POLLIN,
	};
	l->polls[POLL_MASTER] = (struct pollfd){
		.fd = args->master_fd,
		.events = POLLIN,
	};
	l->polls[POLL_KEEPER] = (struct pollfd){
		.fd = courier_fd(l->courier),
		.events = POLLIN,
	};
	for (size_t i = 0; i < args->n_stderr; i++)
		l->polls[POLL_FIXED + i] = (struct pollfd){
			.fd = l->words[i].fd,
			.events = POLLIN,
		};
	if (poll(l->polls, POLL_FIXED + args->n_stderr, timeout_ms) <= 0)
		return false;
	if (l->polls[POLL_WAKE].revents != 0 &&
	    read(l->polls[POLL_WAKE].fd, &count, sizeof count) == -1 &&
	    errno != EAGAIN)
		log_error("logger: eventfd");
	if (l->polls[POLL_MASTER].revents != 0)
		logger_listen(l);
	if (l->polls[POLL_KEEPER].revents != 0)
		courier_hear(l->courier);
	for (size_t i = 0; i < args->n_stderr; i++) {
		if (l->polls[POLL_FIXED + i].revents != 0)
			words_copy(&l->words[i]);
	}
	return true;
}

/* Sleep until somebody wakes us; 100 ms is the net below (stack.md R11). */
static void
logger_sleep(struct logger *l)
{
	struct segment *seg = l->args->segment;

	wake_doze(seg, ROLE_LOGGER);
	if (drain_has_more(l->drain)) {
		wake_rise(seg, ROLE_LOGGER);
		return;
	}
	if (!logger_poll(l, SLEEP_MS) && drain_has_more(l->drain))
		wake_missed(seg);
	wake_rise(seg, ROLE_LOGGER);
}

static void
logger_tend(struct logger *l)
{
	struct segment *seg = l->args->segment;
	uint64_t now_ms = now_mono_ms();

	if (now_ms - l->beat_ms >= BEAT_MS) {
		segment_beat(seg, ROLE_LOGGER, now_mono_ns());
		stats_resident(seg, stats_area_of_role(seg, ROLE_LOGGER),
		    SLICE("logger"));
		l->beat_ms = now_ms;
	}
	if (now_ms - l->tend_ms < TEND_MS)
		return;
	l->tend_ms = now_ms;
	drain_commit(l->drain, false);
	drain_tend(l->drain);
	courier_tend(l->courier, now_ms);
}

int
logger_main(const struct logger_args *args)
{
	struct logger l;

	logger_init(&l, args);
	child_send(args->master_fd, CHILD_READY, NULL, 0);
	while (!l.stopping) {
		bool busy, calls;

		now_update();
		busy = drain_turn(l.drain);
		calls = courier_turn(l.courier);
		logger_tend(&l);
		if (!busy && l.draining)
			break;
		if (busy || calls)
			logger_poll(&l, drain_has_more(l.drain) ? 0 : NAP_MS);
		else
			logger_sleep(&l);
	}
	logger_fini(&l);
	if (l.draining)
		child_send(args->master_fd, CHILD_DRAINED, NULL, 0);
	return 0;
}

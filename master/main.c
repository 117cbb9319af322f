/*
 * The daemon: this file ties the rooms together and knows the order of the
 * start.  arguments -> settings -> lock -> listeners -> master_run().
 */

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/log.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/version.h"
#include "base/xmem.h"
#include "keeper/keeper.h"
#include "logger/logger.h"
#include "master/demo.h"
#include "master/lock.h"
#include "master/master.h"
#include "master/options.h"
#include "net/listen.h"
#include "setup/setup.h"
#include "worker/worker.h"

/* What the workers of one generation share. */
struct shared {
	struct worker_tls *tls;
	int *listen_fds;
	size_t n;
};

struct app {
	struct options options;
	struct sbuf demo_text;
	int lock_fd, http_fd;
	bool cannot_listen; /* the newest prepare() failed for that */
	int64_t started_us;
	/* The newest generation's, so that the next reuses its sockets. */
	const struct settings *settings;
	const struct shared *shared;
};

/* ---- the roles ---------------------------------------------------------- */

static const struct shared *
app_shared(const struct master_child *c)
{
	return c->prepared;
}

/* A process keeps the descriptors that its role needs. */
static void
app_close(const struct app *app, const struct master_child *c)
{
	const struct shared *s = app_shared(c);

	close(app->lock_fd);
	if (c->role != MASTER_ADMIN && app->http_fd >= 0)
		close(app->http_fd);
	for (size_t i = 0; i < s->n && c->role != MASTER_WORKER; i++)
		close(s->listen_fds[i]);
}

static int
app_worker(void *arg, const struct master_child *c)
{
	const struct shared *s = app_shared(c);
	struct worker_args args = {
		.settings = c->settings,
		.secrets = c->secrets,
		.segment = c->segment,
		.seat = c->seat,
		.master_fd = c->control_fd,
		.listen_fds = s->listen_fds,
		.listen_n = s->n,
		.tls = s->tls,
	};

	app_close(arg, c);
	return worker_main(&args);
}

static int
app_keeper(void *arg, const struct master_child *c)
{
	struct keeper_args args = {
		.settings = c->settings,
		.segment = c->segment,
		.master_fd = c->control_fd,
		.admin_fd = c->pair_fds[PAIR_ASK],
		.logger_fd = c->pair_fds[PAIR_ALERTS],
	};

	app_close(arg, c);
	return keeper_main(&args);
}

static int
app_logger(void *arg, const struct master_child *c)
{
	struct logger_args args = {
		.settings = c->settings,
		.segment = c->segment,
		.secrets = c->secrets,
		.master_fd = c->control_fd,
		.keeper_fd = c->pair_fds[PAIR_ALERTS],
		.stderr_fds = c->stderr_fds,
		.n_stderr = c->stderr_n,
	};

	app_close(arg, c);
	return logger_main(&args);
}

static int
app_admin(void *arg, const struct master_child *c)
{
	const struct app *app = arg;
	struct admin_args args = {
		.settings = c->settings,
		.segment = c->segment,
		.settings_path = app->options.path,
		.master_fd = c->control_fd,
		.keeper_fd = c->pair_fds[PAIR_ASK],
		.http_fd = app->http_fd,
		.started_us = app->started_us,
		.secrets = c->secrets,
	};

	app_close(arg, c);
	return admin_main(&args);
}

/* ---- settings ----------------------------------------------------------- */

static int
app_load_with(const struct app *app, struct setup_options *o, int *snapshot_fd,
    int *secrets_fd, struct err *e)
{
	struct setup_result r;
	int loaded;

	o->path = app->options.path;
	o->messages_fd = STDERR_FILENO;
	o->quiet = app->options.quiet;
	o->strict = app->options.strict;
	o->colour = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL;
	if (app->options.demo)
		o->text = app->demo_text.data;
	loaded = setup_load(o, &r, e);
	*snapshot_fd = r.snapshot_fd;
	*secrets_fd = r.secrets_fd;
	return loaded;
}

static int
app_load(void *arg, uint64_t generation, int *snapshot_fd, int *secrets_fd,
    struct err *e)
{
	struct setup_options o = { .generation = generation };

	return app_load_with(arg, &o, snapshot_fd, secrets_fd, e);
}

/* The exit status when settings were not loaded. */
static int
app_refused(const struct app *app, int loaded, const struct err *e)
{
	if (loaded < 0)
		fprintf(stderr, "holdfast: %s\n", e->text);
	if (!app->options.demo && access(app->options.path, R_OK) != 0 &&
	    errno == EACCES)
		return EX_NOPERM;
	return loaded == 0 || e->kind == ERR_SETTINGS ? EX_CONFIG : EX_OSERR;
}

/* -t and -T */
static int
app_check(struct app *app)
{
	struct setup_options o = { .generation = 1,
		.print = app->options.verb == VERB_PRINT };
	struct err e = { 0 };
	int snapshot_fd, secrets_fd;
	int loaded = app_load_with(app, &o, &snapshot_fd, &secrets_fd, &e);

	if (loaded != 1)
		return app_refused(app, loaded, &e);
	if (!o.print && !app->options.quiet)
		printf("%s: the settings are fine\n", app->options.path);
	return EX_OK;
}

/* ---- listeners ---------------------------------------------------------- */

static bool
app_same_listener(const struct settings *a, const struct settings_listen *x,
    const struct settings *b, const struct settings_listen *y)
{
	return x->port == y->port && slice_eq(settings_str(a, x->address),
					 settings_str(b, y->address));
}

/* The socket of the serving generation with that address, again; or -1. */
static int
app_reuse(const struct app *app, const struct settings *s,
    const struct settings_listen *wanted)
{
	const struct settings_listen *l;

	if (app->settings == NULL)
		return -1;
	l = settings_list(app->settings, app->settings->listen);
	for (size_t i = 0; i < app->shared->n; i++)
		if (app_same_listener(app->settings, &l[i], s, wanted))
			return dup(app->shared->listen_fds[i]);
	return -1;
}

static int
app_listen(const struct app *app, const struct settings *s,
    const struct settings_listen *l, struct err *e)
{
	const char *address = settings_str(s, l->address).p;
	int fd = app_reuse(app, s, l);

	if (fd >= 0)
		return fd;
	if (strncmp(address, "unix:", 5) == 0)
		return listen_unix(address + 5, 0660, e);
	return listen_tcp(address, (unsigned)l->port, e);
}

/* Who connects when the workers have gone shall be refused, not wait. */
static void
app_unlisten(void *arg, void *prepared)
{
	struct shared *s = prepared;

	(void)arg;
	while (s->n > 0)
		close(s->listen_fds[--s->n]);
}

static void
app_unprepare(void *arg, void *prepared)
{
	struct app *app = arg;
	struct shared *s = prepared;

	if (app->shared == s) {
		app->shared = NULL;
		app->settings = NULL;
	}
	app_unlisten(app, s);
	free(s->listen_fds);
	worker_tls_free(&s->tls);
	free(s);
}

static void *
app_prepare(void *arg, const struct settings *settings, const char *secrets,
    struct err *e)
{
	struct app *app = arg;
	const struct settings_listen *l =
	    settings_list(settings, settings->listen);
	struct shared *s = xcalloc(1, sizeof *s);

	log_set_level_name(settings_str(settings, settings->logs_level).p);
	s->listen_fds = xcalloc(settings->listen.n + 1, sizeof(int));
	s->tls = worker_tls_new(settings, secrets, e);
	while (s->tls != NULL && s->n < settings->listen.n) {
		int fd = app_listen(app, settings, &l[s->n], e);

		app->cannot_listen = fd < 0;
		if (fd < 0)
			break;
		s->listen_fds[s->n++] = fd;
	}
	if (s->tls == NULL || s->n < settings->listen.n) {
		app_unprepare(app, s);
		return NULL;
	}
	app->settings = settings;
	app->shared = s;
	return s;
}

static int
app_listen_admin(struct app *app, const struct settings *s, struct err *e)
{
	if (!s->admin_http_enabled)
		return 0;
	app->http_fd = listen_tcp(settings_str(s, s->admin_http_address).p,
	    (unsigned)s->admin_http_port, e);
	return app->http_fd < 0 ? -1 : 0;
}

/* ---- what people see ---------------------------------------------------- */

static bool
app_has_provider(const struct settings *s)
{
	const struct settings_provider *p = settings_list(s, s->providers);

	for (uint32_t i = 0; i < s->providers.n; i++)
		if (p[i].kind != KIND_DEMO)
			return true;
	return false;
}

static void
app_print_budget(const struct settings *s)
{
	static const char *const spans[] = { "", " a day", " a week",
		" a month", " a year" };
	const struct settings_customer *c = settings_list(s, s->customers);
	struct sbuf dollars = { 0 };

	if (s->customers.n == 0 || c->period_budget_nano < 0)
		return;
	money_write_dollars(&dollars, c->period_budget_nano);
	printf("     budget: %s = %s%s", settings_str(s, c->identifier).p,
	    dollars.data, spans[c->budget_duration]);
	sbuf_free(&dollars);
}

static void
app_banner(void *arg, const struct settings *s)
{
	const struct app *app = arg;
	unsigned port;

	if (!app->options.foreground || app->shared->n == 0)
		return;
	port = listen_port(app->shared->listen_fds[0]);
	printf("holdfast " HOLDFAST_VERSION "%s settings: %s\n",
	    app_has_provider(s)
		? "   "
		: " (demo provider: no key, no internet)                     ",
	    app->options.path);
	printf("  gateway  http://127.0.0.1:%u/api", port);
	if (app->http_fd >= 0)
		printf("     admin  http://127.0.0.1:%u/",
		    listen_port(app->http_fd));
	app_print_budget(s);
	printf("\nTry:  curl -s http://127.0.0.1:%u/api/chat/completions -H "
	       "'Authorization: Bearer demo' \\\n        -d "
	       "'{\"model\":\"demo/lorem\",\"max_tokens\":30,\"messages\":[{"
	       "\"role\":\"user\",\"content\":\"Hello\"}],"
	       "\"customer_identifier\":\"user_123\"}'\n"
	       "Ctrl-C stops it\n",
	    port);
	fflush(stdout);
}

static int
app_version(void)
{
	puts("holdfast " HOLDFAST_VERSION);
	printf("libevent %s\n", event_get_version());
	return EX_OK;
}

/* ---- start -------------------------------------------------------------- */

static int
app_fail(int status, const struct err *e)
{
	fprintf(stderr, "holdfast: %s\n", e->text);
	return status;
}

/* The lock and the admin's listener; 0 or an exit status. */
static int
app_take_places(struct app *app, const struct settings *s, struct err *e)
{
	int taken = lock_take(settings_str(s, s->run_path).p, &app->lock_fd, e);

	if (taken != 1)
		return taken == 0 ? EX_UNAVAILABLE : EX_OSERR;
	if (mkdir(settings_str(s, s->store_path).p, 0750) != 0 &&
	    errno != EEXIST) {
		err_set(e, ERR_SYSTEM, "%s: %m",
		    settings_str(s, s->store_path).p);
		return EX_OSERR;
	}
	return app_listen_admin(app, s, e) == 0 ? EX_OK : EX_UNAVAILABLE;
}

static int
app_serve(struct app *app)
{
	struct master_options o = {
		.arg = app,
		.mains = { [MASTER_KEEPER] = app_keeper,
		    [MASTER_LOGGER] = app_logger,
		    [MASTER_ADMIN] = app_admin,
		    [MASTER_WORKER] = app_worker },
		.load = app_load,
		.prepare = app_prepare,
		.unprepare = app_unprepare,
		.unlisten = app_unlisten,
		.ready = app_banner,
	};
	struct err e = { 0 };
	int loaded, status;

	loaded = app_load(app, 1, &o.snapshot_fd, &o.secrets_fd, &e);
	if (loaded != 1)
		return app_refused(app, loaded, &e);
	status = app_take_places(app, settings_map(o.snapshot_fd), &e);
	if (status != EX_OK)
		return app_fail(status, &e);
	status = master_run(&o);
	return status == EX_OSERR && app->cannot_listen ? EX_UNAVAILABLE
	                                                : status;
}

static int
app_serve_demo(struct app *app)
{
	struct err e = { 0 };
	int status;

	app->options.path = "demo";
	app->options.foreground = true;
	if (demo_settings(&app->demo_text, &e) != 0)
		return app_fail(EX_OSERR, &e);
	status = app_serve(app);
	demo_clean();
	return status;
}

static int
app_signal(struct app *app)
{
	const struct settings *s;
	struct err e = { 0 };
	int snapshot_fd, secrets_fd, pid, loaded;

	app->options.quiet = true;
	loaded = app_load(app, 1, &snapshot_fd, &secrets_fd, &e);
	if (loaded != 1)
		return app_refused(app, loaded, &e);
	s = settings_map(snapshot_fd);
	pid = lock_holder(settings_str(s, s->run_path).p);
	if (pid == 0) {
		fprintf(stderr, "holdfast: not running (no lock in %s)\n",
		    settings_str(s, s->run_path).p);
		return EX_UNAVAILABLE;
	}
	if (kill(pid, app->options.signal_nr) != 0) {
		fprintf(stderr, "holdfast: process %d: %m\n", pid);
		return errno == EPERM ? EX_NOPERM : EX_OSERR;
	}
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct app app = { .lock_fd = -1, .http_fd = -1 };

	log_role("master");
	if (!options_read(argc, argv, &app.options)) {
		fputs("holdfast -h shows the options\n", stderr);
		return EX_USAGE;
	}
	now_update();
	app.started_us = now_real_us();
	switch (app.options.verb) {
	case VERB_VERSION:
		return app_version();
	case VERB_HELP:
		options_help();
		return EX_OK;
	case VERB_CHECK:
	case VERB_PRINT:
		return app_check(&app);
	case VERB_SIGNAL:
		return app_signal(&app);
	default:
		crash_init("master");
		return app.options.demo ? app_serve_demo(&app)
		                        : app_serve(&app);
	}
}

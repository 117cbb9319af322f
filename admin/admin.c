#include "admin/admin.h"

#include <event2/event.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin/control.h"
#include "admin/office.h"
#include "admin/pages.h"
#include "admin/rest.h"
#include "base/childproto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/timer.h"
#include "shm/segment.h"
#include "shm/stats.h"

#define BEAT_MS 1000

struct admin {
	struct office office;
	struct control *control;
	struct server *server; /* NULL: no HTTP listener */
	struct server *platform;
	struct event *master;
	struct timer beat;
};

static void
admin_beat(void *ctx)
{
	struct admin *a = ctx;

	struct segment *seg = a->office.seg;

	segment_beat(seg, ROLE_ADMIN, now_mono_ns());
	stats_resident(seg, stats_area_of_role(seg, ROLE_ADMIN),
	    SLICE("admin"));
	timer_set(&a->beat, now_mono_ms() + BEAT_MS);
}

/* Take what came with a message, or close it. */
static void
admin_obey(struct admin *a, enum child_message message, int fds[], size_t n)
{
	struct office *o = &a->office;
	const struct settings *s;
	const char *secrets;

	if (message == MASTER_STOP || message == MASTER_DRAIN)
		loop_stop(o->loop);
	if (message == MASTER_SETTINGS && n > 1) {
		s = settings_map(fds[0]);
		secrets = settings_map_secrets(fds[1]);
		if (s != NULL && secrets != NULL) {
			o->settings = s;
			o->secrets = secrets;
		}
		child_send(o->args->master_fd, CHILD_DONE, NULL, 0);
	}
	if (message == MASTER_PEER && n > 0) {
		if (o->keeper_fd >= 0)
			close(o->keeper_fd);
		o->keeper_fd = fds[0];
		return;
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void
admin_hear(evutil_socket_t fd, short what, void *ctx)
{
	struct admin *a = ctx;
	enum child_message message;
	int fds[CHILD_MAX_FDS], got;
	size_t n;

	(void)what;
	loop_enter(a->office.loop);
	while ((got = child_get(fd, &message, fds, &n)) == 1)
		admin_obey(a, message, fds, n);
	if (got < 0)
		loop_stop(a->office.loop);
}

static int
admin_open(struct admin *a, struct err *e)
{
	struct office *o = &a->office;

	a->control = control_new(o, e);
	if (a->control == NULL)
		return -1;
	a->platform = rest_server_new(o, e);
	if (a->platform == NULL) {
		control_free(&a->control);
		return -1;
	}
	a->server = pages_new(o);
	a->master = event_new(loop_base(o->loop), o->args->master_fd,
	    EV_READ | EV_PERSIST, admin_hear, a);
	event_add(a->master, NULL);
	timer_init(&a->beat, o->loop, admin_beat, a);
	admin_beat(a);
	return 0;
}

static void
admin_close(struct admin *a)
{
	timer_stop(&a->beat);
	event_free(a->master);
	server_free(&a->server);
	server_free(&a->platform);
	close(a->office.platform_fd);
	control_free(&a->control);
}

int
admin_main(const struct admin_args *args)
{
	struct admin a = { .office = { .args = args,
			       .settings = args->settings,
			       .secrets = args->secrets,
			       .seg = args->segment,
			       .keeper_fd = args->keeper_fd } };
	struct err e;

	log_role("admin");
	now_update();
	a.office.loop = loop_new();
	if (admin_open(&a, &e) != 0) {
		log_error("%s", e.text);
		loop_free(&a.office.loop);
		return EX_OSERR;
	}
	child_send(args->master_fd, CHILD_READY, NULL, 0);
	loop_run(a.office.loop);
	admin_close(&a);
	office_fini(&a.office);
	loop_free(&a.office.loop);
	return EX_OK;
}

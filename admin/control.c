#include "admin/control.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/credentials.h"
#include "admin/office.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/xmem.h"
#include "net/conn.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/timer.h"

#define CONTROL_MAX 64       /* connections */
#define CONTROL_SEND_MS 5000 /* to send a request */
#define CONTROL_LINE 65536   /* bytes of one */
#define CONTROL_MODE 0660

struct control {
	struct office *office;
	struct event *accept;
	int fd;
	unsigned count;
	struct list peers;
};

struct peer {
	struct list link;
	struct control *control;
	struct conn *conn;
	struct timer timer;
	struct sbuf in;
	struct ucred who;
};

static void
peer_end(struct peer *p)
{
	struct control *c = p->control;

	timer_stop(&p->timer);
	if (p->conn != NULL)
		conn_close(&p->conn);
	list_del(&p->link);
	c->count--;
	credentials_wipe(&p->in);
	loop_free_later(c->office->loop, p);
}

static void
peer_answer(struct peer *p, struct slice line)
{
	struct sbuf out = { 0 };
	struct iovec iov;
	const char *verb;
	char who[24];

	snprintf(who, sizeof who, "uid %u", (unsigned)p->who.uid);
	p->control->office->who = slice_str(who);
	verbs_answer(p->control->office, line, &out, &verb);
	p->control->office->who = SLICE("");
	log_info("control: uid %u gid %u pid %d: %s", (unsigned)p->who.uid,
	    (unsigned)p->who.gid, (int)p->who.pid,
	    *verb != '\0' ? verb : "no verb");
	iov = (struct iovec){ out.data, out.len };
	conn_write_now(p->conn, &iov, 1);
	/* It may hold a key that is shown only once. */
	explicit_bzero(out.data, out.len);
	sbuf_free(&out);
}

static void
peer_data(void *ctx, struct slice bytes)
{
	struct peer *p = ctx;
	char *end;

	sbuf_add_slice(&p->in, bytes);
	while (p->in.len > 0 &&
	       (end = memchr(p->in.data, '\n', p->in.len)) != NULL) {
		size_t n = (size_t)(end - p->in.data);

		peer_answer(p, (struct slice){ p->in.data, n });
		explicit_bzero(p->in.data, n); /* credentials, perhaps */
		sbuf_consume(&p->in, n + 1);
		timer_set(&p->timer, now_mono_ms() + CONTROL_SEND_MS);
	}
	if (p->in.len > CONTROL_LINE)
		peer_end(p);
}

static void
peer_closed(void *ctx, enum conn_end why)
{
	(void)why;
	peer_end(ctx);
}

static void
peer_late(void *ctx)
{
	peer_end(ctx);
}

static const struct conn_ops peer_ops = {
	.data = peer_data,
	.end = peer_closed,
};

static void
control_take(struct control *c, int fd)
{
	struct peer *p = xcalloc(1, sizeof *p);
	socklen_t len = sizeof p->who;

	p->control = c;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &p->who, &len) != 0)
		p->who = (struct ucred){ 0, (uid_t)-1, (gid_t)-1 };
	list_add_tail(&c->peers, &p->link);
	c->count++;
	timer_init(&p->timer, c->office->loop, peer_late, p);
	timer_set(&p->timer, now_mono_ms() + CONTROL_SEND_MS);
	p->conn = conn_accept(c->office->loop, fd, NULL, &peer_ops, p);
}

static void
control_accept(evutil_socket_t listener, short what, void *ctx)
{
	struct control *c = ctx;
	int fd;

	(void)what;
	loop_enter(c->office->loop);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (c->count >= CONTROL_MAX)
		close(fd);
	else
		control_take(c, fd);
}

/* A daemon that is no member of the group keeps the socket to itself. */
static void
control_share(const char *path, int64_t group)
{
	if (group != -1 && chown(path, (uid_t)-1, (gid_t)group) != 0)
		log_info("control: %s stays with our own group: %m", path);
}

struct control *
control_new(struct office *o, struct err *e)
{
	const char *path =
	    settings_str(o->settings, o->settings->admin_socket).p;
	int fd = listen_unix(path, CONTROL_MODE, e);
	struct control *c;

	if (fd < 0)
		return NULL;
	control_share(path, o->settings->admin_group);
	c = xcalloc(1, sizeof *c);
	c->office = o;
	c->fd = fd;
	list_init(&c->peers);
	c->accept = event_new(loop_base(o->loop), fd, EV_READ | EV_PERSIST,
	    control_accept, c);
	event_add(c->accept, NULL);
	return c;
}

void
control_free(struct control **cp)
{
	struct control *c = *cp;

	if (c == NULL)
		return;
	while (!list_empty(&c->peers))
		peer_end(LIST_OWNER(c->peers.next, struct peer, link));
	event_free(c->accept);
	close(c->fd);
	free(c);
	*cp = NULL;
}

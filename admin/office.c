#include "admin/office.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define ASK_WAIT_MS 2000

struct ledger *
office_ledger(struct office *o, struct err *e)
{
	if (o->ledger == NULL)
		o->ledger = ledger_open_reader(settings_str(o->settings,
						   o->settings->store_path)
						   .p,
		    e);
	return o->ledger;
}

struct objects *
office_objects(struct office *o, struct err *e)
{
	if (o->objects == NULL)
		o->objects = objects_open_reader(settings_str(o->settings,
						     o->settings->store_path)
						     .p,
		    e);
	return o->objects;
}

struct logstore *
office_logs(struct office *o)
{
	const struct settings *s = o->settings;
	char path[4096];
	struct err e;

	if (o->logs != NULL || !s->logs_store_enabled)
		return o->logs;
	snprintf(path, sizeof path, "%s/logs.sqlite",
	    settings_str(s, s->store_path).p);
	if (access(path, F_OK) != 0)
		return NULL;
	o->logs = logstore_open_read(path, &e);
	if (o->logs == NULL)
		log_warn("admin: %s", e.text);
	return o->logs;
}

void
office_fini(struct office *o)
{
	ledger_close(&o->ledger);
	objects_close(&o->objects);
	logstore_close(&o->logs);
	sbuf_free(&o->def);
	sbuf_free(&o->more);
}

static int
office_silent(struct err *e)
{
	return err_set(e, ERR_BUDGET_UNAVAILABLE,
	    "The store is not available.");
}

static int
office_result(const struct ask_message *m, struct sbuf *reply, struct err *e)
{
	switch (m->code) {
	case ASK_DONE:
		sbuf_clear(reply);
		sbuf_add_slice(reply, m->body);
		return 1;
	case ASK_NONE:
		return 0;
	case ASK_FULL:
		return err_set(e, ERR_STORE_FULL, "The store is full.");
	case ASK_CHANGED:
		return err_set(e, ERR_CHANGED, "The object was changed.");
	default:
		return err_set(e, ERR_INVALID_VALUE, "%.*s",
		    SLICE_ARGS(m->body));
	}
}

/* An answer with another number is a late one: its asker has given up. */
static int
office_await(struct office *o, struct sbuf *reply, struct err *e)
{
	uint64_t until_ns = now_fresh_ns() + ASK_WAIT_MS * UINT64_C(1000000);
	struct pollfd p = { o->keeper_fd, POLLIN, 0 };
	char bytes[ASK_MAX];

	for (;;) {
		uint64_t now_ns = now_fresh_ns();
		struct ask_message m;
		ssize_t n;

		/* Several may wait one after the other; the master counts. */
		segment_beat(o->seg, ROLE_ADMIN, now_ns);
		if (now_ns >= until_ns ||
		    poll(&p, 1, (int)((until_ns - now_ns) / 1000000) + 1) <= 0)
			return office_silent(e);
		n = recv(o->keeper_fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n <= 0)
			return office_silent(e);
		if (ask_unpack((struct slice){ bytes, (size_t)n }, &m) &&
		    m.number == o->asked)
			return office_result(&m, reply, e);
	}
}

int
office_ask_for(struct office *o, enum ask_op op, struct slice body,
    struct sbuf *reply, struct err *e)
{
	struct ask_message m = { ++o->asked, (char)op, body };
	struct sbuf out = { 0 };
	ssize_t sent;

	if (o->keeper_fd < 0)
		return office_silent(e);
	ask_pack(&out, &m);
	sent =
	    send(o->keeper_fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	sbuf_free(&out);
	return sent < 0 ? office_silent(e) : office_await(o, reply, e);
}

int
office_ask(struct office *o, enum ask_op op, struct slice body, struct err *e)
{
	struct sbuf reply = { 0 };
	int done = office_ask_for(o, op, body, &reply, e);

	sbuf_free(&reply);
	return done;
}

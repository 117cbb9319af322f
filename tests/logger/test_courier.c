/* Alerts from a keeper to receivers: this process plays both. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/sbuf.h"
#include "logger/courier.h"
#include "logger/webhook.h"
#include "shm/health.h"
#include "shm/segment.h"
#include "shm/stats.h"
#include "shm/verdict.h"
#include "store/alert.h"
#include "store/orphan.h"
#include "tests/snapshot.h"
#include "tests/suite.h"

/* Snapshots by hand: two receivers at ports where nobody listens yet. */
struct world_settings {
	struct settings s;
	struct settings_exporter exporters[2];
	struct settings_provider providers[1];
	struct snapshot_room room;
};

static struct world {
	struct world_settings settings[2];
	struct segment *seg;
	struct courier *courier;
	int keeper_fd;   /* our end */
	int receiver_fd; /* listens at the port of "one"; -1 = nobody does */
	unsigned delivered;
	unsigned orphans;
	char customer[8]; /* of the last one */
} world;

static struct err e;

#define HOUR_MS UINT64_C(3600000)

static int32_t
dead_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void
write_exporter(struct world_settings *w, unsigned i, const char *name,
    uint32_t events)
{
	w->exporters[i] = (struct settings_exporter){
		.name = snapshot_text(w, &w->room, name),
		.host = snapshot_text(w, &w->room, "127.0.0.1"),
		.port = dead_port(),
		.events = events,
		.enabled = true,
	};
}

static const struct settings *
write_settings(struct world_settings *w, unsigned n)
{
	w->s.magic = SETTINGS_MAGIC;
	w->s.size = sizeof *w;
	write_exporter(w, 0, "one",
	    (1u << ALERT_OVERRUN) | (1u << ALERT_CUSTOMER_LIMIT));
	write_exporter(w, 1, "two",
	    (1u << ALERT_OVERRUN) | (1u << ALERT_SUSPENSE));
	w->providers[0].name = snapshot_text(w, &w->room, "p");
	w->s.providers =
	    (struct slist){ offsetof(struct world_settings, providers), 1 };
	w->s.exporters =
	    (struct slist){ offsetof(struct world_settings, exporters), n };
	return &w->s;
}

static int
new_pair(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	world.keeper_fd = pair[0];
	return pair[1];
}

static void
take_orphan(void *ctx, const struct orphan *o)
{
	struct world *w = ctx;

	w->orphans++;
	memcpy(w->customer, o->customer.p, o->customer.n);
}

static void
setup(void)
{
	struct segment_shape shape = { 1, 64, 65536 };

	now_update();
	world = (struct world){ .keeper_fd = -1, .receiver_fd = -1 };
	ck_assert_int_eq(segment_create(NULL, &shape, &world.seg, &e), 1);
	world.courier = courier_new(write_settings(&world.settings[0], 2), "",
	    world.seg, (struct courier_log){ take_orphan, &world }, new_pair());
}

static void
teardown(void)
{
	courier_free(&world.courier);
	segment_close(&world.seg);
	close(world.keeper_fd);
	if (world.receiver_fd >= 0)
		close(world.receiver_fd);
}

/* Somebody listens at the port of "one" from now on. */
static void
open_receiver(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port =
		    htons((uint16_t)world.settings[0].exporters[0].port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	world.receiver_fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(world.receiver_fd, (struct sockaddr *)&at,
			     sizeof at),
	    0);
	ck_assert_int_eq(listen(world.receiver_fd, 8), 0);
}

static struct alert
alert_of(char first, enum alert_event event)
{
	struct alert a = { .event = event };

	a.id[0] = (unsigned char)first;
	return a;
}

static void
hand_bytes(uint64_t number, struct slice body)
{
	struct sbuf out = { 0 };

	alert_message_pack(&out, &(struct alert_message){ number, body });
	ck_assert_int_eq(send(world.keeper_fd, out.data, out.len, 0),
	    (ssize_t)out.len);
	sbuf_free(&out);
	courier_hear(world.courier);
}

static void
hand(uint64_t number, char first, enum alert_event event)
{
	struct alert a = alert_of(first, event);
	struct sbuf packed = { 0 };

	alert_pack(&packed, &a);
	hand_bytes(number, sbuf_slice(&packed));
	sbuf_free(&packed);
}

/* The number that is acknowledged, and the first byte of its id; or 0. */
static uint64_t
acknowledged(char *first_r)
{
	char bytes[ALERT_MAX];
	ssize_t n = recv(world.keeper_fd, bytes, sizeof bytes, MSG_DONTWAIT);
	struct alert_message m;

	if (n < 0)
		return 0;
	ck_assert(alert_message_unpack((struct slice){ bytes, (size_t)n }, &m));
	ck_assert_uint_eq(m.body.n, ALERT_ID_SIZE);
	*first_r = m.body.p[0];
	return m.number;
}

/* Who asks at the port of "one" gets 200, when it is open. */
static void
play(void)
{
	static const char yes[] =
	    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
	struct pollfd p = { world.receiver_fd, POLLIN, 0 };
	char bytes[4096];
	int fd;

	if (world.receiver_fd < 0 || poll(&p, 1, 0) != 1)
		return;
	fd = accept(world.receiver_fd, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	p.fd = fd;
	while (poll(&p, 1, 0) != 1)
		courier_turn(world.courier);
	ck_assert_int_gt(read(fd, bytes, sizeof bytes), 0);
	ck_assert_int_gt(write(fd, yes, sizeof yes - 1), 0);
	close(fd);
	world.delivered++;
}

/* At a time of our own: begin what is due, until no call is left. */
static void
run_tries(uint64_t now_ms)
{
	now_update();
	courier_tend(world.courier, now_ms);
	while (courier_turn(world.courier)) {
		play();
		poll(NULL, 0, 1);
		now_update();
	}
}

static int64_t
failures(const char *exporter)
{
	uint16_t label[STATS_LABELS] = { stats_name(world.seg,
	    slice_str(exporter)) };

	return stats_sum(world.seg,
	    stats_cell(world.seg, METRIC_EXPORT_FAILURES, label));
}

START_TEST(test_given_up)
{
	uint64_t now_ms = 1000;
	char first = 0;

	hand(7, 'a', ALERT_SUSPENSE);
	for (unsigned tries = 0; tries < 5; tries++) {
		uint64_t pause_ms = (uint64_t)webhook_pause_ms(tries);

		ck_assert_uint_eq(acknowledged(&first), 0);
		if (tries > 0)
			run_tries(now_ms + pause_ms - 1);
		ck_assert_int_eq(failures("two"), tries);
		now_ms += pause_ms;
		run_tries(now_ms);
		ck_assert_int_eq(failures("two"), tries + 1);
	}
	ck_assert_uint_eq(acknowledged(&first), 7);
	ck_assert_int_eq(first, 'a');
	run_tries(now_ms + HOUR_MS);
	ck_assert_int_eq(failures("two"), 5);
	ck_assert_int_eq(failures("one"), 0);
}
END_TEST

START_TEST(test_unwanted)
{
	char first = 0;

	hand(3, 'a', ALERT_LEDGER);
	ck_assert_uint_eq(acknowledged(&first), 3);
	hand_bytes(4, SLICE("short"));
	ck_assert_uint_eq(acknowledged(&first), 0);
	/* Of another version: nobody can use it, and it must not stay. */
	hand_bytes(4, SLICE("0123456789abcdefgh"));
	ck_assert_uint_eq(acknowledged(&first), 4);
	ck_assert_int_eq(first, '0');
}
END_TEST

/* A row for the log: acknowledged at once, and nobody is called. */
START_TEST(test_orphan)
{
	struct orphan o = { .id = "request", .customer = SLICE("ada") };
	struct sbuf packed = { 0 };
	char first = 0;

	orphan_pack(&packed, &o);
	hand_bytes(3, sbuf_slice(&packed));
	sbuf_free(&packed);
	ck_assert_uint_eq(world.orphans, 1);
	ck_assert_str_eq(world.customer, "ada");
	ck_assert_uint_eq(acknowledged(&first), 3);
	ck_assert_int_eq(first, 'r');
	run_tries(1000);
	ck_assert_int_eq(failures("one") + failures("two"), 0);
}
END_TEST

/* It is acknowledged when neither waits any more, not when one has it. */
START_TEST(test_two_receivers)
{
	uint64_t now_ms = 1000;
	char first = 0;

	open_receiver();
	hand(1, 'a', ALERT_OVERRUN);
	for (unsigned tries = 0; tries < 5; tries++) {
		ck_assert_uint_eq(acknowledged(&first), 0);
		now_ms += (uint64_t)webhook_pause_ms(tries);
		run_tries(now_ms);
	}
	ck_assert_uint_eq(acknowledged(&first), 1);
	ck_assert_uint_eq(world.delivered, 1);
	ck_assert_int_eq(failures("one"), 0);
	ck_assert_int_eq(failures("two"), 5);
}
END_TEST

/* A keeper dies: the next hands over again what is under way. */
START_TEST(test_new_keeper)
{
	char first = 0;

	open_receiver();
	hand(1, 'a', ALERT_SUSPENSE);
	hand(2, 'b', ALERT_CUSTOMER_LIMIT);
	run_tries(1000);
	ck_assert_int_eq(failures("two"), 1);
	ck_assert_uint_eq(acknowledged(&first), 2);
	hand(3, 'c', ALERT_CUSTOMER_LIMIT);
	close(world.keeper_fd);
	courier_hear(world.courier);
	ck_assert_int_eq(courier_fd(world.courier), -1);
	run_tries(1100);
	ck_assert_uint_eq(world.delivered, 2);
	/* What ends without a keeper is acknowledged to the next. */
	courier_meet(world.courier, new_pair());
	ck_assert_uint_eq(acknowledged(&first), 3);
	ck_assert_int_eq(first, 'c');
	/* What waits is not begun anew. */
	hand(5, 'a', ALERT_SUSPENSE);
	run_tries(1200);
	ck_assert_int_eq(failures("two"), 1);
	for (unsigned tries = 1; tries < 5; tries++)
		run_tries(HOUR_MS * tries);
	ck_assert_uint_eq(acknowledged(&first), 5);
	ck_assert_uint_eq(acknowledged(&first), 0);
	ck_assert_int_eq(failures("two"), 5);
}
END_TEST

START_TEST(test_reload)
{
	char first = 0;

	hand(1, 'a', ALERT_OVERRUN);
	hand(2, 'b', ALERT_SUSPENSE);
	run_tries(1000);
	ck_assert_int_eq(failures("one"), 1);
	ck_assert_int_eq(failures("two"), 2);
	/* "two" is gone, and with it all that is left of the second. */
	courier_apply(world.courier, write_settings(&world.settings[1], 1), "");
	ck_assert_uint_eq(acknowledged(&first), 2);
	ck_assert_uint_eq(acknowledged(&first), 0);
	/* At once, and five times more. */
	for (unsigned tries = 1; tries <= 5; tries++)
		run_tries(HOUR_MS * (tries - 1) + 1001);
	ck_assert_int_eq(failures("one"), 6);
	ck_assert_int_eq(failures("two"), 2);
	ck_assert_uint_eq(acknowledged(&first), 1);
}
END_TEST

/* A reload, and an end, with calls in flight: they are no tries. */
START_TEST(test_broken_off)
{
	hand(1, 'a', ALERT_OVERRUN);
	now_update();
	courier_tend(world.courier, 1000);
	courier_apply(world.courier, write_settings(&world.settings[1], 2), "");
	ck_assert(!courier_turn(world.courier));
	ck_assert_int_eq(failures("one"), 0);
	courier_tend(world.courier, 1000);
}
END_TEST

/* No more than there is room for; the rest stays with the keeper. */
START_TEST(test_full)
{
	struct alert a = alert_of('x', ALERT_SUSPENSE);
	struct sbuf packed = { 0 };

	for (unsigned i = 0; i < COURIER_PARCELS; i++) {
		a.id[1] = (unsigned char)i;
		a.id[2] = (unsigned char)(i >> 8);
		sbuf_clear(&packed);
		alert_pack(&packed, &a);
		ck_assert_int_ge(courier_fd(world.courier), 0);
		hand_bytes(i + 1, sbuf_slice(&packed));
	}
	ck_assert_int_eq(courier_fd(world.courier), -1);
	/* It stays in the socket, until there is room. */
	hand(1000, 'y', ALERT_SUSPENSE);
	run_tries(1000);
	ck_assert_int_eq(failures("two"), COURIER_CALLS);
	ck_assert_int_eq(courier_fd(world.courier), -1);
	sbuf_free(&packed);
}
END_TEST

static void
eject(uint64_t now_ns)
{
	struct health_new n = { health_provider_hash(SLICE("p")),
		HEALTH_PROVIDER, HEALTH_NONE, SLICE("p") };

	verdict_locked(world.seg, health_make(world.seg, &n, now_ns), now_ns);
}

/* Told to those who want it; when nobody does, not later either. */
START_TEST(test_ejected)
{
	struct settings_exporter *x = world.settings[0].exporters;

	open_receiver();
	eject(1);
	run_tries(1000);
	x[0].events = x[1].events = 1u << ALERT_PROVIDER;
	run_tries(2000);
	ck_assert_uint_eq(world.delivered, 0);
	x[1].events = 0;
	eject(HEALTH_IDLE_NS * 10);
	run_tries(3000);
	run_tries(4000);
	ck_assert_uint_eq(world.delivered, 1);
	ck_assert_int_eq(failures("one"), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("logger/courier");
	TCase *t = tcase_create("courier");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_given_up);
	tcase_add_test(t, test_unwanted);
	tcase_add_test(t, test_orphan);
	tcase_add_test(t, test_two_receivers);
	tcase_add_test(t, test_new_keeper);
	tcase_add_test(t, test_reload);
	tcase_add_test(t, test_broken_off);
	tcase_add_test(t, test_full);
	tcase_add_test(t, test_ejected);
	suite_add_tcase(s, t);
	return s;
}

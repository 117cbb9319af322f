#include "tests/suite.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "logger/logger.h"
#include "proto/jscan.h"
#include "proto/record.h"
#include "shm/inflight.h"
#include "shm/seat.h"
#include "shm/wake.h"
#include "store/cache.h"
#include "store/logstore.h"
#include "tests/snapshot.h"
#include "tests/store/scratch.h"

#define PATIENCE_MS 10000

/* A snapshot by hand, with room for its strings. */
struct world_settings {
	struct settings s;
	struct settings_log_file files[2];
	struct snapshot_room room;
};

/* A logger in a process of its own; this process is master and worker. */
static struct world {
	struct world_settings settings;
	struct segment *seg;
	struct seat_owner worker;
	uint32_t seat;
	int logger_event, seat_event;
	int words[2]; /* a child's standard error */
	int own_words[2];
	int master_fd;
	pid_t pid;
	uint64_t message;
} world;

static struct err e;

static struct sref
world_text(const char *text)
{
	return snapshot_text(&world.settings, &world.settings.room, text);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
	return path;
}

static void
world_write_settings(void)
{
	struct world_settings *w = &world.settings;
	struct settings *s = &w->s;

	s->magic = SETTINGS_MAGIC;
	s->size = sizeof *w;
	s->store_path = world_text(scratch_dir);
	s->logs_store_enabled = true;
	s->logs_store_retention_ms = 1000000000;
	s->logs_store_max_size_bytes = 1 << 30;
	s->cache_max_size_bytes = 16 << 20;
	s->cache_max_value_bytes = 1 << 20;
	s->log_files =
	    (struct slist){ offsetof(struct world_settings, files), 2 };
	w->files[0].kind = world_text("jsonl");
	w->files[0].path = world_text(path_of("requests.jsonl"));
	w->files[0].bodies = true;
	w->files[1].kind = world_text("access");
	w->files[1].path = world_text(path_of("access.log"));
}

static void
world_init(void)
{
	struct segment_shape shape = { 2, 1024, 1 << 20 };

	scratch_make();
	now_update();
	world = (struct world){ .pid = -1 };
	world.logger_event = eventfd(0, EFD_NONBLOCK);
	world.seat_event = eventfd(0, EFD_NONBLOCK);
	ck_assert_int_eq(pipe(world.words), 0);
	ck_assert_int_eq(pipe(world.own_words), 0);
	world_write_settings();
	ck_assert_int_eq(segment_create(NULL, &shape, &world.seg, &e), 1);
	segment_set_role_fd(world.seg, ROLE_LOGGER, world.logger_event);
	ck_assert_int_eq(seat_take(world.seg, &world.seat, &e), 1);
	segment_set_seat_fd(world.seg, world.seat, world.seat_event);
	seat_own(world.seg, world.seat, &world.worker);
}

static void
world_end(int signal_number)
{
	if (world.pid <= 0)
		return;
	if (signal_number != 0)
		kill(world.pid, signal_number);
	waitpid(world.pid, NULL, 0);
	close(world.master_fd);
	world.pid = -1;
}

static void
world_fini(void)
{
	world_end(SIGKILL);
	segment_close(&world.seg);
	close(world.logger_event);
	close(world.seat_event);
	for (int i = 0; i < 2; i++) {
		close(world.words[i]);
		close(world.own_words[i]);
	}
	scratch_remove();
}

static enum child_message
world_hear(void)
{
	struct pollfd p = { world.master_fd, POLLIN, 0 };
	enum child_message message = 0;
	int fds[CHILD_MAX_FDS];
	size_t n;

	ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	ck_assert_int_eq(child_get(world.master_fd, &message, fds, &n), 1);
	return message;
}

static void
world_start(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	world.pid = fork();
	if (world.pid == 0) {
		struct logger_args args = {
			.settings = &world.settings.s,
			.segment = world.seg,
			.master_fd = pair[1],
			.keeper_fd = -1,
			.stderr_fds = &world.words[0],
			.n_stderr = 1,
		};

		close(pair[0]);
		close(world.words[1]);
		dup2(world.own_words[1], STDERR_FILENO);
		_exit(logger_main(&args));
	}
	close(pair[1]);
	world.master_fd = pair[0];
	ck_assert_int_eq(world_hear(), CHILD_READY);
}

/* Ask it to end in order, and wait for that. */
static void
world_stop(void)
{
	child_send(world.master_fd, MASTER_STOP, NULL, 0);
	world_end(0);
}

#define WAIT_FOR(condition)                                                    \
	do {                                                                   \
		const struct timespec pause = { 0, 1000000 };                  \
		int ms = 0;                                                    \
		while (!(condition)) {                                         \
			ck_assert_msg(ms++ < PATIENCE_MS, #condition);         \
			nanosleep(&pause, NULL);                               \
		}                                                              \
	} while (0)

static struct sbuf
file_read(const char *name)
{
	struct sbuf b = { 0 };
	char text[65536];
	int fd = open(path_of(name), O_RDONLY);
	ssize_t n;

	sbuf_adds(&b, "");
	while (fd != -1 && (n = read(fd, text, sizeof text)) > 0)
		sbuf_add(&b, text, (size_t)n);
	close(fd);
	return b;
}

static unsigned
file_lines(const char *name)
{
	struct sbuf b = file_read(name);
	unsigned n = 0;

	for (size_t i = 0; i < b.len; i++)
		n += b.data[i] == '\n';
	sbuf_free(&b);
	return n;
}

/* Its sequence number, 0 when it was dropped. */
static uint64_t
send_record(uint16_t type, const void *bytes, size_t n)
{
	uint64_t seq =
	    lane_put_or_drop(&world.worker.log, type, 0, bytes, (uint32_t)n);

	seat_wake(&world.worker);
	return seq;
}

static void
send_body(enum record_source source, unsigned flags, uint32_t index,
    const char *text)
{
	char bytes[8192];
	struct record_body body = { .message = world.message,
		.index = index,
		.source = (uint8_t)source,
		.flags = (uint8_t)flags };

	record_body_encode_head(&body, bytes);
	memcpy(bytes + RECORD_BODY_HEAD, text, strlen(text));
	send_record(LANE_BODY, bytes, RECORD_BODY_HEAD + strlen(text));
}

static void
fill_access(struct record *r)
{
	record_init(r);
	memcpy(r->id, &world.message, sizeof world.message);
	r->message = world.message;
	r->timestamp = now_real_us();
	r->status = SLICE("success");
	r->status_code = 200;
	r->latency = 210000;
	r->model = SLICE("demo/lorem");
	r->customer_identifier = SLICE("user_123");
	r->http_method = SLICE("POST");
	r->http_path = SLICE("/api/chat/completions?key=S");
	r->user_agent = SLICE("t\"est\n");
	r->cost = 21000;
	r->prompt_tokens = 12;
	r->completion_tokens = 34;
}

/* Its sequence number, 0 when it was dropped. */
static uint64_t
send_access(void)
{
	struct record r;
	void *at;
	uint64_t seq = 0;
	char bytes[4096];

	fill_access(&r);
	at = bytes;
	record_encode(&r, at);
	seq = send_record(LANE_ACCESS, bytes, record_size(&r));
	world.message++;
	return seq;
}

/* key NULL: it is made of what was sent as RECORD_KEY. */
static struct inflight_ref
send_answer(enum record_source source, struct inflight_ref ref,
    const unsigned char *key)
{
	char bytes[4096];
	struct record_cache c = {
		.message = world.message,
		.flight = ref.slot,
		.flight_generation = ref.generation,
		.source = (uint8_t)source,
		.created_s = now_real_us() / 1000000,
		.ttl_s = 60,
		.prompt_tokens = 12,
		.completion_tokens = 34,
		.model = SLICE("demo/lorem"),
	};

	c.keyed = key != NULL;
	if (key != NULL)
		memcpy(c.key, key, sizeof c.key);
	record_cache_encode(&c, bytes);
	ck_assert_uint_gt(send_record(LANE_CACHE, bytes, record_cache_size(&c)),
	    0);
	inflight_storing(world.seg, ref);
	return ref;
}

#define TWIN UINT64_C(42) /* of the table of keys in flight */
#define REQUEST "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"
#define RESPONSE                                                               \
	"{\"id\":\"c1\",\"choices\":[{\"index\":0,\"message\":{\"role\":"      \
	"\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"

START_TEST(records_reach_files_and_store)
{
	struct logstore *store;
	struct logstore_found found;
	struct logstore_counts counts;
	struct sbuf lines;
	struct jscan_item item;
	struct slice body;
	unsigned char id[16] = { 0 };
	uint64_t last = 0;

	world_start();
	for (int i = 0; i < 200; i++) {
		send_body(RECORD_REQUEST, RECORD_FOR_LOG | RECORD_LAST, 0,
		    REQUEST);
		send_body(RECORD_RESPONSE, RECORD_FOR_LOG, 0, "{\"id\":");
		send_body(RECORD_RESPONSE, RECORD_FOR_LOG | RECORD_LAST, 1,
		    "\"c1\"}");
		last = send_access();
		ck_assert_uint_gt(last, 0);
	}
	WAIT_FOR(lane_consumed(&world.worker.log, last));
	ck_assert_uint_eq(file_lines("requests.jsonl"), 200);
	ck_assert_uint_eq(file_lines("access.log"), 200);

	lines = file_read("requests.jsonl");
	lines.len = (size_t)(strchr(lines.data, '\n') - lines.data);
	ck_assert_int_eq(jscan_value(sbuf_slice(&lines), &item, &e), 0);
	ck_assert_ptr_nonnull(strstr(lines.data, "\"full_request\":" REQUEST));
	ck_assert_ptr_nonnull(
	    strstr(lines.data, "\"full_response\":{\"id\":\"c1\"}}"));
	sbuf_free(&lines);

	lines = file_read("access.log");
	lines.len = (size_t)(strchr(lines.data, '\n') - lines.data);
	ck_assert_msg(strncmp(lines.data, "- - user_123 [", 14) == 0, "%s",
	    lines.data);
	ck_assert_ptr_nonnull(strstr(lines.data,
	    "\"POST /api/chat/completions HTTP/1.1\" 200 0 \"-\" "
	    "\"t\\x22est\\x0a\" model=demo/lorem tok=12>34 cost=0.000021 "));
	sbuf_free(&lines);

	store = logstore_open_read(path_of("logs.sqlite"), &e);
	ck_assert_msg(store != NULL, "%s", e.text);
	ck_assert_int_eq(logstore_counts(store, &counts, &e), 0);
	ck_assert_int_eq(counts.rows, 200);
	id[0] = 7;
	ck_assert_int_eq(logstore_get(store, id, &found, &e), 1);
	ck_assert_int_eq(logstore_body(store, found.row, RECORD_RESPONSE, &body,
			     &e),
	    1);
	ck_assert(slice_eq(body, SLICE("{\"id\":\"c1\"}")));
	logstore_close(&store);
	ck_assert_uint_eq(wake_missed_count(world.seg), 0);
}
END_TEST

#define MANY 10000

/* Add up what the files say was dropped. */
static uint64_t
dropped_in(const struct sbuf *lines, const char *type)
{
	const char *at = lines->data;
	char mark[64];
	uint64_t sum = 0;

	snprintf(mark, sizeof mark, ",\"type\":\"%s\"", type);
	while ((at = strstr(at, "{\"dropped\":")) != NULL) {
		char *end;
		uint64_t n = strtoull(at + 11, &end, 10);

		if (strncmp(end, mark, strlen(mark)) == 0)
			sum += n;
		at = end;
	}
	return sum;
}

START_TEST(a_killed_logger_loses_nothing)
{
	struct logstore *store;
	struct logstore_counts counts;
	struct sbuf lines;
	uint64_t last = 0, seq, dropped;

	world_start();
	for (int i = 0; i < MANY; i++) {
		if (i % 2000 == 1000) {
			world_end(SIGKILL);
			world_start();
		}
		seq = send_access();
		last = seq != 0 ? seq : last;
	}
	WAIT_FOR(lane_consumed(&world.worker.log, last));
	while ((seq = send_access()) == 0) /* tells what was dropped */
		continue;
	world_stop();
	lines = file_read("requests.jsonl");
	dropped = dropped_in(&lines, "ACCESS");
	store = logstore_open_read(path_of("logs.sqlite"), &e);
	ck_assert_int_eq(logstore_counts(store, &counts, &e), 0);
	ck_assert_uint_eq((uint64_t)counts.rows + dropped, world.message);
	logstore_close(&store);
	sbuf_free(&lines);
}
END_TEST

START_TEST(what_a_full_lane_drops_is_told)
{
	struct sbuf lines;
	uint64_t sent = 0, last = 0, seq;

	do {
		seq = send_access();
		last = seq != 0 ? seq : last;
		sent += seq != 0;
	} while (seq != 0);
	for (int i = 0; i < 9; i++)
		send_access();
	world_start();
	WAIT_FOR(lane_consumed(&world.worker.log, last));
	ck_assert_uint_gt(send_access(), 0);
	world_stop();
	lines = file_read("requests.jsonl");
	ck_assert_uint_eq(dropped_in(&lines, "ACCESS"), 10);
	ck_assert_uint_eq(file_lines("requests.jsonl"), sent + 2);
	sbuf_free(&lines);
}
END_TEST

/* The entry's body, or empty. */
static struct sbuf
cached(const unsigned char key[32])
{
	struct cache *c = cache_open(scratch_dir, CACHE_READ, 0, &e);
	struct cache_entry entry;
	struct sbuf body = { 0 };

	ck_assert_msg(c != NULL, "%s", e.text);
	sbuf_adds(&body, "");
	cache_get(c, key, now_real_us() / 1000000, &entry, &body, &e);
	cache_close(&c);
	return body;
}

START_TEST(an_answer_is_stored_and_its_twins_woken)
{
	const unsigned char key[32] = { 1, 2, 3 };
	struct inflight_ref ref, twin;
	struct sbuf body;

	ck_assert_int_eq(inflight_join(world.seg, world.seat, TWIN, &ref),
	    INFLIGHT_LEAD);
	ck_assert_int_eq(inflight_join(world.seg, world.seat, TWIN, &twin),
	    INFLIGHT_WAIT);
	world_start();
	send_body(RECORD_RESPONSE, RECORD_FOR_CACHE | RECORD_LAST, 0, RESPONSE);
	send_answer(RECORD_RESPONSE, ref, key);
	send_access();
	WAIT_FOR(inflight_look(world.seg, world.seat, twin) == INFLIGHT_OVER);
	/* Waiters are woken when it is over, a moment later. */
	WAIT_FOR((wake_take(world.seg, world.seat) & WAKE_TWIN) != 0);
	body = cached(key);
	ck_assert_str_eq(body.data, RESPONSE);
	sbuf_free(&body);
	world_stop();
	body = file_read("requests.jsonl"); /* for the cache, not the log */
	ck_assert_ptr_null(strstr(body.data, "\"c1\""));
	sbuf_free(&body);
}
END_TEST

/* The key is the logger's work when the worker sent its text. */
START_TEST(a_key_is_made_of_its_text)
{
	static const char text[] = "canonical";
	struct inflight_ref ref;
	struct sbuf body;
	unsigned char key[32];
	const char *at;
	char field[128] = "\"cache_key\":\"";

	digest_sha256(text, strlen(text), key);
	hex_write(key, sizeof key, field + strlen(field));
	inflight_join(world.seg, world.seat, TWIN, &ref);
	world_start();
	for (unsigned again = 0; again < 2; again++) {
		send_body(RECORD_RESPONSE, RECORD_FOR_CACHE | RECORD_LAST, 0,
		    RESPONSE);
		send_body(RECORD_KEY, again ? 0 : RECORD_LAST, 0, text);
		send_answer(RECORD_RESPONSE, ref, NULL);
		send_access();
	}
	world_stop();
	body = cached(key);
	ck_assert_str_eq(body.data, RESPONSE);
	sbuf_free(&body);
	body = file_read("requests.jsonl");
	at = strstr(body.data, field);
	ck_assert_ptr_nonnull(at);
	/* Of the other one the end is missing. */
	ck_assert_ptr_null(strstr(at + 1, "\"cache_key\""));
	sbuf_free(&body);
}
END_TEST

START_TEST(an_answer_without_its_text_fails_over)
{
	const unsigned char key[32] = { 9 };
	struct inflight_ref ref, twin;
	enum inflight_state state;

	inflight_join(world.seg, world.seat, TWIN, &ref);
	inflight_join(world.seg, world.seat, TWIN, &twin);
	world_start();
	if (_i == 1) /* the first of two fragments is missing */
		send_body(RECORD_RESPONSE, RECORD_FOR_CACHE | RECORD_LAST, 1,
		    RESPONSE);
	if (_i == 2) /* not for the cache */
		send_body(RECORD_RESPONSE, RECORD_FOR_LOG | RECORD_LAST, 0,
		    RESPONSE);
	if (_i == 3) /* whose key? */
		send_body(RECORD_RESPONSE, RECORD_FOR_CACHE | RECORD_LAST, 0,
		    RESPONSE);
	send_answer(RECORD_RESPONSE, ref, _i == 3 ? NULL : key);
	send_access();
	WAIT_FOR((state = inflight_look(world.seg, world.seat, twin)) !=
		 INFLIGHT_WAIT);
	ck_assert_int_eq(state, INFLIGHT_LEAD);
}
END_TEST

START_TEST(a_lost_answer_fails_over_at_the_next_start)
{
	struct inflight_ref ref, twin;
	enum inflight_state state;

	inflight_join(world.seg, world.seat, TWIN, &ref);
	inflight_join(world.seg, world.seat, TWIN, &twin);
	inflight_storing(world.seg, ref);
	world_start();
	WAIT_FOR((state = inflight_look(world.seg, world.seat, twin)) !=
		 INFLIGHT_WAIT);
	ck_assert_int_eq(state, INFLIGHT_LEAD);
}
END_TEST

START_TEST(a_stream_is_assembled)
{
	static const char stream[] =
	    "data: {\"id\":\"c2\",\"object\":\"chat.completion.chunk\","
	    "\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,"
	    "\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"},"
	    "\"finish_reason\":null}]}\n\n"
	    "data: {\"id\":\"c2\",\"object\":\"chat.completion.chunk\","
	    "\"created\":5,\"model\":\"m\",\"choices\":[{\"index\":0,"
	    "\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n"
	    "data: [DONE]\n\n";
	const unsigned char key[32] = { 4 };
	struct inflight_ref ref;
	struct sbuf body;
	char first[sizeof stream];
	size_t cut = sizeof stream / 3;
	unsigned flags = RECORD_FOR_LOG | RECORD_FOR_CACHE;

	inflight_join(world.seg, world.seat, TWIN, &ref);
	world_start();
	memcpy(first, stream, cut);
	first[cut] = '\0';
	send_body(RECORD_STREAM, flags, 0, first);
	send_body(RECORD_STREAM, flags | RECORD_LAST, 1, stream + cut);
	send_answer(RECORD_STREAM, ref, key);
	send_access();
	world_stop();
	body = cached(key);
	ck_assert_ptr_nonnull(strstr(body.data, "\"content\":\"Hello\""));
	ck_assert_ptr_nonnull(strstr(body.data, "\"completion_tokens\":34"));
	sbuf_free(&body);
	body = file_read("requests.jsonl");
	ck_assert_ptr_nonnull(strstr(body.data, "\\\"content\\\":\\\"Hello"));
	sbuf_free(&body);
}
END_TEST

START_TEST(a_moved_file_is_opened_anew)
{
	char moved[128];

	world_start();
	send_access();
	WAIT_FOR(file_lines("requests.jsonl") == 1);
	snprintf(moved, sizeof moved, "%s", path_of("moved"));
	ck_assert_int_eq(rename(path_of("requests.jsonl"), moved), 0);
	child_send(world.master_fd, MASTER_REOPEN, NULL, 0);
	WAIT_FOR(access(path_of("requests.jsonl"), F_OK) == 0);
	send_access();
	WAIT_FOR(file_lines("requests.jsonl") == 1);
	ck_assert_uint_eq(file_lines("moved"), 1);
}
END_TEST

START_TEST(last_words_are_copied)
{
	static const char said[] = "half a li\x1b"
				   "ne\nnext";
	struct pollfd p = { world.own_words[0], POLLIN, 0 };
	char heard[256] = "";
	ssize_t n;

	world_start();
	ck_assert_int_gt(write(world.words[1], said, sizeof said - 1), 0);
	do {
		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
		n = read(world.own_words[0], heard, sizeof heard - 1);
		ck_assert_int_gt(n, 0);
		heard[n] = '\0';
	} while (strstr(heard, "half") == NULL);
	ck_assert_ptr_nonnull(strstr(heard, "half a li\\x1bne\n"));
	ck_assert_ptr_null(strstr(heard, "next"));
}
END_TEST

START_TEST(it_drains_and_says_so)
{
	world_start();
	for (int i = 0; i < 100; i++)
		send_access();
	child_send(world.master_fd, MASTER_DRAIN, NULL, 0);
	ck_assert_int_eq(world_hear(), CHILD_DRAINED);
	world_end(0);
	ck_assert_uint_eq(file_lines("requests.jsonl"), 100);
	ck_assert_uint_gt(segment_beaten_ns(world.seg, ROLE_LOGGER), 0);
}
END_TEST

START_TEST(a_wild_worker_does_no_harm)
{
	char noise[512];

	world_start();
	for (unsigned i = 0; i < 300; i++) {
		memset(noise, (int)i, sizeof noise);
		send_record((uint16_t)(LANE_ACCESS + i % 6), noise,
		    i % sizeof noise);
	}
	send_access();
	WAIT_FOR(file_lines("requests.jsonl") >= 1);
	world_stop();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("logger/logger");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_test(t, records_reach_files_and_store);
	tcase_add_test(t, a_killed_logger_loses_nothing);
	tcase_add_test(t, what_a_full_lane_drops_is_told);
	tcase_add_test(t, an_answer_is_stored_and_its_twins_woken);
	tcase_add_loop_test(t, an_answer_without_its_text_fails_over, 0, 4);
	tcase_add_test(t, a_key_is_made_of_its_text);
	tcase_add_test(t, a_lost_answer_fails_over_at_the_next_start);
	tcase_add_test(t, a_stream_is_assembled);
	tcase_add_test(t, a_moved_file_is_opened_anew);
	tcase_add_test(t, last_words_are_copied);
	tcase_add_test(t, it_drains_and_says_so);
	tcase_add_test(t, a_wild_worker_does_no_harm);
	suite_add_tcase(s, t);
	return s;
}

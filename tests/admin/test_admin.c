#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/childproto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "net/listen.h"
#include "proto/jscan.h"
#include "shm/audit.h"
#include "shm/seat.h"
#include "store/ask.h"
#include "store/ledger.h"
#include "store/objects.h"
#include "tests/snapshot.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define MAP_SIZE (16u << 20)

/* A snapshot by hand, with room for its strings. */
static struct {
	struct settings s;
	struct settings_customer customers[1];
	struct snapshot_room room;
} file;

static struct segment *seg;
static struct err e;
static pid_t admin, keeper;
static int master_fd;
static unsigned http_port;
static char socket_path[100];

static struct sref
text(const char *t)
{
	return snapshot_text(&file, &file.room, t);
}

static void
write_settings(void)
{
	memset(&file, 0, sizeof file);
	file.s.magic = SETTINGS_MAGIC;
	file.s.generation = 7;
	file.s.store_path = text(scratch_dir);
	file.s.run_path = text("/run");
	snprintf(socket_path, sizeof socket_path, "%s/admin.sock", scratch_dir);
	file.s.admin_socket = text(socket_path);
	file.s.admin_http_address = text("127.0.0.1");
	file.s.admin_http_metrics = true;
	file.s.customers =
	    (struct slist){ (uint32_t)((char *)file.customers - (char *)&file),
		    1 };
	file.customers[0] =
	    (struct settings_customer){ .identifier = text("infile"),
		    .period_budget_nano = 1500000000,
		    .total_budget_nano = MONEY_NONE,
		    .budget_duration = DURATION_MONTHLY,
		    .markup_bp = 1250 };
}

/* A keeper that believes everything. */
static char
keeper_do(struct objects *o, struct ledger *l, const struct ask_message *m)
{
	struct customer_change change;
	struct ask_amount amount;
	struct ledger_row row;
	struct key_def key;

	ck_assert_int_eq(objects_begin(o, &e), 0);
	if (m->code == ASK_KEY_PUT && defs_key_unpack(m->body, &key))
		ck_assert_int_eq(objects_key_put(o, &key, &e), 0);
	if (m->code == ASK_CUSTOMER && defs_change_unpack(m->body, &change))
		ck_assert_int_eq(objects_customer_put(o, &change.def, &e), 0);
	ck_assert_int_eq(objects_commit(o, &e), 0);
	if (m->code == ASK_ADJUST && ask_amount_unpack(m->body, &amount)) {
		ck_assert_int_eq(ledger_begin(l, &e), 0);
		ledger_row_get(l, &amount.row, &row, &e);
		row.settled += amount.amount_nano;
		ledger_row_put(l, &amount.row, &row, &e);
		ck_assert_int_eq(ledger_commit(l, &e), 0);
	}
	return m->code == ASK_KEY_REVOKE ? ASK_NONE : ASK_DONE;
}

/* To a question about the book: one account, which is not in order. */
static void
keeper_tell(const struct ask_message *m, struct sbuf *answer)
{
	struct account_owner owner = { OWNER_CUSTOMER, 1, SLICE("ada") };
	struct audit_account a = { .view = { .state = ACCOUNT_READY,
				       .limit = 5,
				       .settled = 7,
				       .reserved = -1 },
		.has_row = 1,
		.row = { .settled = 8, .limit = 5 },
		.faults = AUDIT_SETTLED | AUDIT_RESERVED };
	struct audit_lane lane = { .seat = 3, .cursor = 4, .released = 4 };
	uint32_t next = ACCOUNT_NONE;
	unsigned char hash[OWNER_HASH_SIZE];

	owner_hash(&owner, hash);
	a.view.key = account_key(hash, ACCOUNT_CUSTOMER_PERIOD, 86400);
	if (m->code == ASK_LANES)
		sbuf_add(answer, &lane, sizeof lane);
	if (m->code != ASK_AUDIT)
		return;
	sbuf_add(answer, &next, sizeof next);
	sbuf_add(answer, &a, sizeof a);
}

/* A row of ada's, and what was noted of it. */
static void
keeper_write(struct ledger *l)
{
	struct account_owner owner = { OWNER_CUSTOMER, 1, SLICE("ada") };
	struct ledger_row row = { .settled = 2000000000,
		.suspense = 500000000,
		.limit = MONEY_NONE };
	unsigned char hash[OWNER_HASH_SIZE];
	char hex[2 * ROW_KEY_SIZE + 1];
	struct sbuf line = { 0 };
	struct row_key k;

	owner_hash(&owner, hash);
	k = row_key_make(hash, 1, 86400);
	hex_write(k.bytes, ROW_KEY_SIZE, hex);
	sbuf_addf(&line,
	    "{\"time\":\"2026-11-21T00:00:00Z\",\"action\":\"orphan\","
	    "\"account\":\"%s\",\"settled_nano\":7,\"suspense_nano\":5,"
	    "\"request\":\"0123456789abcdef0123456789abcdef\"}",
	    hex);
	ledger_begin(l, &e);
	ledger_owner_put(l, &owner, &e);
	ledger_row_put(l, &k, &row, &e);
	ledger_journal_add(l, SLICE("adjust kind 1: of an older build"), &e);
	ledger_journal_add(l, sbuf_slice(&line), &e);
	ledger_commit(l, &e);
	sbuf_free(&line);
}

static void
keeper_run(int fd)
{
	struct objects *o = objects_open_writer(scratch_dir, MAP_SIZE, &e);
	struct ledger *l = ledger_open_writer(scratch_dir, MAP_SIZE, &e);
	char bytes[ASK_MAX];
	ssize_t n;

	keeper_write(l);
	child_send(fd, CHILD_READY, NULL, 0);
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
		struct sbuf out = { 0 }, answer = { 0 };
		struct ask_message m;

		ask_unpack((struct slice){ bytes, (size_t)n }, &m);
		keeper_tell(&m, &answer);
		m.code = keeper_do(o, l, &m);
		m.body = sbuf_slice(&answer);
		ask_pack(&out, &m);
		sbuf_free(&answer);
		send(fd, out.data, out.len, 0);
		sbuf_free(&out);
	}
	_exit(0);
}

static void
await_ready(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	enum child_message message;
	int fds[CHILD_MAX_FDS];
	size_t n;

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(child_get(fd, &message, fds, &n), 1);
	ck_assert_int_eq(message, CHILD_READY);
}

static void
fork_admin(int keeper_fd)
{
	int http = listen_tcp("127.0.0.1", 0, &e), master[2];

	ck_assert_int_ge(http, 0);
	http_port = listen_port(http);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, master), 0);
	admin = fork();
	if (admin == 0) {
		struct admin_args args = { &file.s, seg, "test.conf", master[1],
			keeper_fd, http, 1, NULL };

		close(master[0]);
		_exit(admin_main(&args));
	}
	close(master[1]);
	close(http);
	master_fd = master[0];
	await_ready(master_fd);
}

static void
setup(void)
{
	struct segment_shape shape = { 2, 1024, 65536 };
	int pair[2];

	scratch_make();
	now_update();
	write_settings();
	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	keeper = fork();
	if (keeper == 0) {
		close(pair[0]);
		keeper_run(pair[1]);
	}
	close(pair[1]);
	await_ready(pair[0]);
	fork_admin(pair[0]);
	close(pair[0]);
}

static void
teardown(void)
{
	child_send(master_fd, MASTER_STOP, NULL, 0);
	waitpid(admin, NULL, 0);
	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
	close(master_fd);
	segment_close(&seg);
	scratch_remove();
}

static int
dial_control(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(at.sun_path, socket_path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* Send bytes and read until a newline (control) or the end (HTTP). */
static void
talk(int fd, const char *request, bool line, struct sbuf *reply)
{
	char byte;

	for (; *request != '\0'; request++)
		ck_assert_int_eq(send(fd, request, 1, 0), 1);
	while (recv(fd, &byte, 1, 0) == 1) {
		sbuf_addc(reply, byte);
		if (line && byte == '\n')
			break;
	}
}

static void
ask(const char *request, struct sbuf *reply)
{
	int fd = dial_control();

	sbuf_clear(reply);
	talk(fd, request, true, reply);
	close(fd);
}

static const struct {
	const char *title, *request, *reply; /* a part of it */
} verbs[] = {
	{ "status", "{\"verb\":\"status\"}\n",
	    "{\"status\":200,\"body\":{\"version\":" },
	{ "no worker, no readiness", "{\"verb\":\"status\"}\n",
	    "\"ready\":false" },
	{ "config", "{\"verb\":\"config\",\"args\":{}}\n",
	    "{\"path\":\"test.conf\",\"generation\":7," },
	{ "not JSON", "hello\n", "{\"status\":400," },
	{ "no verb", "{}\n", "{\"status\":400," },
	{ "unknown", "{\"verb\":\"fly\"}\n", "{\"status\":404," },
	{ "a key without a name", "{\"verb\":\"key new\"}\n",
	    "name: This field is required." },
	{ "a key in the past",
	    "{\"verb\":\"key new\",\"args\":{\"name\":\"n\","
	    "\"expiry_date\":\"2001-01-01\"}}\n",
	    "The date must be in the future." },
	{ "a key of no environment",
	    "{\"verb\":\"key new\",\"args\":{\"name\":\"n\","
	    "\"environment\":\"dev\"}}\n",
	    "{\"status\":400," },
	{ "revoke what is not there",
	    "{\"verb\":\"key revoke\",\"args\":{\"prefix\":\"nobody\"}}\n",
	    "{\"status\":404," },
	{ "a customer of the file",
	    "{\"verb\":\"customer show\",\"args\":{\"customer\":\"infile\"}}\n",
	    "\"period_budget\":1.5,\"budget_duration\":\"monthly\"" },
	{ "its markup",
	    "{\"verb\":\"customer show\",\"args\":{\"customer\":\"infile\"}}\n",
	    "\"markup_percentage\":12.5," },
	{ "an unknown customer",
	    "{\"verb\":\"customer show\",\"args\":{\"customer\":\"x\"}}\n",
	    "{\"status\":404," },
	{ "set a customer",
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"bob\","
	    "\"period_budget\":\"12.50\",\"budget_duration\":\"weekly\","
	    "\"markup_percentage\":0.001,\"rate_limit\":60}}\n",
	    "\"period_budget\":12.5,\"budget_duration\":\"weekly\"" },
	{ "a markup is rounded up",
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"bob\","
	    "\"markup_percentage\":0.001}}\n",
	    "\"markup_percentage\":0.01," },
	{ "a wrong duration",
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"bob\","
	    "\"budget_duration\":\"hourly\"}}\n",
	    "{\"status\":400," },
	{ "a wrong amount",
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"bob\","
	    "\"period_budget\":-1}}\n",
	    "Ensure this value is greater than or equal to 0." },
	{ "a wrong date",
	    "{\"verb\":\"customer set\",\"args\":{\"customer\":\"bob\","
	    "\"period_start\":\"yesterday\"}}\n",
	    "timestamp has to be a valid ISO 8601 formatted date-string" },
	{ "budget of both environments",
	    "{\"verb\":\"budget show\",\"args\":{\"customer\":\"ada\"}}\n",
	    "\"environment\":\"test\",\"period\":\"period\","
	    "\"period_start\":\"1970-01-02T00:00:00Z\",\"limit\":null,"
	    "\"settled\":2.0" },
	{ "budget of one",
	    "{\"verb\":\"budget show\",\"args\":{\"customer\":\"ada\","
	    "\"environment\":\"prod\"}}\n",
	    "{\"status\":404," },
	{ "adjust",
	    "{\"verb\":\"budget adjust\",\"args\":{\"customer\":\"ada\","
	    "\"environment\":\"test\",\"amount\":\"-0.5\","
	    "\"reason\":\"paid\"}}\n",
	    "\"settled\":1.5" },
	{ "adjust without a reason",
	    "{\"verb\":\"budget adjust\",\"args\":{\"customer\":\"ada\","
	    "\"environment\":\"test\",\"amount\":\"-0.5\"}}\n",
	    "{\"status\":400," },
	{ "an audit", "{\"verb\":\"budget audit\"}\n",
	    "\"body\":{\"clean\":false,\"accounts\":1,\"held\":-0.000000001,"
	    "\"not_applied_yet\":0.0,\"over_limit\":[],\"violations\":["
	    "{\"violated\":\"settled, reserved\",\"account\":\"customer:ada\","
	    "\"environment\":\"test\","
	    "\"period_start\":\"1970-01-02T00:00:00Z\","
	    "\"limit\":0.000000005,\"settled\":0.000000007,"
	    "\"reserved\":-0.000000001,\"free\":-0.000000001,"
	    "\"in_slots\":0.0,\"slots\":0,\"in_slots_done\":0.0,"
	    "\"lease\":0.0,\"suspense\":0.0,\"overrun\":0.0,"
	    "\"has_row\":true,\"row_limit\":0.000000005,"
	    "\"row_settled\":0.000000008,\"row_lease\":0.0,"
	    "\"row_suspense\":0.0}],\"lanes\":[{\"seat\":3," },
	{ "a deep one without a log store",
	    "{\"verb\":\"audit\",\"args\":{\"deep\":true}}\n",
	    "\"deep\":{\"violations\":[],\"log_store\":false,"
	    "\"customers\":1,\"customers_compared\":0," },
	{ "half deep", "{\"verb\":\"audit\",\"args\":{\"deep\":1}}\n",
	    "{\"status\":400," },
	{ "suspense of all", "{\"verb\":\"budget suspense\"}\n",
	    "{\"account\":\"customer:ada\",\"environment\":\"test\","
	    "\"period_start\":\"1970-01-02T00:00:00Z\",\"limit\":null,"
	    "\"settled\":2.0,\"suspense\":0.5,\"cause\":\"orphan\","
	    "\"requests\":[\"0123456789abcdef0123456789abcdef\"]}" },
	{ "suspense of somebody else",
	    "{\"verb\":\"budget suspense\",\"args\":{\"customer\":\"x\"}}\n",
	    "{\"results\":[]}" },
	{ "confirm",
	    "{\"verb\":\"budget suspense confirm\",\"args\":{\"account\":"
	    "\"customer:ada\",\"environment\":\"test\",\"amount\":\"all\","
	    "\"period_start\":\"1970-01-02\",\"reason\":\"billed\"}}\n",
	    "{\"status\":200,\"body\":{\"account\":\"customer:ada\"," },
	{ "confirm in another period",
	    "{\"verb\":\"budget suspense confirm\",\"args\":{\"account\":"
	    "\"customer:ada\",\"environment\":\"test\",\"amount\":\"all\","
	    "\"period_start\":\"1970-01-03\",\"reason\":\"billed\"}}\n",
	    "{\"status\":404," },
	{ "release nothing",
	    "{\"verb\":\"budget suspense release\",\"args\":{\"account\":"
	    "\"customer:ada\",\"environment\":\"test\",\"amount\":0,"
	    "\"reason\":\"r\"}}\n",
	    "amount: USD above 0, or all, is required." },
	{ "release of no account",
	    "{\"verb\":\"budget suspense release\",\"args\":{\"amount\":1,"
	    "\"reason\":\"r\"}}\n",
	    "account: This field is required." },
	{ "release of the organization's name",
	    "{\"verb\":\"budget suspense release\",\"args\":{\"amount\":1,"
	    "\"account\":\"organization:x\",\"reason\":\"r\"}}\n",
	    "account: customer:ID, " },
	{ "release without a reason",
	    "{\"verb\":\"budget suspense release\",\"args\":{\"amount\":1,"
	    "\"account\":\"customer:ada\",\"environment\":\"test\"}}\n",
	    "reason: This field is required." },
	{ "the journal", "{\"verb\":\"budget journal\"}\n",
	    "{\"results\":[{\"entry\":2,\"time\":\"2026-11-21T00:00:00Z\","
	    "\"action\":\"orphan\",\"account\":\"customer:ada\","
	    "\"environment\":\"test\","
	    "\"period_start\":\"1970-01-02T00:00:00Z\","
	    "\"settled\":0.000000007,\"suspense\":0.000000005,\"by\":null,"
	    "\"request\":\"0123456789abcdef0123456789abcdef\","
	    "\"reason\":null}]}" },
	{ "the journal's last none",
	    "{\"verb\":\"budget journal\",\"args\":{\"last\":0}}\n",
	    "{\"status\":400," },
	{ "reset nobody",
	    "{\"verb\":\"customer reset\",\"args\":{\"customer\":\"x\","
	    "\"reason\":\"r\"}}\n",
	    "{\"status\":404," },
	{ "why, from the journal",
	    "{\"verb\":\"why\",\"args\":{\"request\":\"01234567-89AB\"}}\n",
	    "{\"request\":\"0123456789abcdef0123456789abcdef\","
	    "\"known_from\":\"journal\",\"journal\":[{\"entry\":2," },
	{ "why of nothing",
	    "{\"verb\":\"why\",\"args\":{\"request\":\"0123457\"}}\n",
	    "{\"status\":404," },
	{ "why of too little",
	    "{\"verb\":\"why\",\"args\":{\"request\":\"012345\"}}\n",
	    "{\"status\":400," },
	{ "why of a number", "{\"verb\":\"why\",\"args\":{\"request\":1}}\n",
	    "{\"status\":400," },
	{ "dump", "{\"verb\":\"debug dump\"}\n", "\"seats\":[],\"accounts\":" },
};

START_TEST(test_verb)
{
	struct sbuf reply = { 0 };
	struct jscan_item whole;

	ask(verbs[_i].request, &reply);
	ck_assert_msg(strstr(reply.data, verbs[_i].reply) != NULL, "%s: %s",
	    verbs[_i].title, reply.data);
	/* Whatever it says, it is JSON. */
	ck_assert_int_eq(jscan_value(sbuf_slice(&reply), &whole, &e), 0);
	sbuf_free(&reply);
}
END_TEST

/* A key is shown once, and stored as its prefix and its secret's hash. */
START_TEST(test_key_new)
{
	struct sbuf reply = { 0 }, list = { 0 };
	char prefix[9], secret[33];

	ask("{\"verb\":\"key new\",\"args\":{\"name\":\"team\"}}\n", &reply);
	ck_assert_int_eq(sscanf(reply.data,
			     "{\"status\":200,\"body\":{\"api_key\":"
			     "\"%8[0-9A-Za-z].%32[0-9A-Za-z]\"",
			     prefix, secret),
	    2);
	ck_assert_uint_eq(strlen(prefix), 8);
	ck_assert_uint_eq(strlen(secret), 32);
	ask("{\"verb\":\"key list\"}\n", &list);
	ck_assert_ptr_nonnull(strstr(list.data, prefix));
	ck_assert_ptr_null(strstr(list.data, secret));
	sbuf_free(&reply);
	sbuf_free(&list);
}
END_TEST

/* Several requests on one connection. */
START_TEST(test_connection)
{
	int fd = dial_control();

	for (int i = 0; i < 3; i++) {
		struct sbuf reply = { 0 };

		talk(fd, "{\"verb\":\"config\"}\n", true, &reply);
		ck_assert_ptr_nonnull(strstr(reply.data, "test.conf"));
		sbuf_free(&reply);
	}
	close(fd);
}
END_TEST

START_TEST(test_keeper_gone)
{
	struct sbuf reply = { 0 };

	kill(keeper, SIGKILL);
	waitpid(keeper, NULL, 0);
	ask("{\"verb\":\"key new\",\"args\":{\"name\":\"team\"}}\n", &reply);
	ck_assert_ptr_nonnull(strstr(reply.data, "{\"status\":503,"));
	sbuf_free(&reply);
}
END_TEST

static const struct {
	const char *title, *request, *reply;
} pages[] = {
	{ "health", "GET /health HTTP/1.1\r\nHost: localhost",
	    "{\"status\":\"ok\"}" },
	{ "not ready", "GET /ready HTTP/1.1\r\nHost: localhost:1",
	    "HTTP/1.1 503 " },
	{ "why not", "GET /ready HTTP/1.1\r\nHost: 127.0.0.1",
	    "\"reasons\":[" },
	{ "metrics", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9080",
	    "\nholdfast_settings_generation 7\n" },
	{ "a page that is not there", "GET /x HTTP/1.1\r\nHost: localhost",
	    "HTTP/1.1 404 " },
	{ "a write", "DELETE /health HTTP/1.1\r\nHost: localhost",
	    "Allow: GET, HEAD\r\n" },
	{ "another host", "GET /metrics HTTP/1.1\r\nHost: evil.example",
	    "HTTP/1.1 403 " },
	{ "a host that begins like ours",
	    "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example",
	    "HTTP/1.1 403 " },
};

START_TEST(test_page)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sbuf reply = { 0 };
	char request[256];

	snprintf(request, sizeof request, "%s\r\nConnection: close\r\n\r\n",
	    pages[_i].request);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	talk(fd, request, false, &reply);
	ck_assert_msg(strstr(reply.data, pages[_i].reply) != NULL, "%s: %s",
	    pages[_i].title, reply.data);
	close(fd);
	sbuf_free(&reply);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("admin");
	TCase *t = tcase_create("admin");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_verb, 0, COUNT(verbs));
	tcase_add_test(t, test_key_new);
	tcase_add_test(t, test_connection);
	tcase_add_test(t, test_keeper_gone);
	tcase_add_loop_test(t, test_page, 0, COUNT(pages));
	suite_add_tcase(s, t);
	return s;
}

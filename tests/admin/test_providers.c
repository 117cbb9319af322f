/* What the table of targets says of the providers of the settings. */
#include <stdio.h>
#include <string.h>

#include "admin/metrics.h"
#include "admin/office.h"
#include "admin/standing.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "proto/jscan.h"
#include "shm/health.h"
#include "shm/stats.h"
#include "shm/verdict.h"
#include "tests/snapshot.h"
#include "tests/suite.h"

#define SEC 1000000000ull

/* two: credentials main and spare; plain: none. */
static struct {
	struct settings s;
	struct settings_provider providers[2];
	struct settings_credential credentials[2];
	struct snapshot_room room;
} file;

static struct office office;
static struct sbuf out;
static struct err e;
static uint64_t now;

static const struct verdict_rules rules = { 1, 1000 * SEC, 5 * SEC };

static struct slist
list_at(const void *at, uint32_t n)
{
	return (
	    struct slist){ (uint32_t)((const char *)at - (const char *)&file),
		n };
}

static void
setup(void)
{
	const struct segment_shape shape = { 1, 64, 65536 };

	memset(&file, 0, sizeof file);
	file.s.magic = SETTINGS_MAGIC;
	file.s.providers = list_at(file.providers, 2);
	file.providers[0].name = snapshot_text(&file, &file.room, "two");
	file.providers[0].credentials = list_at(file.credentials, 2);
	file.providers[1].name = snapshot_text(&file, &file.room, "plain");
	file.credentials[0].name = snapshot_text(&file, &file.room, "main");
	file.credentials[1].name = snapshot_text(&file, &file.room, "spare");
	office = (struct office){ .settings = &file.s };
	ck_assert_int_eq(segment_create(NULL, &shape, &office.seg, &e), 1);
	now_update();
	now = now_mono_ns();
}

static void
teardown(void)
{
	segment_close(&office.seg);
	sbuf_free(&out);
}

static uint32_t
make(uint64_t hash, enum health_kind kind, uint32_t above, struct slice name)
{
	struct health_new n = { hash, kind, above, name };

	return health_make(office.seg, &n, now);
}

/* As a worker makes it. */
static uint32_t
target_of(const char *provider, uint64_t id, const char *model)
{
	uint64_t hash = health_provider_hash(slice_str(provider));
	uint32_t above =
	    make(hash, HEALTH_PROVIDER, HEALTH_NONE, slice_str(provider));

	hash = health_credential_hash(hash, id);
	above = make(hash, HEALTH_CREDENTIAL, above, SLICE("00ff"));
	return make(health_target_hash(hash, slice_str(model)), HEALTH_TARGET,
	    above, slice_str(model));
}

static uint32_t
target(const char *provider, const char *credential, const char *model)
{
	return target_of(provider, health_credential_id(slice_str(credential)),
	    model);
}

static const char *
said(verb_fn *verb, const char *args)
{
	struct jscan_item whole;
	int done;

	sbuf_clear(&out);
	done = verb(&office, slice_str(args), &out, &e);
	ck_assert_int_eq(done, 1);
	ck_assert_int_eq(jscan_value(sbuf_slice(&out), &whole, &e), 0);
	return out.data;
}

#define UP(name)                                                               \
	"{\"name\":\"" name "\",\"state\":\"up\",\"seconds_until_back\":null}"
#define OUT(name, s)                                                           \
	"{\"name\":\"" name "\",\"state\":\"ejected\","                        \
	"\"seconds_until_back\":" s "}"
#define ROW(name, state, credentials)                                          \
	"{\"name\":\"" name "\",\"state\":\"" state                            \
	"\",\"in_flight\":0,\"credentials\":[" credentials "]}"
#define PLAIN ROW("plain", "up", UP(""))

static void
expect(const char *two, const char *plain)
{
	struct sbuf whole = { 0 };

	sbuf_addf(&whole, "{\"results\":[%s,%s]}", two, plain);
	ck_assert_str_eq(said(verb_providers, "{}"), whole.data);
	sbuf_free(&whole);
}

static bool
metric_up(const char *provider)
{
	struct sbuf page = { 0 }, line = { 0 };
	bool up, down;

	metrics_write(&office, &page);
	sbuf_addf(&line, "\nholdfast_provider_up{provider=\"%s\"} ", provider);
	sbuf_addc(&line, '1');
	up = strstr(page.data, line.data) != NULL;
	line.data[line.len - 1] = '0';
	down = strstr(page.data, line.data) != NULL;
	ck_assert(up != down);
	sbuf_free(&page);
	sbuf_free(&line);
	return up;
}

START_TEST(nothing_known)
{
	expect(ROW("two", "up", UP("main") "," UP("spare")), PLAIN);
	ck_assert(metric_up("two") && metric_up("plain"));
}
END_TEST

/* The seconds are rounded up; when they are over the next request tries. */
START_TEST(one_credential)
{
	uint32_t t = target("two", "main", "a");

	verdict_bad(office.seg, t, &rules, now - SEC / 2);
	expect(ROW("two", "up", OUT("main", "5") "," UP("spare")), PLAIN);
	ck_assert(metric_up("two"));
	verdict_good(office.seg, t, 0, now);
	expect(ROW("two", "up", OUT("main", "5") "," UP("spare")), PLAIN);
	verdict_good(office.seg, t, 0, now + 5 * SEC);
	expect(ROW("two", "up", UP("main") "," UP("spare")), PLAIN);
	verdict_bad(office.seg, t, &rules, now - 7 * SEC);
	expect(ROW("two", "up", OUT("main", "0") "," UP("spare")), PLAIN);
}
END_TEST

START_TEST(all_credentials)
{
	verdict_bad(office.seg, target("two", "main", "a"), &rules, now);
	verdict_locked(office.seg, target("two", "spare", "a"), now);
	verdict_bad(office.seg, target_of("plain", 0, "a"), &rules, now);
	expect(ROW("two", "ejected", OUT("main", "5") "," OUT("spare", "60")),
	    ROW("plain", "ejected", OUT("", "5")));
	ck_assert(!metric_up("two") && !metric_up("plain"));
}
END_TEST

/* Another model of it works; one of yesterday says nothing. */
START_TEST(one_model)
{
	uint32_t works = target("two", "main", "b");

	verdict_bad(office.seg, target("two", "main", "a"), &rules, now);
	verdict_good(office.seg, works, 0, now - HEALTH_IDLE_NS + 1);
	expect(ROW("two", "up", UP("main") "," UP("spare")), PLAIN);
	verdict_good(office.seg, works, 0, now - HEALTH_IDLE_NS);
	expect(ROW("two", "up", OUT("main", "5") "," UP("spare")), PLAIN);
}
END_TEST

/* A refusal is of all its models, and back when its own time is over. */
START_TEST(refused)
{
	verdict_good(office.seg, target("two", "main", "b"), 0, now);
	verdict_wish(office.seg, target("two", "main", "c"), now + SEC);
	verdict_locked(office.seg, target("two", "main", "a"), now);
	expect(ROW("two", "up", OUT("main", "60") "," UP("spare")), PLAIN);
}
END_TEST

/* The first that is tried again counts. */
START_TEST(soonest)
{
	verdict_bad(office.seg, target("two", "main", "a"), &rules, now);
	verdict_wish(office.seg, target("two", "main", "b"), now + SEC);
	verdict_wish(office.seg, target("two", "main", "c"), now + 9 * SEC);
	expect(ROW("two", "up", OUT("main", "1") "," UP("spare")), PLAIN);
}
END_TEST

/* Not in the settings: by its number, while it is used. */
START_TEST(unknown_credential)
{
	uint32_t t = target_of("two", 12345, "a");

	verdict_good(office.seg, t, 0, now);
	verdict_bad(office.seg, target("gone", "x", "a"), &rules, now);
	expect(ROW("two", "up", UP("main") "," UP("spare") "," UP("00ff")),
	    PLAIN);
	verdict_good(office.seg, t, 0, now - 10 * HEALTH_IDLE_NS);
	expect(ROW("two", "up", UP("main") "," UP("spare")), PLAIN);
}
END_TEST

/* Nothing in the table may end this process. */
START_TEST(wild_table)
{
	uint32_t t;

	for (unsigned i = 0; i < 2 * HEALTH_SLOTS; i++) {
		t = target_of("two", i, "\xff\xfe\"\n");
		verdict_bad(office.seg, t, &rules, now);
	}
	for (uint32_t at = 0; at < HEALTH_SLOTS;) {
		struct health *h = health_next(office.seg, &at);

		if (h == NULL)
			break;
		if (at % 3 == 0)
			atomic_store(&h->kind, (uint8_t)at);
		if (at % 5 == 0)
			atomic_store(&h->above, at * 77777u);
		if (at % 7 == 0)
			atomic_store(&h->text_len, (uint16_t)(at * 99u));
		if (at % 11 == 0)
			atomic_store(&h->until_ns, UINT64_MAX - at);
	}
	said(verb_providers, "{}");
	metric_up("two");
	said(verb_drain, "{\"provider\":\"two\"}");
}
END_TEST

START_TEST(drained)
{
	verdict_bad(office.seg, target("two", "main", "a"), &rules, now);
	ck_assert_str_eq(said(verb_drain, "{\"provider\":\"two\"}"),
	    ROW("two", "drained", OUT("main", "5") "," UP("spare")));
	ck_assert(!metric_up("two") && metric_up("plain"));
	ck_assert(health_drained(office.seg, SLICE("two")));
	ck_assert_str_eq(said(verb_resume, "{\"provider\":\"two\"}"),
	    ROW("two", "up", OUT("main", "5") "," UP("spare")));
	ck_assert(metric_up("two"));
}
END_TEST

/* A table without room says so. */
START_TEST(no_room)
{
	for (unsigned i = 0; i < 64 * HEALTH_SLOTS; i++) {
		char name[16];

		snprintf(name, sizeof name, "p%u", i);
		make(health_provider_hash(slice_str(name)), HEALTH_PROVIDER,
		    HEALTH_NONE, slice_str(name));
	}
	sbuf_clear(&out);
	ck_assert_int_eq(verb_drain(&office, SLICE("{\"provider\":\"two\"}"),
			     &out, &e),
	    -1);
	ck_assert_int_eq(err_status(e.kind), 503);
	said(verb_providers, "{}");
}
END_TEST

static const struct {
	const char *args;
	int status;
	const char *text;
} wrong[] = {
	{ "{\"provider\":\"tow\"}", 404,
	    "There is no provider \"tow\"; did you mean \"two\"?" },
	{ "{\"provider\":\"something\"}", 404,
	    "There is no provider \"something\"." },
	{ "{\"provider\":\"\"}", 404, "There is no provider \"\"" },
	{ "{}", 400, "provider: This field is required." },
	{ "{\"provider\":7}", 400, "provider: Not a valid string." },
};

START_TEST(wrong_name)
{
	ck_assert_int_eq(verb_drain(&office, slice_str(wrong[_i].args), &out,
			     &e),
	    -1);
	ck_assert_int_eq(err_status(e.kind), wrong[_i].status);
	ck_assert_msg(strncmp(e.text, wrong[_i].text, strlen(wrong[_i].text)) ==
			  0,
	    "%s", e.text);
}
END_TEST

START_TEST(in_flight)
{
	uint16_t label[STATS_LABELS] = { stats_name(office.seg, SLICE("two")) };
	uint32_t cell = stats_cell(office.seg, METRIC_UPSTREAM_INFLIGHT, label);

	stats_set(office.seg, 0, cell, 3);
	stats_set(office.seg, 1, cell, 4);
	ck_assert_ptr_nonnull(strstr(said(verb_providers, "{}"),
	    "\"name\":\"two\",\"state\":\"up\",\"in_flight\":7,"));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("providers");
	TCase *t = tcase_create("providers");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_known);
	tcase_add_test(t, one_credential);
	tcase_add_test(t, all_credentials);
	tcase_add_test(t, one_model);
	tcase_add_test(t, refused);
	tcase_add_test(t, soonest);
	tcase_add_test(t, unknown_credential);
	tcase_add_test(t, wild_table);
	tcase_add_test(t, drained);
	tcase_add_test(t, no_room);
	tcase_add_loop_test(t, wrong_name, 0, (int)COUNT(wrong));
	tcase_add_test(t, in_flight);
	suite_add_tcase(s, t);
	return s;
}

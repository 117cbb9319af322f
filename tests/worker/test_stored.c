/* Groups and provider keys as a worker sees them: settings and store. */

#include "tests/suite.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/seal.h"
#include "shm/gen.h"
#include "shm/segment.h"
#include "store/env.h"
#include "store/objects.h"
#include "tests/snapshot.h"
#include "tests/store/scratch.h"
#include "worker/stored.h"
#include "worker/worker_priv.h"

#define NEW_KEY "the key of today, of 32 bytes or"
#define OLD_KEY "and the one that was there before"
#define FIRST SLICE("{\"api_key\":\"sk-first-planted\"}")
#define SECOND SLICE("{\"api_key\":\"sk-second-planted\"}")

static struct {
	struct settings s;
	struct settings_provider providers[3];
	struct settings_group groups[2];
	struct settings_group_entry entries[2];
	struct sref fallbacks[1];
	struct snapshot_room room;
} snap;

static struct worker worker;
static struct seal_keys seal;
static struct pool *pool;
static struct err e;
static char secrets[128];

static struct sref
text(const char *t)
{
	return snapshot_text(&snap, &snap.room, t);
}

static struct slist
list(const void *first, uint32_t n)
{
	return (
	    struct slist){ (uint32_t)((const char *)first - (char *)&snap), n };
}

static void
settings_make(void)
{
	static const char *const ids[] = { "demo", "openai", "azure_openai" };

	memset(&snap, 0, sizeof snap);
	for (int i = 0; i < 3; i++)
		snap.providers[i].name = text(ids[i]);
	snap.s.providers = list(snap.providers, 3);
	snap.entries[0] =
	    (struct settings_group_entry){ text("gpt-4o-mini"), 8000000000 };
	snap.entries[1] =
	    (struct settings_group_entry){ text("azure/gpt-4o"), 500000000 };
	snap.fallbacks[0] = text("llama");
	snap.groups[0] = (struct settings_group){ text("chat"), text("both"),
		list(snap.entries, 2), list(snap.fallbacks, 1) };
	snap.groups[1] = (struct settings_group){ text("spare"), text(""),
		list(snap.entries, 1), list(snap.fallbacks, 0) };
	snap.s.groups = list(snap.groups, 2);
	memset(secrets, 0, sizeof secrets);
	strcpy(secrets + 1, NEW_KEY);
	strcpy(secrets + 64, OLD_KEY);
	snap.s.store_secret_key =
	    (struct secret_ref){ 1, (uint32_t)strlen(NEW_KEY) };
}

static void
setup(void)
{
	static const struct segment_shape shape = { 1, 64, 65536 };

	now_update();
	scratch_make();
	settings_make();
	memset(&worker, 0, sizeof worker);
	worker.settings = &snap.s;
	worker.secrets = secrets;
	ck_assert_int_eq(segment_create(NULL, &shape, &worker.segment, &e), 1);
	worker.objects = objects_open_writer(scratch_dir, 16u << 20, &e);
	ck_assert_msg(worker.objects != NULL, "%s", e.text);
	worker.stored = stored_new(&worker);
	seal_keys_make(&seal, slice_str(NEW_KEY), SLICE(""));
	pool = pool_new();
}

static void
teardown(void)
{
	pool_free(&pool);
	stored_free(&worker.stored);
	objects_close(&worker.objects);
	segment_close(&worker.segment);
	scratch_remove();
}

static struct integration_def
integration(const char *id, const char *provider)
{
	return (struct integration_def){ .id = slice_str(id),
		.provider = slice_str(provider),
		.name = SLICE("main"),
		.available_models = SLICE("gpt-4o\0gpt-4o-mini\0"),
		.exclude_models = SLICE("o1\0"),
		.environment = ENV_BOTH,
		.enabled = 1,
		.weight_nano = 1500000000 };
}

static void
put_key(struct integration_def d, struct slice credentials)
{
	struct sbuf place = { 0 }, sealed = { 0 };

	stored_place_integration(&place, &d);
	seal_close(&seal, sbuf_slice(&place), credentials, &sealed);
	if (d.sealed.n == 0)
		d.sealed = sbuf_slice(&sealed);
	ck_assert_int_eq(objects_begin(worker.objects, &e), 0);
	ck_assert_int_eq(objects_integration_put(worker.objects, &d, &e), 0);
	ck_assert_int_eq(objects_commit(worker.objects, &e), 0);
	gen_raise(worker.segment, GEN_CREDENTIALS);
	sbuf_free(&place);
	sbuf_free(&sealed);
}

/* How many keys a provider has; the first is left in *first. */
static unsigned
keys_of(int32_t provider, const struct stored_key **first)
{
	unsigned n = 99;

	*first = stored_keys(&worker, provider, &n);
	ck_assert((*first == NULL) == (n == 0));
	return n;
}

START_TEST(test_none)
{
	const struct stored_key *k;
	struct stored_group g;

	for (int32_t p = 0; p < 3; p++)
		ck_assert_uint_eq(keys_of(p, &k), 0);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("nope"), pool, &g),
	    0);
	ck_assert_int_eq(stored_group_find(&worker, SLICE(""), pool, &g), 0);
}
END_TEST

START_TEST(test_keys)
{
	const struct stored_key *k;
	struct integration_def d = integration("int_b", "openai");

	put_key(d, FIRST);
	put_key(integration("int_z", "azure_openai"), SECOND);
	d = integration("int_a", "openai");
	d.environment = ENV_TEST;
	d.available_models = d.exclude_models = d.name = SLICE("");
	put_key(d, SECOND);
	put_key(integration("int_c", "gone_provider"), SECOND);
	ck_assert_uint_eq(keys_of(0, &k), 0);
	ck_assert_uint_eq(keys_of(2, &k), 1);
	ck_assert(slice_eq(k->id, SLICE("int_z")));
	ck_assert_uint_eq(keys_of(1, &k), 2);
	ck_assert(slice_eq(k[0].id, SLICE("int_a")));
	ck_assert_uint_eq(k[0].name.n, 0);
	ck_assert_int_eq(k[0].environment, ENV_TEST);
	ck_assert_uint_eq(k[0].n_available, 0);
	ck_assert_uint_eq(k[0].n_excluded, 0);
	ck_assert(slice_eq(k[0].credentials, SECOND));
	ck_assert(slice_eq(k[1].id, SLICE("int_b")));
	ck_assert(slice_eq(k[1].name, SLICE("main")));
	ck_assert_int_eq(k[1].provider, 1);
	ck_assert_int_eq(k[1].environment, ENV_BOTH);
	ck_assert_int_eq(k[1].weight_nano, 1500000000);
	ck_assert_uint_eq(k[1].n_available, 2);
	ck_assert(slice_eq(k[1].available[1], SLICE("gpt-4o-mini")));
	ck_assert_uint_eq(k[1].n_excluded, 1);
	ck_assert(slice_eq(k[1].excluded[0], SLICE("o1")));
	ck_assert(slice_eq(k[1].credentials, FIRST));
	ck_assert_uint_ne(k[0].hash, k[1].hash);
}
END_TEST

/* At once, but only when the word was raised; and one that is gone is gone. */
START_TEST(test_changes)
{
	struct integration_def d = integration("int_a", "openai");
	const struct stored_key *k;
	uint64_t hash;

	ck_assert_uint_eq(keys_of(1, &k), 0);
	put_key(d, FIRST);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	hash = k->hash;
	put_key(integration("int_b", "openai"), FIRST);
	ck_assert_uint_eq(keys_of(1, &k), 2);
	ck_assert_uint_eq(k[0].hash, hash);
	put_key(d, SECOND);
	ck_assert_uint_eq(keys_of(1, &k), 2);
	ck_assert(slice_eq(k[0].credentials, SECOND));
	ck_assert_uint_ne(k[0].hash, hash);
	d.enabled = 0;
	put_key(d, SECOND);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	ck_assert(slice_eq(k[0].id, SLICE("int_b")));
	ck_assert_int_eq(objects_begin(worker.objects, &e), 0);
	ck_assert_int_eq(objects_integration_del(worker.objects, SLICE("int_b"),
			     &e),
	    1);
	ck_assert_int_eq(objects_commit(worker.objects, &e), 0);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	gen_raise(worker.segment, GEN_CREDENTIALS);
	ck_assert_uint_eq(keys_of(1, &k), 0);
}
END_TEST

/* Every worker of the segment, at its next request. */
START_TEST(test_two_workers)
{
	struct worker other = worker;
	const struct stored_key *k;
	unsigned n = 99;

	other.stored = stored_new(&other);
	ck_assert_uint_eq(keys_of(1, &k), 0);
	ck_assert_ptr_null(stored_keys(&other, 1, &n));
	put_key(integration("int_a", "openai"), FIRST);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(keys_of(1, &k), 1);
		ck_assert(
		    slice_eq(stored_keys(&other, 1, &n)->id, SLICE("int_a")));
		ck_assert_uint_eq(stored_keys(&other, 1, &n)->hash, k->hash);
	}
	stored_free(&other.stored);
}
END_TEST

/* What is sealed for one record, or for one provider, opens there only. */
START_TEST(test_moved)
{
	struct integration_def a = integration("int_a", "openai"), b;
	const struct stored_key *k;
	struct sbuf place = { 0 }, sealed = { 0 };

	stored_place_integration(&place, &a);
	seal_close(&seal, sbuf_slice(&place), FIRST, &sealed);
	a.sealed = sbuf_slice(&sealed);
	put_key(a, FIRST);
	b = integration("int_b", "openai");
	b.sealed = a.sealed;
	put_key(b, FIRST);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	ck_assert(slice_eq(k->id, SLICE("int_a")));
	a.provider = SLICE("azure_openai");
	put_key(a, FIRST);
	ck_assert_uint_eq(keys_of(1, &k), 0);
	ck_assert_uint_eq(keys_of(2, &k), 0);
	sbuf_free(&place);
	sbuf_free(&sealed);
}
END_TEST

START_TEST(test_rotation)
{
	const struct stored_key *k;

	put_key(integration("int_a", "openai"), FIRST);
	seal_keys_make(&seal, slice_str(OLD_KEY), SLICE(""));
	put_key(integration("int_b", "openai"), SECOND);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	snap.s.store_secret_key_old =
	    (struct secret_ref){ 64, (uint32_t)strlen(OLD_KEY) };
	gen_raise(worker.segment, GEN_CREDENTIALS);
	ck_assert_uint_eq(keys_of(1, &k), 2);
	ck_assert(slice_eq(k[1].credentials, SECOND));
	snap.s.store_secret_key = (struct secret_ref){ 0, 0 };
	gen_raise(worker.segment, GEN_CREDENTIALS);
	ck_assert_uint_eq(keys_of(1, &k), 0);
}
END_TEST

/* A record of rubbish, put there behind the back of the store. */
static void
damage(const char *table)
{
	const char *const tables[] = { table };
	struct env *env;

	objects_close(&worker.objects);
	env = env_open(&(struct env_options){ .path = scratch_dir,
			   .name = "objects",
			   .tables = tables,
			   .tables_n = 1,
			   .size_bytes = 16u << 20,
			   .writer = true },
	    &e);
	ck_assert_msg(env != NULL, "%s", e.text);
	ck_assert_int_eq(env_begin(env, &e), 0);
	ck_assert_int_eq(env_put(env, 0,
			     (MDB_val){ sizeof "default\0x" - 1,
				 (char *)(uintptr_t) "default\0x" },
			     (MDB_val){ 1, &(char){ 'x' } }, &e),
	    0);
	ck_assert_int_eq(env_commit(env, &e), 0);
	env_close(&env);
	worker.objects = objects_open_writer(scratch_dir, 16u << 20, &e);
	ck_assert_msg(worker.objects != NULL, "%s", e.text);
}

/* The keys of before stay; it is looked again a second later, not at once. */
START_TEST(test_keys_unreadable)
{
	const struct stored_key *k;
	uint64_t until_ms;

	put_key(integration("int_a", "openai"), FIRST);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	damage("integrations");
	gen_raise(worker.segment, GEN_CREDENTIALS);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	ck_assert(slice_eq(k->credentials, FIRST));
	ck_assert_int_eq(objects_begin(worker.objects, &e), 0);
	ck_assert_int_eq(objects_integration_del(worker.objects, SLICE("x"),
			     &e),
	    1);
	ck_assert_int_eq(objects_integration_del(worker.objects, SLICE("int_a"),
			     &e),
	    1);
	ck_assert_int_eq(objects_commit(worker.objects, &e), 0);
	ck_assert_uint_eq(keys_of(1, &k), 1);
	until_ms = now_mono_ms() + 5000;
	do {
		usleep(20000);
		now_update();
	} while (keys_of(1, &k) == 1 && now_mono_ms() < until_ms);
	ck_assert_uint_eq(keys_of(1, &k), 0);
}
END_TEST

static void
put_group(const char *id, const char *name, const struct group_entry *entries,
    unsigned n)
{
	struct sbuf packed = { 0 };
	struct group_def d = { .id = slice_str(id),
		.name = slice_str(name),
		.fallback_models = SLICE("llama\0o1\0") };

	for (unsigned i = 0; i < n; i++) {
		struct group_entry one = entries[i];
		struct sbuf place = { 0 }, sealed = { 0 };

		stored_place_entry(&place, d.id, one.model);
		if (one.sealed.n > 0)
			seal_close(&seal, sbuf_slice(&place), one.sealed,
			    &sealed);
		one.sealed = sbuf_slice(&sealed);
		group_entry_pack(&packed, &one);
		sbuf_free(&place);
		sbuf_free(&sealed);
	}
	d.entries = sbuf_slice(&packed);
	ck_assert_int_eq(objects_begin(worker.objects, &e), 0);
	ck_assert_int_eq(objects_group_put(worker.objects, &d, &e), 0);
	ck_assert_int_eq(objects_commit(worker.objects, &e), 0);
	gen_raise(worker.segment, GEN_GROUPS);
	sbuf_free(&packed);
}

static const struct group_entry two[] = {
	{ SLICE("gpt-4o"), SLICE(""), 1000000000 },
	{ SLICE("azure/gpt-4o"), FIRST, 2500000000 },
};

START_TEST(test_group_of_settings)
{
	struct stored_group g;

	ck_assert_int_eq(stored_group_find(&worker, SLICE("chat"), pool, &g),
	    1);
	ck_assert(slice_eq(g.id, SLICE("chat")));
	ck_assert(slice_eq(g.name, SLICE("both")));
	ck_assert_uint_eq(g.n, 2);
	ck_assert(slice_eq(g.entries[0].model, SLICE("gpt-4o-mini")));
	ck_assert_int_eq(g.entries[0].weight_nano, 8000000000);
	ck_assert_uint_eq(g.entries[0].credentials.n, 0);
	ck_assert(slice_eq(g.entries[1].model, SLICE("azure/gpt-4o")));
	ck_assert_uint_eq(g.n_fallbacks, 1);
	ck_assert(slice_eq(g.fallbacks[0], SLICE("llama")));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("both"), pool, &g),
	    1);
	ck_assert(slice_eq(g.id, SLICE("chat")));
}
END_TEST

START_TEST(test_group_of_store)
{
	struct stored_group g;

	put_group("lbg_b", "second", two, 2);
	put_group("lbg_a", "", two, 1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_b"), pool, &g),
	    1);
	ck_assert(slice_eq(g.name, SLICE("second")));
	ck_assert_uint_eq(g.n, 2);
	ck_assert(slice_eq(g.entries[0].model, SLICE("gpt-4o")));
	ck_assert_uint_eq(g.entries[0].credentials.n, 0);
	ck_assert_int_eq(g.entries[1].weight_nano, 2500000000);
	ck_assert(slice_eq(g.entries[1].credentials, FIRST));
	ck_assert_uint_eq(g.n_fallbacks, 2);
	ck_assert(slice_eq(g.fallbacks[1], SLICE("o1")));
	/* What a request has stays as it was. */
	put_group("lbg_b", "second", two, 1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_a"), pool,
			     &(struct stored_group){ .n = 0 }),
	    1);
	ck_assert(slice_eq(g.entries[1].credentials, FIRST));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("second"), pool, &g),
	    1);
	ck_assert(slice_eq(g.id, SLICE("lbg_b")));
	ck_assert_uint_eq(g.n, 1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("Second"), pool, &g),
	    0);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_"), pool, &g),
	    0);
}
END_TEST

/* An id is stronger than a name, the file than the store. */
START_TEST(test_group_order)
{
	struct stored_group g;

	put_group("chat", "spoils", two, 1);
	put_group("both", "chat", two, 1);
	put_group("other", "third", two, 1);
	put_group("third", "spare", two, 1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("chat"), pool, &g),
	    1);
	ck_assert(slice_eq(g.name, SLICE("both")));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("both"), pool, &g),
	    1);
	ck_assert(slice_eq(g.name, SLICE("chat")));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("third"), pool, &g),
	    1);
	ck_assert(slice_eq(g.id, SLICE("third")));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("spare"), pool, &g),
	    1);
	ck_assert_uint_eq(g.name.n, 0);
}
END_TEST

START_TEST(test_group_unopened)
{
	struct stored_group g;

	seal_keys_make(&seal, slice_str(OLD_KEY), SLICE(""));
	put_group("lbg_a", "", two, 2);
	put_group("lbg_b", "", two + 1, 1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_a"), pool, &g),
	    1);
	ck_assert_uint_eq(g.n, 1);
	ck_assert(slice_eq(g.entries[0].model, SLICE("gpt-4o")));
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_b"), pool, &g),
	    1);
	ck_assert_uint_eq(g.n, 0);
}
END_TEST

START_TEST(test_groups_unreadable)
{
	struct stored_group g;

	damage("groups");
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_a"), pool, &g),
	    -1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("lbg_a"), pool, &g),
	    -1);
	ck_assert_int_eq(stored_group_find(&worker, SLICE("both"), pool, &g),
	    1);
}
END_TEST

/* As many as the room must grow for; each is found. */
START_TEST(test_many)
{
	const struct stored_key *k;
	struct stored_group g;
	char id[16];

	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof id, "x%d", i);
		put_key(integration(id, i % 3 == 0 ? "openai" : "azure_openai"),
		    FIRST);
		put_group(id, "", two, 1);
	}
	ck_assert_uint_eq(keys_of(0, &k), 0);
	ck_assert_uint_eq(keys_of(1, &k), 100);
	ck_assert_uint_eq(keys_of(2, &k), 200);
	for (unsigned i = 1; i < 200; i++) {
		ck_assert_int_eq(k[i].provider, 2);
		ck_assert_int_lt(strcmp(k[i - 1].id.p, k[i].id.p), 0);
	}
	for (int i = 0; i < 300; i++) {
		snprintf(id, sizeof id, "x%d", i);
		ck_assert_int_eq(stored_group_find(&worker, slice_str(id), pool,
				     &g),
		    1);
		ck_assert(slice_eq(g.id, slice_str(id)));
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("worker/stored");
	TCase *tc = tcase_create("stored");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_none);
	tcase_add_test(tc, test_keys);
	tcase_add_test(tc, test_changes);
	tcase_add_test(tc, test_two_workers);
	tcase_add_test(tc, test_moved);
	tcase_add_test(tc, test_rotation);
	tcase_add_test(tc, test_keys_unreadable);
	tcase_add_test(tc, test_group_of_settings);
	tcase_add_test(tc, test_group_of_store);
	tcase_add_test(tc, test_group_order);
	tcase_add_test(tc, test_group_unopened);
	tcase_add_test(tc, test_groups_unreadable);
	tcase_add_test(tc, test_many);
	suite_add_tcase(s, tc);
	return s;
}

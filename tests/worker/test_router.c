/* Which models a request gets that names none, and why it gets none. */
#include "worker/router.h"

#include <stdio.h>

#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "tests/proto/asked.h"
#include "tests/snapshot.h"
#include "tests/suite.h"
#include "worker/keys.h"
#include "worker/needs.h"
#include "worker/req.h"

#define MODELS_MAX 300
#define PROVIDERS 5

enum { P_OPEN, P_OTHER, P_LOCAL, P_BARE, P_DEMO };

static struct {
	struct settings s;
	struct settings_provider providers[PROVIDERS];
	struct settings_credential credentials[2]; /* one for prod, one for both
	                                            */
	struct settings_model models[MODELS_MAX];
	struct settings_model_name names[MODELS_MAX];
	struct sref only[1];
	struct snapshot_room room;
	char slugs[MODELS_MAX][16];
} snapshot;

#define LIST(member, count)                                                    \
	((struct slist){ offsetof(__typeof__(snapshot), member), count })

static struct router *table;

static struct sref
text(const char *t)
{
	return snapshot_text(&snapshot, &snapshot.room, t);
}

static void
begin(const char *strategy)
{
	static const char *const names[] = { "open", "other", "local", "bare",
		"demo" };

	memset(&snapshot, 0, sizeof snapshot);
	snapshot.s.routing_strategy = text(strategy);
	snapshot.s.providers = LIST(providers, PROVIDERS);
	for (int i = 0; i < PROVIDERS; i++)
		snapshot.providers[i].name = text(names[i]);
	snapshot.providers[P_OPEN].credentials = LIST(credentials[0], 1);
	snapshot.providers[P_OTHER].credentials = LIST(credentials[1], 1);
	snapshot.credentials[0].environment = ENV_PROD;
	snapshot.credentials[1].environment = ENV_BOTH;
	snapshot.providers[P_LOCAL].quirks = QUIRK_LOCAL;
	snapshot.providers[P_DEMO].kind = KIND_DEMO;
	snapshot.s.models = LIST(models, 0);
	snapshot.s.model_names = LIST(names, 0);
}

/* In the order of their slugs.  Prices in pico-USD; -1: not known. */
static struct settings_model *
add(const char *slug, int provider, int64_t input, int64_t output)
{
	uint32_t i = snapshot.s.models.n++;
	struct settings_model *m = &snapshot.models[i];
	int64_t *all = &m->price.input;

	while (all < &m->price.tier_above)
		*all++ = MONEY_NONE;
	m->price.tier_input = m->price.tier_output = MONEY_NONE;
	m->price.tier_cached_input = MONEY_NONE;
	snprintf(snapshot.slugs[i], sizeof snapshot.slugs[i], "%s", slug);
	m->name = (struct sref){ (uint32_t)(snapshot.slugs[i] -
					    (const char *)&snapshot),
		(uint32_t)strlen(slug) };
	m->upstream = m->name;
	m->provider = provider;
	m->price.input = input;
	m->price.output = output;
	m->price.known = input >= 0;
	m->place = i;
	snapshot.names[i].name = m->name;
	snapshot.names[i].model = i;
	snapshot.s.model_names.n = i + 1;
	return m;
}

/* ---- asking ------------------------------------------------------------- */

static struct needs plain;
static struct router_ask ask;
static struct sbuf reasons;
static uint64_t until[MODELS_MAX], first_byte[MODELS_MAX];
static unsigned asked_until;

static uint64_t
ejected_until(struct req *r, uint32_t model)
{
	(void)r;
	asked_until++;
	return until[model];
}

static uint64_t
first_byte_ns(struct req *r, uint32_t model)
{
	(void)r;
	return first_byte[model];
}

static void
setup(void)
{
	plain = (struct needs){ .tokens = 1000 };
	ask = (struct router_ask){ .needs = &plain,
		.ejected_until = ejected_until,
		.first_byte_ns = first_byte_ns,
		.now_ms = 1000,
		.environment = ENV_PROD };
	memset(until, 0, sizeof until);
	memset(first_byte, 0, sizeof first_byte);
	asked_until = 0;
}

static void
teardown(void)
{
	router_free(&table);
	sbuf_free(&reasons);
}

/* "a b c": the slugs of the order, or "- " and the reasons. */
static const char *
order_of(unsigned max)
{
	static char out[1024];
	uint32_t order[ROUTER_BEST_MAX];
	unsigned n;

	if (table == NULL)
		table = router_new(&snapshot.s);
	sbuf_clear(&reasons);
	n = router_best(table, NULL, &ask, order, max, &reasons);
	strcpy(out, n == 0 ? "- " : "");
	for (unsigned i = 0; i < n; i++)
		sprintf(out + strlen(out), "%s%s", i > 0 ? " " : "",
		    snapshot.slugs[order[i]]);
	if (reasons.len > 0)
		strcat(out, reasons.data);
	return out;
}

/* ---- by price ------------------------------------------------------------ */

static void
some_models(const char *strategy)
{
	begin(strategy);
	add("a", P_OPEN, 300, 100);
	add("b", P_OTHER, 100, 300);
	add("c", P_LOCAL, 200, 200);
	add("d", P_BARE, 1, 1);   /* no credential */
	add("e", P_OPEN, -1, -1); /* no price */
	add("f", P_OPEN, 200, 200);
	add("g", P_DEMO, 0, 0);
}

START_TEST(the_cheapest)
{
	some_models("cheapest");
	/* 1000 in, 1024 out as nobody says. */
	ck_assert_str_eq(order_of(4), "a c f b");
	plain.tokens = 1000 + 2000;
	plain.max_tokens = 2000;
	ck_assert_str_eq(order_of(4), "a c f b");
	plain.tokens = 1000 + 10;
	plain.max_tokens = 10;
	ck_assert_str_eq(order_of(4), "b c f a");
	ck_assert_str_eq(order_of(3), "b c f");
	ck_assert_str_eq(order_of(2), "b c");
	ck_assert_str_eq(order_of(1), "b");
}
END_TEST

/* The environment of the key, and what the request brought itself. */
START_TEST(whose_credentials)
{
	uint64_t also = 1u << P_BARE;

	some_models("cheapest");
	ask.environment = ENV_TEST;
	ck_assert_str_eq(order_of(8), "c b");
	ask.also = &also;
	ck_assert_str_eq(order_of(8), "d c b");
	ask.environment = ENV_PROD;
	ck_assert_str_eq(order_of(8), "d a c f b");
}
END_TEST

/* A credential for one model is none for another. */
START_TEST(whose_models)
{
	some_models("cheapest");
	snapshot.only[0] = text("f");
	snapshot.credentials[0].available_models = LIST(only, 1);
	ck_assert_str_eq(order_of(8), "c f b");
	router_free(&table);
	snapshot.credentials[0].available_models.n = 0;
	snapshot.credentials[0].exclude_models = LIST(only, 1);
	ck_assert_str_eq(order_of(8), "a c b");
}
END_TEST

START_TEST(the_demo_if_nothing_else)
{
	begin("cheapest");
	add("demo/a", P_DEMO, 0, 0);
	add("x", P_OPEN, 1, 1)->features = FEATURE_TOOLS;
	ck_assert_str_eq(order_of(4), "x");
	/* One that is configured and does not fit is something. */
	plain.features = FEATURE_JSON_SCHEMA;
	ck_assert_str_eq(order_of(4), "- x: Filtered by missing JSON schema.");
	plain.features = 0;
	ask.environment = ENV_TEST;
	ck_assert_str_eq(order_of(4), "demo/a");
	ask.models = &SLICE("demo/a");
	ask.n_models = 1;
	ask.environment = ENV_PROD;
	ck_assert_str_eq(order_of(4), "demo/a");
}
END_TEST

/* Brought credentials make a real model of one that has none. */
START_TEST(no_demo_beside_what_was_brought)
{
	uint64_t also = 1u << P_BARE;

	begin("cheapest");
	add("d", P_BARE, 5, 5);
	add("demo/a", P_DEMO, 0, 0);
	ck_assert_str_eq(order_of(4), "demo/a");
	ask.also = &also;
	ck_assert_str_eq(order_of(4), "d");
	also = 1u << P_LOCAL;
	ck_assert_str_eq(order_of(4), "demo/a");
}
END_TEST

START_TEST(nothing_at_all)
{
	begin("cheapest");
	ck_assert_str_eq(order_of(4), "- ");
}
END_TEST

/* Prices and tokens so large that 64 bits would not hold the sum. */
START_TEST(large_figures)
{
	begin("cheapest");
	add("a", P_OPEN, INT64_MAX, 0);
	add("b", P_OPEN, 0, INT64_MAX);
	add("c", P_OPEN, INT64_MAX / 2, INT64_MAX / 2);
	plain.tokens = INT64_C(3) << 40;
	plain.max_tokens = INT64_C(1) << 40;
	ck_assert_str_eq(order_of(4), "b c a");
}
END_TEST

START_TEST(a_tier)
{
	struct settings_model *m;

	begin("cheapest");
	m = add("a", P_OPEN, 100, 100);
	m->price.tier_above = 1000;
	m->price.tier_input = 1000;
	add("b", P_OPEN, 200, 200);
	ck_assert_str_eq(order_of(1), "a");
	plain.tokens++;
	ck_assert_str_eq(order_of(1), "b");
	plain.tokens--;
	plain.images = 1; /* they count in the prompt */
	ck_assert_str_eq(order_of(1), "b");
}
END_TEST

/* ---- by speed, by place ----------------------------------------------------
 */

START_TEST(the_fastest)
{
	some_models("fastest");
	first_byte[0] = 300;
	first_byte[1] = 100;
	ck_assert_str_eq(order_of(4), "c f b a");
	first_byte[2] = 100;
	first_byte[5] = 101;
	/* They are looked at again after a while. */
	ask.now_ms = 1000 + ROUTER_MEANS_MS - 1;
	ck_assert_str_eq(order_of(4), "c f b a");
	ask.now_ms++;
	ck_assert_str_eq(order_of(4), "c b f a");
	first_byte[5] = UINT64_MAX;
	first_byte[2] = UINT64_C(1) << 40;
	first_byte[0] = (UINT64_C(1) << 40) - 2;
	ask.now_ms += ROUTER_MEANS_MS;
	ck_assert_str_eq(order_of(4), "b a c f");
	ask.first_byte_ns = NULL;
	ask.now_ms += ROUTER_MEANS_MS;
	ck_assert_str_eq(order_of(4), "a c f b");
}
END_TEST

START_TEST(by_place)
{
	static const struct slice list[] = { SLICE("f"), SLICE("b"), SLICE("a"),
		SLICE("f"), SLICE("nope"), SLICE("b") };

	some_models("priority");
	snapshot.models[0].place = 9;
	ck_assert_str_eq(order_of(8), "b c f a");
	ask.models = list;
	ask.n_models = COUNT(list);
	ck_assert_str_eq(order_of(8), "f b a");
	ck_assert_str_eq(order_of(2), "f b");
}
END_TEST

/* A list keeps to itself, the price of its models need not be known. */
START_TEST(by_list)
{
	static const struct slice list[] = { SLICE("f"), SLICE("e"), SLICE("b"),
		SLICE("f"), SLICE("g"), SLICE("a") };

	some_models("cheapest");
	ask.models = list;
	ask.n_models = COUNT(list);
	ck_assert_str_eq(order_of(8), "g a f b e");
	ck_assert_str_eq(order_of(2), "g a");
	ask.n_models = 4;
	ck_assert_str_eq(order_of(8), "f b e");
}
END_TEST

/* ---- filters ----------------------------------------------------------------
 */

START_TEST(who_cannot)
{
	begin("cheapest");
	add("a", P_OPEN, 1, 1)->features = FEATURE_TOOLS;
	add("b", P_OPEN, 2, 2)->features = FEATURE_TOOLS | FEATURE_VISION;
	add("c", P_OPEN, 3, 3)->features = FEATURE_EMBEDDINGS;
	add("d", P_OPEN, 4, 4)->context = 1000;
	ck_assert_str_eq(order_of(4), "a b d");
	plain.features = FEATURE_VISION;
	ck_assert_str_eq(order_of(4), "b");
	plain.features = FEATURE_TOOLS;
	ck_assert_str_eq(order_of(4), "a b");
	plain.features = FEATURE_EMBEDDINGS;
	ck_assert_str_eq(order_of(4), "c");
	plain.features = 0;
	plain.tokens++;
	ck_assert_str_eq(order_of(4), "a b");
	plain.tokens--;
	plain.images = 1;
	ck_assert_str_eq(order_of(4), "a b");
}
END_TEST

/* Nobody pays for the output of an embedding. */
START_TEST(the_cheapest_embedding)
{
	begin("cheapest");
	add("a", P_OPEN, 2, 0)->features = FEATURE_EMBEDDINGS;
	add("b", P_OPEN, 1, 9)->features = FEATURE_EMBEDDINGS;
	plain.features = FEATURE_EMBEDDINGS;
	ck_assert_str_eq(order_of(4), "b a");
}
END_TEST

START_TEST(who_has_no_word)
{
	begin("cheapest");
	add("a", P_OPEN, 1, 1);
	add("b", P_OTHER, 2, 2);
	snapshot.providers[P_OPEN].kind = KIND_ANTHROPIC;
	ck_assert_str_eq(order_of(4), "a b");
	plain.n = true;
	ck_assert_str_eq(order_of(4), "b");
	plain.n = false;
	plain.logprobs = true;
	ck_assert_str_eq(order_of(4), "b");
}
END_TEST

START_TEST(who_is_excluded)
{
	static const struct slice models[] = { SLICE("c"), SLICE("nope"),
		SLICE("") };
	static const struct slice providers[] = { SLICE("open"),
		SLICE("nobody") };

	some_models("cheapest");
	ask.exclude_models = models;
	ask.n_exclude_models = COUNT(models);
	ck_assert_str_eq(order_of(8), "a f b");
	ask.exclude_providers = providers;
	ask.n_exclude_providers = COUNT(providers);
	ck_assert_str_eq(order_of(8), "b");
	ask.n_exclude_models = 0;
	ck_assert_str_eq(order_of(8), "c b");
	ask.n_exclude_providers = 0;
	ck_assert_str_eq(order_of(8), "a c f b");
}
END_TEST

/* ---- the key's list
 * ---------------------------------------------------------- */

#define PERMITTED(list)                                                        \
	{                                                                      \
		"" list, sizeof list                                           \
	}

static const struct {
	struct slice list;
	const char *order;
} permitted[] = {
	{ { "", 0 }, "a aa ab ab/c b" },
	{ PERMITTED("*"), "a aa ab ab/c b" },
	{ PERMITTED("nope\0*"), "a aa ab ab/c b" },
	{ PERMITTED("a"), "a" },
	{ PERMITTED("a*"), "a aa ab ab/c" },
	{ PERMITTED("ab*\0b"), "ab ab/c b" },
	{ PERMITTED("ab/*"), "ab/c" },
	{ PERMITTED("b\0a\0b"), "a b" },
	{ PERMITTED("aa*a"), NULL },
	{ PERMITTED("nope\0zz*\0"), NULL },
	{ PERMITTED(""), NULL },
};

START_TEST(who_is_permitted)
{
	char one_by_one[64] = "";

	begin("priority");
	add("a", P_OPEN, 1, 1);
	add("aa", P_OPEN, 1, 1);
	add("ab", P_OPEN, 1, 1);
	add("ab/c", P_OPEN, 1, 1);
	add("b", P_OPEN, 1, 1);
	ask.permitted = permitted[_i].list;
	ck_assert_str_eq(order_of(8),
	    permitted[_i].order != NULL
		? permitted[_i].order
		: "- a: Not permitted for this key.; aa: Not permitted for "
		  "this key.; ab: Not permitted for this key.; ab/c: Not "
		  "permitted for this key.; b: Not permitted for this key.");
	/* The same as one by one. */
	for (uint32_t i = 0; i < snapshot.s.models.n; i++)
		if (key_permits(ask.permitted, slice_str(snapshot.slugs[i])))
			sprintf(one_by_one + strlen(one_by_one), "%s%s",
			    one_by_one[0] != '\0' ? " " : "",
			    snapshot.slugs[i]);
	ck_assert_str_eq(one_by_one,
	    permitted[_i].order != NULL ? permitted[_i].order : "");
}
END_TEST

/* ---- health
 * -------------------------------------------------------------------- */

START_TEST(who_is_ejected)
{
	some_models("cheapest");
	until[0] = 50;
	ck_assert_str_eq(order_of(4), "c f b");
	until[2] = 40;
	until[5] = 40;
	ck_assert_str_eq(order_of(4), "b");
	until[1] = 60;
	/* All of them: the one that is back first, the cheaper of two. */
	ck_assert_str_eq(order_of(4), "c");
	until[2] = ROUTER_NEVER;
	ck_assert_str_eq(order_of(4), "f");
	until[5] = until[1] = until[0] = ROUTER_NEVER;
	ck_assert_str_eq(order_of(4),
	    "- a: Its provider is drained.; b: Its provider is drained.; c: "
	    "Its provider is drained.; f: Its provider is drained.");
}
END_TEST

/* ---- reasons
 * ------------------------------------------------------------------- */

START_TEST(reasons_of_a_list)
{
	static const struct slice list[] = { SLICE("a"), SLICE("nope"),
		SLICE("d"), SLICE("c"), SLICE("b"), SLICE("f") };
	static const struct slice out[] = { SLICE("c") };

	some_models("cheapest");
	snapshot.models[1].context = 999;
	snapshot.models[3].features = FEATURE_TOOLS;
	ask.models = list;
	ask.n_models = COUNT(list);
	ask.exclude_models = out;
	ask.n_exclude_models = 1;
	until[0] = ROUTER_NEVER;
	until[5] = ROUTER_NEVER;
	ck_assert_str_eq(order_of(4),
	    "- a: Its provider is drained.; nope: Unknown model.; d: No "
	    "credentials for its provider.; c: Excluded by the request.; b: "
	    "Filtered by context window size, consider reducing input "
	    "tokens.");
}
END_TEST

/* A long name of a caller's is cut. */
START_TEST(reasons_are_short)
{
	char name[300];
	struct slice list[1] = { { name, sizeof name } };
	char want[300];

	some_models("cheapest");
	memset(name, 'x', sizeof name);
	ask.models = list;
	ask.n_models = 1;
	snprintf(want, sizeof want, "- %.200s: Unknown model.", name);
	ck_assert_str_eq(order_of(4), want);
}
END_TEST

/* ---- what a request says itself
 * ------------------------------------------------- */

START_TEST(what_a_request_says)
{
	static const char body[] =
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
	    "\"exclude_models\":[\"c\",\"\\u0066\"],"
	    "\"exclude_providers\":[\"other\"]}";
	static struct key key;
	static struct req req;
	struct asked a;

	some_models("cheapest");
	ck_assert_int_eq(asked_read(&a, slice_str(body), NULL), 0);
	key.def.environment = ENV_PROD;
	req.key = &key;
	req.params = a.params;
	req.pool = a.pool;
	router_ask_of(&req, &ask);
	ck_assert_str_eq(order_of(8), "a");
	key.def.environment = ENV_TEST;
	key.def.models = permitted[2].list;
	router_ask_of(&req, &ask);
	ck_assert_str_eq(order_of(8),
	    "- b: Excluded by the request.; c: Excluded by the request.");
	key.def.models = (struct slice){ "zz", sizeof "zz" };
	router_ask_of(&req, &ask);
	ck_assert_str_eq(order_of(8),
	    "- b: Not permitted for this key.; c: Not permitted for this "
	    "key.");
	asked_end(&a);
}
END_TEST

/* ---- against an order made another way
 * ----------------------------------------- */

static uint64_t
sum_of(uint32_t i)
{
	const struct settings_price *p = &snapshot.models[i].price;
	int64_t input = p->tier_above > 0 ? p->tier_input : p->input;
	int64_t out = plain.max_tokens > 0 ? plain.max_tokens : 1024;

	return (uint64_t)(1000 * input + out * p->output);
}

/* The few best of many are those that a search of all finds one by one. */
START_TEST(the_best_of_many)
{
	static const int64_t caps[] = { 0, 1, 300, 5000, 1000000 };
	uint64_t state = (uint64_t)_i + 1;
	uint32_t order[ROUTER_BEST_MAX];
	bool taken[MODELS_MAX] = { false };
	unsigned n, count = 1 + (unsigned)_i * 13;

	begin("cheapest");
	for (unsigned i = 0; i < count; i++) {
		char slug[16];

		state = state * UINT64_C(6364136223846793005) + 1;
		snprintf(slug, sizeof slug, "m%03u", i);
		add(slug, P_OPEN, (int64_t)(state >> 60),
		    (int64_t)(state >> 52 & 63));
		if (i % 7 == 3) {
			snapshot.models[i].price.tier_above = 900;
			snapshot.models[i].price.tier_input =
			    (int64_t)(state >> 48 & 7);
		}
	}
	plain.max_tokens = caps[_i % 5];
	plain.tokens = 1000 + plain.max_tokens;
	table = router_new(&snapshot.s);
	n = router_best(table, NULL, &ask, order, ROUTER_BEST_MAX, &reasons);
	ck_assert_uint_eq(n, count < ROUTER_BEST_MAX ? count : ROUTER_BEST_MAX);
	for (unsigned k = 0; k < n; k++) {
		uint32_t best = UINT32_MAX;

		for (uint32_t i = 0; i < count; i++)
			if (!taken[i] &&
			    (best == UINT32_MAX || sum_of(i) < sum_of(best)))
				best = i;
		ck_assert_uint_eq(order[k], best);
		taken[best] = true;
	}
	/* Who cannot be among them is not asked about. */
	ck_assert_uint_le(asked_until, count < 100 ? count : count / 2);
}
END_TEST

Suite *
test_suite(void)
{
	const TTest *const all[] = { the_cheapest, whose_credentials,
		whose_models, the_demo_if_nothing_else,
		no_demo_beside_what_was_brought, nothing_at_all, large_figures,
		a_tier, the_fastest, by_place, by_list, who_cannot,
		the_cheapest_embedding, who_has_no_word, who_is_excluded,
		who_is_ejected, what_a_request_says, reasons_of_a_list,
		reasons_are_short };
	Suite *s = suite_create("worker/router");
	TCase *t = tcase_create("router");

	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < COUNT(all); i++)
		tcase_add_test(t, all[i]);
	tcase_add_loop_test(t, who_is_permitted, 0, COUNT(permitted));
	tcase_add_loop_test(t, the_best_of_many, 0, 23);
	suite_add_tcase(s, t);
	return s;
}

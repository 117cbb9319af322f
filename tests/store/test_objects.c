#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "store/ask.h"
#include "store/objects.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define MAP_SIZE (16u << 20)

static struct objects *objects;
static struct sbuf buf;
static struct err e;

static void
setup(void)
{
	scratch_make();
	objects = objects_open_writer(scratch_dir, MAP_SIZE, &e);
	ck_assert_msg(objects != NULL, "%s", e.text);
}

static void
teardown(void)
{
	objects_close(&objects);
	sbuf_free(&buf);
	scratch_remove();
}

static struct customer_def
customer(const char *id, int32_t environment)
{
	return (struct customer_def){ .identifier = slice_str(id),
		.name = SLICE("Ada"),
		.email = SLICE("ada@example.org"),
		.environment = environment,
		.period_budget_nano = 100,
		.total_budget_nano = MONEY_NONE,
		.budget_duration = DURATION_MONTHLY,
		.markup_bp = 2000,
		.period_start_s = 86400,
		.limits = { .rpm = 60 },
		.params_digest = 0x1234567812345678 };
}

static void
put_customer(const struct customer_def *c)
{
	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_customer_put(objects, c, &e), 0);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
}

static void
put_key(const char *prefix)
{
	struct key_def k = { .prefix = slice_str(prefix),
		.name = SLICE("team"),
		.models = SLICE("gpt-4o\0llama\0"),
		.sha256 = "0123456789abcdef0123456789abcde",
		.environment = ENV_TEST,
		.scopes = SCOPE_GATEWAY | SCOPE_PLATFORM,
		.period_budget_nano = 25,
		.spending_limit_nano = MONEY_NONE,
		.budget_duration = DURATION_DAILY,
		.created_s = 1,
		.expires_s = 2,
		.max_usage = 7,
		.limits = { 600, 4000, 64 } };

	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_key_put(objects, &k, &e), 0);
	ck_assert_int_eq(objects_commit(objects, &e), 0);
}

START_TEST(test_key)
{
	struct slice list;
	struct key_def k;
	struct slice item;

	ck_assert_int_eq(objects_key_get(objects, SLICE("h5vo0ju3"), &buf, &k,
			     &e),
	    0);
	put_key("h5vo0ju3");
	ck_assert_int_eq(objects_key_get(objects, SLICE("h5vo0ju3"), &buf, &k,
			     &e),
	    1);
	ck_assert(slice_eq(k.prefix, SLICE("h5vo0ju3")));
	ck_assert(slice_eq(k.name, SLICE("team")));
	ck_assert_mem_eq(k.sha256, "0123456789abcdef0123456789abcde", 32);
	ck_assert_int_eq(k.environment, ENV_TEST);
	ck_assert_uint_eq(k.scopes, SCOPE_GATEWAY | SCOPE_PLATFORM);
	ck_assert_int_eq(k.period_budget_nano, 25);
	ck_assert_int_eq(k.spending_limit_nano, MONEY_NONE);
	ck_assert_int_eq(k.limits.rpm, 600);
	ck_assert_int_eq(k.limits.tpm, 4000);
	ck_assert_int_eq(k.limits.concurrency, 64);
	ck_assert_int_eq(k.max_usage, 7);
	ck_assert_uint_eq(k.version, 1);
	ck_assert(defs_list_has(k.models, SLICE("llama")));
	ck_assert(!defs_list_has(k.models, SLICE("lama")));
	list = k.models;
	ck_assert(defs_list_next(&list, &item));
	ck_assert(slice_eq(item, SLICE("gpt-4o")));
	put_key("h5vo0ju3");
	ck_assert_int_eq(objects_key_get(objects, SLICE("h5vo0ju3"), &buf, &k,
			     &e),
	    1);
	ck_assert_uint_eq(k.version, 2);
}
END_TEST

START_TEST(test_keys_walk)
{
	static const char *const prefixes[] = { "aaaaaaaa", "bbbbbbbb",
		"zzzzzzzz" };
	struct slice after = SLICE("");
	struct key_def k;

	ck_assert_int_eq(objects_keys_count(objects, &e), 0);
	for (size_t i = COUNT(prefixes); i-- > 0;)
		put_key(prefixes[i]);
	ck_assert_int_eq(objects_keys_count(objects, &e), 3);
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		ck_assert_int_eq(objects_key_next(objects, after, &buf, &k, &e),
		    1);
		ck_assert(slice_eq(k.prefix, slice_str(prefixes[i])));
		after = k.prefix;
	}
	ck_assert_int_eq(objects_key_next(objects, after, &buf, &k, &e), 0);
}
END_TEST

START_TEST(test_customer)
{
	struct customer_def prod = customer("user_123", ENV_PROD), got;

	put_customer(&prod);
	ck_assert_int_eq(objects_customer_get(objects, ENV_TEST,
			     SLICE("user_123"), &buf, &got, &e),
	    0);
	ck_assert_int_eq(objects_customer_get(objects, ENV_PROD,
			     SLICE("user_123"), &buf, &got, &e),
	    1);
	ck_assert(slice_eq(got.identifier, SLICE("user_123")));
	ck_assert(slice_eq(got.email, SLICE("ada@example.org")));
	ck_assert_uint_eq(got.group_identifier.n, 0);
	ck_assert_int_eq(got.period_budget_nano, 100);
	ck_assert_int_eq(got.total_budget_nano, MONEY_NONE);
	ck_assert_int_eq(got.markup_bp, 2000);
	ck_assert_int_eq(got.limits.rpm, 60);
	ck_assert_uint_eq(got.params_digest, 0x1234567812345678);
}
END_TEST

/* Keys of LMDB end at 511 bytes; identifiers at 1016. */
START_TEST(test_long_identifiers)
{
	static const size_t lengths[] = { 399, 400, 401, 432, 433, 1016 };
	char id[1017];
	struct customer_def c, got;

	for (size_t i = 0; i < COUNT(lengths); i++)
		for (char last = 'a'; last <= 'b'; last++) {
			memset(id, 'x', lengths[i]);
			id[lengths[i] - 1] = last;
			id[lengths[i]] = '\0';
			c = customer(id, ENV_PROD);
			put_customer(&c);
		}
	for (size_t i = 0; i < COUNT(lengths); i++)
		for (char last = 'a'; last <= 'b'; last++) {
			memset(id, 'x', lengths[i]);
			id[lengths[i] - 1] = last;
			ck_assert_int_eq(objects_customer_get(objects, ENV_PROD,
					     (struct slice){ id, lengths[i] },
					     &buf, &got, &e),
			    1);
			ck_assert_uint_eq(got.version, 1);
			ck_assert_uint_eq(got.identifier.n, lengths[i]);
			ck_assert_int_eq(got.identifier.p[lengths[i] - 1],
			    last);
		}
}
END_TEST

/* A walk stays within its environment. */
START_TEST(test_customers_walk)
{
	struct customer_def a = customer("a", ENV_PROD),
			    b = customer("b", ENV_PROD),
			    t = customer("t", ENV_TEST), got;
	struct slice after = SLICE("");
	int n = 0;

	put_customer(&b);
	put_customer(&t);
	put_customer(&a);
	while (objects_customer_next(objects, ENV_PROD, after, &buf, &got,
		   &e) == 1) {
		ck_assert_int_eq(got.identifier.p[0], 'a' + n);
		after = got.identifier;
		n++;
	}
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(objects_customer_next(objects, ENV_TEST, SLICE(""),
			     &buf, &got, &e),
	    1);
	ck_assert(slice_eq(got.identifier, SLICE("t")));
}
END_TEST

START_TEST(test_abort)
{
	struct customer_def c = customer("a", ENV_PROD), got;

	ck_assert_int_eq(objects_begin(objects, &e), 0);
	ck_assert_int_eq(objects_customer_put(objects, &c, &e), 0);
	objects_abort(objects);
	ck_assert_int_eq(objects_customer_get(objects, ENV_PROD, SLICE("a"),
			     &buf, &got, &e),
	    0);
}
END_TEST

/* Cut at every byte, a record is refused, never read past its end. */
START_TEST(test_cut)
{
	struct customer_change change = { .given = CUSTOMER_NAME,
		.def = customer("user_123", ENV_PROD) };
	struct customer_change got;
	struct sbuf packed = { 0 };

	defs_change_pack(&packed, &change);
	for (size_t n = 0; n < packed.len; n++) {
		char *copy = malloc(n > 0 ? n : 1);

		memcpy(copy, packed.data, n);
		ck_assert_int_eq(defs_change_unpack((struct slice){ copy, n },
				     &got),
		    0);
		free(copy);
	}
	ck_assert_int_eq(defs_change_unpack(sbuf_slice(&packed), &got), 1);
	sbuf_addc(&packed, 'x');
	ck_assert_int_eq(defs_change_unpack(sbuf_slice(&packed), &got), 0);
	sbuf_free(&packed);
}
END_TEST

static const struct {
	const char *title;
	size_t offset;
	int32_t value;
	int good;
} ranges[] = {
	{ "environment", offsetof(struct customer_def, environment), 1, 1 },
	{ "environment both", offsetof(struct customer_def, environment), 2,
	    0 },
	{ "environment below", offsetof(struct customer_def, environment), -1,
	    0 },
	{ "yearly", offsetof(struct customer_def, budget_duration), 4, 1 },
	{ "beyond yearly", offsetof(struct customer_def, budget_duration), 5,
	    0 },
	{ "negative markup", offsetof(struct customer_def, markup_bp), -1, 0 },
};

START_TEST(test_ranges)
{
	struct customer_def c = customer("a", ENV_PROD), got;
	struct sbuf packed = { 0 };

	memcpy((char *)&c + ranges[_i].offset, &ranges[_i].value,
	    sizeof ranges[_i].value);
	defs_customer_pack(&packed, &c);
	ck_assert_msg(defs_customer_unpack(sbuf_slice(&packed), &got) ==
			  ranges[_i].good,
	    "%s", ranges[_i].title);
	sbuf_free(&packed);
}
END_TEST

START_TEST(test_apply)
{
	struct customer_def c = customer("a", ENV_PROD);
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET |
		                                   CUSTOMER_EMAIL,
		.def = { .period_budget_nano = MONEY_NONE,
		    .total_budget_nano = 7,
		    .email = SLICE("new"),
		    .params_digest = 9 } };

	defs_customer_apply(&c, &change, 0, 5);
	ck_assert_int_eq(c.period_budget_nano, MONEY_NONE);
	ck_assert_int_eq(c.total_budget_nano, MONEY_NONE);
	ck_assert(slice_eq(c.email, SLICE("new")));
	ck_assert(slice_eq(c.name, SLICE("Ada")));
	ck_assert_uint_eq(c.params_digest, 9);
	ck_assert_int_eq(c.updated_s, 5);

	/* A budget without a duration is one per month. */
	change.given = CUSTOMER_PERIOD_BUDGET | CUSTOMER_DURATION;
	change.def.period_budget_nano = 3;
	change.def.budget_duration = DURATION_NONE;
	defs_customer_apply(&c, &change, 0, 6);
	ck_assert_int_eq(c.budget_duration, DURATION_MONTHLY);

	/* The running period ends where it is told to. */
	change.given = CUSTOMER_PERIOD_END;
	change.def.period_end_s = 5000;
	defs_customer_apply(&c, &change, 1000, 7);
	ck_assert_int_eq(c.period_start_s, 1000);
	ck_assert_int_eq(c.period_end_s, 5000);
	change.given = CUSTOMER_PERIOD_START;
	change.def.period_start_s = 2000;
	defs_customer_apply(&c, &change, 1000, 8);
	ck_assert_int_eq(c.period_start_s, 2000);
	ck_assert_int_eq(c.period_end_s, 0);
}
END_TEST

START_TEST(test_ask)
{
	struct ask_amount a = { .row = { "a row" },
		.amount_nano = -5,
		.who = SLICE("uid 7"),
		.reason = SLICE("mistake") },
			  got;
	struct sbuf body = { 0 }, message = { 0 };
	struct ask_message m;

	ask_amount_pack(&body, &a);
	ask_pack(&message,
	    &(struct ask_message){ 7, ASK_ADJUST, sbuf_slice(&body) });
	ck_assert_int_eq(ask_unpack(sbuf_slice(&message), &m), 1);
	ck_assert_uint_eq(m.number, 7);
	ck_assert_int_eq(m.code, ASK_ADJUST);
	ck_assert_int_eq(ask_amount_unpack(m.body, &got), 1);
	ck_assert_mem_eq(got.row.bytes, a.row.bytes, ROW_KEY_SIZE);
	ck_assert_int_eq(got.amount_nano, -5);
	ck_assert(slice_eq(got.who, SLICE("uid 7")));
	ck_assert(slice_eq(got.reason, SLICE("mistake")));
	ck_assert_int_eq(ask_unpack(SLICE("1234"), &m), 0);
	ck_assert_int_eq(ask_amount_unpack(SLICE("1234"), &got), 0);
	/* The name of who asks ends where the message does, or before. */
	body.len = ROW_KEY_SIZE + sizeof got.amount_nano + 1 + 4;
	ck_assert_int_eq(ask_amount_unpack(sbuf_slice(&body), &got), 0);
	sbuf_free(&body);
	sbuf_free(&message);
}
END_TEST

/* One of before metadata and deleting; and one of after. */
START_TEST(test_reads_old_customers)
{
	struct customer_def c = customer("a", ENV_PROD), got;
	struct sbuf b = { 0 };

	c.metadata = SLICE("");
	defs_customer_pack(&b, &c);
	b.data[0] = 1;
	got.gone = 1;
	ck_assert(!defs_customer_unpack(sbuf_slice(&b), &got));
	b.len -= sizeof(uint32_t) + sizeof c.gone + sizeof c.deleted_us;
	ck_assert(defs_customer_unpack(sbuf_slice(&b), &got));
	ck_assert(slice_eq(got.identifier, SLICE("a")));
	ck_assert_uint_eq(got.metadata.n, 0);
	ck_assert_int_eq(got.gone, 0);
	ck_assert_int_eq(got.deleted_us, 0);
	b.data[0] = 3;
	ck_assert(!defs_customer_unpack(sbuf_slice(&b), &got));
	sbuf_free(&b);
}
END_TEST

/* One of before max_usage, and one of before clamp_max_tokens. */
START_TEST(test_reads_old_keys)
{
	struct key_def k = { .prefix = SLICE("prefix01") }, got;
	struct sbuf b = { 0 };

	k.clamp_max_tokens = 1;
	k.max_usage = INT32_MAX;
	defs_key_pack(&b, &k);
	ck_assert(defs_key_unpack(sbuf_slice(&b), &got));
	ck_assert_int_eq(got.max_usage, INT32_MAX);
	b.data[0] = 2;
	ck_assert(!defs_key_unpack(sbuf_slice(&b), &got));
	b.len -= sizeof k.max_usage;
	ck_assert(defs_key_unpack(sbuf_slice(&b), &got));
	ck_assert_int_eq(got.clamp_max_tokens, 1);
	ck_assert_int_eq(got.max_usage, 0);
	b.data[0] = 1;
	ck_assert(!defs_key_unpack(sbuf_slice(&b), &got));
	b.len -= sizeof k.clamp_max_tokens;
	ck_assert(defs_key_unpack(sbuf_slice(&b), &got));
	ck_assert(slice_eq(got.prefix, SLICE("prefix01")));
	ck_assert_int_eq(got.clamp_max_tokens, 0);
	b.data[0] = 4;
	ck_assert(!defs_key_unpack(sbuf_slice(&b), &got));
	sbuf_free(&b);
}
END_TEST

/* It is multiplied: none of these may pass. */
START_TEST(test_uses_of_keys_have_a_range)
{
	static const int64_t bad[] = { -1, INT64_MIN, (int64_t)INT32_MAX + 1,
		INT64_MAX };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct key_def k = { .prefix = SLICE("prefix01"),
			.max_usage = bad[i] },
			       got;
		struct sbuf b = { 0 };

		defs_key_pack(&b, &k);
		ck_assert(!defs_key_unpack(sbuf_slice(&b), &got));
		sbuf_free(&b);
	}
}
END_TEST

/* What is deleted is skipped, but for those who ask for what is left. */
START_TEST(test_deleted_customers_are_left)
{
	struct customer_def a = customer("a", ENV_PROD),
			    b = customer("b", ENV_PROD), got;

	a.gone = 1;
	put_customer(&a);
	put_customer(&b);
	ck_assert_int_eq(objects_customer_get(objects, ENV_PROD, SLICE("a"),
			     &buf, &got, &e),
	    0);
	ck_assert_int_eq(objects_customer_left(objects, ENV_PROD, SLICE("a"),
			     &buf, &got, &e),
	    1);
	ck_assert_int_eq(objects_customer_next(objects, ENV_PROD, SLICE(""),
			     &buf, &got, &e),
	    1);
	ck_assert(slice_eq(got.identifier, SLICE("b")));
	ck_assert_int_eq(objects_customer_left_next(objects, ENV_PROD,
			     SLICE(""), &buf, &got, &e),
	    1);
	ck_assert(slice_eq(got.identifier, SLICE("a")));
	a.gone = 0;
	put_customer(&a);
	ck_assert_int_eq(objects_customer_get(objects, ENV_PROD, SLICE("a"),
			     &buf, &got, &e),
	    1);
	ck_assert_uint_eq(got.version, 2);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("objects");
	TCase *t = tcase_create("objects");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_key);
	tcase_add_test(t, test_keys_walk);
	tcase_add_test(t, test_customer);
	tcase_add_test(t, test_long_identifiers);
	tcase_add_test(t, test_customers_walk);
	tcase_add_test(t, test_abort);
	tcase_add_test(t, test_cut);
	tcase_add_loop_test(t, test_ranges, 0, COUNT(ranges));
	tcase_add_test(t, test_apply);
	tcase_add_test(t, test_reads_old_customers);
	tcase_add_test(t, test_reads_old_keys);
	tcase_add_test(t, test_uses_of_keys_have_a_range);
	tcase_add_test(t, test_deleted_customers_are_left);
	tcase_add_test(t, test_ask);
	suite_add_tcase(s, t);
	return s;
}

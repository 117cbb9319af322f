/*
 * Random values, spelled at random and, by the simplest code there is, in
 * their canonical form: what canon makes of the first must be the second.
 */

#include "tests/suite.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/canon.h"
#include "proto/canon_block.h"
#include "proto/jscan.h"
#include "proto/utf8.h"

#define ROUNDS 4000
#define MEMBERS 40

/* A value under way: as a client might spell it, and as it must become. */
struct pair {
	struct sbuf spelled, canon;
};

struct member {
	struct sbuf name; /* decoded */
	struct pair value;
	struct sbuf canon_name;
};

static uint64_t seed;

static unsigned
below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void
blanks(struct sbuf *b)
{
	if (below(4) == 0)
		sbuf_addc(b, " \t\r\n"[below(4)]);
}

static unsigned
random_code(void)
{
	static const char likely[] = "\"\\/\b\f\n\r\t";
	unsigned code;

	switch (below(8)) {
	case 0:
		return (unsigned char)likely[below(8)];
	case 1:
		return below(0x80);
	case 2:
		code = below(0x110000);
		return code >= 0xd800 && code <= 0xdfff ? 0x20ac : code;
	case 3:
		return 0x4e00 + below(0x1000);
	default:
		return 'a' + below(26);
	}
}

static void
spell_unit(struct sbuf *b, unsigned unit)
{
	sbuf_addf(b, below(2) ? "\\u%04x" : "\\u%04X", unit);
}

static void
spell_code(struct sbuf *b, unsigned code, unsigned habit)
{
	static const char shorts[] = "\"\\/\b\f\n\r\t", names[] = "\"\\/bfnrt";
	const char *at =
	    code < 0x80 && code > 0 ? strchr(shorts, (int)code) : NULL;
	char text[4];

	if (below(100) < habit) {
		if (code >= 0x10000) {
			spell_unit(b, 0xd800 + ((code - 0x10000) >> 10));
			spell_unit(b, 0xdc00 + ((code - 0x10000) & 0x3ff));
		} else {
			spell_unit(b, code);
		}
	} else if (at != NULL && (code != '/' || below(2))) {
		sbuf_addf(b, "\\%c", names[at - shorts]);
	} else if (code < 0x20) {
		spell_unit(b, code);
	} else {
		sbuf_add(b, text, utf8_write(code, text));
	}
}

static void
canon_code(struct sbuf *b, unsigned code)
{
	char text[4];

	if (code < 0x20)
		sbuf_addf(b, "\\u%04x", code);
	else if (code == '"' || code == '\\')
		sbuf_addf(b, "\\%c", (int)code);
	else
		sbuf_add(b, text, utf8_write(code, text));
}

/* decoded may be NULL. */
static void
random_string(struct pair *to, struct sbuf *decoded, unsigned max)
{
	static const unsigned habits[] = { 0, 0, 5, 100 };
	unsigned habit = habits[below(4)], n = below(max), code;
	char text[4];

	sbuf_addc(&to->spelled, '"');
	sbuf_addc(&to->canon, '"');
	while (n-- > 0) {
		code = random_code();
		spell_code(&to->spelled, code, habit);
		canon_code(&to->canon, code);
		if (decoded != NULL)
			sbuf_add(decoded, text, utf8_write(code, text));
	}
	sbuf_addc(&to->spelled, '"');
	sbuf_addc(&to->canon, '"');
}

static void
canon_double(struct sbuf *b, const char *text)
{
	double value = strtod(text, NULL);
	char out[64];

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(out, sizeof out, "%.*g", digits, value);
		if (strtod(out, NULL) == value)
			break;
	}
	if (value > -9007199254740992.0 && value < 9007199254740992.0 &&
	    value == (double)(long long)value)
		snprintf(out, sizeof out, "%lld", (long long)value);
	sbuf_adds(b, out);
}

static void
random_number(struct pair *to)
{
	char text[128];
	unsigned zeros = below(3) ? 0 : below(8);
	int n = snprintf(text, sizeof text, "%s%u", below(3) ? "" : "-",
	    below(4) ? below(1000) : 0);

	if (below(3) == 0) {
		sbuf_adds(&to->spelled, text);
		sbuf_adds(&to->canon, strcmp(text, "-0") == 0 ? "0" : text);
		return;
	}
	n += snprintf(text + n, sizeof text - (size_t)n, ".%.*s%u", (int)zeros,
	    "0000000", below(below(2) ? 10 : 1000000));
	if (below(4) == 0)
		n += snprintf(text + n, sizeof text - (size_t)n, "%u",
		    below(2000000000));
	if (below(4) == 0)
		n += snprintf(text + n, sizeof text - (size_t)n, "00");
	if (below(4) == 0)
		snprintf(text + n, sizeof text - (size_t)n, "%s%u",
		    below(2) ? "e" : "E-", below(300));
	sbuf_adds(&to->spelled, text);
	canon_double(&to->canon, text);
}

static void random_value(struct pair *to, unsigned depth);

static bool
is_before(const struct member *a, const struct member *b)
{
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = n > 0 ? memcmp(a->name.data, b->name.data, n) : 0;

	return order < 0 || (order == 0 && a->name.len < b->name.len);
}

static void
sort_members(struct member *m, unsigned n)
{
	struct member held;

	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && is_before(&m[j], &m[j - 1]);
		     j--) {
			held = m[j];
			m[j] = m[j - 1];
			m[j - 1] = held;
		}
}

static void
random_member(struct pair *to, struct member *m, unsigned depth)
{
	struct pair name = { { 0 }, { 0 } };

	random_string(&name, &m->name, below(3) ? 5 : 60);
	random_value(&m->value, depth);
	blanks(&to->spelled);
	sbuf_add_slice(&to->spelled, sbuf_slice(&name.spelled));
	blanks(&to->spelled);
	sbuf_addc(&to->spelled, ':');
	blanks(&to->spelled);
	sbuf_add_slice(&to->spelled, sbuf_slice(&m->value.spelled));
	blanks(&to->spelled);
	m->canon_name = name.canon;
	sbuf_free(&name.spelled);
}

static void
random_object(struct pair *to, unsigned depth)
{
	struct member members[MEMBERS] = { 0 }, *m;
	unsigned n = below(below(8) ? 5 : MEMBERS);

	sbuf_addc(&to->spelled, '{');
	for (m = members; m < members + n; m++) {
		if (m > members)
			sbuf_addc(&to->spelled, ',');
		random_member(to, m, depth);
	}
	if (n == 0)
		blanks(&to->spelled);
	sbuf_addc(&to->spelled, '}');
	sort_members(members, n);
	sbuf_addc(&to->canon, '{');
	for (m = members; m < members + n; m++) {
		if (m > members)
			sbuf_addc(&to->canon, ',');
		sbuf_add_slice(&to->canon, sbuf_slice(&m->canon_name));
		sbuf_addc(&to->canon, ':');
		sbuf_add_slice(&to->canon, sbuf_slice(&m->value.canon));
		sbuf_free(&m->name);
		sbuf_free(&m->canon_name);
		sbuf_free(&m->value.spelled);
		sbuf_free(&m->value.canon);
	}
	sbuf_addc(&to->canon, '}');
}

static void
random_array(struct pair *to, unsigned depth)
{
	unsigned n = below(6);

	sbuf_addc(&to->spelled, '[');
	sbuf_addc(&to->canon, '[');
	blanks(&to->spelled);
	for (unsigned i = 0; i < n; i++) {
		if (i > 0) {
			sbuf_addc(&to->spelled, ',');
			sbuf_addc(&to->canon, ',');
		}
		blanks(&to->spelled);
		random_value(to, depth);
		blanks(&to->spelled);
	}
	sbuf_addc(&to->spelled, ']');
	sbuf_addc(&to->canon, ']');
}

static void
random_value(struct pair *to, unsigned depth)
{
	static const char *const words[] = { "true", "false", "null" };
	unsigned kind = below(depth > 0 ? 8 : 5), word = below(3);

	switch (kind) {
	case 0:
		sbuf_adds(&to->spelled, words[word]);
		sbuf_adds(&to->canon, words[word]);
		break;
	case 1:
		random_number(to);
		break;
	case 5:
		random_array(to, depth - 1);
		break;
	case 6:
	case 7:
		random_object(to, depth - 1);
		break;
	default:
		random_string(to, NULL, below(2) ? 12 : 300);
		break;
	}
}

/* In memory of just its size, so that a byte read behind it is found. */
static void
check(const struct pair *want)
{
	size_t n = want->spelled.len;
	char *text = malloc(n);
	struct sbuf got = { 0 };
	struct jscan_item item;
	struct err e;

	memcpy(text, want->spelled.data, n);
	ck_assert_int_eq(jscan_value((struct slice){ text, n }, &item, &e), 0);
	canon_write(&got, (struct slice){ text, n });
	ck_assert_msg(slice_eq(sbuf_slice(&got), sbuf_slice(&want->canon)),
	    "%.1000s\nbecame %.1000s\nnot    %.1000s", want->spelled.data,
	    got.data, want->canon.data);
	sbuf_free(&got);
	free(text);
}

/* What a processor without vectors has. */
static struct canon_at
stay(const char *p, const char *end, char *out, const char *room)
{
	(void)end;
	(void)room;
	return (struct canon_at){ p, out };
}

START_TEST(test_random)
{
	struct pair want = { { 0 }, { 0 } };

	seed = (uint64_t)_i;
	if (_i % 2 == 1)
		canon_block = stay;
	for (int i = 0; i < ROUNDS; i++) {
		random_value(&want, 4);
		check(&want);
		sbuf_clear(&want.spelled);
		sbuf_clear(&want.canon);
	}
	sbuf_free(&want.spelled);
	sbuf_free(&want.canon);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/canon at random");
	TCase *tc = tcase_create("random");

	tcase_add_loop_test(tc, test_random, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}

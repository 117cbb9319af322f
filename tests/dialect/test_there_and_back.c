/*
 * A recorded request of another dialect is read into chat, asked of a provider
 * of that dialect again, and read once more: it says the same (providers.md
 * 13, 4).
 */

#include "tests/suite.h"

#include "tests/dialect/asking.h"
#include "tests/dialect/harvest.h"
#include "tests/dialect/inbound_rows.h"

extern const struct dialect anthropic_dialect, dialect_gemini;

struct trip {
	inbound_fn *in;
	const struct dialect *dialect;
	bool ids; /* the dialect keeps those of calls */
	unsigned n;
};

/* Without ids: those that were minted stand for another place now. */
static void
drop_ids(struct sbuf *b)
{
	struct sbuf out = { 0 };
	char *line, *rest = b->data;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		sbuf_adds(&out,
		    strchr(line, '|') != NULL ? strchr(line, '|') : line);
		sbuf_addc(&out, '\n');
	}
	sbuf_free(b);
	*b = out;
}

static void
harvest_text(struct harvest *h, const struct sbuf *chat, bool ids)
{
	json_object *o = json_tokener_parse(chat->data);

	ck_assert(o != NULL);
	harvest_chat(h, o);
	json_object_put(o);
	if (ids)
		return;
	drop_ids(&h->calls);
	drop_ids(&h->results);
	sbuf_free(&h->thoughts);
}

/* Where a message of the system stands is not kept. */
static bool
has_late_system(const struct inbound_run *r)
{
	const char *first = strstr(r->chat.data, "\"role\":\"user\"");

	return first != NULL && strstr(first, "\"role\":\"system\"") != NULL;
}

static void
check_trip(const char *name, const struct sbuf *request,
    const struct sbuf *meta, void *arg)
{
	struct trip *t = arg;
	struct inbound_run there = { .done = 0 }, back = { .done = 0 };
	struct harvest first = { .media = 0 }, second = { .media = 0 };
	struct asking q;

	(void)meta;
	sbuf_add_slice(&there.text, sbuf_slice(request));
	inbound_run_text(&there, t->in, false);
	if (there.done == 0 && there.in.own_kind_only[0] == '\0' &&
	    !has_late_system(&there)) {
		asking_read(&q, sbuf_slice(&there.chat));
		asking_put(&q, t->dialect);
		ck_assert_msg(q.done == 0, "%s: %s", name, q.asked.err.text);
		sbuf_add_slice(&back.text, sbuf_slice(&q.body));
		asking_end(&q);
		inbound_run_text(&back, t->in, false);
		ck_assert_msg(back.done == 0, "%s: %s", name, back.err.text);
		harvest_text(&first, &there.chat, t->ids);
		harvest_text(&second, &back.chat, t->ids);
		harvest_compare(name, &first, &second);
		t->n++;
		inbound_run_end(&back);
	}
	harvest_free(&first);
	harvest_free(&second);
	inbound_run_end(&there);
}

START_TEST(test_26_of_anthropic)
{
	struct trip t = { inbound_anthropic, &anthropic_dialect, true, 0 };

	if (!recordings_exist())
		return;
	inbound_each("anthropic", check_trip, &t);
	ck_assert_uint_ge(t.n, 26);
}
END_TEST

START_TEST(test_30_of_gemini)
{
	struct trip t = { inbound_gemini, &dialect_gemini, false, 0 };

	if (!recordings_exist())
		return;
	inbound_each("gemini", check_trip, &t);
	ck_assert_uint_ge(t.n, 30);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("there_and_back");
	TCase *t = tcase_create("there_and_back");

	tcase_add_test(t, test_26_of_anthropic);
	tcase_add_test(t, test_30_of_gemini);
	suite_add_tcase(s, t);
	return s;
}

/* reply_mend - a whole reply put right: spec/providers.md 5.2 and 5.3. */
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/mend.h"
#include "proto/relay_delta.h"
#include "proto/relay_edit.h"
#include "proto/reply.h"

struct reply_mender {
	struct relay_edit ed;
	uint32_t quirks;
	struct mend_words words;
};

/* The first message of a choice; false when it has none. */
static bool
reply_message(struct slice choice, struct jscan_item *message_r)
{
	return jscan_find(choice, SLICE("message"), message_r) == 1 &&
	       message_r->type == JSCAN_OBJECT;
}

static void
reply_mend_read(struct reply_mender *m, struct slice message,
    struct relay_delta *d)
{
	struct mend_think think = { .state = THINK_BEFORE };
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, message);
	while (jscan_member_next(&it, &item) == 1)
		relay_delta_take(d, &item);
	if (!(m->quirks & QUIRK_THINK_TAG) || d->content.n == 0)
		return;
	mend_words_clear(&m->words);
	mend_think(&think, d->content, true, &m->words);
	if (m->words.reasoning.len > 0)
		d->words = &m->words;
}

static void
reply_mend_message(struct reply_mender *m, const struct relay_delta *d,
    struct slice message)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, message);
	while (jscan_member_next(&it, &item) == 1)
		relay_mend_member(d, &m->ed, &item, true);
}

/* A plain reply is finished, whether it says so or not. */
static void
reply_mend_finish(struct reply_mender *m, const struct relay_delta *d,
    const struct jscan_item *finish)
{
	struct slice word;

	if (relay_delta_finish(finish, &word) == 0)
		word =
		    d->calls != 0 ? SLICE("\"tool_calls\"") : SLICE("\"stop\"");
	if (!slice_eq(word, finish->value))
		relay_edit_replace(&m->ed, finish->value, word);
}

static void
reply_mend_choice(struct reply_mender *m, struct slice choice)
{
	struct slice end = { choice.p + choice.n - 1, 0 };
	struct jscan_item item, message = { .type = JSCAN_NULL };
	struct relay_delta d = { .index = 0 };
	struct jscan_iter it;
	bool finished = false;

	if (!reply_message(choice, &message))
		return;
	reply_mend_read(m, message.value, &d);
	jscan_enter(&it, choice);
	while (jscan_member_next(&it, &item) == 1) {
		if (item.value.p == message.value.p)
			reply_mend_message(m, &d, item.value);
		else if (!finished &&
			 slice_eq(item.name, SLICE("finish_reason"))) {
			reply_mend_finish(m, &d, &item);
			finished = true;
		}
	}
	if (finished)
		return;
	relay_edit_insert(&m->ed, end.p, SLICE(",\"finish_reason\":"));
	item = (struct jscan_item){ .type = JSCAN_NULL, .value = end };
	reply_mend_finish(m, &d, &item);
}

void
reply_mend(const struct reply *r, uint32_t quirks, struct sbuf *b)
{
	struct reply_mender m = { .quirks = quirks };
	struct jscan_iter top, it;
	struct jscan_item member, choice;

	relay_edit_start(&m.ed, r->body, b, SLICE(""));
	jscan_enter(&top, r->body);
	while (jscan_member_next(&top, &member) == 1) {
		if (member.type != JSCAN_ARRAY ||
		    !slice_eq(member.name, SLICE("choices")))
			continue;
		jscan_enter(&it, member.value);
		while (jscan_element_next(&it, &choice) == 1)
			if (choice.type == JSCAN_OBJECT)
				reply_mend_choice(&m, choice.value);
	}
	if (!relay_edit_end(&m.ed))
		sbuf_add_slice(b, r->body);
	mend_words_free(&m.words);
}

/* gemini_signed - signatures of thoughts on their way back: providers.md 9. */
#include "base/pool.h"
#include "dialect/gemini_priv.h"
#include "proto/jstr.h"

/* The call of a message that a signature belongs to; NULL: none. */
static struct chat_part *
signed_call_of(struct chat_message *m, struct slice id)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->parts[i].type == CHAT_CALL && id.n > 0 &&
		    jstr_same(m->parts[i].id, id))
			return &m->parts[i];
	return NULL;
}

static struct chat_part *
signed_last_text(struct chat_message *m)
{
	for (unsigned i = m->n; i-- > 0;)
		if (m->parts[i].type == CHAT_TEXT && m->parts[i].text.n > 0)
			return &m->parts[i];
	return NULL;
}

/*
 * A signature goes back on the part that it came with.  Of those of text the
 * last is the text's, as the last part of an answer has it; the others came
 * with empty ones.
 */
static void
signed_place(struct chat_message *m, struct chat_part *p)
{
	struct chat_part *to = signed_call_of(m, p->id);
	struct slice signature = p->encrypted;

	if (p->id.n > 0) {
		if (to != NULL && to->signature.n == 0)
			to->signature = signature;
		return;
	}
	to = signed_last_text(m);
	if (to == NULL || to->signature.n > 0) {
		*p = (struct chat_part){ .type = CHAT_TEXT,
			.text = SLICE(""),
			.signature = signature,
			.message = p->message };
		return;
	}
	to->signature = signature;
}

/* Thoughts of others, and their text, do not go to Gemini. */
static void
signed_message(struct chat_message *m)
{
	unsigned n = 0;

	for (unsigned i = m->n; i-- > 0;) {
		struct chat_part *p = &m->parts[i];

		if (p->type == CHAT_THINKING && p->encrypted.n > 0 &&
		    jstr_equal(p->format, SLICE(GEMINI_FORMAT)))
			signed_place(m, p);
	}
	for (unsigned i = 0; i < m->n; i++)
		if (m->parts[i].type != CHAT_THINKING)
			m->parts[n++] = m->parts[i];
	m->n = n;
}

struct chat
gemini_signatures(const struct ask *a)
{
	struct chat chat = a->chat;
	size_t size = (chat.n + 1) * sizeof *chat.messages;

	chat.messages = pool_alloc(a->pool, size);
	memcpy(chat.messages, a->chat.messages, chat.n * sizeof *chat.messages);
	for (unsigned i = 0; i < chat.n; i++) {
		struct chat_message *m = &chat.messages[i];

		if (m->role != CHAT_ASSISTANT || m->n == 0)
			continue;
		size = m->n * sizeof *m->parts;
		m->parts = memcpy(pool_alloc(a->pool, size), m->parts, size);
		signed_message(m);
	}
	return chat;
}

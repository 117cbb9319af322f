/*
 * chat_match - which result belongs to which call.
 *
 * A table of the calls seen so far, by id and by name: a request may hold many
 * thousands of both, in any order.
 */
#include "base/hash.h"
#include "dialect/chat_priv.h"

struct match_slot {
	struct slice key; /* decoded */
	bool by_name;
	struct chat_part *call;
	unsigned run; /* of the call */
};

struct match {
	struct pool *pool;
	struct match_slot *slots;
	size_t mask;
	/*
	 * Messages of the assistant side by side are one run, whatever the
	 * system says in between; results belong to the run before them.
	 */
	unsigned run;
	bool in_run;
};

static void
match_init(struct match *t, struct chat *chat, struct pool *pool)
{
	size_t size = 4;

	for (unsigned i = 0; i < chat->n; i++)
		for (unsigned k = 0; k < chat->messages[i].n; k++)
			chat->n_calls +=
			    chat->messages[i].parts[k].type == CHAT_CALL;
	/* Each call takes two slots, and as many stay free. */
	while (size < 4 * (size_t)chat->n_calls)
		size *= 2;
	*t = (struct match){ .pool = pool, .mask = size - 1 };
	t->slots = pool_zalloc(pool, size * sizeof *t->slots);
}

/* The slot of that key, or the free one where it belongs. */
static struct match_slot *
match_slot(struct match *t, struct slice key, bool by_name)
{
	size_t at = hash_slice(key, hash_seed() + by_name) & t->mask;
	struct match_slot *s;

	for (;; at = (at + 1) & t->mask) {
		s = &t->slots[at];
		if (s->call == NULL ||
		    (s->by_name == by_name && slice_eq(s->key, key)))
			return s;
	}
}

/* Of two with one key the later run counts, and in a run the first. */
static void
match_add(struct match *t, struct slice raw, bool by_name,
    struct chat_part *call)
{
	struct slice key = jstr_decode(raw, t->pool);
	struct match_slot *s;

	if (key.n == 0)
		return;
	s = match_slot(t, key, by_name);
	if (s->call == NULL || s->run != t->run)
		*s = (struct match_slot){ key, by_name, call, t->run };
}

static void
match_calls(struct match *t, struct chat_message *m)
{
	if (!t->in_run)
		t->run++;
	t->in_run = true;
	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_CALL)
			continue;
		match_add(t, m->parts[i].id, false, &m->parts[i]);
		match_add(t, m->parts[i].name, true, &m->parts[i]);
	}
}

/* A result knows its call's name; one of a "function" has no id but that. */
static void
match_result(struct match *t, struct chat_part *result)
{
	bool by_name = result->id.n == 0;
	struct slice raw = by_name ? result->name : result->id;
	struct match_slot *s;

	if (raw.n == 0)
		return;
	s = match_slot(t, jstr_decode(raw, t->pool), by_name);
	if (s->call == NULL)
		return;
	result->id = s->call->id;
	result->name = s->call->name;
	if (s->run != t->run || s->call->other != NULL)
		return;
	s->call->other = result;
	result->other = s->call;
}

void
chat_match(struct chat *chat, struct pool *pool)
{
	struct match t;

	match_init(&t, chat, pool);
	for (unsigned i = 0; i < chat->n; i++) {
		struct chat_message *m = &chat->messages[i];

		if (m->role == CHAT_ASSISTANT)
			match_calls(&t, m);
		else if (m->role != CHAT_SYSTEM)
			t.in_run = false;
		if (m->role == CHAT_TOOL)
			match_result(&t, m->parts);
	}
}

#include "dialect/turns.h"

#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jstr.h"
#include "proto/params.h"

/*
 * Turns are laid out one after the other; a turn's parts lie in one array that
 * is large enough for all parts of the request and what is made up.
 */
struct turns_maker {
	const struct chat *chat;
	const struct turns_rules *rules;
	struct pool *pool;
	struct params *params;
	struct turns *to;
	struct chat_part *free; /* room behind the last turn's parts */
	unsigned run; /* first message of the assistant's that is not ended */
	bool in_run;
};

static struct chat_message *
turns_last(struct turns_maker *k)
{
	return k->to->n > 0 ? &k->to->turns[k->to->n - 1] : NULL;
}

static struct chat_message *
turns_begin(struct turns_maker *k, enum chat_role role)
{
	struct chat_message *m = &k->to->turns[k->to->n++];

	*m = (struct chat_message){ .role = role, .parts = k->free };
	return m;
}

static void
turns_add(struct turns_maker *k, const struct chat_part *p)
{
	*k->free++ = *p;
	turns_last(k)->n++;
}

static void
turns_add_text(struct turns_maker *k, struct slice raw)
{
	struct chat_part p = { .type = CHAT_TEXT, .text = raw };

	turns_add(k, &p);
}

static bool
turns_is_results(const struct chat_message *m)
{
	return m->n > 0 && m->parts[0].type == CHAT_RESULT;
}

/* The turn that takes what this role says next. */
static void
turns_open(struct turns_maker *k, enum chat_role role, bool results)
{
	struct chat_message *last = turns_last(k);

	if (last == NULL && role == CHAT_ASSISTANT) {
		turns_begin(k, CHAT_USER);
		turns_add_text(k, SLICE("."));
	}
	last = turns_last(k);
	if (last == NULL || last->role != role ||
	    (k->rules->results_alone && role == CHAT_USER && last->n > 0 &&
		turns_is_results(last) != results))
		turns_begin(k, role);
}

/* Is the byte there the second half of an escape? */
static bool
turns_is_escaped(struct slice raw, size_t at)
{
	size_t slashes = 0;

	while (at > slashes && raw.p[at - 1 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/* Without the blanks at its end; escaped ones too. */
static struct slice
turns_trim(struct slice raw)
{
	static const struct slice blanks[] = { SLICE(" "), SLICE("\\n"),
		SLICE("\\t"), SLICE("\\r"), SLICE("\\f"), SLICE("\\u0020"),
		SLICE("\\u000a"), SLICE("\\u000A") };
	bool found = true;

	while (found) {
		found = false;
		for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
			size_t n = blanks[i].n;

			if (raw.n < n ||
			    memcmp(raw.p + raw.n - n, blanks[i].p, n) != 0 ||
			    turns_is_escaped(raw, raw.n - n))
				continue;
			raw.n -= n;
			found = true;
		}
	}
	return raw;
}

/* What does not go out: empty text, reasoning that somebody else made. */
static bool
turns_is_nothing(const struct turns_maker *k, const struct chat_part *p)
{
	if (p->type == CHAT_THINKING)
		return k->rules->thinking.n > 0 &&
		       !jstr_equal(p->format, k->rules->thinking);
	/* Gemini signs empty texts, too. */
	if (p->type != CHAT_TEXT || p->signature.n > 0)
		return false;
	return k->rules->trim_last ? turns_trim(p->text).n == 0
	                           : p->text.n == 0;
}

static bool
turns_says_nothing(const struct turns_maker *k, const struct chat_message *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (!turns_is_nothing(k, &m->parts[i]))
			return false;
	return true;
}

static void
turns_copy(struct turns_maker *k, const struct chat_message *m)
{
	if (m->role == CHAT_ASSISTANT && turns_says_nothing(k, m))
		return;
	turns_open(k, m->role, false);
	for (unsigned i = 0; i < m->n; i++)
		if (!turns_is_nothing(k, &m->parts[i]))
			turns_add(k, &m->parts[i]);
	/* A user who says nothing still has the turn. */
	if (m->role == CHAT_USER && turns_last(k)->n == 0)
		turns_add_text(k, SLICE("."));
}

/* All results of a message's calls, in the order of the calls. */
static void
turns_results(struct turns_maker *k, unsigned at)
{
	const struct chat_message *m = &k->chat->messages[at];
	struct chat_part made;

	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_CALL)
			continue;
		turns_open(k, CHAT_USER, true);
		if (m->parts[i].other != NULL) {
			turns_add(k, m->parts[i].other);
			continue;
		}
		made = (struct chat_part){ .type = CHAT_RESULT,
			.id = m->parts[i].id,
			.name = m->parts[i].name,
			.failed = true,
			.message = m->parts[i].message };
		turns_add(k, &made);
		params_warn(k->params, SLICE("tool result missing"));
	}
}

/* A result that nobody asked for is text of the user's. */
static void
turns_stray(struct turns_maker *k, const struct chat_part *result)
{
	struct sbuf b = { 0 };

	sbuf_adds(&b, "[tool result ");
	sbuf_add_slice(&b, result->id);
	sbuf_adds(&b, "] ");
	for (unsigned i = 0; i < result->n; i++)
		if (result->parts[i].type == CHAT_TEXT)
			sbuf_add_slice(&b, result->parts[i].text);
	turns_open(k, CHAT_USER, false);
	turns_add_text(k, pool_copy(k->pool, sbuf_slice(&b)));
	sbuf_free(&b);
	params_warn(k->params, SLICE("tool result without call"));
}

/* Does the assistant speak on behind that message? */
static bool
turns_goes_on(const struct chat *c, unsigned at)
{
	while (++at < c->n && c->messages[at].role == CHAT_SYSTEM)
		continue;
	return at < c->n && c->messages[at].role == CHAT_ASSISTANT;
}

/* Its results come when the assistant has said all. */
static void
turns_assistant(struct turns_maker *k, unsigned at)
{
	if (!k->in_run)
		k->run = at;
	turns_copy(k, &k->chat->messages[at]);
	k->in_run = turns_goes_on(k->chat, at);
	if (k->in_run)
		return;
	for (unsigned i = k->run; i <= at; i++)
		turns_results(k, i);
}

static void
turns_message(struct turns_maker *k, unsigned at)
{
	const struct chat_message *m = &k->chat->messages[at];

	switch (m->role) {
	case CHAT_SYSTEM:
		for (unsigned i = 0; i < m->n; i++)
			if (m->parts[i].type == CHAT_TEXT &&
			    m->parts[i].text.n > 0)
				k->to->system[k->to->n_system++] = &m->parts[i];
		break;
	case CHAT_USER:
		turns_copy(k, m);
		break;
	case CHAT_ASSISTANT:
		turns_assistant(k, at);
		break;
	case CHAT_TOOL:
		if (m->parts->other == NULL)
			turns_stray(k, m->parts);
		break;
	}
}

/* A turn in which nothing is left is none, and its neighbours become one. */
static void
turns_close_gaps(struct turns *t, bool results_alone)
{
	struct chat_message *last = NULL, *m;
	unsigned n = 0;

	for (unsigned i = 0; i < t->n; i++) {
		m = &t->turns[i];
		if (m->n == 0)
			continue;
		/* Their parts lie side by side: an empty one had none. */
		if (last != NULL && last->role == m->role &&
		    !(results_alone &&
			turns_is_results(last) != turns_is_results(m))) {
			last->n += m->n;
			continue;
		}
		t->turns[n] = *m;
		last = &t->turns[n++];
	}
	t->n = n;
}

static void
turns_trim_last(struct turns *t)
{
	struct chat_message *m = t->n > 0 ? &t->turns[t->n - 1] : NULL;
	struct chat_part *p;

	if (m == NULL || m->role != CHAT_ASSISTANT)
		return;
	p = &m->parts[m->n - 1];
	if (p->type == CHAT_TEXT)
		p->text = turns_trim(p->text);
}

/* Parts of the request, and what may be made up beside them. */
static unsigned
turns_most_parts(const struct chat *c)
{
	unsigned n = 1;

	for (unsigned i = 0; i < c->n; i++)
		n += 2 * c->messages[i].n + 2;
	return n;
}

void
turns_make(const struct chat *c, const struct turns_rules *rules,
    struct pool *pool, struct params *p, struct turns *turns_r)
{
	unsigned most = turns_most_parts(c);
	struct turns_maker k = { .chat = c,
		.rules = rules,
		.pool = pool,
		.params = p,
		.to = turns_r };

	*turns_r = (struct turns){
		.system = pool_alloc(pool, most * sizeof *turns_r->system),
		.turns =
		    pool_alloc(pool, (3 * c->n + 2) * sizeof *turns_r->turns),
	};
	k.free = pool_alloc(pool, most * sizeof *k.free);
	for (unsigned i = 0; i < c->n; i++)
		turns_message(&k, i);
	turns_close_gaps(turns_r, rules->results_alone);
	if (turns_r->n == 0) {
		turns_begin(&k, CHAT_USER);
		turns_add_text(&k, SLICE("."));
	}
	if (rules->trim_last)
		turns_trim_last(turns_r);
}

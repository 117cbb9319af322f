#ifndef TESTS_DIALECT_CHAT_TOLD_H
#define TESTS_DIALECT_CHAT_TOLD_H

/*
 * chat_told - what a chat stream, or a whole answer, says in its choices, read
 * by another JSON parser than ours.
 */

#include "tests/dialect/harvest.h"

#define TOLD_CALLS 32
#define TOLD_CHOICES 4

struct told_choice {
	struct sbuf text, reasoning, refusal;
	struct sbuf id[TOLD_CALLS], name[TOLD_CALLS], arguments[TOLD_CALLS];
	unsigned n_calls;
	char finish[32];
};

struct told {
	struct told_choice choices[TOLD_CHOICES];
	unsigned n;
	json_object *usage; /* the last one */
};

static inline void
told_free(struct told *t)
{
	for (unsigned i = 0; i < TOLD_CHOICES; i++) {
		struct told_choice *c = &t->choices[i];

		sbuf_free(&c->text);
		sbuf_free(&c->reasoning);
		sbuf_free(&c->refusal);
		for (unsigned k = 0; k < TOLD_CALLS; k++) {
			sbuf_free(&c->id[k]);
			sbuf_free(&c->name[k]);
			sbuf_free(&c->arguments[k]);
		}
	}
	json_object_put(t->usage);
}

static inline void
told_calls(struct told_choice *c, json_object *calls)
{
	for (size_t i = 0; i < harvest_count(calls); i++) {
		json_object *call = json_object_array_get_idx(calls, i);
		json_object *f = harvest_get(call, "function");
		json_object *at = harvest_get(call, "index");
		size_t k = at != NULL ? (size_t)json_object_get_int(at) : i;

		ck_assert_uint_lt(k, TOLD_CALLS);
		sbuf_adds(&c->id[k], harvest_str(call, "id"));
		sbuf_adds(&c->name[k], harvest_str(f, "name"));
		sbuf_adds(&c->arguments[k], harvest_str(f, "arguments"));
		if (k >= c->n_calls)
			c->n_calls = (unsigned)k + 1;
	}
}

/* Mistral's content may be parts, some of which think. */
static inline void
told_content(struct told_choice *c, json_object *content)
{
	if (json_object_is_type(content, json_type_string))
		sbuf_adds(&c->text, json_object_get_string(content));
	for (size_t i = 0; i < harvest_count(content); i++) {
		json_object *part = json_object_array_get_idx(content, i);
		json_object *thinking = harvest_get(part, "thinking");

		sbuf_adds(&c->text, harvest_str(part, "text"));
		for (size_t k = 0; k < harvest_count(thinking); k++)
			sbuf_adds(&c->reasoning,
			    harvest_str(json_object_array_get_idx(thinking, k),
				"text"));
	}
}

static inline void
told_details(struct told_choice *c, json_object *details)
{
	for (size_t i = 0; i < harvest_count(details); i++)
		sbuf_adds(&c->reasoning,
		    harvest_str(json_object_array_get_idx(details, i), "text"));
}

static inline void
told_read(struct told *t, json_object *o, const char *member)
{
	json_object *choices = harvest_get(o, "choices");
	json_object *usage = harvest_get(o, "usage");

	for (size_t i = 0; i < harvest_count(choices); i++) {
		json_object *choice = json_object_array_get_idx(choices, i);
		json_object *said = harvest_get(choice, member);
		int at = json_object_get_int(harvest_get(choice, "index"));
		struct told_choice *c = &t->choices[at];
		const char *reasoning;

		ck_assert_int_lt(at, TOLD_CHOICES);
		if (at >= (int)t->n)
			t->n = (unsigned)at + 1;
		told_content(c, harvest_get(said, "content"));
		reasoning = harvest_str(said, "reasoning_content");
		if (reasoning[0] == '\0')
			reasoning = harvest_str(said, "reasoning");
		sbuf_adds(&c->reasoning, reasoning);
		if (reasoning[0] == '\0')
			told_details(c, harvest_get(said, "reasoning_details"));
		sbuf_adds(&c->refusal, harvest_str(said, "refusal"));
		told_calls(c, harvest_get(said, "tool_calls"));
		if (harvest_str(choice, "finish_reason")[0] != '\0')
			snprintf(c->finish, sizeof c->finish, "%s",
			    harvest_str(choice, "finish_reason"));
	}
	if (usage != NULL) {
		json_object_put(t->usage);
		t->usage = json_object_get(usage);
	}
}

static inline void
told_frames(struct told *t, struct slice frames)
{
	char *copy = strndup(frames.p, frames.n), *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		json_object *o;

		if (strncmp(line, "data: {", 7) != 0)
			continue;
		o = json_tokener_parse(line + 6);
		ck_assert(o != NULL);
		told_read(t, o, "delta");
		json_object_put(o);
	}
	free(copy);
}

static inline int64_t
told_figure(const struct told *t, const char *name)
{
	return json_object_get_int64(harvest_get(t->usage, name));
}

/* "id|name|{...}" of each call; input that is no object is told as text. */
static inline void
told_calls_text(const struct told_choice *c, bool ids, struct sbuf *out)
{
	for (unsigned i = 0; i < c->n_calls; i++) {
		json_object *o = json_tokener_parse(
		    c->arguments[i].len > 0 ? c->arguments[i].data : "{}");

		sbuf_addf(out, "%s|%s|", ids ? c->id[i].data : "",
		    c->name[i].data);
		sbuf_addf(out, "%s\n", o != NULL ? harvest_plain(o) : "?");
		json_object_put(o);
	}
}

#endif

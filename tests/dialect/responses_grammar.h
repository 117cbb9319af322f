#ifndef TESTS_DIALECT_RESPONSES_GRAMMAR_H
#define TESTS_DIALECT_RESPONSES_GRAMMAR_H

/*
 * responses_grammar - a small strict reader of Responses events: numbers
 * without gaps, items one after the other, done twins that equal the joined
 * deltas, and a last response that has the same items.
 */

#include "tests/dialect/told.h"

struct grammar {
	const char *name;
	int64_t sequence, items;
	bool created, in_progress, over;
	json_object *item, *part; /* open; as they were added */
	struct sbuf deltas;
	json_object *output; /* of items that are done */
	/* What a client would read. */
	struct told told;
	struct sbuf refusal, encrypted;
	char status[32];
};

static inline void
grammar_free(struct grammar *g)
{
	json_object_put(g->item);
	json_object_put(g->part);
	json_object_put(g->output);
	sbuf_free(&g->deltas);
	sbuf_free(&g->refusal);
	sbuf_free(&g->encrypted);
	told_free(&g->told);
}

#define GRAMMAR(g, what) ck_assert_msg(what, "%s: %s", (g)->name, #what)

static inline bool
says(json_object *o, const char *name, const char *text)
{
	return strcmp(recordings_str(o, name), text) == 0;
}

static inline bool
same(const struct sbuf *b, json_object *o, const char *name)
{
	return slice_eq(sbuf_slice(b), slice_str(recordings_str(o, name)));
}

/* It is of the open item. */
static inline void
grammar_of_item(struct grammar *g, json_object *ev)
{
	GRAMMAR(g, g->item != NULL);
	GRAMMAR(g, says(ev, "item_id", recordings_str(g->item, "id")));
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
}

static inline void
grammar_added(struct grammar *g, json_object *ev)
{
	GRAMMAR(g, g->item == NULL && g->in_progress && !g->over);
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
	g->item = json_object_get(told_dig(ev, "item"));
	GRAMMAR(g, says(g->item, "status", "in_progress"));
	GRAMMAR(g, recordings_str(g->item, "id")[0] != '\0');
	sbuf_clear(&g->deltas);
}

static inline void
grammar_part_added(struct grammar *g, json_object *ev)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, g->part == NULL);
	g->part = json_object_get(told_dig(ev, "part"));
	sbuf_clear(&g->deltas);
}

static inline void
grammar_delta(struct grammar *g, json_object *ev)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, recordings_str(ev, "delta")[0] != '\0');
	told_add(&g->deltas, ev, "delta");
}

static inline void
grammar_text_done(struct grammar *g, json_object *ev, const char *member)
{
	grammar_of_item(g, ev);
	GRAMMAR(g, same(&g->deltas, ev, member));
}

static inline void
grammar_part_done(struct grammar *g, json_object *ev)
{
	json_object *part = told_dig(ev, "part");
	const char *type = recordings_str(part, "type");
	bool refusal = strcmp(type, "refusal") == 0;

	grammar_of_item(g, ev);
	GRAMMAR(g, g->part != NULL);
	GRAMMAR(g, says(g->part, "type", type));
	GRAMMAR(g, same(&g->deltas, part, refusal ? "refusal" : "text"));
	told_add(refusal                            ? &g->refusal
		 : strcmp(type, "output_text") == 0 ? &g->told.text
						    : &g->told.reasoning,
	    part, refusal ? "refusal" : "text");
	json_object_put(g->part);
	g->part = NULL;
}

static inline void
grammar_item_done(struct grammar *g, json_object *ev)
{
	json_object *item = told_dig(ev, "item");

	GRAMMAR(g, g->item != NULL && g->part == NULL);
	GRAMMAR(g, says(item, "id", recordings_str(g->item, "id")));
	GRAMMAR(g, says(item, "type", recordings_str(g->item, "type")));
	GRAMMAR(g, told_count(ev, "output_index") == g->items);
	if (says(item, "type", "function_call")) {
		GRAMMAR(g, same(&g->deltas, item, "arguments"));
		sbuf_adds(&g->told.calls, ";");
		told_add(&g->told.calls, item, "call_id");
		sbuf_addc(&g->told.calls, ' ');
		told_add(&g->told.calls, item, "name");
		sbuf_addc(&g->told.calls, '=');
		told_add(&g->told.calls, item, "arguments");
	}
	told_add(&g->encrypted, item, "encrypted_content");
	json_object_array_add(g->output, json_object_get(item));
	json_object_put(g->item);
	g->item = NULL;
	g->items++;
}

static inline void
grammar_end(struct grammar *g, json_object *ev)
{
	json_object *r = told_dig(ev, "response");
	json_object *usage = told_dig(r, "usage");

	GRAMMAR(g, g->item == NULL && g->in_progress && !g->over);
	GRAMMAR(g, json_object_equal(told_dig(r, "output"), g->output));
	snprintf(g->status, sizeof g->status, "%s",
	    recordings_str(told_dig(r, "incomplete_details"), "reason"));
	g->over = true;
	g->told.has_usage = usage != NULL;
	g->told.usage.prompt = told_count(usage, "input_tokens");
	g->told.usage.completion = told_count(usage, "output_tokens");
	GRAMMAR(g, usage == NULL ||
		       told_count(usage, "total_tokens") ==
			   g->told.usage.prompt + g->told.usage.completion);
}

static inline void
grammar_event(struct grammar *g, const char *type, json_object *ev)
{
	GRAMMAR(g, says(ev, "type", type));
	GRAMMAR(g, told_count(ev, "sequence_number") == g->sequence);
	g->sequence++;
	if (strcmp(type, "response.created") == 0) {
		GRAMMAR(g, g->sequence == 1);
		g->created = true;
	} else if (strcmp(type, "response.in_progress") == 0) {
		GRAMMAR(g, g->sequence == 2 && g->created);
		g->in_progress = true;
	} else if (strcmp(type, "response.output_item.added") == 0) {
		grammar_added(g, ev);
	} else if (strcmp(type, "response.output_item.done") == 0) {
		grammar_item_done(g, ev);
	} else if (strstr(type, "part.added") != NULL) {
		grammar_part_added(g, ev);
	} else if (strstr(type, "part.done") != NULL) {
		grammar_part_done(g, ev);
	} else if (strstr(type, ".delta") != NULL) {
		grammar_delta(g, ev);
	} else if (strstr(type, "arguments.done") != NULL) {
		GRAMMAR(g, says(ev, "name", recordings_str(g->item, "name")));
		grammar_text_done(g, ev, "arguments");
	} else if (strstr(type, "refusal.done") != NULL) {
		grammar_text_done(g, ev, "refusal");
	} else if (strstr(type, "text.done") != NULL) {
		grammar_text_done(g, ev, "text");
	} else if (strcmp(type, "response.output_text.annotation.added") == 0) {
		grammar_of_item(g, ev);
		sbuf_addc(&g->told.links, ' ');
		told_add(&g->told.links, told_dig(ev, "annotation"), "url");
	} else if (strcmp(type, "error") == 0) {
		g->told.errors++;
	} else {
		GRAMMAR(g, strcmp(type, "response.completed") == 0 ||
			       strcmp(type, "response.incomplete") == 0);
		grammar_end(g, ev);
		GRAMMAR(g, (g->status[0] != '\0') ==
			       (strcmp(type, "response.incomplete") == 0));
	}
}

/* The finish reason of chat that its status stands for. */
static inline void
grammar_finish(struct grammar *g)
{
	told_finish(&g->told,
	    strcmp(g->status, "max_output_tokens") == 0 ? "length"
	    : strcmp(g->status, "content_filter") == 0  ? "content_filter"
	    : g->told.calls.len > 0                     ? "tool_calls"
							: "stop");
}

/* "event: T\ndata: {...}\n\n", again and again. */
static inline void
grammar_read(struct grammar *g, const char *name, const char *text)
{
	const char *line, *end;
	json_object *ev;
	char type[80], *data;

	*g =
	    (struct grammar){ .name = name, .output = json_object_new_array() };
	while (*text != '\0') {
		ck_assert_msg(sscanf(text, "event: %79s\n", type) == 1,
		    "%s: %.80s", name, text);
		line = strchr(text, '\n') + 1;
		end = strstr(line, "\n\n");
		ck_assert_msg(strncmp(line, "data: {", 7) == 0 && end != NULL,
		    "%s: %.80s", name, line);
		data = strndup(line + 6, (size_t)(end - line) - 6);
		ev = json_tokener_parse(data);
		ck_assert_msg(ev != NULL, "%s: %s", name, data);
		grammar_event(g, type, ev);
		json_object_put(ev);
		free(data);
		text = end + 2;
	}
	grammar_finish(g);
}

#endif

#ifndef TESTS_DIALECT_HARVEST_H
#define TESTS_DIALECT_HARVEST_H

/*
 * harvest - what a request says, whatever its dialect: texts, calls and
 * results in their order, read by another JSON parser than ours.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <json-c/json.h>

#include "base/sbuf.h"

struct harvest {
	struct sbuf texts, calls, results, thoughts;
	unsigned media, tools;
};

static inline void
harvest_free(struct harvest *h)
{
	sbuf_free(&h->texts);
	sbuf_free(&h->calls);
	sbuf_free(&h->results);
	sbuf_free(&h->thoughts);
}

static inline json_object *
harvest_get(json_object *o, const char *name)
{
	json_object *v;

	if (o == NULL || !json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, name, &v))
		return NULL;
	return v;
}

static inline const char *
harvest_str(json_object *o, const char *name)
{
	json_object *v = harvest_get(o, name);

	return v != NULL ? json_object_get_string(v) : "";
}

static inline size_t
harvest_count(json_object *array)
{
	return json_object_is_type(array, json_type_array)
	           ? json_object_array_length(array)
	           : 0;
}

static inline void
harvest_line(struct sbuf *b, const char *a, const char *c, const char *d)
{
	sbuf_adds(b, a);
	sbuf_addc(b, '|');
	sbuf_adds(b, c);
	sbuf_addc(b, '|');
	sbuf_adds(b, d);
	sbuf_addc(b, '\n');
}

static inline const char *
harvest_plain(json_object *o)
{
	return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
}

/* A call's arguments: the same object, however it is spelt. */
static inline void
harvest_call(struct harvest *h, const char *id, const char *name,
    json_object *arguments)
{
	harvest_line(&h->calls, id, name,
	    arguments != NULL ? harvest_plain(arguments) : "{}");
}

static inline void
harvest_chat_part(struct harvest *h, struct sbuf *to, json_object *part)
{
	if (strcmp(harvest_str(part, "type"), "text") == 0)
		sbuf_adds(to, harvest_str(part, "text"));
	else
		h->media++;
}

static inline void
harvest_chat_content(struct harvest *h, struct sbuf *to, json_object *content)
{
	if (json_object_is_type(content, json_type_string))
		sbuf_adds(to, json_object_get_string(content));
	for (size_t i = 0; i < harvest_count(content); i++)
		harvest_chat_part(h, to, json_object_array_get_idx(content, i));
}

static inline void
harvest_chat_calls(struct harvest *h, json_object *calls)
{
	for (size_t i = 0; i < harvest_count(calls); i++) {
		json_object *call = json_object_array_get_idx(calls, i);
		json_object *f = harvest_get(call, "function");
		json_object *arguments =
		    json_tokener_parse(harvest_str(f, "arguments"));

		ck_assert(arguments != NULL);
		harvest_call(h, harvest_str(call, "id"), harvest_str(f, "name"),
		    arguments);
		json_object_put(arguments);
	}
}

static inline void
harvest_chat_details(struct harvest *h, json_object *details)
{
	for (size_t i = 0; i < harvest_count(details); i++) {
		json_object *d = json_object_array_get_idx(details, i);

		harvest_line(&h->thoughts, harvest_str(d, "text"),
		    harvest_str(d, "signature"), harvest_str(d, "data"));
	}
}

static inline void
harvest_chat(struct harvest *h, json_object *chat)
{
	json_object *messages = harvest_get(chat, "messages");

	h->tools = (unsigned)harvest_count(harvest_get(chat, "tools"));
	for (size_t i = 0; i < harvest_count(messages); i++) {
		json_object *m = json_object_array_get_idx(messages, i);
		json_object *content = harvest_get(m, "content");

		if (strcmp(harvest_str(m, "role"), "tool") == 0) {
			sbuf_adds(&h->results, harvest_str(m, "tool_call_id"));
			sbuf_addc(&h->results, '|');
			harvest_chat_content(h, &h->results, content);
			sbuf_addc(&h->results, '\n');
			continue;
		}
		harvest_chat_content(h, &h->texts, content);
		harvest_chat_calls(h, harvest_get(m, "tool_calls"));
		harvest_chat_details(h, harvest_get(m, "reasoning_details"));
	}
}

static inline void
harvest_same(const char *name, const char *what, const struct sbuf *a,
    const struct sbuf *b)
{
	ck_assert_msg(slice_eq(sbuf_slice(a), sbuf_slice(b)),
	    "%s: %s\n%s\n--- in chat:\n%s", name, what, a->len ? a->data : "",
	    b->len ? b->data : "");
}

static inline void
harvest_compare(const char *name, const struct harvest *a,
    const struct harvest *b)
{
	harvest_same(name, "texts", &a->texts, &b->texts);
	harvest_same(name, "calls", &a->calls, &b->calls);
	harvest_same(name, "results", &a->results, &b->results);
	harvest_same(name, "thoughts", &a->thoughts, &b->thoughts);
	ck_assert_msg(a->media == b->media, "%s: %u and %u media", name,
	    a->media, b->media);
	ck_assert_msg(a->tools == b->tools, "%s: %u and %u tools", name,
	    a->tools, b->tools);
}

#endif

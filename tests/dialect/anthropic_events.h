#ifndef TESTS_DIALECT_ANTHROPIC_EVENTS_H
#define TESTS_DIALECT_ANTHROPIC_EVENTS_H

/*
 * anthropic_events - what an Anthropic client makes of a stream, and whether
 * it obeys the grammar: the order of events, contiguous indexes, one block at
 * a time, deltas that fit their block, input that is JSON.
 */

#include "tests/dialect/harvest.h"

struct events {
	enum { EV_NOTHING, EV_MESSAGE, EV_DELTA, EV_STOPPED } at;
	bool open;
	int index; /* of the open block, or of the next one */
	char type[32];
	struct sbuf text, signature; /* of the open block */
	/* [thinking:...|sig] [text:...] [tool_use id name {...}] */
	struct sbuf told;
	/* What all blocks of a kind hold, joined. */
	struct sbuf texts, thoughts, calls;
	char stop[32], sequence[64];
	int64_t input, read, created, output;
	unsigned pings, errors;
	bool loose;           /* input may be cut */
	json_object *block;   /* that is open, as it began */
	json_object *content; /* all blocks, put together */
};

static inline void
events_free(struct events *v)
{
	sbuf_free(&v->text);
	sbuf_free(&v->signature);
	sbuf_free(&v->told);
	sbuf_free(&v->texts);
	sbuf_free(&v->thoughts);
	sbuf_free(&v->calls);
	json_object_put(v->block);
	json_object_put(v->content);
}

static inline int64_t
events_int(json_object *o, const char *name)
{
	json_object *n = harvest_get(o, name);

	ck_assert_msg(n != NULL && json_object_is_type(n, json_type_int),
	    "no %s", name);
	return json_object_get_int64(n);
}

static inline void
events_usage(struct events *v, json_object *usage)
{
	v->input = events_int(usage, "input_tokens");
	v->created = events_int(usage, "cache_creation_input_tokens");
	v->read = events_int(usage, "cache_read_input_tokens");
	v->output = events_int(usage, "output_tokens");
}

static inline void
events_message_start(struct events *v, json_object *o)
{
	json_object *m = harvest_get(o, "message");

	ck_assert_int_eq(v->at, EV_NOTHING);
	v->at = EV_MESSAGE;
	ck_assert_str_eq(harvest_str(m, "type"), "message");
	ck_assert_str_eq(harvest_str(m, "role"), "assistant");
	ck_assert_int_eq(strncmp(harvest_str(m, "id"), "msg_", 4), 0);
	ck_assert_uint_eq(strlen(harvest_str(m, "id")), 28);
	ck_assert(harvest_str(m, "model")[0] != '\0');
	ck_assert_uint_eq(harvest_count(harvest_get(m, "content")), 0);
	ck_assert(harvest_get(m, "stop_reason") == NULL);
	events_usage(v, harvest_get(m, "usage"));
}

static inline void
events_block_start(struct events *v, json_object *o)
{
	json_object *b = harvest_get(o, "content_block");

	ck_assert_int_eq(v->at, EV_MESSAGE);
	ck_assert(!v->open);
	ck_assert_int_eq(events_int(o, "index"), v->index);
	v->open = true;
	json_object_put(v->block);
	v->block = json_object_get(b);
	snprintf(v->type, sizeof v->type, "%s", harvest_str(b, "type"));
	sbuf_clear(&v->text);
	sbuf_clear(&v->signature);
	sbuf_addf(&v->told, "[%s", v->type);
	if (strcmp(v->type, "tool_use") == 0) {
		ck_assert_str_eq(harvest_plain(harvest_get(b, "input")), "{}");
		sbuf_addf(&v->told, " %s %s ", harvest_str(b, "id"),
		    harvest_str(b, "name"));
		sbuf_addf(&v->calls, "%s|%s|", harvest_str(b, "id"),
		    harvest_str(b, "name"));
	} else if (strcmp(v->type, "redacted_thinking") == 0) {
		sbuf_addf(&v->told, ":%s", harvest_str(b, "data"));
	} else {
		ck_assert_str_eq(harvest_str(b, v->type), "");
		sbuf_addc(&v->told, ':');
	}
}

static inline void
events_block_delta(struct events *v, json_object *o)
{
	static const char *const fits[][4] = {
		{ "text", "text_delta", "text" },
		{ "thinking", "thinking_delta", "thinking" },
		{ "thinking", "signature_delta", "signature" },
		{ "tool_use", "input_json_delta", "partial_json" },
	};
	json_object *d = harvest_get(o, "delta");
	const char *type = harvest_str(d, "type");
	size_t i = 0;

	ck_assert(v->open);
	ck_assert_int_eq(events_int(o, "index"), v->index);
	while (i < 4 && (strcmp(fits[i][0], v->type) != 0 ||
			    strcmp(fits[i][1], type) != 0))
		i++;
	ck_assert_msg(i < 4, "%s in %s", type, v->type);
	ck_assert(harvest_get(d, fits[i][2]) != NULL);
	ck_assert_msg(v->signature.len == 0, "a signature ends its block");
	sbuf_adds(i == 2 ? &v->signature : &v->text,
	    harvest_str(d, fits[i][2]));
}

static inline void
events_call_stop(struct events *v)
{
	json_object *input =
	    json_tokener_parse(v->text.len > 0 ? v->text.data : "{}");

	ck_assert_msg(v->loose || json_object_is_type(input, json_type_object),
	    "input is %s", v->text.data);
	sbuf_adds(&v->told, input != NULL ? harvest_plain(input) : "?");
	sbuf_addf(&v->calls, "%s\n",
	    input != NULL ? harvest_plain(input) : "?");
	json_object_put(input);
}

static inline void
events_set(json_object *block, const char *name, const struct sbuf *text)
{
	if (text->len > 0)
		json_object_object_add(block, name,
		    json_object_new_string_len(text->data, (int)text->len));
}

/* The block as a client keeps it, to send it back. */
static inline void
events_keep(struct events *v)
{
	if (strcmp(v->type, "tool_use") != 0)
		events_set(v->block, v->type, &v->text);
	else if (v->text.len > 0)
		json_object_object_add(v->block, "input",
		    json_tokener_parse(v->text.data));
	events_set(v->block, "signature", &v->signature);
	if (v->content == NULL)
		v->content = json_object_new_array();
	json_object_array_add(v->content, v->block);
	v->block = NULL;
}

static inline void
events_block_stop(struct events *v, json_object *o)
{
	ck_assert(v->open);
	ck_assert_int_eq(events_int(o, "index"), v->index);
	v->open = false;
	v->index++;
	if (strcmp(v->type, "tool_use") == 0)
		events_call_stop(v);
	else
		sbuf_add_slice(&v->told, sbuf_slice(&v->text));
	if (v->signature.len > 0)
		sbuf_addf(&v->told, "|%s", v->signature.data);
	sbuf_addc(&v->told, ']');
	if (strcmp(v->type, "text") == 0)
		sbuf_add_slice(&v->texts, sbuf_slice(&v->text));
	if (strcmp(v->type, "thinking") == 0)
		sbuf_add_slice(&v->thoughts, sbuf_slice(&v->text));
	events_keep(v);
}

static inline void
events_message_delta(struct events *v, json_object *o)
{
	json_object *d = harvest_get(o, "delta");

	ck_assert_int_eq(v->at, EV_MESSAGE);
	ck_assert(!v->open);
	v->at = EV_DELTA;
	snprintf(v->stop, sizeof v->stop, "%s", harvest_str(d, "stop_reason"));
	snprintf(v->sequence, sizeof v->sequence, "%s",
	    harvest_str(d, "stop_sequence"));
	events_usage(v, harvest_get(o, "usage"));
}

static inline void
events_one(struct events *v, const char *name, const char *data)
{
	json_object *o = json_tokener_parse(data);
	const char *type;

	ck_assert_msg(o != NULL, "no JSON: %s", data);
	type = harvest_str(o, "type");
	ck_assert_str_eq(type, name);
	ck_assert_int_ne(v->at, EV_STOPPED);
	if (strcmp(type, "message_start") == 0) {
		events_message_start(v, o);
	} else if (strcmp(type, "ping") == 0) {
		ck_assert_int_ne(v->at, EV_NOTHING);
		v->pings++;
	} else if (strcmp(type, "content_block_start") == 0) {
		events_block_start(v, o);
	} else if (strcmp(type, "content_block_delta") == 0) {
		events_block_delta(v, o);
	} else if (strcmp(type, "content_block_stop") == 0) {
		events_block_stop(v, o);
	} else if (strcmp(type, "message_delta") == 0) {
		events_message_delta(v, o);
	} else if (strcmp(type, "message_stop") == 0) {
		ck_assert_int_eq(v->at, EV_DELTA);
		v->at = EV_STOPPED;
	} else {
		ck_assert_str_eq(type, "error");
		v->errors++;
	}
	json_object_put(o);
}

/* "event: NAME\ndata: JSON\n\n" and nothing else. */
static inline void
events_read(struct events *v, struct slice stream)
{
	char *copy = strndup(stream.p, stream.n), *p = copy, *name, *data;

	while (*p != '\0') {
		ck_assert_msg(strncmp(p, "event: ", 7) == 0, "not: %.40s", p);
		name = p + 7;
		data = strchr(name, '\n');
		ck_assert(data != NULL);
		*data++ = '\0';
		ck_assert(strncmp(data, "data: ", 6) == 0);
		p = strstr(data, "\n\n");
		ck_assert(p != NULL);
		*p = '\0';
		p += 2;
		ck_assert_msg(strpbrk(data, "\r\n") == NULL, "%s", data);
		events_one(v, name, data + 6);
	}
	free(copy);
}

#endif

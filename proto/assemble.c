#include "proto/assemble.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/xmem.h"
#include "proto/assemble_priv.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/relay.h"

#define INDEX_MAX 1024 /* of tool calls in a choice */

const struct slice assemble_kept_names[ASSEMBLE_KEPT] = {
	SLICE("id"),
	SLICE("created"),
	SLICE("model"),
	SLICE("system_fingerprint"),
	SLICE("service_tier"),
	SLICE("citations"),
	SLICE("search_results"),
	SLICE("usage"),
};

const struct slice assemble_text_names[ASSEMBLE_TEXTS] = {
	SLICE("content"),
	SLICE("reasoning_content"),
	SLICE("reasoning"),
	SLICE("refusal"),
};

const struct slice assemble_array_names[ASSEMBLE_ARRAYS] = {
	SLICE("reasoning_details"),
	SLICE("annotations"),
	SLICE("images"),
};

struct assemble *
assemble_new(size_t max)
{
	struct assemble *a = xcalloc(1, sizeof *a);

	a->max = max;
	sse_init(&a->sse);
	return a;
}

static void
assemble_free_choice(struct assemble_choice *c)
{
	size_t i;

	for (i = 0; i < ASSEMBLE_TEXTS; i++)
		sbuf_free(&c->text[i]);
	for (i = 0; i < ASSEMBLE_ARRAYS; i++)
		sbuf_free(&c->array[i]);
	for (i = 0; i < c->ncalls; i++) {
		sbuf_free(&c->calls[i].id);
		sbuf_free(&c->calls[i].name);
		sbuf_free(&c->calls[i].arguments);
		sbuf_free(&c->calls[i].extra);
	}
	free(c->calls);
	sbuf_free(&c->logprobs);
	sbuf_free(&c->refusal_logprobs);
	sbuf_free(&c->finish);
	sbuf_free(&c->function_name);
	sbuf_free(&c->function_arguments);
}

void
assemble_free(struct assemble **ap)
{
	struct assemble *a = *ap;
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->nchoices; i++)
		assemble_free_choice(&a->choices[i]);
	free(a->choices);
	for (i = 0; i < ASSEMBLE_KEPT; i++)
		sbuf_free(&a->kept[i]);
	for (i = 0; i < a->nfields; i++) {
		sbuf_free(&a->fields[i].name);
		sbuf_free(&a->fields[i].value);
	}
	sse_fini(&a->sse);
	free(a);
	*ap = NULL;
}

/* Everything that grows passes here, so that nothing grows beyond max. */
static void
assemble_add(struct assemble *a, struct sbuf *b, struct slice s)
{
	if (a->dropped || a->held + s.n > a->max) {
		a->dropped = true;
		return;
	}
	a->held += s.n;
	sbuf_add_slice(b, s);
}

static void
assemble_set(struct assemble *a, struct sbuf *b, struct slice s)
{
	a->held -= b->len;
	sbuf_clear(b);
	assemble_add(a, b, s);
}

static void
assemble_add_string(struct assemble *a, struct sbuf *b,
    const struct jscan_item *item)
{
	if (item->type == JSCAN_STRING)
		assemble_add(a, b, jscan_text(item));
}

/* The elements of an array behind those that are there. */
static void
assemble_add_elements(struct assemble *a, struct sbuf *b,
    const struct jscan_item *array)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (array->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, array->value);
	while (jscan_element_next(&it, &item) == 1) {
		if (b->len > 0)
			assemble_add(a, b, SLICE(","));
		assemble_add(a, b, item.value);
	}
}

static struct assemble_choice *
assemble_choice_at(struct assemble *a, unsigned index)
{
	size_t i = 0;

	while (i < a->nchoices && a->choices[i].index < index)
		i++;
	if (i < a->nchoices && a->choices[i].index == index)
		return &a->choices[i];
	a->choices =
	    xrealloc(a->choices, (a->nchoices + 1) * sizeof *a->choices);
	memmove(&a->choices[i + 1], &a->choices[i],
	    (a->nchoices - i) * sizeof *a->choices);
	a->nchoices++;
	a->choices[i] = (struct assemble_choice){ .index = index };
	return &a->choices[i];
}

static struct assemble_call *
assemble_call_at(struct assemble_choice *c, unsigned index)
{
	size_t i;

	for (i = 0; i < c->ncalls; i++)
		if (c->calls[i].index == index)
			return &c->calls[i];
	c->calls = xrealloc(c->calls, (c->ncalls + 1) * sizeof *c->calls);
	c->calls[c->ncalls] = (struct assemble_call){ .index = index };
	return &c->calls[c->ncalls++];
}

static unsigned
assemble_index(struct slice object, unsigned fallback, unsigned max)
{
	struct jscan_item item;
	int64_t index;

	if (jscan_find(object, SLICE("index"), &item) == 0 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &index) != 1 ||
	    index < 0 || index >= max)
		return fallback;
	return (unsigned)index;
}

static void
assemble_once(struct assemble *a, struct sbuf *b, struct slice object,
    struct slice name)
{
	struct jscan_item item;

	if (b->len == 0 && jscan_find(object, name, &item) == 1)
		assemble_add_string(a, b, &item);
}

static void
assemble_take_call(struct assemble *a, struct assemble_choice *c,
    struct slice json, unsigned position)
{
	struct assemble_call *call =
	    assemble_call_at(c, assemble_index(json, position, INDEX_MAX));
	struct jscan_item item, piece;

	assemble_once(a, &call->id, json, SLICE("id"));
	if (jscan_find(json, SLICE("extra_content"), &item) == 1)
		assemble_set(a, &call->extra, item.value);
	if (jscan_find(json, SLICE("custom"), &item) == 1)
		call->custom = true;
	else if (jscan_find(json, SLICE("function"), &item) == 0)
		return;
	if (item.type != JSCAN_OBJECT)
		return;
	assemble_once(a, &call->name, item.value, SLICE("name"));
	if (jscan_find(item.value,
		call->custom ? SLICE("input") : SLICE("arguments"),
		&piece) == 1)
		assemble_add_string(a, &call->arguments, &piece);
}

static void
assemble_take_calls(struct assemble *a, struct assemble_choice *c,
    const struct jscan_item *calls)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned position = 0;

	if (calls->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, calls->value);
	while (jscan_element_next(&it, &item) == 1)
		if (item.type == JSCAN_OBJECT)
			assemble_take_call(a, c, item.value, position++);
}

/* Mistral: content is a list of parts, some of them thoughts. */
static void
assemble_take_parts(struct assemble *a, struct assemble_choice *c,
    const struct jscan_item *parts, enum assemble_text into)
{
	struct jscan_iter it;
	struct jscan_item part, item;

	jscan_enter(&it, parts->value);
	while (jscan_element_next(&it, &part) == 1) {
		if (part.type != JSCAN_OBJECT)
			continue;
		if (jscan_find(part.value, SLICE("text"), &item) == 1) {
			c->said[into] = true;
			assemble_add_string(a, &c->text[into], &item);
		} else if (into == TEXT_CONTENT &&
			   jscan_find(part.value, SLICE("thinking"), &item) ==
			       1 &&
			   item.type == JSCAN_ARRAY)
			assemble_take_parts(a, c, &item,
			    TEXT_REASONING_CONTENT);
	}
}

static void
assemble_take_function(struct assemble *a, struct assemble_choice *c,
    struct slice function)
{
	struct jscan_item item;

	assemble_once(a, &c->function_name, function, SLICE("name"));
	if (jscan_find(function, SLICE("arguments"), &item) == 1)
		assemble_add_string(a, &c->function_arguments, &item);
}

static void
assemble_take_text(struct assemble *a, struct assemble_choice *c,
    const struct jscan_item *item, enum assemble_text which)
{
	if (item->type == JSCAN_ARRAY)
		assemble_take_parts(a, c, item, which);
	if (item->type != JSCAN_STRING)
		return;
	c->said[which] = true;
	assemble_add_string(a, &c->text[which], item);
}

static void
assemble_take_member(struct assemble *a, struct assemble_choice *c,
    const struct jscan_item *item)
{
	unsigned i;

	for (i = 0; i < ASSEMBLE_TEXTS; i++)
		if (slice_eq(item->name, assemble_text_names[i]))
			assemble_take_text(a, c, item, i);
	for (i = 0; i < ASSEMBLE_ARRAYS; i++)
		if (slice_eq(item->name, assemble_array_names[i]))
			assemble_add_elements(a, &c->array[i], item);
	if (slice_eq(item->name, SLICE("tool_calls")))
		assemble_take_calls(a, c, item);
	else if (slice_eq(item->name, SLICE("function_call")) &&
		 item->type == JSCAN_OBJECT)
		assemble_take_function(a, c, item->value);
}

static void
assemble_take_choice(struct assemble *a, struct slice json, unsigned position)
{
	struct assemble_choice *c = assemble_choice_at(a,
	    assemble_index(json, position, RELAY_CHOICES_MAX));
	struct jscan_iter it;
	struct jscan_item item;

	if (jscan_find(json, SLICE("finish_reason"), &item) == 1 &&
	    item.type == JSCAN_STRING && item.value.n > 2)
		assemble_set(a, &c->finish, item.value);
	if (jscan_dig(json, &item, "logprobs", "content", (char *)NULL) == 1)
		assemble_add_elements(a, &c->logprobs, &item);
	if (jscan_dig(json, &item, "logprobs", "refusal", (char *)NULL) == 1)
		assemble_add_elements(a, &c->refusal_logprobs, &item);
	if (jscan_find(json, SLICE("delta"), &item) == 0 ||
	    item.type != JSCAN_OBJECT)
		return;
	jscan_enter(&it, item.value);
	while (jscan_member_next(&it, &item) == 1)
		assemble_take_member(a, c, &item);
}

static void
assemble_take_choices(struct assemble *a, const struct jscan_item *choices)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned position = 0;

	jscan_enter(&it, choices->value);
	while (position < RELAY_CHOICES_MAX &&
	       jscan_element_next(&it, &item) == 1) {
		if (item.type == JSCAN_OBJECT)
			assemble_take_choice(a, item.value, position);
		position++;
	}
}

static struct assemble_field *
assemble_field_at(struct assemble *a, struct slice name)
{
	struct assemble_field *f;
	size_t i;

	for (i = 0; i < a->nfields; i++)
		if (slice_eq(sbuf_slice(&a->fields[i].name), name))
			return &a->fields[i];
	if (a->nfields == ASSEMBLE_FIELDS)
		return NULL;
	f = &a->fields[a->nfields++];
	assemble_add(a, &f->name, name);
	return f;
}

static void
assemble_take_fields(struct assemble *a, struct slice object)
{
	struct assemble_field *f;
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item) == 1) {
		f = assemble_field_at(a, item.name);
		if (f == NULL)
			continue;
		f->array = item.type == JSCAN_ARRAY;
		if (f->array)
			assemble_add_elements(a, &f->value, &item);
		else
			assemble_set(a, &f->value, item.value);
	}
}

static bool
assemble_keeps(const struct assemble *a, unsigned which,
    const struct jscan_item *item)
{
	if (item->type == JSCAN_NULL)
		return false;
	/* The first chunk may be a filter's, without names. */
	if (which == KEPT_ID || which == KEPT_MODEL)
		return a->kept[which].len <= 2 && item->type == JSCAN_STRING;
	return which != KEPT_CREATED || a->kept[which].len <= 1;
}

int
assemble_chunk(struct assemble *a, struct slice json)
{
	struct jscan_item whole, item, choices;
	struct jscan_iter it;
	struct err e;
	unsigned i;

	if (jscan_value(json, &whole, &e) == -1)
		return -1;
	if (whole.type != JSCAN_OBJECT ||
	    jscan_find(whole.value, SLICE("choices"), &choices) == 0 ||
	    choices.type != JSCAN_ARRAY ||
	    (jscan_find(whole.value, SLICE("id"), &item) == 1 &&
		slice_eq(item.value, SLICE("\"request_breakdown\""))))
		return 0;
	jscan_enter(&it, whole.value);
	while (jscan_member_next(&it, &item) == 1)
		for (i = 0; i < ASSEMBLE_KEPT; i++)
			if (slice_eq(item.name, assemble_kept_names[i]) &&
			    assemble_keeps(a, i, &item))
				assemble_set(a, &a->kept[i], item.value);
	if (jscan_find(whole.value, SLICE("provider_specific_fields"), &item) ==
		1 &&
	    item.type == JSCAN_OBJECT)
		assemble_take_fields(a, item.value);
	assemble_take_choices(a, &choices);
	return 1;
}

int
assemble_frames(struct assemble *a, struct slice bytes)
{
	struct sse_event ev;
	struct err e;
	int more;

	while ((more = sse_next(&a->sse, &bytes, &ev, &e)) == 1) {
		if (ev.data.n == 0 || slice_eq(ev.data, SLICE("[DONE]")))
			continue;
		if (assemble_chunk(a, ev.data) == -1)
			return -1;
	}
	return more;
}

bool
assemble_is_whole(const struct assemble *a)
{
	size_t i;

	for (i = 0; i < a->nchoices; i++)
		if (a->choices[i].finish.len == 0)
			return false;
	return !a->dropped && a->nchoices > 0;
}

#include "dialect/embed.h"

#include <stdio.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "dialect/embed_priv.h"
#include "proto/jstr.h"
#include "proto/vector.h"

static const enum param_id embed_params[] = { PARAM_input,
	PARAM_encoding_format, PARAM_dimensions, PARAM_COUNT };

bool
embed_is_plain(enum provider_kind kind)
{
	return kind == KIND_OPENAI || kind == KIND_AZURE || kind == KIND_DEMO;
}

const struct embed *
embed_find(enum provider_kind kind, struct slice model)
{
	static const struct embed *const tables[KINDS] = {
		[KIND_GEMINI] = &embed_gemini,
		[KIND_VERTEX_GEMINI] = &embed_vertex,
		[KIND_COHERE] = &embed_cohere,
		[KIND_BEDROCK] = &embed_titan,
		[KIND_BEDROCK_INVOKE] = &embed_titan,
		[KIND_OLLAMA] = &embed_ollama,
	};
	struct slice cohere = SLICE("cohere.");

	/* With a region before it, or without. */
	if (tables[kind] == &embed_titan &&
	    memmem(model.p, model.n, cohere.p, cohere.n) != NULL)
		return &embed_bedrock_cohere;
	return tables[kind];
}

void
embed_enter(const struct ask *a, struct embed_texts *t)
{
	const struct param *v = params_at(a->params, PARAM_input);

	*t = (struct embed_texts){ .one = v->item };
	t->single = v->item.type == JSCAN_STRING;
	if (!t->single)
		jscan_enter(&t->it, v->item.value);
}

int
embed_next(struct embed_texts *t, struct slice *raw_r)
{
	struct jscan_item item = t->one;

	if (t->over || (!t->single && !jscan_element_next(&t->it, &item)))
		return 0;
	t->over = t->single;
	*raw_r = jscan_text(&item);
	return 1;
}

unsigned
embed_count(const struct ask *a)
{
	struct embed_texts t;
	struct slice raw;
	unsigned n = 0;

	embed_enter(a, &t);
	while (embed_next(&t, &raw))
		n++;
	return n;
}

void
embed_texts(const struct ask *a, struct sbuf *b, const char *name)
{
	struct embed_texts t;
	struct slice raw;

	ask_name(b, name);
	sbuf_addc(b, '[');
	embed_enter(a, &t);
	while (embed_next(&t, &raw)) {
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, raw);
		sbuf_addc(b, '"');
	}
	sbuf_addc(b, ']');
}

struct slice
embed_member(const struct ask *a, struct slice name)
{
	const struct jscan_body *body = a->params->body;

	for (unsigned i = 0; i < body->n; i++)
		if (jstr_is(&body->members[i], name) &&
		    body->members[i].type == JSCAN_STRING)
			return jscan_text(&body->members[i]);
	return SLICE("");
}

/* Tokens mean nothing to a provider with another vocabulary. */
static int
embed_check_texts(struct ask *a, struct err *e)
{
	const struct param *v = params_at(a->params, PARAM_input);
	struct jscan_iter it;
	struct jscan_item item;
	char where[32];
	unsigned i = 0;

	if (v->item.type == JSCAN_STRING)
		return 0;
	jscan_enter(&it, v->item.value);
	for (; jscan_element_next(&it, &item); i++) {
		if (item.type == JSCAN_STRING)
			continue;
		if (item.type == JSCAN_NUMBER || item.type == JSCAN_ARRAY)
			return ask_refuse(a, e, "input");
		snprintf(where, sizeof where, "input[%u]", i);
		return err_param(e, ERR_INVALID_TYPE, where,
		    "Invalid type for '%s': expected string, got %s.", where,
		    jscan_type_name(&item));
	}
	return 0;
}

int
embed_ask(const struct embed *x, struct ask *a, struct sbuf *b, struct err *e)
{
	struct ask_carried carried = { embed_params, x->members };

	if (embed_check_texts(a, e) != 0 || ask_check(a, &carried, e) != 0)
		return -1;
	return x->ask(a, b, e);
}

int
embed_add(struct embed_list *list, struct slice array)
{
	if (array.n == 0 || *array.p != '[')
		return 0;
	sbuf_addf(list->b, "%s{\"object\":\"embedding\",\"index\":%u,",
	    list->n > 0 ? "," : "", list->n);
	sbuf_adds(list->b, "\"embedding\":");
	list->n++;
	if (!vector_write(array, list->base64, list->b))
		return 0;
	sbuf_addc(list->b, '}');
	return 1;
}

int
embed_add_each(struct embed_list *list, struct slice array, struct slice outer,
    struct slice inner)
{
	struct jscan_iter it;
	struct jscan_item item;
	struct slice at;

	if (array.n == 0)
		return 0;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item)) {
		at = item.value;
		if (inner.n > 0 && item.type != JSCAN_OBJECT)
			return 0;
		if (outer.n > 0)
			at = tell_object(at, outer);
		if (inner.n > 0)
			at = tell_array(at, inner);
		if (!embed_add(list, at))
			return 0;
	}
	return 1;
}

static int
embed_invalid(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_INVALID, "embeddings: %s", what);
}

int
embed_tell(const struct embed *x, const struct ask *a, struct slice body,
    struct embed_list *list, struct relay_error *error_r, struct err *e)
{
	struct jscan_item whole, error;
	struct err why;

	if (jscan_value(body, &whole, &why) != 0)
		return embed_invalid(e, why.text);
	if (whole.type != JSCAN_OBJECT)
		return embed_invalid(e, "no object");
	if (jscan_find(whole.value, SLICE("error"), &error) == 1 &&
	    error.type != JSCAN_NULL) {
		relay_error_read(whole.value, 200, error_r);
		return 0;
	}
	list->n = 0;
	list->in_tokens = -1;
	list->model = SLICE("");
	sbuf_addc(list->b, '[');
	if (!x->tell(list, whole.value))
		return embed_invalid(e, "no vectors");
	sbuf_addc(list->b, ']');
	return list->n == embed_count(a)
	           ? 1
	           : embed_invalid(e, "not a vector for each text");
}

#include "dialect/ask.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jstr.h"

/* Part of every request: each dialect says them in its own way. */
static const enum param_id common[] = { PARAM_messages, PARAM_model,
	PARAM_stream, PARAM_stream_options, PARAM_metadata, PARAM_COUNT };

/* Without these the answer would mean something else: providers.md 4.9. */
static const enum param_id meant[] = { PARAM_n, PARAM_tools, PARAM_tool_choice,
	PARAM_functions, PARAM_function_call, PARAM_response_format,
	PARAM_logprobs, PARAM_top_logprobs, PARAM_modalities, PARAM_audio,
	PARAM_COUNT };

static bool
ask_is_among(const enum param_id *ids, enum param_id id)
{
	while (*ids != PARAM_COUNT && *ids != id)
		ids++;
	return *ids == id && id != PARAM_COUNT;
}

static bool
ask_has_text(struct slice json, struct slice text)
{
	return json.n >= text.n && memmem(json.p, json.n, text.p, text.n);
}

/* A value that asks for what is so anyhow. */
static bool
ask_is_idle(const struct param *v)
{
	switch (v->id) {
	case PARAM_n:
		return v->number == 1;
	case PARAM_logprobs:
	case PARAM_top_logprobs:
	case PARAM_store:
		return v->number == 0;
	case PARAM_parallel_tool_calls:
		return v->number == 1;
	case PARAM_modalities:
		return !ask_has_text(v->item.value, SLICE("audio"));
	case PARAM_tool_choice:
		return jstr_says(&v->item, SLICE("auto")) ||
		       jstr_says(&v->item, SLICE("none"));
	case PARAM_response_format:
		return ask_has_text(v->item.value, SLICE("\"text\""));
	default:
		return false;
	}
}

int
ask_refuse(struct ask *a, struct err *e, const char *fmt, ...)
{
	char name[64];
	va_list ap;

	(void)a;
	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	return err_param(e, ERR_UNSUPPORTED_PARAMETER, name,
	    "Parameter '%s' is not supported by this provider.", name);
}

int
ask_drop(struct ask *a, struct slice name, struct err *e)
{
	struct params *p = a->params;

	if (params_bool(p, PARAM_require_parameters))
		return ask_refuse(a, e, "%.*s", SLICE_ARGS(name));
	params_warn(p, name);
	return 0;
}

static int
ask_check_param(struct ask *a, const struct ask_carried *carried,
    const struct param *v, struct err *e)
{
	if (params_is_ours(v->id) || ask_is_among(common, v->id) ||
	    ask_is_among(carried->ids, v->id) || ask_is_idle(v))
		return 0;
	if (ask_is_among(meant, v->id))
		return ask_refuse(a, e, "%.*s", SLICE_ARGS(params_name(v->id)));
	return ask_drop(a, params_name(v->id), e);
}

static int
ask_check_unknown(struct ask *a, const struct ask_carried *carried,
    const struct jscan_item *member, struct err *e)
{
	const char *const *name = carried->members;

	if (member->type == JSCAN_NULL)
		return 0;
	for (; name != NULL && *name != NULL; name++)
		if (jstr_is(member, slice_str(*name)))
			return 0;
	return ask_drop(a, member->name, e);
}

int
ask_check(struct ask *a, const struct ask_carried *carried, struct err *e)
{
	const struct params *p = a->params;

	for (const struct param *v = p->values; v != NULL; v = v->next)
		if (ask_check_param(a, carried, v, e) != 0)
			return -1;
	for (unsigned i = 0; i < p->body->n; i++)
		if (p->body_ids[i] == PARAM_UNKNOWN &&
		    ask_check_unknown(a, carried, &p->body->members[i], e) != 0)
			return -1;
	return 0;
}

/* Does base64 begin so?  As raw text it may escape its slashes. */
static bool
ask_base64_starts(struct slice raw, struct slice head)
{
	size_t i = 0;

	for (size_t k = 0; k < head.n; k++, i++) {
		if (i + 1 < raw.n && raw.p[i] == '\\')
			i++;
		if (i >= raw.n || raw.p[i] != head.p[k])
			return false;
	}
	return true;
}

/* The first bytes of each type, in base64. */
struct slice
ask_image_type(struct slice base64)
{
	static const struct {
		struct slice head, type;
	} types[] = {
		{ SLICE("iVBORw0KGgo"), SLICE("image/png") },
		{ SLICE("/9j/"), SLICE("image/jpeg") },
		{ SLICE("R0lGOD"), SLICE("image/gif") },
		{ SLICE("UklGR"), SLICE("image/webp") },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (ask_base64_starts(base64, types[i].head))
			return types[i].type;
	return SLICE("");
}

void
ask_segment(struct sbuf *b, struct slice name, const char *kept)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') ||
		    (c != '\0' &&
			(strchr("-._~", c) != NULL || strchr(kept, c) != NULL)))
			sbuf_addc(b, c);
		else
			sbuf_addf(b, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void
ask_comma(struct sbuf *b)
{
	char last = b->len > 0 ? b->data[b->len - 1] : '{';

	if (last != '{' && last != '[')
		sbuf_addc(b, ',');
}

void
ask_name(struct sbuf *b, const char *name)
{
	ask_comma(b);
	sbuf_addc(b, '"');
	sbuf_adds(b, name);
	sbuf_adds(b, "\":");
}

void
ask_json(struct sbuf *b, const char *name, struct slice json)
{
	if (json.n == 0)
		return;
	ask_name(b, name);
	sbuf_add_slice(b, json);
}

void
ask_text(struct sbuf *b, const char *name, struct slice raw)
{
	ask_name(b, name);
	sbuf_addc(b, '"');
	sbuf_add_slice(b, raw);
	sbuf_addc(b, '"');
}

void
ask_data(struct sbuf *b, const struct chat_media *m)
{
	sbuf_add_slice(b, m->data);
	if (m->sent != NULL)
		*m->sent += m->data.n;
}

void
ask_int(struct sbuf *b, const char *name, int64_t n)
{
	ask_name(b, name);
	sbuf_addf(b, "%lld", (long long)n);
}

struct slice
ask_value(const struct ask *a, enum param_id id)
{
	const struct param *v = params_at(a->params, id);

	if (v == NULL || v->item.type == JSCAN_NULL)
		return SLICE("");
	if (v->item.type == JSCAN_NUMBER && v->text.n > 0)
		return v->text;
	return v->item.value;
}

/* out_responses_object - the "response" of OpenAI's Responses. */
#include "base/digest.h"
#include "base/hex.h"
#include "dialect/ask.h"
#include "dialect/out_responses_priv.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define ID_BYTES 24

void
out_responses_id(const struct encode_ctx *x, const char *prefix, uint32_t n,
    struct sbuf *b)
{
	unsigned char sum[DIGEST_SIZE], from[sizeof x->opts.id + sizeof n];
	char hex[2 * ID_BYTES + 1];

	if (n == OUT_RESPONSES_SELF && x->opts.name.n > 0) {
		sbuf_add_slice(b, x->opts.name);
		return;
	}
	memcpy(from, x->opts.id, sizeof x->opts.id);
	memcpy(from + sizeof x->opts.id, &n, sizeof n);
	digest_sha256(from, sizeof from, sum);
	hex_write(sum, ID_BYTES, hex);
	sbuf_adds(b, prefix);
	sbuf_adds(b, hex);
}

/* What is repeated of the request, or told when it says nothing. */
static const struct {
	const char *name, *absent;
} object_repeated[] = {
	{ "background", "false" },
	{ "instructions", "null" },
	{ "max_output_tokens", "null" },
	{ "max_tool_calls", "null" },
	{ "parallel_tool_calls", "true" },
	{ "reasoning", "{\"effort\":null,\"summary\":null}" },
	{ "service_tier", "\"default\"" },
	{ "temperature", "1.0" },
	{ "text", "{\"format\":{\"type\":\"text\"}}" },
	{ "tool_choice", "\"auto\"" },
	{ "top_logprobs", "0" },
	{ "top_p", "1.0" },
	{ "truncation", "\"disabled\"" },
};

static const struct jscan_item *
object_find(const struct encode_ctx *x, const char *name)
{
	const struct jscan_body *body = x->opts.request;

	for (unsigned i = 0; body != NULL && i < body->n; i++)
		if (jstr_is(&body->members[i], slice_str(name)) &&
		    body->members[i].type != JSCAN_NULL)
			return &body->members[i];
	return NULL;
}

/* A function, with the members that its reader may count on. */
static void
object_tool(struct slice tool, struct sbuf *b)
{
	static const char *const needed[] = { "parameters", "strict" };
	struct jscan_iter it;
	struct jscan_item item;

	ask_comma(b);
	sbuf_addc(b, '{');
	jscan_enter(&it, tool);
	while (jscan_member_next(&it, &item)) {
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, item.name);
		sbuf_adds(b, "\":");
		sbuf_add_slice(b, item.value);
	}
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (jscan_find(tool, slice_str(needed[i]), &item) == 0)
			ask_json(b, needed[i], SLICE("null"));
	sbuf_addc(b, '}');
}

static void
object_tools(const struct encode_ctx *x, struct sbuf *b)
{
	const struct jscan_item *tools = object_find(x, "tools");
	struct jscan_iter it;
	struct jscan_item item;

	ask_name(b, "tools");
	sbuf_addc(b, '[');
	if (tools != NULL && tools->type == JSCAN_ARRAY) {
		jscan_enter(&it, tools->value);
		while (jscan_element_next(&it, &item))
			if (item.type == JSCAN_OBJECT)
				object_tool(item.value, b);
	}
	sbuf_addc(b, ']');
}

/* Respan lets any value stand there; OpenAI's has texts. */
static void
object_metadata(const struct encode_ctx *x, struct sbuf *b)
{
	const struct jscan_item *metadata = object_find(x, "metadata");
	struct jscan_iter it;
	struct jscan_item item;
	bool texts = metadata != NULL && metadata->type == JSCAN_OBJECT;

	if (texts) {
		jscan_enter(&it, metadata->value);
		while (jscan_member_next(&it, &item))
			texts &= item.type == JSCAN_STRING;
	}
	ask_json(b, "metadata", texts ? metadata->value : SLICE("{}"));
}

static void
object_usage(const struct usage *u, struct sbuf *b)
{
	struct usage_figures f;

	usage_sum(u, &f);
	ask_name(b, "usage");
	sbuf_addc(b, '{');
	ask_int(b, "input_tokens", f.prompt);
	sbuf_adds(b, ",\"input_tokens_details\":{");
	ask_int(b, "cached_tokens", f.cached);
	ask_int(b, "cache_write_tokens", f.cache_write);
	sbuf_addc(b, '}');
	ask_int(b, "output_tokens", f.completion);
	sbuf_adds(b, ",\"output_tokens_details\":{");
	ask_int(b, "reasoning_tokens", f.reasoning);
	sbuf_addc(b, '}');
	ask_int(b, "total_tokens", f.total);
	sbuf_addc(b, '}');
}

static void
object_head(const struct encode_ctx *x, bool over, struct sbuf *b)
{
	const struct out_responses *s = x->state;
	bool incomplete = s->cut || s->filtered;

	sbuf_adds(b, "{\"id\":\"");
	out_responses_id(x, "resp_", OUT_RESPONSES_SELF, b);
	sbuf_adds(b, "\",\"object\":\"response\"");
	ask_int(b, "created_at", x->opts.created_s);
	ask_text(b, "status",
	    !over        ? SLICE("in_progress")
	    : incomplete ? SLICE("incomplete")
			 : SLICE("completed"));
	ask_json(b, "error", SLICE("null"));
	ask_json(b, "incomplete_details",
	    !over || !incomplete ? SLICE("null")
	    : s->cut             ? SLICE("{\"reason\":\"max_output_tokens\"}")
				 : SLICE("{\"reason\":\"content_filter\"}"));
	ask_name(b, "model");
	if (x->kept[KEPT_MODEL].len > 0) {
		sbuf_addc(b, '"');
		sbuf_add_slice(b, sbuf_slice(&x->kept[KEPT_MODEL]));
		sbuf_addc(b, '"');
	} else {
		sbuf_add_json(b, x->opts.model);
	}
}

void
out_responses_object(const struct encode_ctx *x, bool over, struct sbuf *b)
{
	const struct out_responses *s = x->state;
	const struct jscan_item *item;

	object_head(x, over, b);
	for (size_t i = 0; i < sizeof object_repeated / sizeof *object_repeated;
	     i++) {
		item = object_find(x, object_repeated[i].name);
		ask_json(b, object_repeated[i].name,
		    item != NULL ? item->value
				 : slice_str(object_repeated[i].absent));
	}
	ask_json(b, "previous_response_id", SLICE("null"));
	ask_json(b, "store", SLICE("false"));
	object_tools(x, b);
	object_metadata(x, b);
	ask_name(b, "output");
	sbuf_addc(b, '[');
	if (over)
		sbuf_add_slice(b, sbuf_slice(&x->kept[KEPT_OUTPUT]));
	sbuf_addc(b, ']');
	if (over && s->has_usage)
		object_usage(&s->usage, b);
	if (over)
		ask_json(b, "prompt_message",
		    sbuf_slice(&x->kept[KEPT_PROMPT]));
}

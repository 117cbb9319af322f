/* anthropic_ask - requests for Anthropic: spec/providers.md 4. */
#include "base/digest.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/pool.h"
#include "dialect/anthropic_priv.h"
#include "dialect/claude.h"
#include "dialect/dialect.h"
#include "proto/jstr.h"

#define USER_ID_MAX 256

static const enum param_id carried_ids[] = { PARAM_max_tokens,
	PARAM_max_completion_tokens, PARAM_temperature, PARAM_top_p, PARAM_stop,
	PARAM_tools, PARAM_tool_choice, PARAM_parallel_tool_calls,
	PARAM_functions, PARAM_function_call, PARAM_response_format,
	PARAM_reasoning_effort, PARAM_thinking, PARAM_service_tier, PARAM_user,
	PARAM_safety_identifier, PARAM_COUNT };
static const char *const carried_members[] = { "top_k", NULL };
static const struct ask_carried carried = { carried_ids, carried_members };

static int
ask_put_samplers(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e)
{
	struct claude_samplers s;

	if (claude_samplers(a, plan->thinks, &s, e) != 0)
		return -1;
	ask_json(b, "temperature", s.temperature);
	ask_json(b, "top_p", s.top_p);
	ask_json(b, "top_k", s.top_k);
	return 0;
}

static int
ask_put_stops(struct ask *a, struct sbuf *b, struct err *e)
{
	bool begun = false;

	for (unsigned i = 0; i < a->chat.n_stops; i++) {
		if (claude_is_blank(a, a->chat.stops[i])) {
			if (ask_drop(a, SLICE("stop"), e) != 0)
				return -1;
			continue;
		}
		if (!begun) {
			ask_name(b, "stop_sequences");
			sbuf_addc(b, '[');
		}
		begun = true;
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, a->chat.stops[i]);
		sbuf_addc(b, '"');
	}
	if (begun)
		sbuf_addc(b, ']');
	return 0;
}

/* What is too long for the field is told by its digest. */
static void
ask_put_user_id(struct slice user, struct sbuf *b)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	ask_name(b, "metadata");
	sbuf_adds(b, "{\"user_id\":");
	if (user.n <= USER_ID_MAX) {
		sbuf_add_json(b, user);
	} else {
		digest_sha256(user.p, user.n, sum);
		hex_write(sum, DIGEST_SIZE, hex);
		sbuf_add_json(b, slice_str(hex));
	}
	sbuf_addc(b, '}');
}

static int
ask_put_user(struct ask *a, struct sbuf *b, struct err *e)
{
	static const enum param_id ids[] = { PARAM_user,
		PARAM_safety_identifier };
	bool put = false;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		if (!params_has(a->params, ids[i]))
			continue;
		if (!a->send_user) {
			if (ask_drop(a, params_name(ids[i]), e) != 0)
				return -1;
		} else if (!put) {
			ask_put_user_id(params_text(a->params, ids[i]), b);
			put = true;
		}
	}
	return 0;
}

static int
ask_put_tier(struct ask *a, struct sbuf *b, struct err *e)
{
	const struct param *v = params_at(a->params, PARAM_service_tier);

	if (v == NULL)
		return 0;
	if (jstr_says(&v->item, SLICE("auto")))
		ask_text(b, "service_tier", SLICE("auto"));
	else if (jstr_says(&v->item, SLICE("default")))
		ask_text(b, "service_tier", SLICE("standard_only"));
	else
		return ask_drop(a, SLICE("service_tier"), e);
	return 0;
}

static void
ask_put_output(const struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b)
{
	bool schema = a->chat.format == FORMAT_SCHEMA && !plan->forced_tool;

	if (!schema && plan->effort.n == 0)
		return;
	ask_name(b, "output_config");
	sbuf_addc(b, '{');
	if (plan->effort.n > 0)
		ask_text(b, "effort", plan->effort);
	if (schema) {
		ask_name(b, "format");
		sbuf_adds(b, "{\"type\":\"json_schema\"");
		ask_json(b, "schema", a->chat.schema);
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, '}');
}

static int
ask_put_scalars(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e)
{
	if (ask_put_stops(a, b, e) != 0 || ask_put_samplers(a, plan, b, e) != 0)
		return -1;
	anthropic_put_thinking(a, plan, b);
	ask_put_output(a, plan, b);
	if (ask_put_tier(a, b, e) != 0 || ask_put_user(a, b, e) != 0)
		return -1;
	if (a->stream && plan->form->names_model)
		ask_json(b, "stream", SLICE("true"));
	return 0;
}

/* A schema without a form of its own takes the place of the tools: 4.6. */
static int
ask_plan_schema(struct ask *a, struct anthropic_plan *plan, struct err *e)
{
	plan->forced_tool = a->chat.format == FORMAT_SCHEMA &&
	                    !(a->features & FEATURE_STRUCTURED);
	if (plan->forced_tool && a->chat.n_tools > 0)
		return ask_refuse(a, e, "response_format");
	return 0;
}

int
anthropic_body(struct ask *a, const struct anthropic_form *form, struct sbuf *b,
    struct err *e)
{
	static const struct turns_rules rules = { .trim_last = true,
		.thinking = SLICE(CLAUDE_FORMAT) };
	struct anthropic_plan plan = { .form = form };

	if (ask_check(a, &carried, e) != 0 || ask_plan_schema(a, &plan, e) != 0)
		return -1;
	turns_make(&a->chat, &rules, a->pool, a->params, &plan.turns);
	if (anthropic_think(a, &plan, e) != 0)
		return -1;
	sbuf_addc(b, '{');
	if (form->names_model) {
		ask_name(b, "model");
		sbuf_add_json(b, a->model);
	}
	ask_int(b, "max_tokens", plan.max_tokens);
	a->output_asked = plan.max_tokens;
	anthropic_put_system(a, &plan, b);
	if (ask_put_scalars(a, &plan, b, e) != 0)
		return -1;
	anthropic_put_choice(a, &plan, b);
	if (anthropic_put_messages(a, &plan, b, e) != 0 ||
	    anthropic_put_tools(a, &plan, b, e) != 0)
		return -1;
	if (form->version != NULL)
		ask_text(b, "anthropic_version", slice_str(form->version));
	sbuf_addc(b, '}');
	return 0;
}

static int
anthropic_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	static const struct anthropic_form form = { .names_model = true,
		.takes_urls = true };

	return anthropic_body(a, &form, b, e);
}

static int
vertex_claude_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	static const struct anthropic_form form = { .version =
							"vertex-2023-10-16" };

	return anthropic_body(a, &form, b, e);
}

int
anthropic_invoke_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	static const struct anthropic_form form = { .version =
							"bedrock-2023-05-31" };

	return anthropic_body(a, &form, b, e);
}

static void
anthropic_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/messages");
}

static void
vertex_claude_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/projects/");
	ask_segment(b, a->project, "");
	sbuf_adds(b, "/locations/");
	ask_segment(b, a->location, "");
	sbuf_adds(b, "/publishers/anthropic/models/");
	ask_segment(b, a->model, "@");
	sbuf_adds(b, a->stream ? ":streamRawPredict" : ":rawPredict");
}

void
anthropic_invoke_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/model/");
	ask_segment(b, a->model, "");
	sbuf_adds(b, a->stream ? "/invoke-with-response-stream" : "/invoke");
}

const struct dialect anthropic_dialect = {
	.name = SLICE("anthropic"),
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct anthropic_state),
	.path = anthropic_path,
	.ask = anthropic_ask,
	.reply = anthropic_reply,
	.event = anthropic_event,
};

const struct dialect vertex_claude_dialect = {
	.name = SLICE("vertex-claude"),
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct anthropic_state),
	.wants_bytes = true,
	.path = vertex_claude_path,
	.ask = vertex_claude_ask,
	.reply = anthropic_reply,
	.event = anthropic_event,
};

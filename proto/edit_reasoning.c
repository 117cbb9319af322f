/* edit_reasoning - how a provider is told to think: providers.md 4.7. */
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/edit_value.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define THINK_OFF (-1)

/* What a client asks for, in whichever words. */
struct asked_thinking {
	struct slice effort; /* JSON string; n 0: not said */
	int64_t budget;      /* tokens; 0: not said; THINK_OFF */
};

static const struct {
	struct slice word;
	int64_t budget;
} reasoning_efforts[] = {
	{ SLICE("none"), THINK_OFF },
	{ SLICE("minimal"), 1024 },
	{ SLICE("low"), 1024 },
	{ SLICE("medium"), 4096 },
	{ SLICE("high"), 16384 },
	{ SLICE("xhigh"), 32768 },
	{ SLICE("max"), 32768 },
};
#define EFFORTS (sizeof reasoning_efforts / sizeof *reasoning_efforts)

/* Anthropic's budgets in OpenAI's words: providers.md 10.1. */
static struct slice
reasoning_word(int64_t budget)
{
	if (budget == THINK_OFF)
		return SLICE("\"none\"");
	if (budget > 0 && budget < 2048)
		return SLICE("\"low\"");
	return budget < 12000 ? SLICE("\"medium\"") : SLICE("\"high\"");
}

static int64_t
reasoning_budget(struct slice thinking)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(thinking, SLICE("type"), &item) == 1 &&
	    jstr_says(&item, SLICE("disabled")))
		return THINK_OFF;
	if (jscan_find(thinking, SLICE("budget_tokens"), &item) == 1 &&
	    item.type == JSCAN_NUMBER && jnum_int(item.value, &n) == 1 && n > 0)
		return n;
	return 0;
}

static void
reasoning_asked(const struct params *p, struct asked_thinking *a)
{
	const struct param *effort = params_at(p, PARAM_reasoning_effort);
	const struct param *thinking = params_at(p, PARAM_thinking);

	*a = (struct asked_thinking){ .budget = 0 };
	if (effort != NULL && effort->item.type == JSCAN_STRING) {
		a->effort = effort->item.value;
		for (size_t i = 0; i < EFFORTS; i++)
			if (jstr_says(&effort->item, reasoning_efforts[i].word))
				a->budget = reasoning_efforts[i].budget;
	} else if (thinking != NULL && thinking->item.type == JSCAN_OBJECT) {
		a->budget = reasoning_budget(thinking->item.value);
		a->effort = reasoning_word(a->budget);
	}
}

/* Forced calls and thoughts exclude each other there. */
static bool
reasoning_is_barred(const struct params *p, const struct edit_options *o)
{
	const struct param *choice = params_at(p, PARAM_tool_choice);

	return o->quirks & QUIRK_NO_FORCED_TOOL_THINKING && choice != NULL &&
	       choice->item.type != JSCAN_NULL &&
	       !jstr_says(&choice->item, SLICE("auto")) &&
	       !jstr_says(&choice->item, SLICE("none"));
}

static void
write_effort(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	(void)p;
	sbuf_add_slice(b, a->effort);
}

static void
write_effort_parsed(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	sbuf_add_slice(b, a->effort);
	if (!params_says(p, SLICE("reasoning_format")))
		sbuf_adds(b, ",\"reasoning_format\":\"parsed\"");
}

static void
write_thinking(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	(void)p;
	sbuf_adds(b, a->budget == THINK_OFF ? "{\"type\":\"disabled\"}"
					    : "{\"type\":\"enabled\"}");
}

/* DeepSeek knows high and max. */
static void
write_thinking_effort(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	write_thinking(b, a, p);
	if (a->budget == THINK_OFF || !params_has(p, PARAM_reasoning_effort))
		return;
	sbuf_adds(b, ",\"reasoning_effort\":");
	sbuf_adds(b, a->budget >= 32768 ? "\"max\"" : "\"high\"");
}

static void
write_object(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	if (a->budget == THINK_OFF) {
		sbuf_adds(b, "{\"enabled\":false}");
	} else if (params_has(p, PARAM_reasoning_effort) || a->budget == 0) {
		sbuf_adds(b, "{\"effort\":");
		sbuf_add_slice(b, a->effort);
		sbuf_addc(b, '}');
	} else {
		sbuf_addf(b, "{\"max_tokens\":%lld}", (long long)a->budget);
	}
}

static void
write_enable(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	(void)p;
	sbuf_adds(b, a->budget == THINK_OFF ? "false" : "true");
}

/* A budget that leaves room for the answer, where the client set a cap. */
static void
write_enable_budget(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	int64_t cap = params_max_tokens(p), budget = a->budget;

	write_enable(b, a, p);
	if (budget > 0 && cap > 0 && budget >= cap)
		budget = cap >= 2048 ? cap - 1 : 0;
	if (budget > 0)
		sbuf_addf(b, ",\"thinking_budget\":%lld", (long long)budget);
}

static void
write_kwargs(struct sbuf *b, const struct asked_thinking *a,
    const struct params *p)
{
	sbuf_adds(b, "{\"enable_thinking\":");
	write_enable(b, a, p);
	sbuf_addc(b, '}');
}

/* The member that says it, behind which others may follow. */
static const struct {
	struct slice name;
	void (*write)(struct sbuf *b, const struct asked_thinking *a,
	    const struct params *p);
} reasoning_ways[] = {
	[REASONING_EFFORT] = { SLICE("reasoning_effort"), write_effort },
	[REASONING_EFFORT_PARSED] = { SLICE("reasoning_effort"),
	    write_effort_parsed },
	[REASONING_THINKING] = { SLICE("thinking"), write_thinking },
	[REASONING_THINKING_EFFORT] = { SLICE("thinking"),
	    write_thinking_effort },
	[REASONING_OBJECT] = { SLICE("reasoning"), write_object },
	[REASONING_ENABLE] = { SLICE("enable_thinking"), write_enable },
	[REASONING_ENABLE_BUDGET] = { SLICE("enable_thinking"),
	    write_enable_budget },
	[REASONING_KWARGS] = { SLICE("chat_template_kwargs"), write_kwargs },
	[REASONING_NONE] = { { NULL, 0 }, NULL },
};

RARE struct splice_member
edit_reasoning(const struct params *p, const struct edit_options *options,
    struct pool *pool, enum param_id id, const struct jscan_item *item)
{
	struct splice_member out = { item->name, { NULL, 0 } };
	enum provider_reasoning way = options->reasoning;
	struct asked_thinking asked;
	struct sbuf b = { 0 };

	if (way == REASONING_AS_IS) {
		out.value = item->value;
		return out;
	}
	/* Said once, by the effort when both are there; or in own words. */
	if (reasoning_ways[way].write == NULL ||
	    (id == PARAM_thinking && params_has(p, PARAM_reasoning_effort)) ||
	    params_says(p, reasoning_ways[way].name))
		return out;
	reasoning_asked(p, &asked);
	if (asked.effort.n == 0)
		return out;
	if (reasoning_is_barred(p, options))
		asked.budget = THINK_OFF;
	else if (id == PARAM_thinking &&
		 slice_eq(reasoning_ways[way].name, params_name(id)))
		return (struct splice_member){ item->name, item->value };
	reasoning_ways[way].write(&b, &asked, p);
	out.name = reasoning_ways[way].name;
	out.value = item->value;
	/* What is the client's own already is no edit. */
	if (!slice_eq(sbuf_slice(&b), item->value))
		out.value = pool_copy(pool, sbuf_slice(&b));
	sbuf_free(&b);
	return out;
}

struct slice
edit_reasoning_lost(const struct params *p, const struct edit_options *options)
{
	struct asked_thinking asked;
	enum param_id id = params_has(p, PARAM_reasoning_effort)
	                       ? PARAM_reasoning_effort
	                       : PARAM_thinking;

	if (options->reasoning == REASONING_AS_IS || !params_has(p, id))
		return SLICE("");
	reasoning_asked(p, &asked);
	if (asked.effort.n == 0)
		return SLICE("");
	if (options->reasoning == REASONING_NONE ||
	    (asked.budget != THINK_OFF && reasoning_is_barred(p, options)))
		return params_name(id);
	return SLICE("");
}

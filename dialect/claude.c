#include "dialect/claude.h"

#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/turns.h"
#include "proto/jstr.h"

#define NANO 1000000000
#define THINKING_TOP_P_MIN (NANO / 100 * 95)

int64_t
claude_budget(enum chat_effort effort)
{
	static const int64_t budgets[EFFORT_OTHER + 1] = {
		[EFFORT_MINIMAL] = 1024,
		[EFFORT_LOW] = 1024,
		[EFFORT_MEDIUM] = 4096,
		[EFFORT_HIGH] = 16384,
		[EFFORT_XHIGH] = 32000,
		[EFFORT_MAX] = 32000,
	};

	return budgets[effort];
}

/* A thought that nobody signed does not go back. */
static bool
claude_has(const struct chat_message *m, enum chat_part_type type)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->parts[i].type == type &&
		    (type != CHAT_THINKING || m->parts[i].signature.n > 0 ||
			m->parts[i].encrypted.n > 0))
			return true;
	return false;
}

bool
claude_lacks_thoughts(const struct turns *t)
{
	const struct chat_message *m;

	if (t->n < 2 || !claude_has(&t->turns[t->n - 1], CHAT_RESULT))
		return false;
	m = &t->turns[t->n - 2];
	return claude_has(m, CHAT_CALL) && !claude_has(m, CHAT_THINKING);
}

bool
claude_is_blank(const struct ask *a, struct slice raw)
{
	struct slice text = jstr_decode(raw, a->pool);

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0' ||
		    strchr(" \t\n\v\f\r", text.p[i]) == NULL)
			return false;
	return true;
}

/* What cannot go out; 1 is what is so without it, and not missed. */
static int
claude_leave(struct ask *a, enum param_id id, struct slice *value_r,
    struct err *e)
{
	*value_r = SLICE("");
	return params_number(a->params, id, 0) == NANO
	           ? 0
	           : ask_drop(a, params_name(id), e);
}

static int
claude_temperature(struct ask *a, bool thinks, struct slice *value_r,
    struct err *e)
{
	*value_r = ask_value(a, PARAM_temperature);
	if (value_r->n == 0)
		return 0;
	if (thinks || (a->features & FEATURE_NO_TEMPERATURE))
		return claude_leave(a, PARAM_temperature, value_r, e);
	/* OpenAI's range ends at 2. */
	if (params_number(a->params, PARAM_temperature, 0) > NANO) {
		*value_r = SLICE("1");
		return ask_drop(a, SLICE("temperature"), e);
	}
	return 0;
}

/*
 * A thinking model samples freely, some take one knob alone, and who refuses a
 * temperature refuses these too.
 */
static int
claude_top_p(struct ask *a, bool thinks, struct slice *value_r, struct err *e)
{
	int64_t value = params_number(a->params, PARAM_top_p, 0);
	bool out = (a->features & FEATURE_NO_TEMPERATURE) ||
	           ((a->features & FEATURE_ONE_SAMPLER) &&
		       ask_value(a, PARAM_temperature).n > 0) ||
	           (thinks && value < THINKING_TOP_P_MIN);

	*value_r = ask_value(a, PARAM_top_p);
	return value_r->n > 0 && out ? claude_leave(a, PARAM_top_p, value_r, e)
	                             : 0;
}

static int
claude_top_k(struct ask *a, bool thinks, struct slice *value_r, struct err *e)
{
	*value_r = chat_member(a->params, SLICE("top_k"));
	if (value_r->n == 0 ||
	    (!thinks && !(a->features & FEATURE_NO_TEMPERATURE)))
		return 0;
	*value_r = SLICE("");
	return ask_drop(a, SLICE("top_k"), e);
}

int
claude_samplers(struct ask *a, bool thinks, struct claude_samplers *s_r,
    struct err *e)
{
	if (claude_temperature(a, thinks, &s_r->temperature, e) != 0 ||
	    claude_top_p(a, thinks, &s_r->top_p, e) != 0 ||
	    claude_top_k(a, thinks, &s_r->top_k, e) != 0)
		return -1;
	return 0;
}

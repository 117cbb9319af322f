/* anthropic_think - reasoning, and the room that it needs: 4.2, 4.7, 9. */
#include "base/err.h"
#include "dialect/anthropic_priv.h"
#include "dialect/claude.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define MAX_TOKENS_DEFAULT 4096

/* The first that took efforts do not know "xhigh" yet. */
static bool
think_knows_xhigh(struct slice model)
{
	static const struct slice old[] = { SLICE("-4-5"), SLICE("-4-6") };

	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		if (memmem(model.p, model.n, old[i].p, old[i].n) != NULL)
			return false;
	return true;
}

static struct slice
think_word(const struct ask *a, enum chat_effort effort)
{
	static const struct slice words[] = {
		[EFFORT_MINIMAL] = SLICE("low"),
		[EFFORT_LOW] = SLICE("low"),
		[EFFORT_MEDIUM] = SLICE("medium"),
		[EFFORT_HIGH] = SLICE("high"),
		[EFFORT_XHIGH] = SLICE("xhigh"),
		[EFFORT_MAX] = SLICE("max"),
	};
	const struct param *v = params_at(a->params, PARAM_reasoning_effort);

	if (effort == EFFORT_XHIGH && !think_knows_xhigh(a->model))
		return words[EFFORT_HIGH];
	/* A word that is new to us is the provider's to judge. */
	return effort == EFFORT_OTHER ? jscan_text(&v->item) : words[effort];
}

/*
 * thinking in Anthropic's form goes out in the client's own words.  0 when it
 * is another's, who knows "enabled" without a budget.
 */
static int
think_as_is(struct ask *a, struct anthropic_plan *plan)
{
	struct slice thinking = a->chat.thinking;
	struct jscan_item type, budget;
	bool on, counted;

	if (jscan_find(thinking, SLICE("type"), &type) != 1)
		return 0;
	on = jstr_says(&type, SLICE("enabled"));
	counted = jscan_find(thinking, SLICE("budget_tokens"), &budget) == 1 &&
	          budget.type == JSCAN_NUMBER;
	if (on && !counted)
		return 0;
	plan->thinking = THINKING_AS_IS;
	plan->thinks = !jstr_says(&type, SLICE("disabled"));
	if (on)
		jnum_int(budget.value, &plan->budget);
	/* Nonsense is for the provider to judge. */
	if (plan->budget < 0 || plan->budget > INT32_MAX)
		plan->budget = 0;
	if (plan->thinks && (a->features & FEATURE_ADAPTIVE) &&
	    plan->asked > EFFORT_NONE)
		plan->effort = think_word(a, plan->asked);
	return 1;
}

/* An effort in this provider's terms; name is what asked for it. */
static int
think_effort(struct ask *a, struct anthropic_plan *plan, struct slice name,
    struct err *e)
{
	if (plan->asked == EFFORT_NONE) {
		if (a->features & (FEATURE_REASONING | FEATURE_ADAPTIVE))
			plan->thinking = THINKING_OFF;
		return 0;
	}
	if (a->features & FEATURE_ADAPTIVE) {
		plan->effort = think_word(a, plan->asked);
		plan->thinking = THINKING_ADAPTIVE;
		plan->thinks = true;
		return 0;
	}
	if (!(a->features & FEATURE_REASONING) || plan->asked == EFFORT_OTHER)
		return ask_drop(a, name, e);
	plan->thinking = THINKING_BUDGET;
	plan->thinks = true;
	plan->budget = claude_budget(plan->asked);
	return 0;
}

/* What the provider refuses together with thinking costs the thinking. */
static int
think_check(struct ask *a, struct anthropic_plan *plan, struct slice name,
    struct err *e)
{
	if (!plan->thinks || (!anthropic_is_forced(a, plan) &&
				 !claude_lacks_thoughts(&plan->turns)))
		return 0;
	plan->thinking = THINKING_ABSENT;
	plan->thinks = false;
	plan->budget = 0;
	return ask_drop(a, name, e);
}

/*
 * Thoughts count against max_tokens.  A client's max_tokens that has room for
 * them bounds the budget; a small one, or none, is the room behind them.
 */
static void
think_room(struct ask *a, struct anthropic_plan *plan)
{
	bool ours = plan->thinking == THINKING_BUDGET;
	int64_t max = a->max_tokens > 0 ? a->max_tokens : MAX_TOKENS_DEFAULT;

	if (ours ? a->max_tokens < CLAUDE_ROOM_MIN : plan->budget >= max)
		max += plan->budget;
	if (a->max_output > 0 && max > a->max_output &&
	    a->max_tokens <= a->max_output)
		max = a->max_output;
	if (ours && plan->budget >= max)
		plan->budget = max - 1;
	plan->max_tokens = max;
}

int
anthropic_think(struct ask *a, struct anthropic_plan *plan, struct err *e)
{
	bool own = a->chat.thinking.n > 0;
	struct slice name = own ? SLICE("thinking") : SLICE("reasoning_effort");

	plan->asked = a->chat.effort;
	if (!own || think_as_is(a, plan) == 0) {
		if (own && plan->asked == EFFORT_ABSENT)
			plan->asked = EFFORT_MEDIUM;
		if (plan->asked != EFFORT_ABSENT &&
		    think_effort(a, plan, name, e) != 0)
			return -1;
	}
	if (think_check(a, plan, name, e) != 0)
		return -1;
	think_room(a, plan);
	return 0;
}

void
anthropic_put_thinking(const struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b)
{
	switch (plan->thinking) {
	case THINKING_ABSENT:
		break;
	case THINKING_OFF:
		ask_json(b, "thinking", SLICE("{\"type\":\"disabled\"}"));
		break;
	case THINKING_BUDGET:
		ask_name(b, "thinking");
		sbuf_addf(b, "{\"type\":\"enabled\",\"budget_tokens\":%lld}",
		    (long long)plan->budget);
		break;
	case THINKING_ADAPTIVE:
		ask_json(b, "thinking", SLICE("{\"type\":\"adaptive\"}"));
		break;
	case THINKING_AS_IS:
		ask_json(b, "thinking", a->chat.thinking);
		break;
	}
}

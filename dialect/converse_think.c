/* converse_think - reasoning of Claude, and the room that it needs: 4.7, 9. */
#include "base/err.h"
#include "dialect/claude.h"
#include "dialect/converse_ask_priv.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

static int
think_by_effort(struct ask *a, struct converse_plan *plan,
    enum chat_effort effort, struct slice name, struct err *e)
{
	if (effort == EFFORT_ABSENT || effort == EFFORT_NONE)
		return 0;
	plan->budget = claude_budget(effort);
	plan->thinks = plan->budget > 0 && (a->features & FEATURE_REASONING);
	return plan->thinks ? 0 : ask_drop(a, name, e);
}

/* A budget of the client's; a form without one is passed on as it is. */
static void
think_as_told(struct converse_plan *plan, struct slice thinking)
{
	struct jscan_item budget;

	plan->thinks = true;
	if (jscan_find(thinking, SLICE("budget_tokens"), &budget) == 1 &&
	    budget.type == JSCAN_NUMBER &&
	    jnum_int(budget.value, &plan->budget) == 1 && plan->budget > 0 &&
	    plan->budget <= INT32_MAX)
		return;
	plan->budget = 0;
	plan->thinking = thinking;
}

/* Anthropic's form; others know "enabled" without a budget. */
static int
think_by_thinking(struct ask *a, struct converse_plan *plan, struct err *e)
{
	struct slice thinking = a->chat.thinking;
	enum chat_effort effort = a->chat.effort;
	struct jscan_item type = { .type = JSCAN_NULL }, budget;

	if (jscan_find(thinking, SLICE("type"), &type) == 1 &&
	    jstr_says(&type, SLICE("disabled")))
		return 0;
	if (type.type == JSCAN_STRING &&
	    (!jstr_says(&type, SLICE("enabled")) ||
		jscan_find(thinking, SLICE("budget_tokens"), &budget) == 1)) {
		think_as_told(plan, thinking);
		return 0;
	}
	return think_by_effort(a, plan,
	    effort == EFFORT_ABSENT ? EFFORT_MEDIUM : effort, SLICE("thinking"),
	    e);
}

/* What the model refuses beside thinking costs the thinking. */
static int
think_check(struct ask *a, struct converse_plan *plan, struct err *e)
{
	struct slice name = a->chat.thinking.n > 0 ? SLICE("thinking")
	                                           : SLICE("reasoning_effort");

	if (!plan->thinks || (!converse_is_forced(a, plan) &&
				 !claude_lacks_thoughts(&plan->turns)))
		return 0;
	plan->thinks = false;
	return ask_drop(a, name, e);
}

/* Thoughts count against what may be written, which has a limit itself. */
static void
think_room(const struct ask *a, struct converse_plan *plan)
{
	int64_t max = a->max_tokens, most = a->max_output;

	plan->max_tokens = max;
	if (!plan->thinks)
		return;
	if (max > 0 && max < CLAUDE_ROOM_MIN && max <= plan->budget)
		max = plan->budget + 1;
	if (most > 0 && (max == 0 || (max > most && a->max_tokens <= most)))
		max = most;
	if (max > 1 && plan->budget >= max)
		plan->budget = max - 1;
	if (a->max_tokens > 0)
		plan->max_tokens = max;
}

int
converse_think(struct ask *a, struct converse_plan *plan, struct err *e)
{
	struct slice name = SLICE("reasoning_effort");
	int told = 0;

	/* Of others the check of the parameters has dropped it. */
	if (plan->is_claude && a->chat.thinking.n > 0)
		told = think_by_thinking(a, plan, e);
	else if (plan->is_claude)
		told = think_by_effort(a, plan, a->chat.effort, name, e);
	if (told != 0 || think_check(a, plan, e) != 0)
		return -1;
	think_room(a, plan);
	return 0;
}

/* converse_think - reasoning of Claude, and the room that it needs: 4.7, 9. */
#include "base/err.h"
#include "dialect/claude.h"
#include "dialect/converse_ask_priv.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

/* Anthropic's form, from the client: a budget is ours to fit in. */
static void
think_as_told(const struct ask *a, struct converse_plan *plan)
{
	struct jscan_item type, budget;

	if (jscan_find(a->chat.thinking, SLICE("type"), &type) != 1 ||
	    jstr_says(&type, SLICE("disabled")))
		return;
	plan->thinks = true;
	if (jscan_find(a->chat.thinking, SLICE("budget_tokens"), &budget) !=
		1 ||
	    jnum_int(budget.value, &plan->budget) != 1 || plan->budget <= 0) {
		plan->budget = 0;
		plan->thinking = a->chat.thinking;
	}
}

static int
think_by_effort(struct ask *a, struct converse_plan *plan, struct err *e)
{
	if (a->chat.effort == EFFORT_ABSENT || a->chat.effort == EFFORT_NONE)
		return 0;
	plan->budget = claude_budget(a->chat.effort);
	plan->thinks = plan->budget > 0 && (a->features & FEATURE_REASONING);
	return plan->thinks ? 0 : ask_drop(a, SLICE("reasoning_effort"), e);
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

/* Thoughts count against what may be written. */
static void
think_room(const struct ask *a, struct converse_plan *plan)
{
	plan->max_tokens = a->max_tokens;
	if (!plan->thinks || a->max_tokens == 0 || plan->budget < a->max_tokens)
		return;
	if (a->max_tokens >= CLAUDE_ROOM_MIN)
		plan->budget = a->max_tokens - 1;
	else
		plan->max_tokens = plan->budget + 1;
}

int
converse_think(struct ask *a, struct converse_plan *plan, struct err *e)
{
	/* Of others the check of the parameters has dropped it. */
	if (plan->is_claude && a->chat.thinking.n > 0)
		think_as_told(a, plan);
	else if (plan->is_claude && think_by_effort(a, plan, e) != 0)
		return -1;
	if (think_check(a, plan, e) != 0)
		return -1;
	think_room(a, plan);
	return 0;
}

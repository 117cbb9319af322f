/*
 * settle - what the request really cost goes into the money lane; only then
 * does the last byte of the reply go to the client (money.md 8.4).
 */
#include "base/clock.h"
#include "base/pool.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/log_body.h"
#include "worker/money.h"
#include "worker/rates.h"
#include "worker/recall.h"
#include "worker/relay_whole.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define SETTLE_AGAIN_MS 10 /* WAKE_LANE comes earlier as a rule */

/* The lane is full: what lies in somebody's buffer must outlive this turn. */
static void
settle_keep_pieces(struct req *r)
{
	if (r->answer_kept)
		return;
	r->answer_kept = true;
	for (unsigned i = 0; i < r->answer.n_pieces; i++)
		r->answer.pieces[i] = pool_copy(r->pool, r->answer.pieces[i]);
}

static void
settle_return_tokens(struct req *r)
{
	bool hit =
	    r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED;
	struct usage_figures f = { 0 };

	/* A hit counts in no window of tokens (cache.md 5). */
	if (!hit && r->outcome != OUTCOME_NONE && r->outcome != OUTCOME_ERROR)
		usage_sum(&r->usage, &f);
	rates_return(r, f.total);
}

enum step_result
step_settle_run(struct req *r)
{
	attempt_end(r);
	attempt_untold(r);
	if (r->ended_ns == 0)
		r->ended_ns = now_mono_ns();
	if (r->outcome == OUTCOME_UNKNOWN || r->outcome == OUTCOME_CUT)
		money_price(r);
	if (!money_settle(r)) {
		settle_keep_pieces(r);
		/* Past all deadlines too: they no longer count. */
		timer_set(&r->timer, now_mono_ms() + SETTLE_AGAIN_MS);
		return STEP_WAIT;
	}
	if (r->slot_taken)
		settle_return_tokens(r);
	/* Who has read the last byte may come again at once. */
	rates_leave(r);
	r->replied_ns = now_fresh_ns();
	if (r->logged)
		log_body_reply(r);
	answer_send(r);
	return STEP_NEXT;
}

void
step_settle_cancel(struct req *r)
{
	(void)r;
}

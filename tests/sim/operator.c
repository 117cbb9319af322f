#include "tests/sim/sim.h"

#include <string.h>

#include "base/money.h"
#include "base/sbuf.h"
#include "store/ask.h"

/*
 * The operator, by way of admin: sets, lowers and removes limits, and enters
 * amounts by hand.  One question at a time; a keeper that dies takes it along.
 */

#define QUESTIONS 12

static struct operator
{
	struct sbuf question;
	bool asked, taken, answered;
	uint32_t number;
	struct account_key key;
	int64_t nano; /* what the truth changes by, once it is on the disk */
}
op;

void
sim_operator_new(void)
{
	struct sbuf kept = op.question;

	op = (struct operator){ .question = kept };
}

int
sim_operator_ask(char *bytes, unsigned n)
{
	if (!op.asked || op.taken || op.question.len > n)
		return 0;
	op.taken = true;
	memcpy(bytes, op.question.data, op.question.len);
	return (int)op.question.len;
}

void
sim_operator_answer(const char *bytes, unsigned n)
{
	struct ask_message m;

	if (ask_unpack((struct slice){ bytes, n }, &m) && m.number == op.number)
		sim_tell("answers", m.code, 0, 0);
	op.answered = true;
	sim.events |= 1ull << SIM_FD_ANSWER;
}

void
sim_operator_lost(void)
{
	op.asked = false;
}

int64_t
sim_operator_entry(struct account_key *key_r)
{
	*key_r = op.key;
	return op.nano;
}

static void
operator_ask(enum ask_op code, struct sbuf *body)
{
	struct ask_message m = { .number = ++op.number,
		.code = (char)code,
		.body = sbuf_slice(body) };

	sbuf_clear(&op.question);
	ask_pack(&op.question, &m);
	sbuf_free(body);
	op.asked = true;
	op.taken = op.answered = false;
	sim.events |= 1ull << SIM_FD_ADMIN;
	sim.events &= ~(1ull << SIM_FD_ANSWER);
	while (op.asked && !op.answered && !sim.stop)
		sim_park(1ull << SIM_FD_ANSWER, 10000000000ull,
		    SIM_WAIT_ANSWER);
	op.asked = false;
}

static int64_t
operator_limit(void)
{
	switch (sim_draw(6)) {
	case 0:
		return MONEY_NONE;
	case 1:
		return 0;
	default:
		return (int64_t)sim_draw(3 * SIM_BUDGET);
	}
}

static void
operator_customer(void)
{
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET };
	struct sbuf body = { 0 };
	unsigned who = (unsigned)sim_draw(SIM_CUSTOMERS);
	char name[16];

	sim_customer(who, name);
	change.def.identifier = slice_str(name);
	change.def.environment = ENV_PROD;
	change.def.period_budget_nano = operator_limit();
	if (sim_once_in(3)) {
		change.given = CUSTOMER_TOTAL_BUDGET;
		change.def.total_budget_nano = change.def.period_budget_nano;
	}
	sim_tell("limits customer, to", who, change.def.period_budget_nano,
	    change.given);
	defs_change_pack(&body, &change);
	operator_ask(ASK_CUSTOMER, &body);
}

/* Only what nobody spent is given free: here that is known. */
static int64_t
operator_spare(const struct sim_truth *t, const struct apply_row *row)
{
	int64_t spare = row->settled - (t->bill > 0 ? t->bill : 0);

	if (spare > row->suspense)
		spare = row->suspense;
	return spare > 0 ? (int64_t)sim_draw((uint64_t)spare + 1) : 0;
}

/* Up, or down by no more than what was spent and is not in doubt. */
static int64_t
operator_correction(const struct sim_truth *t, const struct apply_row *row)
{
	int64_t least = row->settled - row->suspense;

	if (least > t->bill)
		least = t->bill;
	if (sim_once_in(2) || least <= 0)
		return (int64_t)sim_draw(200);
	return -(int64_t)sim_draw((uint64_t)least + 1);
}

static void
operator_amount(void)
{
	static const enum ask_op ops[] = { ASK_ADJUST, ASK_RELEASE,
		ASK_CONFIRM };
	enum ask_op code = ops[sim_draw(3)];
	unsigned at = (unsigned)sim_draw(sim.truths);
	struct sim_truth *t = &sim.truth[at];
	const struct apply_row *row = &sim_disk_committed(at)->row;
	struct ask_amount a = { .row = row_key_make(t->key.hash, t->key.kind,
				    t->key.period_s),
		.reason = SLICE("because") };
	struct sbuf body = { 0 };

	op.key = t->key;
	op.nano = 0;
	if (code == ASK_ADJUST) {
		a.amount_nano = operator_correction(t, row);
		op.nano = a.amount_nano;
	} else if (code == ASK_RELEASE) {
		a.amount_nano = operator_spare(t, row);
	} else {
		a.amount_nano = (int64_t)sim_draw((uint64_t)row->suspense + 1);
		t->confirmed += a.amount_nano;
	}
	sim_tell("enters", code, at, a.amount_nano);
	ask_amount_pack(&body, &a);
	operator_ask(code, &body);
}

void
sim_operator(void)
{
	for (unsigned i = 0; i < QUESTIONS && !sim.stop; i++) {
		sim_park(1ull << SIM_FD_ANSWER, 1000000 + sim_draw(20000000),
		    SIM_WAIT_TIME);
		if (!sim_alive(SIM_KEEPER))
			continue;
		if (sim_draw(3) != 0 || sim.truths == 0)
			operator_customer();
		else
			operator_amount();
	}
	for (;;)
		sim_park(0, 1000000000000ull, SIM_WAIT_TIME);
}

#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "shm/wake.h"
#include "store/defs.h"

/*
 * One story: its style is drawn from the seed, then things happen between the
 * steps of the actors, then all come to rest and the books are compared.
 */

#define STORY_LONG 10 /* one of so many is that much longer */
#define REST_STEPS 60000
#define STORY_EPOCH_S (20000 * (int64_t)SIM_DAY_S)

struct sim sim;

/* -- the truth -- */

/* Two of the customers share a stripe. */
void
sim_customer(unsigned i, char name_r[16])
{
	static char names[SIM_CUSTOMERS][16];
	unsigned char hash[2][OWNER_HASH_SIZE];

	for (unsigned k = 0; names[SIM_CUSTOMERS - 1][0] == 0; k++) {
		struct account_owner o = { OWNER_CUSTOMER, ENV_PROD,
			{ NULL, 0 } };

		for (unsigned c = 0; c + 1 < SIM_CUSTOMERS; c++)
			snprintf(names[c], sizeof(names[c]), "c%u", c);
		o.id = slice_str(names[0]);
		owner_hash(&o, hash[0]);
		snprintf(name_r, 16, "d%u", k);
		o.id = slice_str(name_r);
		owner_hash(&o, hash[1]);
		if (hash[0][0] % 64 == hash[1][0] % 64)
			memcpy(names[SIM_CUSTOMERS - 1], name_r, 16);
	}
	memcpy(name_r, names[i], 16);
}

void
sim_customer_hash(unsigned i, unsigned char hash_r[16])
{
	static unsigned char hashes[SIM_CUSTOMERS + 1][OWNER_HASH_SIZE];
	static bool known;
	char name[16];

	for (unsigned k = 0; k <= SIM_CUSTOMERS && !known; k++) {
		struct account_owner o = { .kind = OWNER_ORGANIZATION,
			.id = slice_str("") };

		if (k < SIM_CUSTOMERS) {
			sim_customer(k, name);
			o = (struct account_owner){ OWNER_CUSTOMER, ENV_PROD,
				slice_str(name) };
		}
		owner_hash(&o, hashes[k]);
	}
	known = true;
	memcpy(hash_r, hashes[i], OWNER_HASH_SIZE);
}

struct sim_truth *
sim_truth_find(const struct account_key *key)
{
	for (unsigned i = 0; i < sim.truths; i++)
		if (account_key_same(&sim.truth[i].key, key))
			return &sim.truth[i];
	return NULL;
}

struct sim_truth *
sim_truth(const struct account_key *key)
{
	struct sim_truth *t = sim_truth_find(key);

	if (t != NULL)
		return t;
	sim_check(sim.truths < SIM_TRUTHS, "too many accounts");
	t = &sim.truth[sim.truths++];
	*t = (struct sim_truth){ .key = *key };
	return t;
}

/* -- what happens -- */

static void
story_kill(int who)
{
	if (!sim_alive(who))
		return;
	sim.kills++;
	sim_tell("is killed", who, 0, 0);
	/* The kernel ends the children of a dead master. */
	if (who == SIM_MASTER) {
		sim_kill_all();
		sim_start(SIM_MASTER, sim_master);
	} else {
		sim_kill(who);
	}
}

static void
story_kills(void)
{
	static const int often[] = { SIM_KEEPER, SIM_KEEPER, SIM_KEEPER, 0, 1,
		2, 3, 4, 5, SIM_MASTER };

	int inside = sim_locks_owner(sim_table());

	/* Deaths in there are rare, and what they leave is the worst. */
	if (inside >= 0 && sim_once_in(sim.style.table))
		story_kill(inside);
	if (!sim_once_in(sim.style.kills))
		return;
	do
		story_kill(often[sim_draw(10)]);
	while (sim_once_in(4));
}

/* What was held in memory alone is gone: no limit, no lease, no charge. */
static void
story_forgive(unsigned at)
{
	const struct sim_row *row = sim_disk_committed(at);
	struct sim_truth *t = &sim.truth[at];

	t->inexact = true;
	if (row->there && row->row.limit != ACCOUNT_UNLIMITED)
		return;
	sim_check(row->there || t->bill == 0,
	    "account %u: %lld billed without a row", at, (long long)t->bill);
	if (t->bill > row->row.settled)
		t->bill = row->row.settled;
}

static void
story_loss(void)
{
	bool power = sim_once_in(2);

	if (!sim_once_in(sim.style.losses))
		return;
	sim.losses++;
	sim_tell(power ? "the power is cut" : "the segment is lost", 0, 0, 0);
	sim_kill_all();
	if (power)
		sim_disk_cut();
	for (unsigned i = 0; i < sim.truths; i++)
		story_forgive(i);
	sim_segment_new();
	sim_fleet_new();
	sim_judge_new();
	sim.events = 1ull << SIM_FD_ANSWER;
	sim_start(SIM_MASTER, sim_master);
}

static void
story_clock(void)
{
	if (!sim_once_in(sim.style.clock))
		return;
	switch (sim_draw(3)) {
	case 0: /* the wall clock is set, within some days */
		sim.real_us =
		    (STORY_EPOCH_S + (int64_t)sim_draw(3 * SIM_DAY_S)) *
		    1000000;
		sim_tell("the clock is set", sim.real_us / 1000000, 0, 0);
		break;
	case 1: /* a minute without traffic: accounts are idle */
		sim.mono_ns += 70 * 1000000000ull;
		break;
	default:
		sim.mono_ns += sim_draw(3000000);
	}
}

static void
story_reload(void)
{
	if (sim_once_in(150))
		sim_fleet_drain((int)sim_draw(sim.style.workers));
}

/* -- the story -- */

static void
story_style(void)
{
	struct sim_style *s = &sim.style;

	s->workers = 2 + (unsigned)sim_draw(sim_once_in(4) ? 5 : 2);
	s->attempts = 4 + (unsigned)sim_draw(30);
	s->kills = sim_once_in(6) ? 0 : 15 + (unsigned)sim_draw(150);
	s->losses = sim_once_in(3) ? 80 + (unsigned)sim_draw(300) : 0;
	s->clock = sim_once_in(3) ? 0 : 10 + (unsigned)sim_draw(60);
	s->fails = sim_once_in(4) ? 10 + (unsigned)sim_draw(40) : 0;
	s->overruns = sim_once_in(8);
	s->fine = sim_once_in(4);
	s->slow = sim_once_in(10);
	s->table = sim_once_in(6) ? 2 + (unsigned)sim_draw(8) : 0;
	s->weak = sim_once_in(10);
	s->length = 400 + (unsigned)sim_draw(800);
	if (s->slow) {
		s->attempts *= 4;
		s->length *= 2;
	}
	if (sim_once_in(STORY_LONG))
		s->length *= STORY_LONG;
}

static void
story_open(uint64_t seed)
{
	memset(&sim, 0, sizeof(sim));
	sim.seed = seed;
	sim.draw = (seed + 1) * 0x9e3779b97f4a7c15ull;
	sim_draw(2);
	sim.mono_ns = 1000 * 1000000000ull;
	sim.real_us = STORY_EPOCH_S * 1000000;
	sim_tale_new();
	sim_new_actors();
	sim_fleet_new();
	sim_operator_new();
	sim_disk_new();
	sim_objects_new();
	story_style();
	sim_segment_new();
	sim_judge_new();
	sim_start(SIM_MASTER, sim_master);
	sim_start(SIM_OPERATOR, sim_operator);
}

static void
story_rest(void)
{
	sim_tell("all come to rest", 0, 0, 0);
	sim.stop = true;
	sim.style.kills = sim.style.losses = sim.style.fails = 0;
	sim.events |= ~0ull;
	for (unsigned i = 0; sim_step(); i++)
		sim_check(i < REST_STEPS, "it does not come to rest");
	sim_judge_end();
}

/* A clean stop and a new segment: nothing goes into doubt. */
static void
story_clean_stop(void)
{
	struct apply_row was[SIM_TRUTHS];

	for (unsigned i = 0; i < sim.truths; i++)
		was[i] = sim_disk_committed(i)->row;
	sim.end_keeper = sim.ending = true;
	sim.events |= 1ull << SIM_FD_MASTER;
	for (unsigned i = 0; !sim.keeper_ended && sim_step(); i++)
		sim_check(i < REST_STEPS, "the keeper does not stop");
	sim_check(sim.keeper_ended, "the keeper stopped badly");
	sim_kill_all();
	sim_segment_new();
	sim_fleet_new();
	sim_judge_new();
	sim.keeper_ended = sim.ending = false;
	sim_start(SIM_MASTER, sim_master);
	for (unsigned i = 0; sim_step(); i++)
		sim_check(i < REST_STEPS, "the keeper does not start");
	for (unsigned i = 0; i < sim.truths; i++)
		sim_check(was[i].settled == sim_disk_committed(i)->row.settled,
		    "account %u: a clean stop changed it", i);
}

void
sim_story(uint64_t seed)
{
	const struct sim_style *s = &sim.style;

	story_open(seed);
	for (unsigned i = 0; i < s->length && sim.points < s->length; i++) {
		story_kills();
		story_loss();
		story_clock();
		story_reload();
		sim_step();
	}
	story_rest();
	if (sim_once_in(4))
		story_clean_stop();
	sim_kill_all();
	sim_kill(SIM_OPERATOR);
}

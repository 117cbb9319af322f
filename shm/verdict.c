#include "shm/verdict.h"

#include "shm/health.h"
#include "shm/segment.h"

#define VERDICT_WINDOW ((1u << VERDICT_LAST) - 1)
#define VERDICT_QUIET_NS VERDICT_MOST_NS /* then a provider's is a new one */

static bool
verdict_is_over(uint64_t until_ns, uint64_t now_ns)
{
	return now_ns >= until_ns || until_ns - now_ns > VERDICT_SANE_NS;
}

/* Its time is over, and somebody must try before it is trusted again. */
static bool
verdict_wants_probe(const struct health *h, uint64_t now_ns)
{
	uint64_t until = atomic_load(&h->until_ns);

	return until != 0 && verdict_is_over(until, now_ns) &&
	       atomic_load(&h->ejections) > 0;
}

bool
verdict_is_up(const struct health *h, uint64_t now_ns)
{
	uint64_t until =
	    atomic_load_explicit(&h->until_ns, memory_order_acquire);

	return until == 0 || (verdict_is_over(until, now_ns) &&
				 atomic_load(&h->ejections) == 0);
}

/* Everybody may, or nobody else has taken the probe. */
static bool
verdict_take(struct health *h, uint64_t now_ns)
{
	uint64_t probe;

	if (h == NULL || !verdict_wants_probe(h, now_ns))
		return true;
	probe = atomic_load(&h->probe_ns);
	if (probe != 0 && !verdict_is_over(probe, now_ns))
		return false;
	return atomic_compare_exchange_strong(&h->probe_ns, &probe,
	    now_ns + VERDICT_PROBE_NS);
}

static void
verdict_give(struct health *h)
{
	if (h != NULL && atomic_load(&h->probe_ns) != 0)
		atomic_store(&h->probe_ns, 0);
}

/* One of the two wants a probe, or both; whoever takes both may try. */
static enum health_verdict
verdict_probe(struct health *h, struct health *above, uint64_t now_ns)
{
	if (!verdict_take(h, now_ns))
		return HEALTH_EJECTED;
	if (verdict_take(above, now_ns))
		return HEALTH_PROBE;
	if (verdict_wants_probe(h, now_ns))
		verdict_give(h);
	return HEALTH_EJECTED;
}

enum health_verdict
verdict_ask(struct segment *seg, uint32_t place, uint64_t now_ns)
{
	struct health *h = health_at(seg, place);
	struct health *above = h != NULL ? health_above(seg, h) : NULL;
	bool up, above_up;

	if (h == NULL)
		return HEALTH_UP;
	up = verdict_is_up(h, now_ns);
	above_up = above == NULL || verdict_is_up(above, now_ns);
	if (up && above_up)
		return HEALTH_UP;
	if ((!up && !verdict_wants_probe(h, now_ns)) ||
	    (!above_up && !verdict_wants_probe(above, now_ns)))
		return HEALTH_EJECTED;
	return verdict_probe(h, above, now_ns);
}

static uint64_t
verdict_end_ns(const struct health *h)
{
	uint64_t until = atomic_load(&h->until_ns);
	uint64_t probe = atomic_load(&h->probe_ns);

	if (until == 0)
		return 0;
	return probe > until ? probe : until;
}

uint64_t
verdict_until_ns(struct segment *seg, uint32_t place)
{
	const struct health *h = health_at(seg, place);
	const struct health *above = h != NULL ? health_above(seg, h) : NULL;
	uint64_t end, above_end;

	if (h == NULL)
		return 0;
	end = verdict_end_ns(h);
	above_end = above != NULL ? verdict_end_ns(above) : 0;
	return end > above_end ? end : above_end;
}

/* The provider of a target or of a credential. */
static struct health *
verdict_provider(struct segment *seg, struct health *h)
{
	for (int i = 0; i <= HEALTH_TARGET && h != NULL; i++) {
		if (atomic_load(&h->kind) == HEALTH_PROVIDER)
			return h;
		h = health_above(seg, h);
	}
	return NULL;
}

/*
 * Of the provider it is noted until when some target is ejected, and how
 * often that began after nothing was for a while: who tells people counts it.
 */
static void
verdict_note(struct segment *seg, struct health *h, uint64_t now_ns,
    uint64_t until_ns)
{
	struct health *p = verdict_provider(seg, h);
	uint64_t last = p != NULL ? atomic_load(&p->until_ns) : 0;

	if (p == NULL)
		return;
	if (verdict_is_over(last == 0 ? 0 : last + VERDICT_QUIET_NS, now_ns))
		atomic_fetch_add(&p->ejections, 1);
	if (last < until_ns)
		atomic_store(&p->until_ns, until_ns);
}

/*
 * The order leaves something that ends by itself when we are killed between
 * two stores.
 */
static void
verdict_close(struct segment *seg, struct health *h, uint64_t now_ns)
{
	uint64_t until = atomic_load(&h->until_ns);
	struct health *p;

	if (until == 0 || !verdict_is_over(until, now_ns))
		return;
	if (atomic_exchange(&h->ejections, 0) > 0 &&
	    (p = verdict_provider(seg, h)) != NULL)
		atomic_store(&p->until_ns, 0);
	atomic_store(&h->window, 0);
	atomic_store(&h->probe_ns, 0);
	/* Unless it was ejected again meanwhile. */
	atomic_compare_exchange_strong(&h->until_ns, &until, 0);
}

/* A fifth of the new one. */
static void
verdict_mean(struct health *h, uint64_t first_byte_ns)
{
	uint64_t mean = atomic_load(&h->first_byte_ns);

	if (first_byte_ns == 0)
		return;
	mean = mean == 0 ? first_byte_ns : mean - mean / 5 + first_byte_ns / 5;
	atomic_store_explicit(&h->first_byte_ns, mean, memory_order_relaxed);
}

/* Nothing is written that is there already: others read the line. */
static void
verdict_forgive(struct health *h)
{
	uint32_t window = atomic_load(&h->window);

	if (atomic_load(&h->failures) != 0)
		atomic_store(&h->failures, 0);
	if (window != 0)
		atomic_store(&h->window, window << 1 & VERDICT_WINDOW);
}

void
verdict_good(struct segment *seg, uint32_t place, uint64_t first_byte_ns,
    uint64_t now_ns)
{
	struct health *h = health_at(seg, place);
	struct health *above = h != NULL ? health_above(seg, h) : NULL;

	if (h == NULL)
		return;
	atomic_store_explicit(&h->touched_ns, now_ns, memory_order_relaxed);
	verdict_mean(h, first_byte_ns);
	verdict_forgive(h);
	verdict_close(seg, h, now_ns);
	if (above != NULL)
		verdict_close(seg, above, now_ns);
}

/* Were the last so many all failures, and the first of them not long ago? */
static bool
verdict_run(struct health *h, const struct verdict_rules *rules,
    uint64_t now_ns)
{
	uint32_t now_ms = (uint32_t)(now_ns / 1000000), first_ms;
	uint32_t n = atomic_fetch_add(&h->failures, 1);
	int32_t age_ms; /* of another process's clock: a little below 0 */

	atomic_store(&h->failed_ms[n % HEALTH_RUN_MAX], now_ms);
	if (n + 1 < rules->eject_after)
		return false;
	first_ms = atomic_load(
	    &h->failed_ms[(n + 1 - rules->eject_after) % HEALTH_RUN_MAX]);
	age_ms = (int32_t)(now_ms - first_ms);
	return age_ms <= (int32_t)(rules->window_ns / 1000000) &&
	       age_ms > -(int32_t)(VERDICT_SANE_NS / 1000000);
}

static bool
verdict_half(struct health *h)
{
	uint32_t window = atomic_load(&h->window) << 1 | 1;

	atomic_store(&h->window, window & VERDICT_WINDOW);
	return __builtin_popcount(window & VERDICT_WINDOW) > VERDICT_LAST / 2;
}

static uint64_t
verdict_length_ns(uint32_t ejections, const struct verdict_rules *rules)
{
	uint64_t ns = rules->eject_ns;

	while (ejections-- > 0 && ns < VERDICT_MOST_NS)
		ns *= 2;
	return ns < VERDICT_MOST_NS ? ns : VERDICT_MOST_NS;
}

/* until_ns: of the last ejection, which is over; one caller may follow it. */
static void
verdict_eject(struct segment *seg, struct health *h, uint64_t until_ns,
    uint64_t length_ns, uint64_t now_ns)
{
	uint64_t next_ns = now_ns + length_ns;

	if (!atomic_compare_exchange_strong(&h->until_ns, &until_ns, next_ns))
		return;
	atomic_fetch_add(&h->ejections, 1);
	atomic_store(&h->probe_ns, 0);
	verdict_note(seg, h, now_ns, next_ns);
}

void
verdict_bad(struct segment *seg, uint32_t place,
    const struct verdict_rules *rules, uint64_t now_ns)
{
	struct health *h = health_at(seg, place);
	bool run, half, relapse;
	uint64_t until;

	if (h == NULL)
		return;
	atomic_store_explicit(&h->touched_ns, now_ns, memory_order_relaxed);
	verdict_give(health_above(seg, h));
	run = verdict_run(h, rules, now_ns);
	half = verdict_half(h);
	until = atomic_load(&h->until_ns);
	if (until != 0 && !verdict_is_over(until, now_ns))
		return;
	relapse = verdict_wants_probe(h, now_ns);
	if (run || half || relapse)
		verdict_eject(seg, h, until,
		    verdict_length_ns(atomic_load(&h->ejections), rules),
		    now_ns);
}

void
verdict_wish(struct segment *seg, uint32_t place, uint64_t until_ns)
{
	struct health *h = health_at(seg, place);
	uint64_t there = h != NULL ? atomic_load(&h->until_ns) : 0;

	if (h == NULL)
		return;
	if (there < until_ns)
		atomic_compare_exchange_strong(&h->until_ns, &there, until_ns);
	verdict_give(h);
	verdict_give(health_above(seg, h));
}

void
verdict_locked(struct segment *seg, uint32_t place, uint64_t now_ns)
{
	struct health *h = health_at(seg, place);
	struct health *above = h != NULL ? health_above(seg, h) : NULL;
	struct health *locked = above != NULL ? above : h;
	uint64_t until;

	if (h == NULL)
		return;
	verdict_give(h);
	until = atomic_load(&locked->until_ns);
	if (until == 0 || verdict_is_over(until, now_ns))
		verdict_eject(seg, locked, until, VERDICT_MOST_NS, now_ns);
}

void
verdict_unknown(struct segment *seg, uint32_t place)
{
	struct health *h = health_at(seg, place);

	if (h == NULL)
		return;
	verdict_give(h);
	verdict_give(health_above(seg, h));
}

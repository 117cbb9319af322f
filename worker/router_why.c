/* Why no model is left for a request that names none. */
#include "base/sbuf.h"
#include "worker/keys.h"
#include "worker/router_priv.h"

#define SHOWN 200 /* bytes of a caller's text in a message */

static struct slice
why_slug(const struct race *race, const struct router_row *row)
{
	return settings_str(race->t->settings,
	    race->t->models[row->model].name);
}

/* It fits, and is not taken: so it is ejected. */
static const char *
why_ejected(const struct race *race, const struct router_row *row)
{
	return race->ask->ejected_until(race->r, row->model) == ROUTER_NEVER
	           ? "Its provider is drained."
	           : "Ejected after failures.";
}

static const char *
why_not(const struct race *race, const struct router_row *row)
{
	uint32_t lacking = race->wanted & ~race_can(race, row);
	const char *words = needs_words(lacking);

	if (!key_permits(race->ask->permitted, why_slug(race, row)))
		return "Not permitted for this key.";
	if (race->skip != NULL && router_bit(race->skip, row->model))
		return "Excluded by the request.";
	if (!race_has_room(race, row))
		return needs_words_context;
	if (words != NULL)
		return words;
	return lacking & race->environment ? "No credentials for its provider."
	                                   : why_ejected(race, row);
}

static void
why_say(struct sbuf *reasons, unsigned *n, struct slice name, const char *why)
{
	if ((*n)++ >= ROUTER_REASONS)
		return;
	if (*n > 1)
		sbuf_adds(reasons, "; ");
	sbuf_add(reasons, name.p, name.n < SHOWN ? name.n : SHOWN);
	sbuf_addf(reasons, ": %s", why);
}

static void
why_of_list(const struct race *race, struct sbuf *reasons)
{
	const struct router_ask *ask = race->ask;
	unsigned said = 0;

	for (unsigned i = 0; i < ask->n_models; i++) {
		const struct router_row *row =
		    router_find(race->t, ask->models[i]);

		why_say(reasons, &said, ask->models[i],
		    row != NULL ? why_not(race, row) : "Unknown model.");
	}
}

/* Of the candidates, by slug: those that could be called by somebody. */
static void
why_of_all(const struct race *race, struct sbuf *reasons)
{
	const uint32_t candidate =
	    race->wanted & (CAN_REAL | CAN_PRICED | race->environment);
	const struct router *t = race->t;
	unsigned said = 0;

	for (uint32_t i = 0; i < t->n && said < ROUTER_REASONS; i++) {
		const struct router_row *row = &t->rows[t->row_of[i]];

		if ((race_can(race, row) & candidate) == candidate)
			why_say(reasons, &said, why_slug(race, row),
			    why_not(race, row));
	}
}

void
race_reasons(const struct race *race, struct sbuf *reasons)
{
	if (race->ask->n_models > 0)
		why_of_list(race, reasons);
	else
		why_of_all(race, reasons);
}

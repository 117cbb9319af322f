#include "tests/sim/sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

/* What happened lately, in words, for whoever has to understand a seed. */

#define TALE_LINES 200

static struct line {
	const char *what;
	int64_t a, b, c;
	uint64_t point;
	int who;
} lines[TALE_LINES];

static uint64_t told;

void
sim_tell(const char *what, int64_t a, int64_t b, int64_t c)
{
	lines[told++ % TALE_LINES] =
	    (struct line){ what, a, b, c, sim.points, sim.now };
}

static void
tale_print(void)
{
	uint64_t at = told > TALE_LINES ? told - TALE_LINES : 0;

	for (; at < told; at++) {
		const struct line *l = &lines[at % TALE_LINES];

		fprintf(stderr, "%8llu  %-9s %s %lld %lld %lld\n",
		    (unsigned long long)l->point, sim_name(l->who), l->what,
		    (long long)l->a, (long long)l->b, (long long)l->c);
	}
	fprintf(stderr,
	    "seed %llu, step %llu (%s%s%s%u workers); again: SEED=%llu\n",
	    (unsigned long long)sim.seed, (unsigned long long)sim.points,
	    sim.style.weak ? "late stores, " : "",
	    sim.style.fine ? "every store, " : "",
	    sim.style.overruns ? "overruns, " : "", sim.style.workers,
	    (unsigned long long)sim.seed);
}

/* An assertion of the product ends the story as well. */
static void
tale_died(int sig)
{
	signal(sig, SIG_DFL);
	tale_print();
	raise(sig);
}

void
sim_tale_new(void)
{
	told = 0;
	signal(SIGABRT, tale_died);
	signal(SIGSEGV, tale_died);
}

void
sim_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tale_print();
	fprintf(stderr, "%s: %s\n", sim_name(sim.now), text);
	signal(SIGABRT, SIG_DFL);
	fflush(stderr);
	abort();
}

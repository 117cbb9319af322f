#include "base/suggest.h"

#define SUGGEST_LONGEST 64

void
suggest_init(struct suggest *s, struct slice wanted)
{
	/* Near enough: two edits, or a third of the length. */
	unsigned most = (unsigned)wanted.n / 3;

	*s = (struct suggest){ .wanted = wanted };
	s->distance = (most > 2 ? most : 2) + 1;
}

static unsigned
suggest_least(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits from a to b: insert, remove, change, swap two neighbours. */
static unsigned
suggest_distance(struct slice a, struct slice b)
{
	unsigned rows[3][SUGGEST_LONGEST + 1];
	unsigned *two = rows[0], *one = rows[1], *now = rows[2];

	for (unsigned k = 0; k <= b.n; k++)
		one[k] = k;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *spare = two;

		now[0] = i;
		for (unsigned k = 1; k <= b.n; k++) {
			unsigned differ = a.p[i - 1] != b.p[k - 1];

			now[k] = suggest_least(one[k] + 1, now[k - 1] + 1,
			    one[k - 1] + differ);
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] &&
			    a.p[i - 2] == b.p[k - 1] && two[k - 2] + 1 < now[k])
				now[k] = two[k - 2] + 1;
		}
		two = one;
		one = now;
		now = spare;
	}
	return one[b.n];
}

void
suggest_try(struct suggest *s, struct slice name)
{
	unsigned distance;

	if (name.n == 0 || name.n > SUGGEST_LONGEST ||
	    s->wanted.n > SUGGEST_LONGEST)
		return;
	distance = suggest_distance(s->wanted, name);
	if (distance >= s->distance)
		return;
	s->distance = distance;
	s->best = name;
}

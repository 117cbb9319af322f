#include "tests/sim/heap.h"

#include <stdlib.h>

#include "base/xmem.h"

#define PIECES 16

static void *pieces[PIECES];

void *
heap_zeroes(size_t n, size_t size)
{
	for (unsigned i = 0; i < PIECES; i++)
		if (pieces[i] == NULL)
			return pieces[i] = xcalloc(n, size);
	abort();
}

void
heap_free(void *p)
{
	for (unsigned i = 0; i < PIECES; i++)
		if (pieces[i] == p)
			pieces[i] = NULL;
	free(p);
}

void
heap_forget(void)
{
	for (unsigned i = 0; i < PIECES; i++) {
		free(pieces[i]);
		pieces[i] = NULL;
	}
}

#include "base/xmem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define AT_HAND 1024

static _Noreturn void
xmem_die(size_t size)
{
	fprintf(stderr, "out of memory: %zu bytes\n", size);
	exit(1);
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		xmem_die(size);
	return p;
}

/*
 * What the C library keeps at hand of memory that was freed is there for
 * malloc() alone; of what is larger, calloc() knows the pages that are zero.
 */
void *
xcalloc(size_t n, size_t size)
{
	size_t all;
	void *p;

	if (!__builtin_mul_overflow(n, size, &all) && all <= AT_HAND) {
		p = xmalloc(all);
		__asm__("" : "+r"(p)); /* or GCC makes both calloc() again */
		return memset(p, 0, all);
	}
	p = calloc(n, size);
	if (p == NULL)
		xmem_die(n * size);
	return p;
}

void *
xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (p == NULL)
		xmem_die(size);
	return p;
}

char *
xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xmalloc(size), text, size);
}

void *
xpages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		xmem_die(size);
	return p;
}

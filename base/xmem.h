#ifndef BASE_XMEM_H
#define BASE_XMEM_H

/*
 * xmem - memory that is there, or the process ends.
 *
 * A worker that cannot allocate logs one line and exits; the master starts
 * another.  No caller checks for NULL.
 */

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

/* Zeroed pages that lie apart from the heap; munmap() gives them back. */
void *xpages(size_t size);

#endif

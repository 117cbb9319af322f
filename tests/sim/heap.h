#ifndef TESTS_SIM_HEAP_H
#define TESTS_SIM_HEAP_H

/* heap - what a keeper allocates, which ends with it wherever it is killed. */

#include <stddef.h>

void *heap_zeroes(size_t n, size_t size);
void heap_free(void *p);
void heap_forget(void);

#endif

#ifndef TESTS_SIM_CORO_H
#define TESTS_SIM_CORO_H

/*
 * coro - stacks of their own within one thread.
 *
 * The first switch to a coroutine goes by makecontext(), all others by
 * _setjmp() and _longjmp(), which ask nothing of the kernel.
 */

#include <setjmp.h>
#include <stdbool.h>
#include <ucontext.h>

struct coro {
	ucontext_t begin;
	jmp_buf at;
	char *stack;
	void (*body)(void);
	bool begun;
};

/* Begin anew at body; what it ran before is dropped where it stood. */
void coro_set(struct coro *c, void (*body)(void));

/* From the scheduler: run it until it calls coro_yield(). */
void coro_run(struct coro *c);

/* From inside the one that runs: back to the scheduler. */
void coro_yield(struct coro *c);

void coro_free(struct coro *c);

#endif

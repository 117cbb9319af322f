/* longjmp() between stacks is what this file is for. */
#undef _FORTIFY_SOURCE
#include "tests/sim/coro.h"

#include <stdlib.h>

#include "base/xmem.h"

#define CORO_STACK (256 * 1024)

static ucontext_t coro_home;
static struct coro *coro_first; /* the one that begins */

/* AddressSanitizer follows swapcontext() and nothing else. */
#if defined(__SANITIZE_ADDRESS__)
#define CORO_SLOWLY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORO_SLOWLY 1
#endif
#endif

static void
coro_enter(void)
{
	coro_first->body();
	abort();
}

void
coro_set(struct coro *c, void (*body)(void))
{
	if (c->stack == NULL)
		c->stack = xmalloc(CORO_STACK);
	getcontext(&c->begin);
	c->begin.uc_stack.ss_sp = c->stack;
	c->begin.uc_stack.ss_size = CORO_STACK;
	c->begin.uc_link = NULL;
	makecontext(&c->begin, coro_enter, 0);
	c->body = body;
	c->begun = false;
}

#ifdef CORO_SLOWLY
void
coro_run(struct coro *c)
{
	coro_first = c;
	swapcontext(&coro_home, &c->begin);
}

void
coro_yield(struct coro *c)
{
	swapcontext(&c->begin, &coro_home);
}
#else
static jmp_buf coro_main;

void
coro_run(struct coro *c)
{
	if (_setjmp(coro_main) != 0)
		return;
	if (c->begun)
		_longjmp(c->at, 1);
	c->begun = true;
	coro_first = c;
	swapcontext(&coro_home, &c->begin);
}

void
coro_yield(struct coro *c)
{
	if (_setjmp(c->at) == 0)
		_longjmp(coro_main, 1);
}
#endif

void
coro_free(struct coro *c)
{
	free(c->stack);
	c->stack = NULL;
}

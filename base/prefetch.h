#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

/*
 * prefetch - ask for a line of cache ahead of its use.
 *
 * What is asked for may be anything, and nothing waits for it.
 */

#define PREFETCH_LINE 64

static inline void
prefetch_read(const void *p)
{
	__builtin_prefetch(p);
}

/* To be executed: not into the first level. */
static inline void
prefetch_code(const void *p)
{
	__builtin_prefetch(p, 0, 2);
}

/*
 * To be written, while another processor had it last: only this also takes it
 * away from there.  Left to itself the compiler reads it for x86-64, of which
 * all know this instruction, if only as one that does nothing.
 */
static inline void
prefetch_write(const void *p)
{
#ifdef __x86_64__
	__asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1);
#endif
}

#endif

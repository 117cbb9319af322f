#ifndef BASE_RARE_H
#define BASE_RARE_H

/*
 * rare - what is seldom done, or by few requests, stays out of line, so that
 * what is done always needs few registers and few lines of cache.
 */

#define RARE __attribute__((noinline))

#endif

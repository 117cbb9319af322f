#ifndef BASE_RARE_H
#define BASE_RARE_H

/*
 * rare - what is seldom done stays out of line, so that what is done always
 * needs few registers.
 */

#define RARE __attribute__((noinline))

#endif

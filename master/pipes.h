#ifndef MASTER_PIPES_H
#define MASTER_PIPES_H

/*
 * pipes - the standard errors of the children: one pipe for each seat and
 * one for each other role, made at the start and kept, so that the last words
 * of a crash wait for the logger even while it is being replaced.
 */

#include <stddef.h>

#include "base/err.h"

struct pipes;

/* n of them; both ends are close-on-exec and do not block. */
struct pipes *pipes_new(size_t n, struct err *e);

/* In a child: make number i the standard error. */
void pipes_become_stderr(const struct pipes *p, size_t i);

/* The reading ends, n of them, for the logger. */
const int *pipes_readers(const struct pipes *p);

/* Copy what lies in them to standard error: when no logger will. */
void pipes_drain(const struct pipes *p);

#endif

#ifndef WORKER_SERVE_H
#define WORKER_SERVE_H

/*
 * serve - between the HTTP server and the requests: what arrives becomes a
 * request, what happens to its connection is told to it.
 */

#include <stdint.h>

struct worker;

/* Accept on the sockets of the arguments. */
void serve_start(struct worker *w);

/* End every request, as at a fast stop; then nothing is in flight. */
void serve_stop(struct worker *w);

/* The seat's word: run again what waits for one of these reasons. */
void serve_wake(struct worker *w, uint32_t reasons);

/* Shed load when the loop lags or the slots run out (stack.md 2.2). */
void serve_watch_pressure(struct worker *w);

#endif

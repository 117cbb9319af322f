#ifndef LOGGER_COURIER_H
#define LOGGER_COURIER_H

/*
 * courier - brings alerts to the exporters of kind "webhook", and the rows of
 * requests whose worker died to whoever keeps the log.
 *
 * The keeper hands over what the ledger keeps (store/alert.h); it is
 * acknowledged when every exporter that wants it has it or was given up.
 * Nothing is remembered beyond this process: an alert that was not
 * acknowledged is handed over again to the next.
 *
 * The loop of the room net lives as long as a call is in flight and is turned
 * by the logger's own, so that a slow receiver makes nobody wait.
 */

#include <stdbool.h>
#include <stdint.h>

struct courier;
struct orphan;
struct segment;
struct settings;

/* Who takes the orphans: it has what it is called with when it returns. */
struct courier_log {
	void (*orphan)(void *ctx, const struct orphan *o);
	void *ctx;
};

/* Takes the socket to the keeper, -1 = none yet. */
struct courier *courier_new(const struct settings *s, const char *secrets,
    struct segment *seg, struct courier_log log, int keeper_fd);

/* What is in flight is broken off. */
void courier_free(struct courier **cp);

/* Other exporters: who is gone or wants it no more is forgotten. */
void courier_apply(struct courier *c, const struct settings *s,
    const char *secrets);

/* The keeper is another one, or this is the first. */
void courier_meet(struct courier *c, int keeper_fd);

/* To be polled for reading; -1 = nothing is wanted. */
int courier_fd(const struct courier *c);

/* The keeper has said something. */
void courier_hear(struct courier *c);

/* Turn the calls.  True while there are any: come back soon. */
bool courier_turn(struct courier *c);

/* Begin what is due by then; each 100 ms or so. */
void courier_tend(struct courier *c, uint64_t now_ms);

/*
 * No more is taken from the keeper: what one that died handed over may still
 * wait when the next hands over as much (HANDOVER_WINDOW).
 */
#define COURIER_PARCELS 512
#define COURIER_CALLS 4 /* at once, to one exporter */

#endif

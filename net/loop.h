#ifndef NET_LOOP_H
#define NET_LOOP_H

/*
 * loop - the event loop of one process, made after fork.
 *
 * One turn is: wait for events, run their callbacks, run what was deferred.
 * The clocks are read once a turn.  Objects that die inside a callback are
 * freed at the end of the turn, so that no callback up the stack touches
 * freed memory.
 */

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct loop;

/* Work for the end of the turn; embedded in the object that it is about. */
struct defer {
	struct defer *next; /* NULL when not queued */
	void (*run)(struct defer *d);
};

/* From a pointer to an embedded member back to its owner. */
#define LOOP_OWNER(member_p, type, member)                                     \
	((type *)(void *)((char *)(member_p)-offsetof(type, member)))

/* Also makes the process ignore SIGPIPE. */
struct loop *loop_new(void);
void loop_free(struct loop **lp);

/* Turn until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* One turn; waits at most timeout_ms for an event (-1: without end). */
void loop_turn(struct loop *l, int timeout_ms);

/*
 * For code with libevent events of its own (signals, eventfds, DNS sockets):
 * the base, and the call that every such callback makes first, which reads
 * the clocks if this turn has not yet.
 */
struct event_base *loop_base(struct loop *l);
void loop_enter(struct loop *l);

/*
 * Run d->run(d) at the end of this turn, or (loop_next) after the events of
 * the next turn, which then does not wait.  Queued already: nothing happens.
 */
void loop_defer(struct loop *l, struct defer *d, void (*run)(struct defer *d));
void loop_next(struct loop *l, struct defer *d, void (*run)(struct defer *d));

/* Run at the end of each turn, behind all that was deferred (one only). */
void loop_each_turn(struct loop *l, void (*run)(void *ctx), void *ctx);

/* free(p) at the end of this turn. */
void loop_free_later(struct loop *l, void *p);

/* Memory for one read, shared by all connections; good within a callback. */
#define LOOP_SCRATCH_SIZE ((size_t)64 * 1024)
char *loop_scratch(struct loop *l);

/* By how much the last 100 ms check ran late. */
#define LOOP_LAG_LOG_MS 50
#define LOOP_LAG_SHED_MS 250
uint64_t loop_lag_ms(const struct loop *l);

/* step() names what ran last, for the line that is logged about a lag. */
void loop_name_steps(struct loop *l, const char *(*step)(void *ctx), void *ctx);

#endif

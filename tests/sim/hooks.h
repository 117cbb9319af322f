#ifndef TESTS_SIM_HOOKS_H
#define TESTS_SIM_HOOKS_H

/*
 * hooks - what the sources that room.c compiles again find in the place of
 * the kernel, the clock, the log and C11's atomic stores.  The headers of the
 * real ones come first, so that nothing but the calls is replaced.
 */

#include "tests/sim/sim.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xmem.h"
#include "keeper/verify.h"
#include "shm/stats.h"
#include "tests/sim/os.h"

#define SIM_POINT() sim_point()

#define pthread_mutex_clocklock(m, clock, until) ((void)(until), sim_lock(m))
#define pthread_mutex_trylock sim_trylock
#define pthread_mutex_unlock sim_unlock
#define pthread_mutex_consistent sim_consistent
#define __builtin_ia32_pause() ((void)0)

#define write sim_write
#define read sim_read
#define recv sim_recv
#define send sim_send
#define ppoll sim_ppoll
#define child_get sim_child_get
#define child_send sim_child_send
#define exit(status) sim_fail("the keeper ends with %d", status)

#define now_update() ((void)0)
#define now_mono_ns() (sim.mono_ns)
#define now_fresh_ns() (sim.mono_ns)
#define now_mono_ms() (sim.mono_ns / 1000000)
#define now_real_us() (sim.real_us)

#define log_role(name) ((void)0)
#define log_error(...) sim_say(SIM_FIRST(__VA_ARGS__, 0))
#define log_warn(...) sim_say(SIM_FIRST(__VA_ARGS__, 0))
#define SIM_FIRST(first, ...) first
#define verify_stores(settings, id, e) ((void)(e), 0)

/*
 * Every atomic store can be a point, and in stories of late stores it goes
 * through the actor's own buffer.  A read-modify-write settles what the actor
 * stored before, as far as its order asks for it.
 */
#define SIM_STORE(p, v, release)                                               \
	({                                                                     \
		__auto_type sim_p = (p);                                       \
		__typeof__((void)0, *sim_p) sim_v = (v);                       \
		sim_weak_store((void *)(uintptr_t)sim_p, &sim_v,               \
		    sizeof(sim_v), release);                                   \
		sim_fine_point();                                              \
	})
#define SIM_FULL()                                                             \
	(sim.style.weak && sim.now >= 0 ? sim_weak_settle(sim.now) : (void)0)
#define SIM_CHANGE(p, op, v)                                                   \
	({                                                                     \
		__auto_type sim_cp = (p);                                      \
		SIM_FULL();                                                    \
		__typeof__((void)0, *sim_cp) sim_old = *sim_cp;                \
		*sim_cp = sim_old op(v);                                       \
		sim_fine_point();                                              \
		sim_old;                                                       \
	})

#undef atomic_store
#undef atomic_store_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_fetch_and
#undef atomic_exchange
#undef atomic_thread_fence
/* seq_cst: no later load of the actor comes before it. */
#define atomic_store(p, v)                                                     \
	({                                                                     \
		SIM_STORE(p, v, true);                                         \
		SIM_FULL();                                                    \
	})
#define atomic_store_explicit(p, v, order)                                     \
	SIM_STORE(p, v, (order) != memory_order_relaxed)
#define atomic_fetch_add(p, v) SIM_CHANGE(p, +, v)
#define atomic_fetch_add_explicit(p, v, order) SIM_CHANGE(p, +, v)
#define atomic_fetch_sub(p, v) SIM_CHANGE(p, -, v)
#define atomic_fetch_or(p, v) SIM_CHANGE(p, |, v)
#define atomic_fetch_and(p, v) SIM_CHANGE(p, &, v)
#define atomic_exchange(p, v)                                                  \
	({                                                                     \
		__auto_type sim_xp = (p);                                      \
		SIM_FULL();                                                    \
		__typeof__((void)0, *sim_xp) sim_was = *sim_xp;                \
		*sim_xp = (v);                                                 \
		sim_fine_point();                                              \
		sim_was;                                                       \
	})
#define atomic_thread_fence(order) SIM_FULL()

#endif

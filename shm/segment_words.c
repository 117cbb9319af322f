#include <assert.h>
#include <errno.h>
#include <time.h>

#include "shm/segment_priv.h"

const unsigned char *
segment_id(const struct segment *seg)
{
	return seg->head->id;
}

uint64_t
segment_epoch(const struct segment *seg)
{
	return atomic_load(&seg->head->epoch);
}

void
segment_set_epoch(struct segment *seg, uint64_t epoch)
{
	atomic_store(&seg->head->epoch, epoch);
}

uint32_t
segment_seats(const struct segment *seg)
{
	return seg->map.n_seats;
}

uint32_t
segment_max_accounts(const struct segment *seg)
{
	return seg->head->shape.max_accounts;
}

void
segment_set_seat_fd(struct segment *seg, uint32_t seat, int fd)
{
	assert(seat < seg->map.n_seats);
	seg->seat_fd[seat] = fd;
}

int
segment_seat_fd(const struct segment *seg, uint32_t seat)
{
	assert(seat < seg->map.n_seats);
	return seg->seat_fd[seat];
}

void
segment_set_role_fd(struct segment *seg, enum segment_role role, int fd)
{
	seg->role_fd[role] = fd;
}

int
segment_role_fd(const struct segment *seg, enum segment_role role)
{
	return seg->role_fd[role];
}

void
segment_beat(struct segment *seg, enum segment_role role, uint64_t now_ns)
{
	atomic_store_explicit(&seg->head->beat_ns[role], now_ns,
	    memory_order_relaxed);
}

uint64_t
segment_beaten_ns(const struct segment *seg, enum segment_role role)
{
	return atomic_load_explicit(&seg->head->beat_ns[role],
	    memory_order_relaxed);
}

void
segment_committed(struct segment *seg, uint64_t now_ns)
{
	atomic_store_explicit(&seg->head->committed_ns, now_ns,
	    memory_order_relaxed);
}

uint64_t
segment_committed_ns(const struct segment *seg)
{
	return atomic_load_explicit(&seg->head->committed_ns,
	    memory_order_relaxed);
}

void
segment_clock_stepped(struct segment *seg, int64_t step_s)
{
	atomic_store(&seg->head->clock_step_s, step_s);
	atomic_fetch_add(&seg->head->clock_steps, 1);
}

uint64_t
segment_clock_steps(const struct segment *seg, int64_t *last_s_r)
{
	*last_s_r = atomic_load(&seg->head->clock_step_s);
	return atomic_load(&seg->head->clock_steps);
}

void
segment_lock_init(struct segment_lock *l)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&l->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
}

/*
 * A wake-up can be lost: who is woken by an unlock may be killed before it
 * has the lock, and when somebody who did not wait takes it meanwhile, neither
 * he nor the kernel wakes the next one.  So nobody waits without looking.
 */
#define SEGMENT_LOOK_NS 5000000

static int
segment_wait(struct segment_lock *l)
{
	struct timespec until;
	int rc;

	do {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += SEGMENT_LOOK_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		rc =
		    pthread_mutex_clocklock(&l->mutex, CLOCK_MONOTONIC, &until);
	} while (rc == ETIMEDOUT);
	return rc;
}

int
segment_lock_raw(struct segment_lock *l)
{
	int rc = pthread_mutex_trylock(&l->mutex);

	if (rc == EBUSY)
		rc = segment_wait(l);
	assert(rc == 0 || rc == EOWNERDEAD);
	return rc;
}

int
segment_lock(struct segment_lock *l)
{
	if (segment_lock_raw(l) == 0)
		return 0;
	pthread_mutex_consistent(&l->mutex);
	return 1;
}

void
segment_unlock(struct segment_lock *l)
{
	pthread_mutex_unlock(&l->mutex);
}

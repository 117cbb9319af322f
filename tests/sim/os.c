#include "tests/sim/os.h"

#include <errno.h>
#include <string.h>

#include "tests/sim/sim.h"

ssize_t
sim_write(int fd, const void *bytes, size_t n)
{
	(void)bytes;
	if (sim.style.weak && sim.now >= 0)
		sim_weak_settle(sim.now);
	sim.events |= 1ull << fd;
	sim_tell("wakes", fd, 0, 0);
	return (ssize_t)n;
}

ssize_t
sim_read(int fd, void *bytes, size_t n)
{
	memset(bytes, 0, n);
	sim.events &= ~(1ull << fd);
	return (ssize_t)n;
}

/* Only the keeper polls: longer than a nap is until there is work. */
int
sim_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const void *mask)
{
	uint64_t ns = (uint64_t)timeout->tv_sec * 1000000000ull +
	              (uint64_t)timeout->tv_nsec;
	uint64_t events = 0;
	int ready = 0;

	(void)mask;
	for (nfds_t i = 0; i < n; i++)
		events |= fds[i].fd >= 0 ? 1ull << fds[i].fd : 0;
	if ((sim.events & events) == 0)
		sim_park(events, ns,
		    ns < 50000000 ? SIM_WAIT_TIME : SIM_WAIT_WORK);
	for (nfds_t i = 0; i < n; i++) {
		bool in = fds[i].fd >= 0 && (sim.events >> fds[i].fd & 1) != 0;

		fds[i].revents = in ? POLLIN : 0;
		ready += in;
	}
	return ready;
}

ssize_t
sim_recv(int fd, void *bytes, size_t n, int flags)
{
	int got;

	(void)flags;
	sim.events &= ~(1ull << fd);
	got = sim_operator_ask(bytes, (unsigned)n);
	if (got == 0) {
		errno = EAGAIN;
		return -1;
	}
	return got;
}

ssize_t
sim_send(int fd, const void *bytes, size_t n, int flags)
{
	(void)fd, (void)flags;
	sim_operator_answer(bytes, (unsigned)n);
	return (ssize_t)n;
}

int
sim_child_get(int fd, enum child_message *message_r, int fds[CHILD_MAX_FDS],
    size_t *n_r)
{
	(void)fds;
	*n_r = 0;
	sim.events &= ~(1ull << fd);
	if (!sim.end_keeper)
		return 0;
	sim.end_keeper = false;
	*message_r = MASTER_STOP;
	return 1;
}

int
sim_child_send(int fd, enum child_message message, const int *fds, size_t n)
{
	(void)fd, (void)fds, (void)n;
	sim.keeper_ready = sim.keeper_ready || message == CHILD_READY;
	sim_tell("tells the master", message, 0, 0);
	return 0;
}

void
sim_say(const char *format)
{
	sim_tell(format, 0, 0, 0);
}

#ifndef TESTS_SIM_OS_H
#define TESTS_SIM_OS_H

/* os - what the room and the keeper ask of the kernel and of their log. */

#include <poll.h>
#include <sys/types.h>

#include "base/childproto.h"

ssize_t sim_write(int fd, const void *bytes, size_t n);
ssize_t sim_read(int fd, void *bytes, size_t n);
int sim_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const void *mask);
ssize_t sim_recv(int fd, void *bytes, size_t n, int flags);
ssize_t sim_send(int fd, const void *bytes, size_t n, int flags);
int sim_child_get(int fd, enum child_message *message_r, int fds[CHILD_MAX_FDS],
    size_t *n_r);
int sim_child_send(int fd, enum child_message message, const int *fds,
    size_t n);
void sim_say(const char *format);

#endif

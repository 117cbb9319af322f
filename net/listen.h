#ifndef NET_LISTEN_H
#define NET_LISTEN_H

/*
 * listen - listening sockets, opened by the master and inherited.
 *
 * Non-blocking, close-on-exec, one queue for all workers: no SO_REUSEPORT,
 * which loses the queue of a worker that dies.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

#define LISTEN_BACKLOG 4096

/*
 * address is "127.0.0.1", "::1" (brackets allowed) or "*" for every IPv6 and
 * IPv4 address.  The descriptor, or -1 with *e filled.
 */
int listen_tcp(const char *address, unsigned port, struct err *e);

/*
 * A unix stream socket at path, in that mode.  A stale one is replaced; one
 * that somebody answers on is not.
 */
int listen_unix(const char *path, mode_t mode, struct err *e);

/*
 * From now on tell of a connection with its first bytes, or its end, or after
 * a second of silence (TCP_DEFER_ACCEPT, tcp(7)); or at once again.  It holds
 * for all processes that share the socket; a unix socket tells at once anyway.
 */
void listen_defer(int fd, bool on);

/* The port a listening TCP socket is bound to (port 0: which was chosen). */
unsigned listen_port(int fd);

#endif

#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

/*
 * worker - the process that serves: one event loop, all requests of its
 * connections from their first byte to their last.
 */

#include <stddef.h>

struct err;
struct segment;
struct settings;

/*
 * The TLS contexts of one generation of settings: one for each certificate
 * file of a listener, one for each CA file of a provider.  Made before the
 * workers are forked, since reading the CA store costs 135 ms and 5 MiB, and
 * shared by them.
 */
struct worker_tls;

/* NULL with *e when a certificate or a CA file cannot be used. */
struct worker_tls *worker_tls_new(const struct settings *s, const char *secrets,
    struct err *e);
void worker_tls_free(struct worker_tls **tp);

struct worker_args {
	const struct settings *settings;
	const char *secrets;
	struct segment *segment; /* mapped, with the seats' eventfds */
	int seat;                /* whose lanes and slots are ours */
	int master_fd;           /* SEQPACKET, base/childproto.h */
	const int *listen_fds;   /* as settings.listen; shared with others */
	size_t listen_n;
	struct worker_tls *tls;
};

/*
 * Serve until the master says drain or stop; the process' exit status.  Says
 * CHILD_READY when it accepts.
 */
int worker_main(const struct worker_args *args);

#endif

#include "master/pairs.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/log.h"
#include "master/master_priv.h"

static const struct pair {
	enum master_role first, second; /* in the order of their start */
	enum child_message message;     /* brings a peer its new end */
} pairs[MASTER_PAIRS] = {
	[PAIR_ASK] = { MASTER_KEEPER, MASTER_ADMIN, MASTER_PEER },
	[PAIR_ALERTS] = { MASTER_KEEPER, MASTER_LOGGER, MASTER_ALERTS },
};

void
pairs_init(struct master *m)
{
	for (int i = 0; i < MASTER_PAIRS; i++)
		m->pair_fds[i] = -1;
}

void
pairs_drop(int fds[MASTER_PAIRS])
{
	for (int i = 0; i < MASTER_PAIRS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void
pairs_close(struct master *m)
{
	pairs_drop(m->pair_fds);
}

static void
pair_make(struct master *m, const struct child *c, int i, int ends[2])
{
	ends[0] = ends[1] = -1;
	if (c->role != pairs[i].first && c->role != pairs[i].second)
		return;
	if (c->role == pairs[i].second && m->pair_fds[i] >= 0) {
		ends[0] = m->pair_fds[i]; /* of the first, not taken yet */
		m->pair_fds[i] = -1;
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, ends) != 0)
		log_error("master: socketpair: %m");
}

void
pairs_make(struct master *m, const struct child *c, int own_fds[MASTER_PAIRS],
    int peer_fds[MASTER_PAIRS])
{
	for (int i = 0; i < MASTER_PAIRS; i++) {
		int ends[2];

		pair_make(m, c, i, ends);
		own_fds[i] = ends[0];
		peer_fds[i] = ends[1];
	}
}

static void
pair_give(struct master *m, const struct child *c, int i, int fd)
{
	struct child *peer =
	    &m->children[c->role == pairs[i].first ? pairs[i].second
						   : pairs[i].first];

	if (fd < 0)
		return;
	if (child_is_alive(peer)) {
		child_send(peer->control_fd, pairs[i].message, &fd, 1);
		close(fd);
		return;
	}
	if (m->pair_fds[i] >= 0)
		close(m->pair_fds[i]);
	m->pair_fds[i] = -1;
	if (c->role == pairs[i].first)
		m->pair_fds[i] = fd;
	else
		close(fd); /* a new first one makes a new pair */
}

void
pairs_give(struct master *m, const struct child *c, int peer_fds[MASTER_PAIRS])
{
	for (int i = 0; i < MASTER_PAIRS; i++)
		pair_give(m, c, i, peer_fds[i]);
}

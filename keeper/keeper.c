#include "keeper/keeper.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/childproto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "keeper/answer.h"
#include "keeper/audit.h"
#include "keeper/book.h"
#include "keeper/evict.h"
#include "keeper/fold.h"
#include "keeper/handover.h"
#include "keeper/limits.h"
#include "keeper/startstop.h"
#include "keeper/turn.h"
#include "keeper/verify.h"
#include "shm/stats.h"
#include "shm/wake.h"

#define TURN_NS UINT64_C(5000000)      /* between commits, but for leases */
#define NET_NS UINT64_C(100000000)     /* the safety net of a sleep */
#define SECOND_NS UINT64_C(1000000000) /* heartbeat */
#define READERS_S 5                    /* look for dead readers */

struct keeper {
	struct book book;
	struct turn *turn;
	struct fold *fold;
	struct handover handover;
	int master_fd, admin_fd, event_fd;
	uint64_t turned_ns; /* the last commit */
	uint64_t second_ns; /* the last heartbeat */
	unsigned seconds;
	struct audit_round audit;
	bool stop;  /* leave the loop */
	bool clean; /* nothing runs any more: write the leases back */
};

/* Read new settings in: who is in the file, and what they may spend. */
static int
keeper_take_settings(struct keeper *k, const int fds[], size_t n, struct err *e)
{
	struct book *b = &k->book;
	const struct settings *s = n > 0 ? settings_map(fds[0]) : NULL;

	if (s == NULL) {
		log_error("keeper: new settings cannot be mapped");
		return 0;
	}
	b->settings = s;
	if (book_begin(b, e) != 0 || limits_name_owners(b, e) != 0 ||
	    limits_refresh_all(b, NULL, e) != 0 || book_commit(b, e) != 0)
		return -1;
	child_send(k->master_fd, CHILD_DONE, NULL, 0);
	return 0;
}

static void
keeper_check_readers(struct keeper *k)
{
	ledger_check_readers(k->book.ledger);
	objects_check_readers(k->book.objects);
}

static int
keeper_obey(struct keeper *k, enum child_message message, int fds[], size_t n,
    struct err *e)
{
	int done = 0;

	switch ((int)message) {
	case MASTER_STOP:
		k->clean = k->stop = true;
		break;
	case MASTER_DRAIN:
		k->stop = true;
		break;
	case MASTER_REAPED:
		keeper_check_readers(k);
		break;
	case MASTER_SETTINGS:
		done = keeper_take_settings(k, fds, n, e);
		break;
	case MASTER_ALERTS:
		if (n == 0)
			break;
		handover_take(&k->handover, fds[0]);
		return 0;
	case MASTER_PEER:
		if (n == 0)
			break;
		if (k->admin_fd >= 0)
			close(k->admin_fd);
		k->admin_fd = fds[0];
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return done;
}

static int
keeper_hear_master(struct keeper *k, struct err *e)
{
	enum child_message message;
	int fds[CHILD_MAX_FDS], got;
	size_t n;

	while ((got = child_get(k->master_fd, &message, fds, &n)) == 1)
		if (keeper_obey(k, message, fds, n, e) != 0)
			return -1;
	if (got < 0) /* the master is gone; so are the workers, soon */
		k->stop = true;
	return 0;
}

static int
keeper_hear_admin(struct keeper *k, struct err *e)
{
	int gone = 0;

	if (k->admin_fd < 0)
		return 0;
	if (answer_all(&k->book, k->admin_fd, &gone, e) != 0)
		return -1;
	if (gone) {
		close(k->admin_fd);
		k->admin_fd = -1;
	}
	return 0;
}

static int
keeper_wait(struct keeper *k, uint64_t ns)
{
	struct pollfd fds[] = { { k->master_fd, POLLIN, 0 },
		{ k->admin_fd, POLLIN, 0 }, { k->event_fd, POLLIN, 0 },
		{ k->handover.fd, POLLIN, 0 } };
	struct timespec timeout = { (time_t)(ns / SECOND_NS),
		(long)(ns % SECOND_NS) };
	int woken = ppoll(fds, 4, &timeout, NULL);
	uint64_t count;

	k->handover.spoken = k->handover.spoken || fds[3].revents != 0;

	wake_rise(k->book.seg, ROLE_KEEPER);
	if (fds[2].revents != 0 && read(k->event_fd, &count, sizeof count) < 0)
		return woken;
	return woken;
}

/* Behind a turn charges gather; a wanted lease does not wait. */
static void
keeper_nap(struct keeper *k)
{
	uint64_t next_ns = k->turned_ns + TURN_NS, now_ns = now_fresh_ns();

	if (now_ns >= next_ns)
		return;
	wake_nap(k->book.seg, ROLE_KEEPER);
	if (account_any_wanted(k->book.seg))
		wake_rise(k->book.seg, ROLE_KEEPER);
	else
		keeper_wait(k, next_ns - now_ns);
}

/* Nothing is due: sleep until somebody publishes, wants or asks. */
static int
keeper_doze(struct keeper *k, struct err *e)
{
	struct segment *seg = k->book.seg;

	if (turn_due(&k->book))
		return 0;
	if (book_sync(&k->book, e) != 0)
		return -1;
	wake_doze(seg, ROLE_KEEPER);
	if (turn_due(&k->book))
		wake_rise(seg, ROLE_KEEPER);
	else if (keeper_wait(k, NET_NS) == 0 && turn_due(&k->book))
		wake_missed(seg);
	return 0;
}

static int
keeper_every_second(struct keeper *k, struct err *e)
{
	uint64_t now_ns = now_mono_ns();

	if (now_ns - k->second_ns < SECOND_NS)
		return 0;
	k->second_ns = now_ns;
	/* Who is never idle does not poll. */
	k->handover.spoken = k->handover.spoken || k->handover.open > 0;
	segment_beat(k->book.seg, ROLE_KEEPER, now_ns);
	stats_resident(k->book.seg,
	    stats_area_of_role(k->book.seg, ROLE_KEEPER), SLICE("keeper"));
	if (++k->seconds % READERS_S == 0)
		keeper_check_readers(k);
	if (audit_second(&k->book, &k->audit, e) != 0 ||
	    evict_idle(&k->book, e) != 0)
		return -1;
	return fold_step(k->fold, &k->book, e);
}

static int
keeper_loop(struct keeper *k, struct err *e)
{
	while (!k->stop) {
		int turned;

		keeper_nap(k);
		if (keeper_doze(k, e) != 0)
			return -1;
		now_update();
		if (keeper_every_second(k, e) != 0 ||
		    keeper_hear_master(k, e) != 0 ||
		    keeper_hear_admin(k, e) != 0 ||
		    handover_hear(&k->handover, &k->book, e) != 0 ||
		    handover_send(&k->handover, &k->book, e) != 0)
			return -1;
		turned = turn_run(k->turn, e);
		if (turned < 0)
			return -1;
		if (turned == 0)
			continue;
		k->turned_ns = now_fresh_ns();
		segment_committed(k->book.seg, k->turned_ns);
	}
	return 0;
}

/* What was published before the end counts before the end. */
static int
keeper_finish(struct keeper *k, struct err *e)
{
	int turned;

	while ((turned = turn_run(k->turn, e)) == 1)
		;
	if (turned < 0)
		return -1;
	return k->clean ? startstop_end(&k->book, e) : book_sync(&k->book, e);
}

static int
keeper_run(struct keeper *k, struct err *e)
{
	if (verify_stores(k->book.settings, segment_id(k->book.seg), e) != 0 ||
	    book_open(&k->book, e) != 0 || startstop_begin(&k->book, e) != 0)
		return -1;
	segment_beat(k->book.seg, ROLE_KEEPER, now_mono_ns());
	child_send(k->master_fd, CHILD_READY, NULL, 0);
	if (keeper_loop(k, e) != 0 || keeper_finish(k, e) != 0)
		return -1;
	return 0;
}

int
keeper_main(const struct keeper_args *args)
{
	struct keeper k = { .master_fd = args->master_fd,
		.admin_fd = args->admin_fd,
		.event_fd = segment_role_fd(args->segment, ROLE_KEEPER),
		.book = { .settings = args->settings, .seg = args->segment } };
	struct err e;
	int done;

	log_role("keeper");
	now_update();
	handover_init(&k.handover, args->logger_fd);
	k.turn = turn_new(&k.book);
	k.fold = fold_new();
	done = keeper_run(&k, &e);
	if (done != 0)
		log_error("%s", e.text);
	turn_free(&k.turn);
	fold_free(&k.fold);
	handover_fini(&k.handover);
	book_close(&k.book);
	return done == 0 ? EX_OK : EX_OSERR;
}

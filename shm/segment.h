#ifndef SHM_SEGMENT_H
#define SHM_SEGMENT_H

/*
 * segment - the one file that all processes share: spec stack.md 11.
 *
 * The master creates or finds it before the first fork; every child inherits
 * the mapping and the handle.  All references inside are indexes or offsets.
 * struct segment is this process's view; nothing in it is shared.
 *
 *	[header][generation words][stripes][accounts][rates][health][in flight]
 *	[stats][seats: page, states, slots, money lane, log lane]
 */

#include <stddef.h>
#include <stdint.h>

struct err;
struct segment;

#define SEGMENT_LAYOUT 8 /* raised when a shared struct or metrics.def does */
#define SEGMENT_ID_SIZE 16
#define SEGMENT_SEATS_MAX 256 /* 4 for each of 64 workers */
#define SEGMENT_SEATS_WORDS (SEGMENT_SEATS_MAX / 64)

struct segment_shape {
	uint32_t workers;        /* seats = 4 * workers, at least 8 */
	uint32_t max_accounts;   /* budgets.max_accounts */
	uint64_t log_lane_bytes; /* logs.ring, a power of two >= 64 KiB */
};

/* What is not a worker and beats here all the same. */
enum segment_role { ROLE_KEEPER, ROLE_LOGGER, ROLE_ADMIN, ROLE_MASTER, ROLES };

/*
 * What a file system must hold: everything but the seats, and the seats of
 * two generations.
 */
uint64_t segment_need_bytes(const struct segment_shape *shape);

/*
 * Make a new segment at path, replacing what is there, with a new random id
 * and epoch 0.  1, or -1 (the message names the bytes needed when the file
 * system is too small).  path NULL: an unnamed one, for tests.
 */
int segment_create(const char *path, const struct segment_shape *shape,
    struct segment **seg_r, struct err *e);

/*
 * Map the segment that is at path.  1; 0 when there is none, or one of
 * another layout or shape (create anew); -1.
 */
int segment_open(const char *path, const struct segment_shape *shape,
    struct segment **seg_r, struct err *e);

/* Unmap; the file stays. */
void segment_close(struct segment **sp);

/* The random id that the ledger knows. */
const unsigned char *segment_id(const struct segment *seg);

/* Part of the key of cursors; set once by the first keeper of a segment. */
uint64_t segment_epoch(const struct segment *seg);
void segment_set_epoch(struct segment *seg, uint64_t epoch);

uint32_t segment_seats(const struct segment *seg);
uint32_t segment_max_accounts(const struct segment *seg);

/*
 * The eventfds, made by the master and inherited: one for each seat, one for
 * the keeper, one for the logger.  -1 (the default): nobody is woken.
 */
void segment_set_seat_fd(struct segment *seg, uint32_t seat, int fd);
int segment_seat_fd(const struct segment *seg, uint32_t seat);
void segment_set_role_fd(struct segment *seg, enum segment_role role, int fd);
int segment_role_fd(const struct segment *seg, enum segment_role role);

/* Heartbeats of the roles: CLOCK_MONOTONIC of the last one, 0 = never. */
void segment_beat(struct segment *seg, enum segment_role role, uint64_t now_ns);
uint64_t segment_beaten_ns(const struct segment *seg, enum segment_role role);

/*
 * When the keeper last committed: CLOCK_MONOTONIC, 0 = never.  It may beat and
 * commit nothing, when its disk is full.
 */
void segment_committed(struct segment *seg, uint64_t now_ns);
uint64_t segment_committed_ns(const struct segment *seg);

/* The wall clock was set: how often, and the last step (money.md 13). */
void segment_clock_stepped(struct segment *seg, int64_t step_s);
uint64_t segment_clock_steps(const struct segment *seg, int64_t *last_s_r);

#endif

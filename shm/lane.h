#ifndef SHM_LANE_H
#define SHM_LANE_H

/*
 * lane - records from one process to one other through shared memory.
 *
 *	tail --- published, not yet consumed --- head --- free --- tail + size
 *
 * Positions only grow; the byte is position mod size.  A record is
 *
 *	0      4      8              16     18     20      24
 *	| len  | crc  | seq          | flags| type | paylen| payload, pad to 16
 *
 * and never wraps: a pad record (type 0xffff; only len when fewer than 24
 * bytes are left) fills the end.  One producer, one consumer.  The producer
 * may die anywhere: what is not below head never existed.  The consumer
 * trusts nothing: lengths, sums and sequence are checked.
 *
 * struct lane is the producer's handle, struct lane_reader the consumer's;
 * both are process-local and are taken anew after a death.
 */

#include <stdint.h>
#include <stdbool.h>
#include <stdatomic.h>

struct err;
struct segment;

#define LANE_RECORD_HEAD 24
#ifndef LANE_MONEY_BYTES /* the simulation wraps sooner */
#define LANE_MONEY_BYTES (256u * 1024)
#endif

enum lane_kind { LANE_MONEY, LANE_LOG };

/* Types of records; the payload of the log ones is none of our business. */
enum lane_type {
	LANE_SETTLE = 1, /* money: shm/settle.h */
	LANE_ORPHAN = 2, /* money: the same, the worker died */
	LANE_UPSERT = 3, /* money: opaque, see lane_upsert() */
	LANE_ACCESS = 4,
	LANE_BODY = 5,
	LANE_CACHE = 6,
	LANE_DROPPED = 7, /* payload struct lane_dropped */
	LANE_TYPES,
	LANE_PAD = 0xffff,
};

/* What was dropped since the last such record, by type. */
struct lane_dropped {
	uint64_t count[LANE_TYPES];
};

/* Shared: each line has one writer. */
struct lane_words {
	_Alignas(64) _Atomic uint64_t head; /* producer */
	_Atomic uint64_t dropped[LANE_TYPES];
	_Alignas(64) _Atomic uint64_t tail; /* consumer */
	_Atomic uint64_t tail_seq;          /* seq of the last one consumed */
	_Atomic uint64_t discarded;         /* bytes thrown away unread */
};

struct lane {
	struct segment *seg;
	struct lane_words *words;
	char *data;
	uint64_t size;       /* a power of two */
	uint64_t head, tail; /* tail as last seen */
	uint64_t seq;        /* of the last record published */
	uint64_t at;         /* where the reserved record begins */
	uint64_t dropped_told[LANE_TYPES];
	enum lane_kind kind;
	bool news;   /* published and not told: seat_wake() */
	bool untold; /* dropped, and no LANE_DROPPED says so yet */
};

struct lane_reader {
	struct lane_words *words;
	const char *data;
	uint64_t size; /* a power of two */
	uint64_t pos;  /* next to read; tail <= pos <= head */
	uint64_t seq;  /* of the last record read */
	enum lane_kind kind;
};

struct lane_record {
	uint64_t seq;
	uint16_t type, flags;
	uint32_t len;        /* of the payload */
	const void *payload; /* in the lane, good until lane_release() */
};

/* The longest payload that a lane of size bytes takes. */
uint32_t lane_max_payload(uint64_t size);

/*
 * Soon about so many bytes are put: the consumer had their lines of cache last,
 * and to write one would wait for it.
 */
void lane_prefetch(const struct lane *l, uint64_t bytes);

/*
 * Room for a payload of len bytes, 8-byte aligned, or NULL when the lane is
 * full.  Nothing is published; a second call forgets the first.
 */
void *lane_reserve(struct lane *l, uint32_t len);

/*
 * Publish what was reserved, of which the first len bytes count.  A consumer
 * that sleeps is told by seat_wake(), which is due before the producer sleeps.
 * Returns the sequence number.
 */
uint64_t lane_commit(struct lane *l, uint16_t type, uint16_t flags,
    uint32_t len);

/* Reserve, copy and commit.  Its sequence number, 0 when the lane is full. */
uint64_t lane_put(struct lane *l, uint16_t type, uint16_t flags,
    const void *payload, uint32_t len);

/*
 * The same for a log lane, where a full lane drops: the record is counted and
 * 0 returned; a LANE_DROPPED record goes first when there is room again.
 */
uint64_t lane_put_or_drop(struct lane *l, uint16_t type, uint16_t flags,
    const void *payload, uint32_t len);

/*
 * lane_reserve() of a log lane: tells of earlier drops when there is room
 * again; NULL when the lane is full or never so large: counted as dropped.
 */
void *lane_reserve_or_drop(struct lane *l, uint16_t type, uint32_t len);

/* Count one that could not be reserved (log lanes). */
void lane_drop(struct lane *l, uint16_t type);

/* 0.0 empty to 1.0 full, in per mille. */
uint32_t lane_used_permille(const struct lane_words *words, uint64_t size);

/*
 * Publish a customer record in a money lane, opaque bytes for the keeper, and
 * wake it.
 * The ticket to wait for with lane_consumed(), 0 when the lane is full.
 */
uint64_t lane_upsert(struct lane *l, const void *payload, uint32_t len);

/* True when the consumer has committed the record with this seq. */
bool lane_consumed(const struct lane *l, uint64_t seq);

/*
 * The next record.  1 with *rec_r; 0 when there is none; -1 with *e when the
 * lane is damaged (a money lane: stop; a log lane: lane_discard()).
 */
int lane_next(struct lane_reader *r, struct lane_record *rec_r, struct err *e);

/*
 * Hand back to the producer all that lane_next() gave.  True when the lane was
 * more than half full before, so that the producer may wait for room: no
 * record of a money lane is longer than a quarter.
 */
bool lane_release(struct lane_reader *r);

/* Throw away all that is published; counted.  Log lanes only. */
void lane_discard(struct lane_reader *r);

/* True when nothing is published that is not released. */
bool lane_empty(const struct lane_words *words);

#endif

#include "logger/drain_priv.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "shm/segment.h"
#include "shm/stats.h"

#define LANE_SHARE 256 /* records of one lane in one turn */
#define LANE_SOME 64   /* of which so many are looked at first */
#define BATCH_ROWS 512
#define BATCH_MS 250
#define SPACE_MS 1000
#define RETAIN_MS 1000
#define DAY_US 86400000000
#define FREE_MIN_BYTES (512ull * 1024 * 1024)

/* Whether the disk below store.path has the room that the ledger may need. */
static void
drain_look_at_space(struct drain *d)
{
	struct statvfs fs;
	const char *path = settings_str(d->settings, d->settings->store_path).p;
	bool room = true;

	d->space_ms = now_mono_ms();
	if (statvfs(path, &fs) == 0)
		room = (uint64_t)fs.f_bavail * fs.f_frsize >= FREE_MIN_BYTES;
	if (room != d->room)
		log_warn("logger: %s: %s", path,
		    room ? "there is room again"
			 : "less than 512 MiB free, logs and cache stop");
	d->room = room;
}

struct drain *
drain_new(const struct settings *s, struct segment *seg)
{
	struct drain *d = xcalloc(1, sizeof *d);

	d->settings = s;
	d->seg = seg;
	d->room = true;
	d->n_lanes = segment_seats(seg);
	d->lanes = xcalloc(d->n_lanes, sizeof d->lanes[0]);
	d->joins = joins_new();
	d->files = sink_files_new(s);
	d->store = sink_store_new(s);
	d->answers = answers_new(s, seg);
	d->forget = forget_new();
	drain_look_at_space(d);
	return d;
}

void
drain_free(struct drain **dp)
{
	struct drain *d = *dp;

	if (d == NULL)
		return;
	drain_commit(d, true);
	answers_free(&d->answers);
	forget_free(&d->forget);
	sink_store_free(&d->store);
	sink_files_free(&d->files);
	joins_free(&d->joins);
	sbuf_free(&d->copy);
	sbuf_free(&d->line);
	sbuf_free(&d->body);
	sbuf_free(&d->encoded);
	free(d->lanes);
	free(d);
	*dp = NULL;
}

void
drain_count_lost(struct drain *d, const char *type, const char *sink,
    uint64_t n)
{
	uint16_t labels[STATS_LABELS] = { 0 };

	if (n == 0)
		return;
	labels[0] = stats_name(d->seg, slice_str(type));
	labels[1] = stats_name(d->seg, slice_str(sink));
	stats_add(d->seg, stats_area_of_role(d->seg, ROLE_LOGGER),
	    stats_cell(d->seg, METRIC_LOG_DROPPED, labels), (int64_t)n);
}

/*
 * Be ready to read a seat's lane.  False: nobody has that seat.  A new owner
 * numbers its messages anew; a lane that somebody else has emptied is taken
 * up where it stands.
 */
static bool
lane_enter(struct drain *d, uint32_t i)
{
	struct drain_lane *lane = &d->lanes[i];
	uint32_t generation;

	if (!seat_mapped(d->seg, i)) {
		lane->reading = false;
		return false;
	}
	generation = atomic_load(&seat_at(d->seg, i)->generation);
	if (lane->reading && generation != lane->generation)
		joins_drop_lane(d->joins, i);
	if (!lane->reading || generation != lane->generation ||
	    atomic_load(&lane->reader.words->tail) > lane->reader.pos)
		seat_reader(d->seg, i, LANE_LOG, &lane->reader);
	lane->generation = generation;
	lane->reading = true;
	return true;
}

static void
lane_damaged(struct drain *d, uint32_t i, const struct err *e)
{
	struct drain_lane *lane = &d->lanes[i];

	log_error("logger: seat %u: %s; its records are thrown away", i,
	    e->text);
	lane_discard(&lane->reader);
	joins_drop_lane(d->joins, i);
	drain_count_lost(d, "lane", "lane", 1);
}

/* Some records at once; how many.  *rc_r as lane_next() has it. */
static unsigned
lane_drain_some(struct drain *d, uint32_t i, int *rc_r, struct err *e)
{
	struct lane_record recs[LANE_SOME];
	unsigned n = 0;

	while (n < LANE_SOME &&
	       (*rc_r = lane_next(&d->lanes[i].reader, &recs[n], e)) == 1)
		n++;
	drain_keys(d, i, recs, n);
	for (unsigned k = 0; k < n; k++)
		drain_record(d, i, &recs[k]);
	return n;
}

static unsigned
lane_drain(struct drain *d, uint32_t i)
{
	struct err e;
	unsigned n = 0;
	int rc = 1;

	if (!lane_enter(d, i))
		return 0;
	while (rc == 1 && n < LANE_SHARE && !answers_full(d->answers))
		n += lane_drain_some(d, i, &rc, &e);
	if (rc == -1)
		lane_damaged(d, i, &e);
	return n;
}

/* A lane that is a quarter full of what we hold back is due. */
static bool
drain_is_due(const struct drain *d)
{
	if (d->store == NULL || sink_store_pending(d->store) == 0 ||
	    sink_store_pending(d->store) >= BATCH_ROWS ||
	    now_mono_ms() - d->batch_ms >= BATCH_MS)
		return true;
	for (uint32_t i = 0; i < d->n_lanes; i++) {
		const struct lane_reader *r = &d->lanes[i].reader;

		if (d->lanes[i].reading &&
		    r->pos - atomic_load(&r->words->tail) > r->size / 4)
			return true;
	}
	return false;
}

static void
drain_release(struct drain *d)
{
	for (uint32_t i = 0; i < d->n_lanes; i++) {
		struct drain_lane *lane = &d->lanes[i];

		if (lane->reading &&
		    atomic_load(&lane->reader.words->tail) < lane->reader.pos)
			lane_release(&lane->reader);
	}
}

void
drain_commit(struct drain *d, bool now)
{
	if (!now && !drain_is_due(d))
		return;
	drain_count_lost(d, "access", "file",
	    sink_files_flush(d->files, d->room));
	answers_commit(d->answers);
	if (d->store != NULL)
		drain_count_lost(d, "access", "store",
		    sink_store_commit(d->store));
	drain_release(d);
}

bool
drain_turn(struct drain *d)
{
	unsigned n = 0;

	if (d->store != NULL && sink_store_pending(d->store) == 0)
		d->batch_ms = now_mono_ms();
	for (uint32_t i = 0; i < d->n_lanes; i++)
		n += lane_drain(d, i);
	drain_count_lost(d, "access", "file",
	    sink_files_flush(d->files, d->room));
	answers_commit(d->answers);
	if (n == 0)
		answers_fail_lost(d->answers);
	drain_commit(d, false);
	return n > 0;
}

bool
drain_has_more(const struct drain *d)
{
	for (uint32_t i = 0; i < d->n_lanes; i++) {
		const struct drain_lane *lane = &d->lanes[i];
		const struct lane_words *words;

		if (!seat_mapped(d->seg, i))
			continue;
		words = &seat_at(d->seg, i)->log;
		if (atomic_load(&words->head) !=
		    (lane->reading ? lane->reader.pos
				   : atomic_load(&words->tail)))
			return true;
	}
	return false;
}

static void
drain_tend_store(struct drain *d)
{
	int64_t day = now_real_us() / DAY_US;

	if (forget_is_due(d->forget, d->seg)) {
		drain_commit(d, true);
		forget_tend(d->forget, d->seg, d->settings, d->store);
	}
	if (sink_store_pending(d->store) > 0 ||
	    now_mono_ms() - d->retained_ms < RETAIN_MS)
		return;
	if (!sink_store_retain(d->store, now_real_us()))
		d->retained_ms = now_mono_ms();
	if (d->day != 0 && day != d->day)
		sink_store_checkpoint(d->store);
	d->day = day;
}

void
drain_tend(struct drain *d)
{
	if (now_mono_ms() - d->space_ms >= SPACE_MS)
		drain_look_at_space(d);
	answers_tend(d->answers);
	if (d->store != NULL)
		drain_tend_store(d);
}

void
drain_apply(struct drain *d, const struct settings *s)
{
	drain_commit(d, true);
	sink_store_free(&d->store);
	sink_files_free(&d->files);
	d->settings = s;
	d->files = sink_files_new(s);
	d->store = sink_store_new(s);
	answers_apply(d->answers, s);
}

void
drain_reopen(struct drain *d)
{
	sink_files_flush(d->files, d->room);
	sink_files_reopen(d->files);
}

void
drain_reaped(struct drain *d)
{
	answers_check_readers(d->answers);
}

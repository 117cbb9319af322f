/*
 * Cut the power at any moment of a gateway's life and see what the disk
 * remembers: spec/money.md 1, 8.5, 8.6.
 *
 * HOLDFAST_POWER_CUTS says how often (1000): each thousand has a life of its
 * own.  SEED tells the story again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xmem.h"
#include "tests/power/audit.h"
#include "tests/power/drive.h"
#include "tests/power/image.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define POWER_STEPS 1500
#define POWER_CUTS 1000 /* of one life */
#define POWER_SEED 20260101

/* What the child that cuts shares with the test. */
struct power_report {
	unsigned done, wanted;
	size_t at; /* events before the cut */
	char why[AUDIT_TEXT];
};

struct power {
	struct draw draw;
	struct drive_counts counts;
	char before[80], after[80]; /* the stores: of the life, of the cuts */
	size_t first;               /* no cut before this event */
	unsigned *cuts;             /* how many behind each event */
	struct image images[TAPE_FILES];
	struct image_bytes bytes;
	struct power_report *report; /* shared */
	struct audit audit;
};

static struct power power;

static uint64_t
power_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL || *text == '\0' ? otherwise
	                                     : strtoull(text, NULL, 10);
}

static void
power_directory(char path[80], const char *name)
{
	snprintf(path, 80, "%s/%s", scratch_dir, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void
power_setup(void)
{
	char path[80];

	memset(&power, 0, sizeof power);
	scratch_make();
	power_directory(power.before, "before");
	power_directory(power.after, "after");
	power_directory(path, "after/ledger");
	power_directory(path, "after/objects");
}

static void
power_teardown(void)
{
	for (unsigned f = 0; f < TAPE_FILES; f++)
		image_free(&power.images[f]);
	free(power.bytes.p);
	free(power.cuts);
	scratch_remove();
}

/* The file is what the tape says: nothing was written behind our back. */
static void
power_compare(enum tape_file file)
{
	char path[120];
	unsigned char *there;
	struct stat st;
	FILE *f;

	for (size_t i = 0; i < tape.n; i++)
		if (tape.events[i].kind != TAPE_MARK &&
		    tape.events[i].file == file)
			image_take(&power.images[file], &tape.events[i]);
	image_whole(&power.images[file], &power.bytes);
	image_free(&power.images[file]);
	snprintf(path, sizeof path, "%s/%s", power.before, tape_names[file]);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fstat(fileno(f), &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)power.bytes.n);
	there = xmalloc(power.bytes.n);
	ck_assert_uint_eq(fread(there, 1, power.bytes.n, f), power.bytes.n);
	fclose(f);
	ck_assert(memcmp(there, power.bytes.p, power.bytes.n) == 0);
	free(there);
}

/* The first promise: before it there is nothing to lose. */
static size_t
power_first(void)
{
	for (size_t i = 0; i < tape.n; i++) {
		const struct promise *p = tape.events[i].bytes;

		if (tape.events[i].kind == TAPE_MARK && p->epoch > 0)
			return i;
	}
	return 0;
}

static void
power_live(uint64_t seed)
{
	const struct drive_counts *c = &power.counts;

	/* What failed is left there. */
	printf("SEED=%llu in %s\n", (unsigned long long)seed, scratch_dir);
	power.draw.state = seed * 2 + 1;
	drive(power.before, &power.draw, POWER_STEPS, &power.counts);
	ck_assert_msg(!tape.blind, "a data file is mapped to be written");
	for (unsigned f = 0; f < TAPE_FILES; f++)
		power_compare((enum tape_file)f);
	power.first = power_first();
	printf("%u requests, %u refused, %u settled; %u turns, %u syncs; "
	       "%u changes, %u entries; %u restarts, %u stops, %u losses; "
	       "%zu writes, %zu syncs, %zu promises\n",
	    c->requests, c->refused, c->settled, c->turns, c->syncs, c->changes,
	    c->entries, c->restarts, c->stops, c->losses,
	    record_count(TAPE_WRITE),
	    record_count(TAPE_SYNC) + record_count(TAPE_DURABLE),
	    record_count(TAPE_MARK));
	fflush(stdout);
}

static int
power_cut(const struct promise *p)
{
	struct audit *a = &power.audit;
	char path[120];

	for (unsigned f = 0; f < TAPE_FILES; f++) {
		image_cut(&power.images[f], &power.draw, &power.bytes);
		snprintf(path, sizeof path, "%s/%s", power.after,
		    tape_names[f]);
		if (image_save(&power.bytes, path) != 0) {
			snprintf(a->why, sizeof a->why, "%s: not written",
			    path);
			return -1;
		}
	}
	return audit_cut(a, p);
}

static int
power_cut_here(const struct promise *p, size_t at)
{
	struct power_report *r = power.report;

	r->at = at;
	for (unsigned i = 0; i < power.cuts[at]; i++) {
		if (power_cut(p) != 0) {
			memcpy(r->why, power.audit.why, sizeof r->why);
			return -1;
		}
		r->done++;
	}
	return 0;
}

/* In a child: LMDB may end a process over a damaged file. */
static int
power_replay(void)
{
	const struct promise *p = NULL;

	for (size_t i = 0; i < tape.n; i++) {
		const struct tape_event *ev = &tape.events[i];

		if (ev->kind == TAPE_MARK)
			p = ev->bytes;
		else
			image_take(&power.images[ev->file], ev);
		if (power_cut_here(p, i) != 0)
			return 1;
	}
	return 0;
}

static void
power_draw_cuts(unsigned n)
{
	power.cuts = xcalloc(tape.n, sizeof *power.cuts);
	for (unsigned i = 0; i < n; i++)
		power.cuts[power.first +
			   draw(&power.draw, tape.n - power.first)]++;
}

static void
power_open(unsigned wanted)
{
	power.report = mmap(NULL, sizeof *power.report, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(power.report, MAP_FAILED);
	power.report->wanted = wanted;
	audit_init(&power.audit, power.after);
	power_draw_cuts(wanted);
}

/* The cuts of one life. */
static unsigned
power_share(unsigned life)
{
	uint64_t all = power_number("HOLDFAST_POWER_CUTS", POWER_CUTS);
	uint64_t before = (uint64_t)life * POWER_CUTS;
	uint64_t share = all - before < POWER_CUTS ? all - before : POWER_CUTS;

	return (unsigned)share;
}

static int
power_lives(void)
{
	uint64_t all = power_number("HOLDFAST_POWER_CUTS", POWER_CUTS);

	return (int)((all + POWER_CUTS - 1) / POWER_CUTS);
}

START_TEST(test_power_cuts)
{
	const struct power_report *r;
	int status;
	pid_t pid;

	log_set_level(LOG_ERROR);
	power_live(power_number("SEED", POWER_SEED) + (uint64_t)_i);
	power_open(power_share((unsigned)_i));
	r = power.report;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(power_replay());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	printf("%u of %u cuts\n", r->done, r->wanted);
	fflush(stdout);
	ck_assert_msg(status == 0, "cut %u, behind event %zu: %s", r->done,
	    r->at, r->why[0] != '\0' ? r->why : "the process died");
	ck_assert_uint_eq(r->done, r->wanted);
	audit_fini(&power.audit);
	munmap(power.report, sizeof *power.report);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("power");
	TCase *c = tcase_create("cut");

	tcase_add_checked_fixture(c, power_setup, power_teardown);
	tcase_set_timeout(c, 600);
	tcase_add_loop_test(c, test_power_cuts, 0, power_lives());
	suite_add_tcase(s, c);
	return s;
}

/* The rules by a scripted clock, and by many processes at once. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/shm/target.h"

/*
 * A story: what happens at which millisecond, separated by blanks.  Small
 * letters are of target 1, capitals of its sister with the same credential.
 *
 *	b bad   g good   l locked   u unknown   w100 a wish until then
 *	a ask, with what must be said: + up, ? probe, - ejected
 */
static const struct {
	const char *title, *story;
} stories[] = {
	{ "four in a row are not five", "0b 1b 2b 3b 4a+ 90000a+" },
	{ "five are", "0b 1b 2b 3b 3a+ 4b 4a-" },
	{ "for 5 s, to the millisecond", "0b 1b 2b 3b 4b 5003a- 5004a?" },
	{ "a success between begins anew", "0b 1b 2b 3b 4g 5b 6b 7b 8b 9a+" },
	{ "and the fifth behind it counts",
	    "0b 1b 2b 3b 4g 5b 6b 7b 8b 9b 9a-" },
	{ "five within 30 s", "0b 1b 2b 3b 30000b 30001a-" },
	{ "30.001 s are too long", "0b 1b 2b 3b 30001b 30002a+" },
	{ "the last five count, not the first",
	    "0b 29000b 31000b 32000b 33000b 33001a+ 34000b 34001a-" },
	{ "eleven of twenty, never five in a row",
	    "0b 1b 2b 3b 4g 5b 6b 7b 8b 9g 10b 11b 11a+ 12b 12a-" },
	{ "ten of twenty are half",
	    "0b 1b 2b 3b 4g 5b 6b 7b 8b 9g 10b 11b 12g 13g 14g 15g 16g 17g "
	    "18g 19g 20g 20a+" },
	{ "the 21st is forgotten",
	    "0b 1b 2b 3b 4g 5b 6b 7b 8b 9g 10b 11b 12g 13g 14g 15g 16g 17g "
	    "18g 19g 20g 21b 21a+ 22g 23b 23a+" },
	{ "in the window of twenty slow failures count too",
	    "0b 40000b 80000b 120000b 160000b 200000b 240000b 280000b 320000b "
	    "360000b 360001a+ 400000b 400001a-" },
	{ "one probe, and nobody else", "0b 1b 2b 3b 4b 6000a? 6000a- 7000a-" },
	{ "its success closes", "0b 1b 2b 3b 4b 6000a? 6100g 6100a+ 6100a+" },
	{ "and forgets: five are needed again",
	    "0b 1b 2b 3b 4b 6000a? 6100g 6101b 6102b 6103b 6104b 6104a+ 6105b "
	    "6105a-" },
	{ "for 5 s again",
	    "0b 1b 2b 3b 4b 6000a? 6100g 6101b 6102b 6103b 6104b 6105b 11104a- "
	    "11105a?" },
	{ "its failure doubles",
	    "0b 1b 2b 3b 4b 5004a? 6000b 6000a- 15999a- 16000a?" },
	{ "and doubles, and ends at 60 s",
	    "0b 0b 0b 0b 0b 5000a? 5000b 15000a? 15000b 34999a- 35000a? "
	    "35000b 74999a- 75000a? 75000b 134999a- 135000a? 135000b 194999a- "
	    "195000a?" },
	{ "many failures at once double once",
	    "0b 0b 0b 0b 0b 1b 2b 5000a? 5000b 5001b 5002b 5003b 14999a- "
	    "15000a?" },
	{ "an old success does not end it",
	    "0b 0b 0b 0b 0b 1g 2a- 4999a- 5000a?" },
	{ "a probe that nobody ends is given up after 30 s",
	    "0b 0b 0b 0b 0b 5000a? 34999a- 35000a? 35000a- 65000a?" },
	{ "a probe that tells nothing lets the next try",
	    "0b 0b 0b 0b 0b 5000a? 5000a- 5100u 5100a? 5100a-" },
	{ "a wish is kept", "0w1000 0a- 999a- 1000a+ 1000a+" },
	{ "the longer one", "0w2000 0w1000 1999a- 2000a+" },
	{ "60 s, though this clock is 100 ms behind",
	    "100w60200 100a- 60200a+" },
	{ "what is far away is no wish", "0w200000 0a+" },
	{ "an old success does not end a wish", "0w1000 1g 2a- 1000a+" },
	{ "a wish behind a failure needs its probe",
	    "0b 0b 0b 0b 0b 0w9000 8999a- 9000a? 9000a-" },
	{ "a wish of the probe, and the next one doubles",
	    "0b 0b 0b 0b 0b 5000a? 5001w8000 7999a- 8000a? 8000b 17999a- "
	    "18000a?" },
	{ "failures under a wish",
	    "0w1000 1b 2b 3b 4b 5b 1000a+ 1001b 1001a-" },
	{ "a refused credential: 60 s at once",
	    "0l 0a- 59999a- 60000a? 60000a-" },
	{ "with all its targets", "0l 0A- 59999A- 60000A? 60000a-" },
	{ "one that works brings back all",
	    "0l 60000a? 60001g 60001a+ 60001A+" },
	{ "one that is refused again: 60 s again",
	    "0l 60000a? 60001l 60001A- 120000a- 120001A?" },
	{ "many refusals are one", "0l 5l 10l 59999a- 60000a?" },
	{ "a failing target lets its sister probe the credential",
	    "0l 60000a? 60001b 60001A?" },
	{ "neither fails for the other", "0b 0b 0b 0b 0b 1a- 1A+" },
	{ "both must be probed, and none is kept for nothing",
	    "0l 59000b 59000b 59000b 59000b 59000b 60000A? 64000a- 64001U "
	    "64001a? 64001A-" },
	{ "unknown changes nothing that is up", "0b 0b 0b 0b 0u 0b 0a-" },
};

static const char said
    [] = { [HEALTH_UP] = '+', [HEALTH_PROBE] = '?', [HEALTH_EJECTED] = '-' };

/* One event; returns what follows its letter and arguments. */
static const char *
story_step(struct segment *seg, const uint32_t place[2], const char *p,
    const char *title)
{
	char *end;
	uint64_t at = BEGIN_NS + strtoul(p, &end, 10) * MSEC;
	uint32_t t = place[*end < 'a'];
	char op = (char)(*end++ | 0x20);
	char answer;

	switch (op) {
	case 'b':
		verdict_bad(seg, t, &rules, at);
		break;
	case 'g':
		verdict_good(seg, t, 0, at);
		break;
	case 'l':
		verdict_locked(seg, t, at);
		break;
	case 'u':
		verdict_unknown(seg, t);
		break;
	case 'w':
		verdict_wish(seg, t, BEGIN_NS + strtoul(end, &end, 10) * MSEC);
		break;
	default:
		ck_assert_int_eq(op, 'a');
		answer = said[verdict_ask(seg, t, at)];
		ck_assert_msg(answer == *end, "%s: %s says %c", title, p,
		    answer);
		end++;
	}
	return end + strspn(end, " ");
}

START_TEST(story)
{
	struct segment *seg = bench_segment();
	const uint32_t place[2] = { bench_target(seg, 1, "one"),
		bench_target(seg, 1, "two") };
	const char *p = stories[_i].story;

	while (*p != '\0')
		p = story_step(seg, place, p, stories[_i].title);
	segment_close(&seg);
}
END_TEST

/* The settings reach the rules. */
START_TEST(other_rules)
{
	const struct verdict_rules one = { 1, 1000 * MSEC, 70000 * MSEC };
	const struct verdict_rules most = { HEALTH_RUN_MAX, 1000 * MSEC, 1 };
	struct segment *seg = bench_segment();
	uint32_t a = bench_target(seg, 1, "a"), b = bench_target(seg, 1, "b");

	verdict_bad(seg, a, &one, BEGIN_NS);
	ck_assert_uint_eq(verdict_until_ns(seg, a), BEGIN_NS + 60000 * MSEC);
	for (unsigned i = 0; i < 10; i++)
		verdict_bad(seg, b, &most, BEGIN_NS + i);
	ck_assert_uint_eq(verdict_until_ns(seg, b), 0);
	segment_close(&seg);
}
END_TEST

START_TEST(until)
{
	struct segment *seg = bench_segment();
	uint32_t t = bench_target(seg, 1, "a");

	ck_assert_uint_eq(verdict_until_ns(seg, t), 0);
	verdict_wish(seg, t, BEGIN_NS + 7);
	ck_assert_uint_eq(verdict_until_ns(seg, t), BEGIN_NS + 7);
	verdict_locked(seg, t, BEGIN_NS);
	ck_assert_uint_eq(verdict_until_ns(seg, t), BEGIN_NS + 60000 * MSEC);
	ck_assert_int_eq(verdict_ask(seg, t, BEGIN_NS + 60000 * MSEC),
	    HEALTH_PROBE);
	ck_assert_uint_eq(verdict_until_ns(seg, t), BEGIN_NS + 90000 * MSEC);
	segment_close(&seg);
}
END_TEST

START_TEST(mean)
{
	struct segment *seg = bench_segment();
	uint32_t t = bench_target(seg, 1, "a");
	const struct health *h = health_at(seg, t);

	verdict_good(seg, t, 0, BEGIN_NS);
	ck_assert_uint_eq(atomic_load(&h->first_byte_ns), 0);
	verdict_good(seg, t, 1000, BEGIN_NS);
	ck_assert_uint_eq(atomic_load(&h->first_byte_ns), 1000);
	verdict_good(seg, t, 2000, BEGIN_NS);
	ck_assert_uint_eq(atomic_load(&h->first_byte_ns), 1200);
	verdict_good(seg, t, 0, BEGIN_NS);
	ck_assert_uint_eq(atomic_load(&h->first_byte_ns), 1200);
	verdict_good(seg, t, 200, BEGIN_NS);
	ck_assert_uint_eq(atomic_load(&h->first_byte_ns), 1000);
	segment_close(&seg);
}
END_TEST

/* Nowhere: always up, and nothing is noted. */
START_TEST(nowhere)
{
	struct segment *seg = bench_segment();

	for (int i = 0; i < 10; i++)
		verdict_bad(seg, HEALTH_NONE, &rules, BEGIN_NS);
	verdict_locked(seg, HEALTH_NONE, BEGIN_NS);
	verdict_wish(seg, HEALTH_NONE, BEGIN_NS + 1000);
	verdict_good(seg, HEALTH_NONE, 5, BEGIN_NS);
	verdict_unknown(seg, HEALTH_NONE);
	ck_assert_int_eq(verdict_ask(seg, HEALTH_NONE, BEGIN_NS), HEALTH_UP);
	ck_assert_uint_eq(verdict_until_ns(seg, HEALTH_NONE), 0);
	segment_close(&seg);
}
END_TEST

/* Each begins once, however many targets and relapses it has. */
START_TEST(provider_is_told_once)
{
	struct segment *seg = bench_segment();
	uint32_t a = bench_target(seg, 1, "a"), b = bench_target(seg, 2, "b");
	const struct health *p = bench_provider(seg);
	uint64_t now = BEGIN_NS;

	for (int i = 0; i < 5; i++)
		verdict_bad(seg, a, &rules, now);
	ck_assert_uint_eq(atomic_load(&p->ejections), 1);
	verdict_bad(seg, a, &rules, now += 5000 * MSEC); /* until 15 s */
	verdict_locked(seg, b, now);                     /* until 65 s */
	ck_assert_uint_eq(atomic_load(&p->ejections), 1);
	verdict_bad(seg, a, &rules, now += 100000 * MSEC);
	ck_assert_uint_eq(atomic_load(&p->ejections), 1);
	/* A minute after its end it is another one. */
	verdict_bad(seg, a, &rules, now += (20000 + 60000) * MSEC);
	ck_assert_uint_eq(atomic_load(&p->ejections), 2);
	/* So is one behind a success. */
	verdict_good(seg, a, 0, now += 60000 * MSEC);
	for (int i = 0; i < 5; i++)
		verdict_bad(seg, a, &rules, now);
	ck_assert_uint_eq(atomic_load(&p->ejections), 3);
	/* A wish is none. */
	verdict_wish(seg, bench_target(seg, 3, "c"), now + 1000);
	ck_assert_uint_eq(atomic_load(&p->ejections), 3);
	segment_close(&seg);
}
END_TEST

#define HAMMERS 4
#define ROUNDS 200000

/* Who has the probe, how often somebody had, and another beside him. */
struct hammering {
	_Atomic unsigned inside, rounds, doubles;
};

static void
hammer_pause(const struct hammering *all)
{
	for (int i = 0; i < 100; i++)
		atomic_load(&all->inside);
}

static void
hammer_on(struct segment *seg, uint32_t t, struct hammering *all)
{
	while (atomic_load(&all->rounds) < ROUNDS) {
		if (verdict_ask(seg, t, BEGIN_NS + 5000 * MSEC) != HEALTH_PROBE)
			continue;
		if (atomic_fetch_add(&all->inside, 1) != 0)
			atomic_fetch_add(&all->doubles, 1);
		hammer_pause(all);
		atomic_fetch_add(&all->rounds, 1);
		atomic_fetch_sub(&all->inside, 1);
		verdict_unknown(seg, t);
		hammer_pause(all); /* let another win */
	}
	_exit(0);
}

/* Exactly one of many gets a probe; when it tells nothing, one gets the next.
 */
START_TEST(hammer)
{
	struct hammering *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct segment *seg = bench_segment();
	uint32_t t = bench_target(seg, 1, "one");

	ck_assert_ptr_ne(all, MAP_FAILED);
	for (int i = 0; i < 5; i++)
		verdict_bad(seg, t, &rules, BEGIN_NS);
	for (int i = 0; i < HAMMERS; i++)
		if (fork() == 0)
			hammer_on(seg, t, all);
	while (wait(NULL) > 0)
		continue;
	ck_assert_uint_ge(atomic_load(&all->rounds), ROUNDS);
	ck_assert_uint_eq(atomic_load(&all->doubles), 0);
	munmap(all, sizeof *all);
	segment_close(&seg);
}
END_TEST

/* All write everything at once: nothing is ever held for more than 90 s. */
START_TEST(melee)
{
	struct segment *seg = bench_segment();
	uint32_t t = bench_target(seg, 1, "one");

	for (unsigned i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		srandom(i);
		for (uint64_t n = 0; n < 200000; n++) {
			uint64_t now = BEGIN_NS + n * MSEC;
			long what = random() % 16;

			if (what < 9)
				verdict_bad(seg, t, &rules, now);
			else if (what < 11)
				verdict_good(seg, t, n, now);
			else if (what < 12)
				verdict_wish(seg, t, now + 60000 * MSEC);
			else if (what < 13)
				verdict_locked(seg, t, now);
			else
				verdict_ask(seg, t, now);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		continue;
	for (uint64_t s = 200; s < 292; s++)
		if (verdict_ask(seg, t, BEGIN_NS + s * 1000 * MSEC) !=
		    HEALTH_EJECTED) {
			segment_close(&seg);
			return;
		}
	ck_abort_msg("stuck");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("verdict");
	TCase *t = tcase_create("verdict");

	tcase_add_loop_test(t, story, 0, (int)COUNT(stories));
	tcase_add_test(t, other_rules);
	tcase_add_test(t, until);
	tcase_add_test(t, mean);
	tcase_add_test(t, nowhere);
	tcase_add_test(t, provider_is_told_once);
	tcase_add_test(t, hammer);
	tcase_add_test(t, melee);
	suite_add_tcase(s, t);
	return s;
}

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t mono_ns;
static int64_t real_us;
static int64_t shift_us;

static uint64_t
clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
now_update(void)
{
	mono_ns = clock_read_ns(CLOCK_MONOTONIC);
	real_us = (int64_t)(clock_read_ns(CLOCK_REALTIME) / 1000) + shift_us;
}

uint64_t
now_mono_ns(void)
{
	return mono_ns;
}

uint64_t
now_mono_ms(void)
{
	return mono_ns / 1000000;
}

int64_t
now_real_us(void)
{
	return real_us;
}

uint64_t
now_fresh_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t
now_boot_us(void)
{
	return (int64_t)(clock_read_ns(CLOCK_BOOTTIME) / 1000);
}

void
now_shift(int64_t seconds)
{
	shift_us = seconds * 1000000;
	now_update();
}

/* The last n digits of a number. */
static void
digits(char *to, unsigned n, unsigned number)
{
	for (; n > 0; number /= 10)
		to[--n] = (char)('0' + number % 10);
}

/* "00:00:00" */
static void
digits_of_day(char *to, const struct tm *tm)
{
	digits(to, 2, (unsigned)tm->tm_hour);
	digits(to + 3, 2, (unsigned)tm->tm_min);
	digits(to + 6, 2, (unsigned)tm->tm_sec);
}

/* Each record of the log holds several of these: strftime() is too slow. */
void
now_iso_s(int64_t real_s, char out[NOW_ISO_S_SIZE])
{
	time_t s = (time_t)real_s;
	struct tm tm;

	gmtime_r(&s, &tm);
	memcpy(out, "0000-00-00T00:00:00Z", NOW_ISO_S_SIZE);
	digits(out, 4, (unsigned)tm.tm_year + 1900);
	digits(out + 5, 2, (unsigned)tm.tm_mon + 1);
	digits(out + 8, 2, (unsigned)tm.tm_mday);
	digits_of_day(out + 11, &tm);
}

void
now_iso(int64_t us, char out[NOW_ISO_SIZE])
{
	now_iso_s(us / 1000000, out);
	memcpy(out + 19, ".000000Z", NOW_ISO_SIZE - 19);
	digits(out + 20, 6, (unsigned)(us % 1000000));
}

void
now_http(int64_t us, char out[NOW_HTTP_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&s, &tm);
	memcpy(out, "Day, 00 Mon 0000 00:00:00 GMT", NOW_HTTP_SIZE);
	memcpy(out, days + 3 * tm.tm_wday, 3);
	digits(out + 5, 2, (unsigned)tm.tm_mday);
	memcpy(out + 8, months + 3 * tm.tm_mon, 3);
	digits(out + 12, 4, (unsigned)tm.tm_year + 1900);
	digits_of_day(out + 17, &tm);
}

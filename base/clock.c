#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
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

void
now_iso(int64_t us, char out[NOW_ISO_SIZE])
{
	time_t s = (time_t)(us / 1000000);
	struct tm tm;
	char date[20];

	gmtime_r(&s, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, NOW_ISO_SIZE, "%s.%06uZ", date, (unsigned)(us % 1000000));
}

void
now_http(int64_t us, char out[NOW_HTTP_SIZE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(out, NOW_HTTP_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100U,
	    months + 3 * tm.tm_mon, (unsigned)(tm.tm_year + 1900) % 10000U,
	    (unsigned)tm.tm_hour % 100U, (unsigned)tm.tm_min % 100U,
	    (unsigned)tm.tm_sec % 100U);
}

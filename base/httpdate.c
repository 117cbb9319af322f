#include "base/httpdate.h"

#include <stdbool.h>
#include <time.h>

/*
 * A form is a text in which letters stand for parts: w and W a day's name,
 * short or long, d two digits of the day, e the same with a blank for a zero,
 * m the month, Y and y four or two digits of the year, t the time.
 */
static const char *const httpdate_forms[] = {
	"w, d m Y t GMT",
	"W, d-m-y t GMT",
	"w m e t Y",
};

static const char httpdate_days[] =
    "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
static const char httpdate_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool
httpdate_digits(struct slice *s, unsigned n, int *v_r)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = slice_skip(*s, n);
	*v_r = v;
	return true;
}

static bool
httpdate_literal(struct slice *s, char c)
{
	return s->n > 0 && slice_take(s) == c;
}

static bool
httpdate_day_name(struct slice *s, bool whole)
{
	const char *day = httpdate_days;

	while (*day != '\0') {
		size_t n = strcspn(day, " ");
		struct slice name = { day, whole ? n : 3 };

		if (slice_starts(*s, name)) {
			*s = slice_skip(*s, name.n);
			return true;
		}
		day += n + (day[n] == ' ');
	}
	return false;
}

static bool
httpdate_month(struct slice *s, int *month_r)
{
	for (int i = 0; i < 12 && s->n >= 3; i++)
		if (memcmp(s->p, httpdate_months + 3 * i, 3) == 0) {
			*s = slice_skip(*s, 3);
			*month_r = i;
			return true;
		}
	return false;
}

static bool
httpdate_time(struct slice *s, struct tm *tm)
{
	return httpdate_digits(s, 2, &tm->tm_hour) &&
	       httpdate_literal(s, ':') && httpdate_digits(s, 2, &tm->tm_min) &&
	       httpdate_literal(s, ':') && httpdate_digits(s, 2, &tm->tm_sec) &&
	       tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static bool
httpdate_year(struct slice *s, unsigned digits, int64_t now_s, struct tm *tm)
{
	time_t now = (time_t)now_s;
	struct tm today;
	int year;

	if (!httpdate_digits(s, digits, &year) ||
	    gmtime_r(&now, &today) == NULL)
		return false;
	tm->tm_year = year - 1900;
	if (digits == 4)
		return true;
	tm->tm_year = today.tm_year - today.tm_year % 100 + year;
	while (tm->tm_year > today.tm_year + 50)
		tm->tm_year -= 100;
	while (tm->tm_year + 100 <= today.tm_year + 50)
		tm->tm_year += 100;
	return true;
}

static bool
httpdate_part(char part, struct slice *s, int64_t now_s, struct tm *tm)
{
	switch (part) {
	case 'w':
	case 'W':
		return httpdate_day_name(s, part == 'W');
	case 'e':
		if (s->n > 1 && *s->p == ' ') {
			slice_take(s);
			return httpdate_digits(s, 1, &tm->tm_mday);
		}
		/* fall through */
	case 'd':
		return httpdate_digits(s, 2, &tm->tm_mday);
	case 'm':
		return httpdate_month(s, &tm->tm_mon);
	case 'Y':
	case 'y':
		return httpdate_year(s, part == 'Y' ? 4 : 2, now_s, tm);
	case 't':
		return httpdate_time(s, tm);
	default:
		return httpdate_literal(s, part);
	}
}

static bool
httpdate_fits(const char *form, struct slice s, int64_t now_s, struct tm *tm)
{
	*tm = (struct tm){ 0 };
	for (; *form != '\0'; form++)
		if (!httpdate_part(*form, &s, now_s, tm))
			return false;
	return s.n == 0 && tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

int
httpdate_read(struct slice text, int64_t now_s, int64_t *time_s_r)
{
	struct tm tm;

	for (size_t i = 0; i < sizeof httpdate_forms / sizeof *httpdate_forms;
	     i++)
		if (httpdate_fits(httpdate_forms[i], text, now_s, &tm)) {
			*time_s_r = (int64_t)timegm(&tm);
			return 1;
		}
	return 0;
}

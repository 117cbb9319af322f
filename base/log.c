#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_LINE 1024

static const char *role = "holdfast";
static enum log_level most = LOG_INFO;
static const char *const names[] = { "error", "warn", "info", "debug" };

void
log_role(const char *name)
{
	role = name;
}

void
log_set_level(enum log_level level)
{
	most = level;
}

void
log_set_level_name(const char *name)
{
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++)
		if (strcmp(name, names[level]) == 0)
			most = (enum log_level)level;
}

/* Copy text to out, each byte that could forge or colour a line escaped. */
static size_t
log_escape(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text != '\0' && n + 5 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

static void log_write(enum log_level level, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
log_write(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE], line[2 * LOG_LINE], stamp[NOW_ISO_S_SIZE];
	size_t n;
	ssize_t ignored;

	if (level > most)
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	now_iso_s(time(NULL), stamp);
	n = (size_t)snprintf(line, sizeof line, "%s %s %s[%d]: ", stamp,
	    names[level], role, (int)getpid());
	n += log_escape(text, line + n, sizeof line - n - 1);
	line[n++] = '\n';
	/* A full pipe loses the line: nothing may wait for a log. */
	ignored = write(STDERR_FILENO, line, n);
	(void)ignored;
}

#define LOG_FUNCTION(name, level)                                              \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		log_write(level, fmt, ap);                                     \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

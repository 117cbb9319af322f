#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * log - the process log: one line on stderr, for the administrator.
 *
 * Time, level, role and pid, text.  Never bodies, never keys: request records
 * go another way (proto/record.h).  Bytes below 0x20 and above 0x7e in the
 * text are escaped, so that no caller can forge a line.
 */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* The role ("worker") that every later line names; static text. */
void log_role(const char *role);

/* Lines above this level are not written.  LOG_INFO at start. */
void log_set_level(enum log_level level);

/* The same by name, "error" to "debug"; another name changes nothing. */
void log_set_level_name(const char *name);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

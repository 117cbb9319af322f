#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * crash - the last words of a process that dies of its own fault.
 *
 * On SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGSYS one line and a list
 * of program-counter offsets go to standard error, then the process dies by
 * that signal.  Offsets are relative to the executable's start: with the
 * build id they name lines of code (addr2line), without telling an address.
 *
 * The notes below are plain stores, cheap enough for every step.
 */

/* Install the handlers; role is static text. */
void crash_init(const char *role);

/*
 * The build id of the executable in hex, empty when the linker wrote none; of
 * a process that called crash_init().
 */
const char *crash_build_id(void);

/* The step that runs now; static text, NULL = none. */
void crash_step(const char *name);

/* The request at hand, 16 bytes, or NULL; borrowed until the next call. */
void crash_request(const unsigned char *id);

#endif

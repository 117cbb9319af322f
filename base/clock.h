#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * clock - what time it is, once per turn of the loop.
 *
 * A process reads the clocks at the start of each turn with now_update(); the
 * rest of the turn uses those figures.  Tests set the wall clock with
 * now_shift(), and HOLDFAST_CLOCK_SHIFT (seconds) does so for a process.
 */

#include <stddef.h>
#include <stdint.h>

/* Read both clocks. */
void now_update(void);

/* CLOCK_MONOTONIC at the last now_update(). */
uint64_t now_mono_ns(void);
uint64_t now_mono_ms(void);

/* CLOCK_REALTIME at the last now_update(), in microseconds since 1970. */
int64_t now_real_us(void);

/* CLOCK_MONOTONIC read now, for measuring inside one turn. */
uint64_t now_fresh_ns(void);

/* Microseconds since the machine started, asleep or awake, read now. */
int64_t now_boot_us(void);

/* Move the wall clock of this process by so many seconds. */
void now_shift(int64_t seconds);

/* "2026-01-02T03:04:05.000006Z", NUL-terminated, 28 bytes. */
#define NOW_ISO_SIZE 28
void now_iso(int64_t real_us, char out[NOW_ISO_SIZE]);

/* The same without a fraction, "2026-01-02T03:04:05Z", 21 bytes. */
#define NOW_ISO_S_SIZE 21
void now_iso_s(int64_t real_s, char out[NOW_ISO_S_SIZE]);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), 30 bytes with NUL. */
#define NOW_HTTP_SIZE 30
void now_http(int64_t real_us, char out[NOW_HTTP_SIZE]);

#endif

#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

/*
 * notify - tell systemd how we are: one datagram to $NOTIFY_SOCKET
 * (sd_notify(3)).  Without that variable nothing is sent.
 */

#include <stdint.h>

void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How often WATCHDOG=1 must come, in ns; 0 = never. */
uint64_t notify_watchdog_ns(void);

#endif

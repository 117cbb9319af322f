#ifndef LOGGER_WEBHOOK_H
#define LOGGER_WEBHOOK_H

/*
 * webhook - an alert as a request to an exporter, and when it is tried:
 * spec/money.md 14.
 */

#include "store/alert.h"

struct sbuf;

/* The JSON object that is posted. */
void webhook_body(struct sbuf *b, const struct alert *a);

/*
 * The head of the request; X-Respan-Signature is the hexadecimal HMAC-SHA256
 * of the body under the secret.
 */
void webhook_head(struct sbuf *b, const struct settings *s,
    const struct settings_exporter *x, struct slice secret, struct slice body);

/* The bounds of one try. */
#define WEBHOOK_LIMIT_MS 10000

/* How long to wait after so many failed tries; -1 = it is given up. */
int64_t webhook_pause_ms(unsigned tries);

#endif

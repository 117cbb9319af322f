#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

/* metrics - the page /metrics: Prometheus text format 0.0.4 (logs.md 7). */

struct office;
struct sbuf;

void metrics_write(struct office *o, struct sbuf *out);

#endif

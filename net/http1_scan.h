#ifndef NET_HTTP1_SCAN_H
#define NET_HTTP1_SCAN_H

/*
 * http1_scan - the state machine that takes a head apart.  Each state is one
 * function that eats as many bytes as it can; what a call brings may end in any
 * of them, and the next call goes on there.
 */

#include "net/http1_priv.h"

enum state {
	START,
	START_LF,
	METHOD,
	TARGET,
	REQUEST_VERSION,
	REQUEST_CR,
	RESPONSE_VERSION,
	STATUS_SPACE,
	STATUS,
	REASON_SPACE,
	REASON,
	LINE_LF,
	FIELD,
	END_LF,
	STATE_COUNT
};

enum { MORE = 0, NEXT = 1, DONE = 2 };

struct scan {
	struct http1_parser *p;
	struct http1_head *h;
	const char *at, *end;
	const char *base;
	struct err *e;
};

static inline struct slice
scan_span(const char *from, const char *to)
{
	return (struct slice){ from, (size_t)(to - from) };
}

int scan_bad(struct scan *s, const char *what);

/* A line of len bytes: NEXT when a header may be that long, else -1. */
int scan_long_line(const struct scan *s, size_t len);

/* Is the line too long, counted to here? */
static inline int
scan_check_line(const struct scan *s)
{
	size_t len = (size_t)(s->at - s->base) - s->p->line;

	return len <= s->p->limits->line ? NEXT : scan_long_line(s, len);
}

/* State FIELD: as many whole header lines as there are. */
int scan_fields(struct scan *s);

#endif

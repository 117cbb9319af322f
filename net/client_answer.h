#ifndef NET_CLIENT_ANSWER_H
#define NET_CLIENT_ANSWER_H

/*
 * client_answer - the bytes of one answer as head, body and end.
 *
 * An iterator over what was read; copies nothing but a head that comes in
 * pieces.  Knows no connection and no time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "base/slice.h"
#include "net/http1.h"

struct err;

#define ANSWER_INTERIM_MAX 8 /* heads of status 1xx */

struct answer {
	union {
		struct http1_parser parser; /* of the head */
		struct http1_chunks chunks; /* of the body behind it */
	};
	struct http1_head *head;  /* *spare, or *own when it came in pieces */
	struct http1_head *spare; /* of the client, used by whoever parses */
	struct http1_head *own;
	struct sbuf pieces; /* of an unfinished head */
	uint64_t left;      /* of a body with a length */
	uint64_t body_len;  /* handed out so far */
	enum http1_body body;
	unsigned interim;
	bool to_head;
	bool keep_alive;
	enum { ANSWER_IN_HEAD, ANSWER_IN_BODY, ANSWER_AT_END } state;
};

enum answer_event {
	ANSWER_MORE = 0, /* *in is used up */
	ANSWER_HEAD,     /* a->head is the final head */
	ANSWER_DATA,     /* *data_r is a piece of the body, part of *in */
	ANSWER_END,      /* complete; *in holds what follows it */
};

/* spare: a head for the parser's use, shared by all answers. */
void answer_start(struct answer *a, struct http1_head *spare, bool to_head);

/* Release what a head in pieces took. */
void answer_fini(struct answer *a);

/*
 * Take bytes off the front of *in until there is something to tell.  The
 * head is good until the next call.  -1 with *e (kind HEADERS_TOO_LARGE or
 * UPSTREAM_INVALID): no HTTP answer.
 */
int answer_next(struct answer *a, struct slice *in, struct slice *data_r,
    struct err *e);

/* Is the end of input the end of this answer (RFC 9112 6.3, rule 8)? */
bool answer_ends_by_close(const struct answer *a);

#endif

#ifndef WORKER_FETCH_PRIV_H
#define WORKER_FETCH_PRIV_H

/*
 * fetch_priv - what the files of worker/fetch share.
 *
 *	fetch.c          which images, and the limits of all
 *	fetch_picture.c  one of them, from its URL to its bytes
 */

#include "base/sbuf.h"
#include "net/guard.h"
#include "worker/fetch.h"

struct call;
struct chat_part;
struct client_target;

enum picture_state {
	PICTURE_ASKED, /* its end is waited for */
	PICTURE_MOVED, /* location says where to */
	PICTURE_WHOLE,
	PICTURE_FAILED,
};

struct picture {
	struct fetch *fetch;
	struct chat_part *part;
	unsigned number; /* among the images of the request, from 1 */
	enum picture_state state;
	const char *reason; /* of PICTURE_FAILED, for the log */
	struct sbuf text, location;
	struct guard_url url; /* in text */
	unsigned redirects;
	struct client_target *target;
	struct call *call;
	struct sbuf head;
	size_t bytes;            /* of the image, so far */
	unsigned char start[12]; /* the first of them */
	unsigned char odd[3];    /* the last of them, not yet in base64 */
	unsigned n_odd;
	struct sbuf base64;
};

struct fetch {
	struct req *req;
	uint64_t until_ms;
	size_t bytes; /* of all, so far */
	struct picture *pictures;
	unsigned n;
};

/* Ask for what is in p->text.  Its state tells what comes of it. */
void picture_ask(struct picture *p);

/* The same for where the answer has sent us. */
void picture_follow(struct picture *p);

/* Let go of its connection. */
void picture_stop(struct picture *p);

void picture_fini(struct picture *p);

/* Its type, once it is whole. */
struct slice picture_type(const struct picture *p);

#endif

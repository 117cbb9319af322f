#ifndef NET_HTTP1_PRIV_H
#define NET_HTTP1_PRIV_H

/*
 * http1_priv - what the files of net/http1 share: classes of bytes, and the
 * meaning of a head that the state machine has taken apart.
 */

#include "base/err.h"
#include "net/http1.h"

enum {
	BYTE_TOKEN = 1,  /* RFC 9110 5.6.2 */
	BYTE_VALUE = 2,  /* HTAB, and all but CTL (RFC 9110 5.5) */
	BYTE_TARGET = 4, /* visible ASCII */
	BYTE_HOST = 8,   /* reg-name without the comma (RFC 3986 3.2.2) */
	BYTE_DIGIT = 16,
};

extern const unsigned char http1_bytes[256];

static inline bool
byte_is(char c, int class)
{
	return (http1_bytes[(unsigned char)c] & class) != 0;
}

static inline const char *
skip_class(const char *at, const char *end, int class)
{
	while (at < end && byte_is(*at, class))
		at++;
	return at;
}

/*
 * HTTP1_NAME_OTHER when it is none of net/http1_names.def; name need not be a
 * token.
 */
enum http1_name http1_name_id(struct slice name);

enum http1_method http1_method_id(struct slice method);

/* Fill what follows from the fields: target's parts, body, keep_alive ... */
int http1_frame(const struct http1_parser *p, struct http1_head *h,
    struct err *e);

/* Before the first byte: nothing is known. */
void http1_clear_head(struct http1_head *h);

/* The buffer moved between two calls: so do the slices found so far. */
void http1_move_head(struct http1_head *h, const char *from, const char *to);

#endif

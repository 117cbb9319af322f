#ifndef NET_HTTP1_H
#define NET_HTTP1_H

/*
 * http1 - the grammar of HTTP/1.1 (RFC 9112), strict, for both directions.
 *
 * Works on bytes that the caller keeps; allocates nothing.  Bytes may come in
 * any cutting: the result is the same.  What the RFC lets a recipient repair
 * (bare LF, folded lines, two lengths, spaces before a colon) is refused,
 * because two parsers that repair differently are a hole.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct err;

enum http1_method {
	HTTP1_METHOD_OTHER, /* a token that we do not know: method tells */
	HTTP1_GET,
	HTTP1_HEAD,
	HTTP1_POST,
	HTTP1_PUT,
	HTTP1_PATCH,
	HTTP1_DELETE,
	HTTP1_OPTIONS,
	HTTP1_CONNECT,
	HTTP1_TRACE,
};

/* Headers that are found while parsing: net/http1_names.def. */
enum http1_name {
	HTTP1_NAME_OTHER,
#define HTTP1_NAME(symbol, text) HTTP1_##symbol,
#include "net/http1_names.def"
#undef HTTP1_NAME
	HTTP1_NAME_COUNT
};

enum http1_body {
	HTTP1_BODY_NONE,
	HTTP1_BODY_LENGTH,  /* content_length bytes, at least one */
	HTTP1_BODY_CHUNKED, /* see struct http1_chunks */
	HTTP1_BODY_CLOSE,   /* responses only: up to the end of input */
};

#define HTTP1_FIELDS_MAX 100

struct http1_field {
	struct slice name;  /* as sent */
	struct slice value; /* without surrounding blanks */
};

/* A parsed head; all slices lie in the buffer that was parsed. */
struct http1_head {
	/* Requests. */
	enum http1_method method_id;
	struct slice method;
	struct slice target; /* as sent */
	struct slice path;   /* without the query; "/" at least, or "*" */
	struct slice query;  /* behind the '?'; p is NULL when there is none */
	struct slice host;   /* the Host header's value */
	struct slice authority; /* of an absolute target; else p is NULL */
	bool fragment;          /* the target had a '#' */
	/* Responses. */
	unsigned status;
	struct slice reason;
	/* Both. */
	unsigned minor; /* HTTP/1.minor: 0 or 1 */
	enum http1_body body;
	uint64_t content_length; /* of HTTP1_BODY_LENGTH */
	bool keep_alive;         /* by version and Connection */
	bool expect_continue;    /* Expect: 100-continue in HTTP/1.1 */
	unsigned count;
	uint32_t repeated; /* bit n: enum http1_name n came more than once */
	unsigned char first[HTTP1_NAME_COUNT]; /* index + 1; 0 = absent */
	struct http1_field fields[HTTP1_FIELDS_MAX];
};

struct http1_limits {
	size_t line;      /* request line (414) and header line (431) */
	size_t long_line; /* lines of the headers in long_names */
	size_t block;     /* from the first byte to the blank line (431) */
	unsigned fields;  /* at most HTTP1_FIELDS_MAX (431) */
	const struct slice *long_names; /* any case */
	size_t long_count;
};

/* 8 KiB, 24 KiB, 32 KiB, 100; responses 64 KiB for a line and the block. */
extern const struct http1_limits http1_request_limits;
extern const struct http1_limits http1_response_limits;

/* Where a head stands between two calls. */
struct http1_parser {
	const struct http1_limits *limits;
	const char *base; /* the buffer of the last call */
	size_t pos;       /* bytes looked at */
	size_t mark;      /* begin of the part being read */
	size_t line;      /* begin of the line */
	int state;
	bool response;
	bool to_head; /* a response to HEAD */
};

void http1_request_start(struct http1_parser *p,
    const struct http1_limits *limits);

/* to_head: the request was HEAD, so that no body follows. */
void http1_response_start(struct http1_parser *p,
    const struct http1_limits *limits, bool to_head);

/*
 * Look at the bytes that are new since the last call.  buf holds the head
 * from its first byte on, len bytes so far; it may have moved.
 *
 * 1: the head is complete, h is filled, *used_r is its length.  0: more bytes
 * are needed (h is half-filled and must be kept).  -1 with *e: err_status()
 * of its kind is the answer, and nothing behind may be interpreted.  Interim
 * responses (status 1xx) come out as heads without a body; skipping them is
 * the caller's.
 */
int http1_parse(struct http1_parser *p, const char *buf, size_t len,
    struct http1_head *h, size_t *used_r, struct err *e);

/*
 * The same without the refusals that are ours rather than the RFC's (Host,
 * fragments, transfer codings besides chunked ...): for comparing with other
 * parsers.  http1_parse() is this and http1_check().
 */
int http1_grammar(struct http1_parser *p, const char *buf, size_t len,
    struct http1_head *h, size_t *used_r, struct err *e);
int http1_check(const struct http1_parser *p, const struct http1_head *h,
    struct err *e);

/* The value of the first header of that name, or {NULL, 0}. */
static inline struct slice
http1_header(const struct http1_head *h, enum http1_name name)
{
	unsigned at = h->first[name];

	return at > 0 ? h->fields[at - 1].value : (struct slice){ NULL, 0 };
}

/*
 * The next header called name (any case) at or after *at, which moves behind
 * it; start with *at = 0.  1 with *value_r, or 0.
 */
int http1_next(const struct http1_head *h, struct slice name, unsigned *at,
    struct slice *value_r);

/* The first header called name (any case), or {NULL, 0}. */
struct slice http1_find(const struct http1_head *h, struct slice name);

/* Is token (any case) a member of the comma list? */
bool http1_list_has(struct slice list, struct slice token);

/* May it stand in a header value (no CTL but HTAB), as a header name? */
bool http1_value_ok(struct slice value);
bool http1_token_ok(struct slice name);

/* The reason phrase of a status; "Unknown" when there is none. */
const char *http1_reason(unsigned status);

/* A decoder of the chunked coding; one per body. */
struct http1_chunks {
	uint64_t left;   /* of the current chunk's data */
	unsigned digits; /* of the current chunk size */
	unsigned line;   /* bytes of the current chunk line */
	unsigned trailers;
	unsigned trailer_bytes;
	unsigned name_len;
	char name[20]; /* begin of a trailer's name, in lower case */
	int state;
};

enum http1_chunk {
	HTTP1_CHUNK_MORE = 0, /* *in is used up */
	HTTP1_CHUNK_DATA = 1, /* *data_r is a piece of the body */
	HTTP1_CHUNK_END = 2,  /* complete; *in holds what follows it */
};

void http1_chunks_start(struct http1_chunks *c);

/*
 * Take bytes off the front of *in until there is something to tell.  *data_r
 * is a part of *in.  -1 with *e: not chunked coding, the body is broken.
 */
int http1_chunks_next(struct http1_chunks *c, struct slice *in,
    struct slice *data_r, struct err *e);

#endif

#ifndef PROTO_RECORD_JSON_H
#define PROTO_RECORD_JSON_H

/*
 * record_json - a request record as the JSON that people read.
 *
 * The line is the short form, written to files and kept by the log store:
 * null and empty fields are left out.  record_json_fill() makes the complete
 * object of the log API from it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct record;
struct sbuf;

/* Where the record came from: with seq, unique in the life of a segment. */
struct record_origin {
	uint32_t lane;
	uint64_t seq;
};

/*
 * Append {"id":...} without its last brace, so that a caller may add members
 * (",\"input\":...") before it writes "}" itself.  One line, valid UTF-8,
 * whatever the record holds.
 */
void record_json(const struct record *r, const struct record_origin *origin,
    struct sbuf *out);

/* Which members of the bodies' contents are wanted. */
enum record_contents {
	RECORD_EXCERPT, /* input and output, cut at 2000 characters */
	RECORD_ALL,
};

/*
 * Append members made of the bodies (",\"input\":...") to an open object.  A
 * body without text (p NULL) gives its fields' empty values.
 */
void record_json_bodies(struct slice request, struct slice response,
    enum record_contents contents, struct sbuf *out);

/*
 * Count words and characters of input and output, and the answer's messages,
 * into *r; what has no body keeps its figures.
 */
void record_json_count(struct slice request, struct slice response,
    struct record *r);

/*
 * Append an object with every field: those of a complete line, and the
 * defaults of the others.  Members that the table does not know (bodies) are
 * kept at the end.  detail false: only the fields of list rows.
 */
void record_json_fill(struct slice line, bool detail, struct sbuf *out);

/* metadata as stored (logs.md 2): its values as text.  Not an object: {}. */
void record_json_texts(struct slice object, struct sbuf *out);

/*
 * Append a JSON value without blanks between its tokens; what is not JSON
 * becomes null.  Never a line break.
 */
void record_json_compact(struct slice value, struct sbuf *out);

/* A fragment of text as a JSON string; malformed UTF-8 becomes U+FFFD. */
void record_json_text(struct slice text, struct sbuf *out);

/* "2026-01-02T03:04:05.000006Z" without quotes, from a cached prefix. */
void record_json_time(int64_t real_us, struct sbuf *out);

#endif

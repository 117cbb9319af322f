#ifndef PROTO_RECORD_H
#define PROTO_RECORD_H

/*
 * record - what a worker tells the logger about one request, as bytes.
 *
 * Three records travel through a log lane, each with the number of the
 * request in that lane ("message"): BODY, fragments of the request's and the
 * answer's text; CACHE, an answer to store; ACCESS, the metadata, always the
 * last of its request.  Their types are the lane's (LANE_BODY, ...).  A worker
 * fills the struct, asks for the size, and encodes straight into the lane.
 * The reader treats lane memory as hostile: every length is checked, slices
 * of the result point into the bytes given.
 *
 *   ACCESS  id, message, numbers[], text lengths[], texts
 *   BODY    message, index, source, flags, bytes
 *   CACHE   head, text lengths[], texts; the answer is in BODY fragments
 *
 * The bytes are of one build and one machine; they are never kept in a file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct sbuf;

#define RECORD_MAX (192 * 1024)   /* an encoded ACCESS or CACHE record */
#define RECORD_FRAGMENT_MAX 65536 /* bytes in one BODY record */
#define RECORD_ID_SIZE 16

/*
 * The metadata of one request.  Units by form (record.def): money in
 * nano-USD, SECONDS in microseconds, TIME in microseconds since 1970.  A
 * zeroed struct with provider_cost = MONEY_NONE is an empty record; slices
 * live until record_encode() has returned.
 */
struct record {
	unsigned char id[RECORD_ID_SIZE];
	uint64_t message;
#define NUMBER(form, name, shown, column) int64_t name;
#include "proto/record.def"
#define STRING(form, name, shown, column) struct slice name;
#include "proto/record.def"
};

/* All absent: zero, and MONEY_NONE where null differs from zero. */
void record_init(struct record *r);

/* The exact number of bytes of record_encode(); may exceed RECORD_MAX. */
size_t record_size(const struct record *r);

/*
 * Shorten what may be long (metadata, properties, attempts, texts) until
 * record_size(), which is returned, is at most RECORD_MAX; a JSON value goes as
 * a whole.  Cheap when nothing is too long.
 */
size_t record_limit(struct record *r);

/* Write record_size(r) bytes to out, which needs no alignment. */
void record_encode(const struct record *r, void *out);

/* 0 with slices into bytes, or -1: not a record of this build. */
int record_decode(struct slice bytes, struct record *r, struct err *e);

/* Where a fragment comes from. */
enum record_source {
	RECORD_REQUEST,  /* the client's body, redacted */
	RECORD_RESPONSE, /* the answer as chat, not streamed */
	RECORD_STREAM,   /* events of a streamed answer, as chunks of JSON */
	RECORD_NATIVE,   /* the body of a client that speaks another dialect */
	RECORD_KEY,      /* of which the key of the cache is the SHA-256 */
};
#define RECORD_SOURCES 5

/* What the stored answer of a request looks like: cache.md 2, part 4. */
enum record_family {
	FAMILY_CHAT,
	FAMILY_ANTHROPIC,
	FAMILY_GEMINI,
	FAMILY_RESPONSES,
	FAMILY_EMBEDDINGS,
};

enum record_body_flag {
	RECORD_FOR_LOG = 1,   /* belongs into the record */
	RECORD_FOR_CACHE = 2, /* belongs into the cache entry */
	RECORD_LAST = 4, /* the last one; streams end by their terminator */
};

/*
 * One fragment.  index counts from 0 for each source of a message; the text
 * of a stream is SSE ("data: {...}\n\n"), cut anywhere.
 */
struct record_body {
	uint64_t message;
	uint32_t index;
	uint8_t source; /* enum record_source */
	uint8_t flags;  /* of enum record_body_flag */
	struct slice bytes;
};

#define RECORD_BODY_HEAD 16 /* bytes before the text */

/* RECORD_BODY_HEAD bytes; the caller puts bytes.n bytes behind them. */
void record_body_encode_head(const struct record_body *b, void *out);
int record_body_decode(struct slice bytes, struct record_body *b,
    struct err *e);

/*
 * An answer to keep.  Its text is what the fragments of this message flagged
 * RECORD_FOR_CACHE give: RECORD_RESPONSE and RECORD_NATIVE as they are,
 * RECORD_STREAM assembled by the logger and said as its family says it.  flight
 * is the slot of the keys in flight that waits for the commit, RECORD_NO_FLIGHT
 * when none does.  A key that is not here is made of the one fragment
 * RECORD_KEY of this message, as is the cache_key that its ACCESS record does
 * not have.
 */
#define RECORD_NO_FLIGHT UINT32_MAX
struct record_cache {
	uint64_t message;
	unsigned char key[32];
	uint32_t flight;            /* index of the slot */
	uint32_t flight_generation; /* of that slot */
	uint64_t mark;              /* of what the key is made of */
	uint8_t keyed;              /* key is filled */
	uint8_t source;             /* enum record_source of an answer */
	uint8_t family;             /* enum record_family; kept in the entry */
	int64_t created_s, ttl_s;
	int64_t cost_nano, latency_us;
	int64_t prompt_tokens, completion_tokens, total_tokens;
	int64_t cached_tokens, reasoning_tokens;
	struct slice organization, environment; /* texts; at most 255 each */
	struct slice model, provider, customer;
	struct slice prompt; /* JSON of the messages; empty: disable_log */
};

size_t record_cache_size(const struct record_cache *c);
void record_cache_encode(const struct record_cache *c, void *out);
int record_cache_decode(struct slice bytes, struct record_cache *c,
    struct err *e);

/*
 * A body as it may be logged: values of credentials (logs.md 2) become
 * "[redacted]", base64 media over 1 KiB becomes "[N bytes sha256:hex]", both
 * of the base64 text.  0: nothing to hide, *out untouched, log the body
 * itself.  1: the text to log was appended to *out.  A body that is no JSON
 * and looks as if it held a secret becomes "[redacted]" as a whole.
 */
int record_redact(struct slice body, struct sbuf *out);

/* 1 when a member of this name holds a credential (logs.md 2). */
int record_is_credential(struct slice name);

#endif

#ifndef PROTO_ASSEMBLE_PRIV_H
#define PROTO_ASSEMBLE_PRIV_H

/*
 * assemble_priv - the reply that grows, shared by reading and writing.
 *
 * Strings are kept as JSON spells them, without quotes: pieces that are valid
 * one by one are valid joined.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "proto/sse.h"

/* Members of the top level and of a message that are kept. */
enum assemble_kept {
	KEPT_ID,
	KEPT_CREATED,
	KEPT_MODEL,
	KEPT_FINGERPRINT,
	KEPT_TIER,
	KEPT_CITATIONS,
	KEPT_RESULTS,
	KEPT_USAGE,
};
#define ASSEMBLE_KEPT 8

enum assemble_text {
	TEXT_CONTENT,
	TEXT_REASONING_CONTENT,
	TEXT_REASONING,
	TEXT_REFUSAL,
};
#define ASSEMBLE_TEXTS 4

enum assemble_array {
	ARRAY_REASONING_DETAILS,
	ARRAY_ANNOTATIONS,
	ARRAY_IMAGES,
};
#define ASSEMBLE_ARRAYS 3

#define ASSEMBLE_FIELDS 8 /* members of provider_specific_fields */

struct assemble_field {
	bool array;        /* what comes in pieces is one list */
	struct sbuf name;  /* raw */
	struct sbuf value; /* JSON; of an array: elements and commas */
};

struct assemble_call {
	unsigned index;
	bool custom; /* "custom" with "input", not "function" */
	struct sbuf id, name, arguments;
	struct sbuf extra; /* extra_content, raw */
};

struct assemble_choice {
	unsigned index;
	bool said[ASSEMBLE_TEXTS]; /* a string came, perhaps an empty one */
	struct sbuf text[ASSEMBLE_TEXTS];
	struct sbuf array[ASSEMBLE_ARRAYS]; /* elements and commas */
	struct sbuf logprobs, refusal_logprobs;
	struct sbuf finish; /* raw; empty: none yet */
	struct sbuf function_name, function_arguments;
	struct assemble_call *calls;
	size_t ncalls;
};

struct assemble {
	size_t max, held;
	bool dropped;
	struct sse sse;
	struct sbuf kept[ASSEMBLE_KEPT];
	struct assemble_field fields[ASSEMBLE_FIELDS];
	size_t nfields;
	struct assemble_choice *choices; /* by index */
	size_t nchoices;
};

extern const struct slice assemble_kept_names[ASSEMBLE_KEPT];
extern const struct slice assemble_text_names[ASSEMBLE_TEXTS];
extern const struct slice assemble_array_names[ASSEMBLE_ARRAYS];

#endif

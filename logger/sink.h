#ifndef LOGGER_SINK_H
#define LOGGER_SINK_H

/*
 * sink - where records go: the files of "logs.files" and the log store.
 *
 * A sink gets each record once its bodies are joined, and writes in batches.
 * Losses are counted by the sink and told in the log itself as soon as there
 * is room again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "proto/record.h"
#include "proto/record_json.h"

/* A record as the sinks see it; borrowed for the call. */
struct sink_record {
	const struct record *record;
	struct record_origin origin;
	const unsigned char *epoch; /* 16 bytes: in which origin is unique */
	struct slice line;          /* record_json(): no closing brace yet */
	struct slice request;       /* bodies to log; p NULL = none */
	struct slice response;
};

/* Records that were lost before they came here. */
struct sink_loss {
	const char *type; /* "ACCESS", "BODY", "CACHE" */
	uint64_t count;
	uint32_t lane;
	int64_t from_us, to_us;
};

#endif

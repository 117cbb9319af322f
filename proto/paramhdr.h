#ifndef PROTO_PARAMHDR_H
#define PROTO_PARAMHDR_H

/*
 * paramhdr - the headers that carry parameters (api.md 4.1 and 4.3).
 */

#include "base/slice.h"
#include "proto/jscan.h"

struct err;
struct pool;

#define PARAMHDR_DECODED_MAX 16384
#define PARAMHDR_COUNT 3

/* The names in the order of the merge; earlier wins.  Canonical case. */
extern const struct slice paramhdr_names[PARAMHDR_COUNT];

/*
 * Which of them this header is (case ignored): 0 to PARAMHDR_COUNT - 1, or -1.
 */
int paramhdr_which(struct slice name);

/*
 * Decode one value: JSON if it begins with "{", else base64 of JSON.  0 with
 * the members (text and list in the pool), or -1: ERR_INVALID_PARAMS_HEADER
 * with param = the name.
 */
int paramhdr_read(int which, struct slice value, struct pool *pool,
    struct jscan_body *object_r, struct err *e);

#endif

#ifndef DIALECT_INVOKE_H
#define DIALECT_INVOKE_H

/*
 * invoke - Bedrock's older face: each family of models speaks its own grammar,
 * wrapped in frames of AWS's event stream (spec/providers.md 7.2).
 */

#include "base/sbuf.h"
#include "base/slice.h"

struct dialect_event;
struct err;

/*
 * The family's own event that a frame wraps: 1 with its JSON object in *inner,
 * which is cleared first; 0 when the frame wraps none; -1 when it is malformed.
 */
int invoke_unwrap(const struct dialect_event *ev, struct sbuf *inner,
    struct err *e);

#endif

#ifndef DIALECT_BEDROCK_PRIV_H
#define DIALECT_BEDROCK_PRIV_H

/* bedrock_priv - what Converse and invoke share. */

#include "dialect/dialect.h"

/*
 * The figures of a "usage" of Converse, of invoke's metrics, or of a body of
 * Llama's or Titan's into *t; what is no usage leaves it as it is.
 */
void bedrock_usage(struct tell *t, struct slice json);

/* An exception of the stream, told as an error of its status. */
void bedrock_exception(struct tell *t, const struct dialect_event *ev);

/* A failure of the provider's that it has no words for. */
void bedrock_fail(struct tell *t, struct slice code, struct slice message,
    int status);

#endif

#ifndef DIALECT_ASK_SCHEMA_H
#define DIALECT_ASK_SCHEMA_H

/* ask_schema - JSON schemas of tools: spec/providers.md 4.3, 4.6. */

#include "base/slice.h"
#include "dialect/chatout.h"

struct sbuf;

/* The schema of a tool's parameters; one that is absent or empty too. */
void ask_schema(struct sbuf *b, struct slice schema);

/*
 * The schema of an answer, as that of a tool's parameters: wrapped in an
 * object when its values may be none.  What the answer's reader must know.
 */
enum chatout_forced ask_forced_schema(struct sbuf *b, struct slice schema);

#endif

#ifndef DIALECT_OLLAMA_PRIV_H
#define DIALECT_OLLAMA_PRIV_H

/* ollama_priv - the files of ollama. */

#include "base/slice.h"

struct ask;
struct dialect_event;
struct err;
struct sbuf;
struct tell;

/* Tools, the shape of the answer, reasoning, "options".  0 or -1. */
int ollama_options(struct ask *a, struct sbuf *b, struct err *e);

int ollama_reply(struct tell *t, struct slice json, struct err *e);
int ollama_event(struct tell *t, const struct dialect_event *ev, struct err *e);

#endif

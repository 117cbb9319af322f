#ifndef DIALECT_AZURE_PATH_H
#define DIALECT_AZURE_PATH_H

/*
 * azure_path - where a deployment is asked: Azure has three forms of base URL,
 * and each its own paths (spec/providers.md 3.2).
 */

#include "base/slice.h"

struct sbuf;

enum azure_operation { AZURE_CHAT, AZURE_RESPONSES, AZURE_EMBEDDINGS };

struct azure_place {
	struct slice host, path; /* of the base URL; no slash at the end */
	struct slice version;    /* api-version; n 0: the usual one */
	struct slice deployment;
};

/* Append path and query. */
void azure_path(const struct azure_place *at, enum azure_operation operation,
    struct sbuf *b);

#endif

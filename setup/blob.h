#ifndef SETUP_BLOB_H
#define SETUP_BLOB_H

/*
 * blob - the snapshot while it grows: strings and lists behind the header.
 *
 * References are offsets from the start, so that it may move while it grows.
 */

#include "base/sbuf.h"
#include "base/settings.h"

struct blob {
	struct sbuf bytes;
};

/* Begin with room for struct settings. */
void blob_init(struct blob *b);
void blob_fini(struct blob *b);

/* A copy of the text, NUL-terminated. */
struct sref blob_str(struct blob *b, struct slice text);

/* A copy of n elements of size bytes, aligned for any of them. */
struct slist blob_list(struct blob *b, const void *elements, size_t size,
    size_t n);

/* A string or a list of the blob; dies at the next addition. */
struct slice blob_text(const struct blob *b, struct sref r);
const void *blob_at(const struct blob *b, struct slist l);

#endif

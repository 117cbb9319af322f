#ifndef ADMIN_STORED_H
#define ADMIN_STORED_H

/* stored - what the verbs of groups and of provider keys have in common. */

#include "admin/office.h"

/*
 * "weight" of an object, a number or a decimal string above 0; weight 1 when
 * it is not given.  0, or -1 with *e, whose text is why.
 */
int stored_weight(struct slice object, const char *param, const char *why,
    int64_t *weight_nano_r, struct err *e);

/* "name" of at most 254 characters, appended; none is "".  0 or -1. */
int stored_name(struct slice args, struct sbuf *name, struct err *e);

/* The id that args must have under this name: 1, or -1. */
int stored_id(struct slice args, const char *name, struct sbuf *id,
    struct err *e);

/* Write prefix and six digits nobody chose. */
#define STORED_MINTED 11 /* bytes, with the NUL */
void stored_mint(const char *prefix, char id[STORED_MINTED]);

/* Whether a model of that name can be called at all. */
bool stored_model_known(const struct settings *s, struct slice name);

/* Ask the keeper to write a packed one: as office_ask(). */
int stored_put(struct office *o, enum ask_op op, const struct sbuf *packed,
    struct err *e);

/* A group of the store as an object. */
void show_group(const struct office *o, const struct group_def *g,
    struct sbuf *out);

/* {"id":"...","removed":true} */
void stored_show_removed(struct sbuf *out, const char *member, struct slice id);

#endif

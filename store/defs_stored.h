#ifndef STORE_DEFS_STORED_H
#define STORE_DEFS_STORED_H

/*
 * defs_stored - what the store knows about load-balance groups and provider
 * keys ("integrations": spec/platform.md 5, 6).
 *
 * Packed and unpacked as the definitions of defs.h are.  Credentials are in
 * them as base/seal.h makes them, sealed by admin for the place that
 * stored_place_*() names: the keeper, which writes, cannot read them.
 */

#include "store/defs.h"

#define STORED_MAX 32768 /* bytes of a packed one */
#define STORED_MODELS 64 /* of a group */
#define STORED_ID 64     /* bytes of an id */

struct integration_def {
	struct slice id;                               /* "int_4f0c2a" */
	struct slice provider;                         /* its id */
	struct slice name;                             /* "" = none */
	struct slice available_models, exclude_models; /* lists */
	struct slice sealed; /* credentials: a JSON object of strings */
	int32_t environment; /* enum settings_environment */
	int32_t enabled;     /* 0 or 1 */
	int64_t weight_nano; /* above 0; weight 1 = 1000000000 */
	int64_t created_s, updated_s;
	uint64_t version; /* set by objects: 1, 2, ... */
};

/* One model of a group. */
struct group_entry {
	struct slice model;  /* as it was written */
	struct slice sealed; /* credentials; empty = none of its own */
	int64_t weight_nano; /* above 0 */
};

struct group_def {
	struct slice id;      /* "lbg_9a7d31" */
	struct slice name;    /* "" = none, else no other group has it */
	struct slice entries; /* 1 to STORED_MODELS packed group_entry */
	struct slice fallback_models; /* a list */
	int64_t created_s, updated_s;
	uint64_t version;
};

/* [A-Za-z0-9._-]{1,64} */
bool stored_id_valid(struct slice id);

void integration_pack(struct sbuf *b, const struct integration_def *d);
void group_pack(struct sbuf *b, const struct group_def *d);
void group_entry_pack(struct sbuf *b, const struct group_entry *e);

/*
 * 1, or 0 when the bytes are no such record: what 1 gave has every number in
 * its range and only whole entries.  Slices point into bytes.
 */
int integration_unpack(struct slice bytes, struct integration_def *d_r);
int group_unpack(struct slice bytes, struct group_def *d_r);

/* The next entry of a group that was unpacked; false at the end. */
bool group_entry_next(struct slice *entries, struct group_entry *e_r);

/*
 * Append what credentials are sealed for: the record and the provider that
 * they are for, the group and the model.
 */
void stored_place_integration(struct sbuf *b, const struct integration_def *d);
void stored_place_entry(struct sbuf *b, struct slice group, struct slice model);

#endif

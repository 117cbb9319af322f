#ifndef SETUP_COMPILE_PRIV_H
#define SETUP_COMPILE_PRIV_H

/*
 * compile - from the tree of nodes to the snapshot.
 *
 * A struct field says how one setting is written and where its value goes; a
 * struct schema is the fields of a group.  The scalar rows come from
 * base/settings.def, those of the lists from the tables in lists.c.  The rest
 * of the room works on struct compile.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"
#include "setup/blob.h"
#include "setup/report.h"
#include "setup/tree.h"

struct pool;
struct suggest;

struct compile {
	struct report *report;
	struct pool *pool;
	struct blob blob;
	struct sbuf secrets;
	struct settings settings;
	const struct node *root;
	struct settings_tls *tls;
	struct settings_provider *providers;
	struct model_draft *models;
	size_t tls_n, providers_n, models_n;
	size_t models_own_n; /* the first of them stand in the settings */
};

enum field_type {
	FIELD_BOOL,
	FIELD_INT, /* int32_t */
	FIELD_STR,
	FIELD_MSEC, /* min -1: "none" is -1 */
	FIELD_BYTES,
	FIELD_NANO,
	FIELD_STRS,
	FIELD_INTS,    /* int32_t each */
	FIELD_PICO,    /* USD per million tokens */
	FIELD_COUNT,   /* a number into int64_t */
	FIELD_WEIGHT,  /* a number or a decimal string, in 10^-9 */
	FIELD_PERCENT, /* a decimal string, in 10^-2, int32_t */
	FIELD_DATE,    /* seconds since 1970 */
	FIELD_SHA256,
	FIELD_SECRET,
	FIELD_WORD,  /* one of words, its value into int32_t */
	FIELD_WORDS, /* several, or-ed into uint32_t */
	FIELD_GROUP, /* sub, in place */
	FIELD_LIST,  /* of sub, into a struct slist */
	FIELD_TYPES
};

struct word {
	const char *text; /* NULL ends the table */
	uint32_t value;
};

struct schema;

/* For the tables. */
#define FIELDS(table) table, sizeof table / sizeof table[0]
#define AT(type, member) offsetof(struct type, member)

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	const char *def; /* as it would be written; NULL = as init left it */
	int64_t min, max;
	bool required;
	const struct word *words;
	const struct schema *sub;
};

struct schema {
	const char *label; /* "providers" */
	const char *key;   /* the field that names an element; NULL = none */
	const struct field *fields;
	size_t n, size;
	/* Before and after the fields are read; may be NULL. */
	void (*init)(struct compile *c, const struct node *n, void *out);
	void (*check)(struct compile *c, const struct node *n, void *out);
	/* A name that is no field; true when it is one after all. */
	bool (*other)(struct compile *c, const struct node *n, void *out);
};

/* value.c: read what is written at n into out + f->offset. */
void value_read(struct compile *c, const struct field *f, const struct node *n,
    void *out);
/* value_default.c: read f->def, if it has one. */
void value_default(struct compile *c, const struct field *f, void *out);
/* A fault of the value at n: `"workers" is 65; ...` */
struct message *value_error(struct compile *c, const struct node *n,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* schema.c: the settings of one group; "where" as it reads in a message. */
void schema_group(struct compile *c, const struct schema *s,
    const struct node *group, void *out);
/* A list of groups; the elements live in the pool. */
void *schema_list(struct compile *c, const struct schema *s,
    const struct node *list, size_t *n_r);
/* Append "providers "openai"" or the like for messages. */
void schema_where(const struct schema *s, const struct node *group, char *out,
    size_t size);
void schema_unknown(struct compile *c, const struct node *n, const char *where,
    const struct suggest *near);

/* secret.c: the bytes behind env:, file: and cred: at n. */
struct secret_ref secret_read(struct compile *c, const struct node *n);
/* " (sha256 ab12cd34..., 84 bytes)" of a reference, for -T; "" = none. */
void secret_describe(struct slice reference, char out[64]);

/* scalars.c: the rows of base/settings.def. */
void scalars_read(struct compile *c, const struct node *root);
/* The rows, for -T; the name is the whole path. */
const struct field *scalars_rows(size_t *n_r);
/* The node of a dotted path, for the place of a message; root if none. */
const struct node *scalars_node(const struct compile *c, const char *path);

/* writable.c: a fault of n when what is there cannot be written. */
void writable_dir(struct compile *c, const struct node *n, const char *dir);
/* The folder of a file is what counts. */
void writable_file(struct compile *c, const struct node *n, struct slice path);

/* lists.c and its neighbours: everything else. */
/* A list that is searched by its first member, a struct sref. */
struct slist lists_sorted(struct compile *c, const struct schema *s,
    const struct node *list);
void lists_read(struct compile *c, const struct node *root);
void models_read(struct compile *c, const struct node *root);
void models_finish(struct compile *c);
void catalogue_read(struct compile *c);
/* Features that a model has by its name (etc/model_flags.def). */
uint32_t flags_of(const struct compile *c, const struct settings_model *m);
/* The prefix that the slugs of a provider's models have, without "/". */
struct slice provider_prefix(struct slice id);
/* Index of a provider by id or alias; -1 when there is none. */
int provider_index(const struct compile *c, struct slice name);
void provider_add_demo(struct compile *c);

/* A model on its way into the snapshot. */
struct model_draft {
	struct settings_model model;
	struct sref provider;
	struct slist aliases;
	const struct node *node; /* NULL: of the catalogue, or built in */
	bool catalogue;
};

/* models.c: a further draft, its prices absent; moves at the next call. */
struct model_draft *model_add(struct compile *c);
/* Whether the settings define a model of that name. */
bool model_known(const struct compile *c, struct slice name);
/* What follows the provider's prefix in a slug; else the slug. */
struct slice model_bare(struct slice slug, struct slice id);

extern const struct schema provider_schema;
extern const struct schema limits_schema; /* of struct settings_limits */

/* exporters.c */
extern const struct schema exporter_schema;

/* names.c: every name that finds a model. */
void names_finish(struct compile *c);
/* Once that is done: whether there is a model of that name. */
bool names_known(const struct compile *c, struct slice name);

/* groups.c: load-balance groups, once the names of models are known. */
void groups_read(struct compile *c, const struct node *root);

/* routing.c: faults of the group routing; the snapshot is complete. */
void routing_check(struct compile *c);

/* compile.c: the whole snapshot; false when there was an error. */
bool compile_all(struct compile *c, const struct node *root,
    uint64_t generation);

/* print.c: the merged settings as text that is valid input. */
void print_settings(const struct node *root, struct sbuf *out);

#endif

#ifndef SETUP_TREE_H
#define SETUP_TREE_H

/*
 * tree - the settings files as one tree, each node knowing where it stands.
 *
 * The main file comes first, then conf.d/NAME.conf in bytewise order of
 * names.  Groups merge name by name, lists of groups are joined, everything
 * else is replaced by the later file.  Nodes live in the pool.
 */

#include <stdbool.h>

#include "setup/source.h"

struct pool;
struct report;

enum node_type {
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_ARRAY, /* [ scalars ] */
	NODE_LIST,  /* ( anything ) */
	NODE_GROUP, /* { names } */
};

struct node {
	enum node_type type;
	struct slice name;  /* empty for an element of a list or array */
	struct place at;    /* of the name, or of the element */
	struct place value; /* of the value, or its opening bracket */
	bool boolean;
	bool wide; /* the number as written does not fit 31 bits */
	int integer;
	struct slice text; /* of a string; NUL-terminated */
	struct node *child, *next;
	unsigned children;
};

/* What a node is called in a message: "a number", "a string", ... */
const char *tree_type_name(const struct node *n);

/* A child of a group by name; NULL when there is none. */
struct node *tree_find(const struct node *group, const char *name);

/* The string of a group's child by name; "" when it has none. */
struct slice tree_text(const struct node *group, const char *name);

/*
 * Read one text into a tree.  NULL when it is no libconfig (r says why).
 */
struct node *tree_parse(const struct source *s, const char *include_dir,
    struct pool *pool, struct report *r);

/*
 * The main file and its conf.d, merged.  NULL when one of them could not be
 * read or parsed; the others are still parsed for their own faults.
 */
struct node *tree_read(const char *path, struct pool *pool, struct report *r);

/* Put the later tree into the first; nodes of the later are moved. */
void tree_merge(struct node *into, struct node *later);

#endif

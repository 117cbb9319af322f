#ifndef ADMIN_FILTER_PRIV_H
#define ADMIN_FILTER_PRIV_H

/*
 * filter_priv - what reading (filter.c, filter_condition.c) and testing
 * (filter_test.c) share.
 *
 * A filter is groups; a group is conditions on one field.
 */

#include "admin/filter.h"
#include "proto/jscan.h"

#define FILTER_CONDITIONS 64
#define FILTER_VALUES 256 /* of one condition */
#define FILTER_BYTES 4096 /* bytes of all texts: each row meets all */

enum filter_operator {
	OP_EQUAL, /* any of */
	OP_NOT,   /* none of */
	OP_EQUAL_NOCASE,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL,
	OP_CONTAINS,
	OP_CONTAINS_NOCASE,
	OP_STARTS,
	OP_ENDS,
	OP_NULL,
	OP_NOT_NULL,
};

struct filter_operand {
	struct slice text;
	int64_t nano;
	struct slice shown; /* as JSON */
};

struct filter_condition {
	struct slice name; /* of the operator, as given */
	enum filter_operator op;
	struct filter_operand *values;
	unsigned n;
};

struct filter_group {
	unsigned field;
	bool any; /* one is enough */
	bool bundle, list;
	bool quick; /* of the URL: all of them must hold */
	struct filter_condition *conditions;
	unsigned n;
};

struct filter {
	struct pool *pool;
	const struct filter_field *fields;
	unsigned fields_n;
	struct filter_group groups[FILTER_CONDITIONS];
	unsigned n;
	unsigned conditions; /* of all groups */
	size_t text;         /* bytes of all their texts */
	bool any;            /* of the body's groups one is enough */
	/* name[operator]= and name[value]=, by field. */
	struct filter_parts {
		struct slice operator_name, value;
	} * parts;
};

#define filter_wrong(f, ...) faults_add(f, SLICE("filters"), __VA_ARGS__)

/* How much of a text is shown in a message. */
int filter_shown(struct slice s);

/* {"operator":...,"value":...} into the group. */
void filter_condition(struct filter *filter, struct filter_group *g,
    const struct jscan_item *from, struct faults *f);

#endif

/* Defaults go the way of a written value, as nodes of their own. */

#include "setup/compile_priv.h"

#include <stdlib.h>

#include "base/pool.h"

/* Strings, or numbers for FIELD_INTS. */
static void
value_default_array(struct compile *c, enum field_type type, struct node *array)
{
	struct slice text = array->text;
	struct node **last = &array->child;

	array->type = NODE_ARRAY;
	while (text.n > 0) {
		const char *blank = memchr(text.p, ' ', text.n);
		size_t n = blank != NULL ? (size_t)(blank - text.p) : text.n;
		struct node *one = pool_zalloc(c->pool, sizeof *one);

		one->type = type == FIELD_INTS ? NODE_INT : NODE_STRING;
		one->text = pool_copy(c->pool, (struct slice){ text.p, n });
		one->integer = atoi(one->text.p);
		*last = one;
		last = &one->next;
		array->children++;
		text = slice_skip(text, blank != NULL ? n + 1 : n);
	}
}

void
value_default(struct compile *c, const struct field *f, void *out)
{
	struct node n = { .type = NODE_STRING };

	if (f->def == NULL)
		return;
	n.text = slice_str(f->def);
	if (f->type == FIELD_BOOL) {
		n.type = NODE_BOOL;
		n.boolean = strcmp(f->def, "true") == 0;
	} else if (f->type == FIELD_INT || f->type == FIELD_COUNT ||
		   f->type == FIELD_WEIGHT) {
		n.type = NODE_INT;
		n.integer = atoi(f->def);
	} else if (f->type == FIELD_STRS || f->type == FIELD_INTS ||
		   f->type == FIELD_WORDS)
		value_default_array(c, f->type, &n);
	value_read(c, f, &n, out);
}

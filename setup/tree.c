#include "setup/tree.h"

#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>

#include "base/pool.h"
#include "base/xmem.h"
#include "setup/report.h"
#include "setup/scan.h"

/* One walk over libconfig's tree and the tokens of its text. */
struct walk {
	struct scan *scan;
	struct pool *pool;
	struct report *report;
	struct token token; /* the next one */
};

const char *
tree_type_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_BOOL] = "true or false",
		[NODE_INT] = "a number",
		[NODE_FLOAT] = "a number with a point",
		[NODE_STRING] = "a string",
		[NODE_ARRAY] = "an array [ ]",
		[NODE_LIST] = "a list ( )",
		[NODE_GROUP] = "a group { }",
	};

	return names[n->type];
}

struct node *
tree_find(const struct node *group, const char *name)
{
	for (struct node *n = group->child; n != NULL; n = n->next)
		if (slice_eq(n->name, slice_str(name)))
			return n;
	return NULL;
}

struct slice
tree_text(const struct node *group, const char *name)
{
	const struct node *n =
	    group->type == NODE_GROUP ? tree_find(group, name) : NULL;

	return n != NULL && n->type == NODE_STRING ? n->text : SLICE("");
}

static void
walk_step(struct walk *w)
{
	w->token = scan_next(w->scan);
}

static struct node *walk_node(struct walk *w, config_setting_t *from);

static void
walk_children(struct walk *w, config_setting_t *from, struct node *n)
{
	struct node **last = &n->child;
	int count = config_setting_length(from);

	for (int i = 0; i < count; i++) {
		*last =
		    walk_node(w, config_setting_get_elem(from, (unsigned)i));
		last = &(*last)->next;
		while (w->token.kind == TOKEN_OTHER)
			walk_step(w);
	}
	n->children = (unsigned)count;
}

/*
 * libconfig 1.5 cuts a number that does not fit into 32 bits, so the digits
 * are judged as they were written.
 */
static bool
walk_is_wide(struct slice text)
{
	char digits[24];
	long long value;

	if (text.n >= sizeof digits)
		return true;
	memcpy(digits, text.p, text.n);
	digits[text.n] = '\0';
	errno = 0;
	value = strtoll(digits, NULL, 0);
	return errno != 0 || value > INT_MAX || value < INT_MIN;
}

static void
walk_string(struct walk *w, config_setting_t *from, struct node *n)
{
	const char *text = config_setting_get_string(from);

	n->type = NODE_STRING;
	n->text = pool_copy(w->pool, slice_str(text != NULL ? text : ""));
	while (w->token.kind == TOKEN_STRING) /* "a" "b" is one string */
		walk_step(w);
}

static void
walk_scalar(struct walk *w, config_setting_t *from, struct node *n)
{
	switch (config_setting_type(from)) {
	case CONFIG_TYPE_STRING:
		walk_string(w, from, n);
		return;
	case CONFIG_TYPE_BOOL:
		n->type = NODE_BOOL;
		n->boolean = config_setting_get_bool(from) != 0;
		break;
	case CONFIG_TYPE_FLOAT:
		n->type = NODE_FLOAT;
		break;
	default:
		n->type = NODE_INT;
		n->integer = config_setting_get_int(from);
		n->wide = walk_is_wide(w->token.text);
	}
	walk_step(w);
}

static void
walk_name(struct walk *w, config_setting_t *from, struct node *n)
{
	if (config_setting_name(from) == NULL)
		return;
	n->name = pool_copy(w->pool, slice_str(config_setting_name(from)));
	n->at = w->token.at;
	walk_step(w);
	while (w->token.kind == TOKEN_OTHER)
		walk_step(w);
}

static struct node *
walk_node(struct walk *w, config_setting_t *from)
{
	static const enum node_type types[] = {
		[CONFIG_TYPE_GROUP] = NODE_GROUP,
		[CONFIG_TYPE_ARRAY] = NODE_ARRAY,
		[CONFIG_TYPE_LIST] = NODE_LIST,
	};
	struct node *n = pool_zalloc(w->pool, sizeof *n);

	walk_name(w, from, n);
	n->value = w->token.at;
	if (n->name.n == 0)
		n->at = n->value;
	if (!config_setting_is_aggregate(from)) {
		walk_scalar(w, from, n);
		return n;
	}
	n->type = types[config_setting_type(from)];
	walk_step(w);
	walk_children(w, from, n);
	walk_step(w);
	return n;
}

static struct node *
tree_walk(const config_t *c, const struct source *s, struct walk *w)
{
	struct node *root = pool_zalloc(w->pool, sizeof *root);

	root->type = NODE_GROUP;
	root->at = root->value = (struct place){ s, 0, 0, 0 };
	walk_step(w);
	walk_children(w, config_root_setting(c), root);
	return root;
}

/* Words that people write for true and false elsewhere. */
static bool
tree_is_foreign_bool(struct slice line)
{
	static const char *const words[] = { "yes", "no", "on", "off" };
	size_t end = line.n;

	while (end > 0 && strchr(" \t;,", line.p[end - 1]) != NULL)
		end--;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t n = strlen(words[i]);

		if (end > n && memcmp(line.p + end - n, words[i], n) == 0 &&
		    strchr(" \t=:", line.p[end - n - 1]) != NULL)
			return true;
	}
	return false;
}

static void
tree_syntax(const config_t *c, const struct source *s, struct report *r)
{
	const char *file = config_error_file(c);
	const struct source *in =
	    file != NULL && strcmp(file, s->path) != 0 ? source_read(file) : s;
	struct place at = { in != NULL ? in : s, (unsigned)config_error_line(c),
		0, 0 };
	struct message *m = report_error(r, at, "%s", config_error_text(c));
	struct slice line = source_line(at.source, at.line);

	if (tree_is_foreign_bool(line))
		report_help(m, "write true or false");
	else if (strstr(config_error_text(c), "duplicate") == NULL)
		report_help(m, "look at this line and the end of the one "
			       "before: a missing ';', or a ',' before a ')'");
}

struct node *
tree_parse(const struct source *s, const char *include_dir, struct pool *pool,
    struct report *r)
{
	struct walk w = { .pool = pool, .report = r };
	unsigned before = report_errors(r);
	struct node *root = NULL;
	config_t c;

	if (memchr(s->text.p, '\0', s->text.n) != NULL) {
		report_error(r, (struct place){ s, 0, 0, 0 },
		    "the file holds a zero byte");
		return NULL;
	}
	config_init(&c);
	config_set_include_dir(&c, include_dir);
	w.scan = scan_new(s, include_dir, r);
	if (config_read_string(&c, s->text.p) == CONFIG_TRUE)
		root = tree_walk(&c, s, &w);
	else {
		while (scan_next(w.scan).kind != TOKEN_END)
			continue;
		if (report_errors(r) == before)
			tree_syntax(&c, s, r);
	}
	scan_free(&w.scan);
	config_destroy(&c);
	return root;
}

static void
tree_append(struct node *list, struct node *more)
{
	struct node **last = &list->child;

	while (*last != NULL)
		last = &(*last)->next;
	*last = more->child;
	list->children += more->children;
}

/* The later node takes the place of the earlier one of its name. */
static void
tree_replace(struct node *group, struct node *old, struct node *later)
{
	struct node **link = &group->child;

	while (*link != old)
		link = &(*link)->next;
	later->next = old->next;
	*link = later;
}

void
tree_merge(struct node *into, struct node *later)
{
	struct node *n, *next;

	for (n = later->child; n != NULL; n = next) {
		char name[256];
		struct node *old;

		next = n->next;
		n->next = NULL;
		memcpy(name, n->name.p, n->name.n < 255 ? n->name.n : 255);
		name[n->name.n < 255 ? n->name.n : 255] = '\0';
		old = tree_find(into, name);
		if (old == NULL) {
			struct node one = { .child = n, .children = 1 };

			tree_append(into, &one);
		} else if (old->type == NODE_GROUP && n->type == NODE_GROUP)
			tree_merge(old, n);
		else if (old->type == NODE_LIST && n->type == NODE_LIST)
			tree_append(old, n);
		else
			tree_replace(into, old, n);
	}
}

/* The merged settings as libconfig again, each line with its origin. */

#include "setup/compile_priv.h"

static void
print_indent(struct sbuf *out, unsigned depth)
{
	while (depth-- > 0)
		sbuf_adds(out, "  ");
}

static void
print_string(struct slice text, struct sbuf *out)
{
	sbuf_addc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char ch = (unsigned char)text.p[i];

		if (ch == '"' || ch == '\\')
			sbuf_addf(out, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			sbuf_addf(out, "\\x%02x", ch);
		else
			sbuf_addc(out, (char)ch);
	}
	sbuf_addc(out, '"');
}

static void
print_scalar(const struct node *n, struct sbuf *out)
{
	if (n->type == NODE_STRING)
		print_string(n->text, out);
	else if (n->type == NODE_BOOL)
		sbuf_adds(out, n->boolean ? "true" : "false");
	else
		sbuf_addf(out, "%d", n->integer);
}

static void
print_array(const struct node *n, struct sbuf *out)
{
	sbuf_adds(out, n->type == NODE_ARRAY ? "[" : "(");
	for (const struct node *k = n->child; k != NULL; k = k->next) {
		print_scalar(k, out);
		if (k->next != NULL)
			sbuf_adds(out, ", ");
	}
	sbuf_adds(out, n->type == NODE_ARRAY ? "]" : ")");
}

static void
print_origin(const struct node *n, struct sbuf *out)
{
	char secret[64];

	sbuf_addf(out, "  # %s:%u", n->at.source->path, n->at.line);
	if (n->type == NODE_STRING) {
		secret_describe(n->text, secret);
		if (secret[0] != '\0')
			sbuf_addf(out, " (%s)", secret);
	}
	sbuf_addc(out, '\n');
}

static void print_members(const struct node *group, unsigned depth,
    struct sbuf *out);

static bool
print_is_flat(const struct node *n)
{
	return n->type != NODE_GROUP &&
	       !(n->type == NODE_LIST && n->child != NULL &&
		   n->child->type == NODE_GROUP);
}

static void
print_elements(const struct node *list, unsigned depth, struct sbuf *out)
{
	for (const struct node *n = list->child; n != NULL; n = n->next) {
		print_indent(out, depth);
		sbuf_adds(out, "{");
		print_origin(n, out);
		print_members(n, depth + 1, out);
		print_indent(out, depth);
		sbuf_adds(out, n->next != NULL ? "},\n" : "}\n");
	}
}

static void
print_flat(const struct node *n, struct sbuf *out)
{
	if (n->type == NODE_ARRAY || n->type == NODE_LIST)
		print_array(n, out);
	else
		print_scalar(n, out);
	sbuf_addc(out, ';');
	print_origin(n, out);
}

static void
print_members(const struct node *group, unsigned depth, struct sbuf *out)
{
	for (const struct node *n = group->child; n != NULL; n = n->next) {
		print_indent(out, depth);
		sbuf_addf(out, "%.*s = ", SLICE_ARGS(n->name));
		if (print_is_flat(n)) {
			print_flat(n, out);
			continue;
		}
		sbuf_adds(out, n->type == NODE_GROUP ? "{" : "(");
		print_origin(n, out);
		if (n->type == NODE_GROUP)
			print_members(n, depth + 1, out);
		else
			print_elements(n, depth + 1, out);
		print_indent(out, depth);
		sbuf_adds(out, n->type == NODE_GROUP ? "};\n" : ");\n");
	}
}

/* Whether the tree sets a dotted path. */
static bool
print_is_set(const struct node *root, struct slice path)
{
	while (root != NULL && root->type == NODE_GROUP) {
		const char *dot = memchr(path.p, '.', path.n);
		struct slice name = path;

		if (dot != NULL)
			name.n = (size_t)(dot - path.p);
		root = root->child;
		while (root != NULL && !slice_eq(root->name, name))
			root = root->next;
		if (dot == NULL)
			return root != NULL;
		path = slice_skip(path, name.n + 1);
	}
	return false;
}

static void
print_default(const struct field *row, struct sbuf *out)
{
	bool bare = row->type == FIELD_INT || row->type == FIELD_BOOL;

	sbuf_addf(out, "# %s = ", row->name);
	if (bare)
		sbuf_adds(out, row->def);
	else if (row->type != FIELD_STRS && row->type != FIELD_INTS)
		print_string(slice_str(row->def), out);
	else {
		struct slice rest = slice_str(row->def);

		sbuf_adds(out, "[");
		while (rest.n > 0) {
			size_t n = strcspn(rest.p, " ");

			sbuf_adds(out, rest.p == row->def ? "" : ", ");
			if (row->type == FIELD_INTS)
				sbuf_add(out, rest.p, n);
			else
				print_string((struct slice){ rest.p, n }, out);
			rest = slice_skip(rest, n < rest.n ? n + 1 : n);
		}
		sbuf_adds(out, "]");
	}
	sbuf_adds(out, ";\n");
}

void
print_settings(const struct node *root, struct sbuf *out)
{
	const struct field *rows;
	size_t n;

	print_members(root, 0, out);
	sbuf_adds(out, "\n# Defaults of what is not set above:\n");
	rows = scalars_rows(&n);
	for (size_t i = 0; i < n; i++)
		if (!print_is_set(root, slice_str(rows[i].name)))
			print_default(&rows[i], out);
}

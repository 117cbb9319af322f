/* The files of the settings: the main one, then conf.d beside it. */

#include "setup/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "setup/report.h"

static bool
files_ends(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n >= t && strcmp(name + n - t, tail) == 0;
}

/* Names that end otherwise (".bak", "~", ".dpkg-new") are left alone. */
static int
files_wanted(const struct dirent *d)
{
	return d->d_name[0] != '.' && files_ends(d->d_name, ".conf");
}

static int
files_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static struct node *
files_read_one(const char *path, const char *dir, struct pool *pool,
    struct report *r)
{
	const struct source *s = source_read(path);

	if (s == NULL) {
		report_error(r,
		    (struct place){ source_text(path, ""), 0, 0, 0 },
		    "cannot read the file: %s", strerror(errno));
		return NULL;
	}
	return tree_parse(s, dir, pool, r);
}

/* What stands before the last slash; "." when there is none. */
static char *
files_dir(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');

	if (slash == NULL)
		strcpy(dir, ".");
	else if (slash == dir)
		slash[1] = '\0';
	else
		*slash = '\0';
	return dir;
}

struct node *
tree_read(const char *path, struct pool *pool, struct report *r)
{
	char *dir = files_dir(path), conf_d[4096];
	struct node *root = files_read_one(path, dir, pool, r);
	struct dirent **names = NULL;
	bool whole = root != NULL;
	int n;

	snprintf(conf_d, sizeof conf_d, "%s/conf.d", dir);
	n = scandir(conf_d, &names, files_wanted, files_order);
	for (int i = 0; i < n; i++) {
		char file[8192];
		struct node *later;

		snprintf(file, sizeof file, "%s/%s", conf_d, names[i]->d_name);
		free(names[i]);
		later = files_read_one(file, dir, pool, r);
		whole = whole && later != NULL;
		if (whole)
			tree_merge(root, later);
	}
	free(names);
	free(dir);
	return whole ? root : NULL;
}

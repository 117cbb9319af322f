/* Places that are written while we run (design/operations.md 5.3). */

#include "setup/compile_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is not there yet is made at the start, by us or by who starts us. */
void
writable_dir(struct compile *c, const struct node *n, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) != 0) {
		if (errno != ENOENT)
			value_error(c, n, "%s: %s", dir, strerror(errno));
	} else if (!S_ISDIR(st.st_mode)) {
		value_error(c, n, "%s is not a directory", dir);
	} else if (access(dir, W_OK | X_OK) != 0) {
		/* A disk that failed is no fault of the settings. */
		if (errno == EROFS)
			report_warn(c->report, n->value,
			    "%s is on a read-only file system", dir);
		else
			value_error(c, n, "%s cannot be written: %s", dir,
			    strerror(errno));
	}
}

void
writable_file(struct compile *c, const struct node *n, struct slice path)
{
	const char *slash = memrchr(path.p, '/', path.n);
	struct slice dir = { path.p,
		slash != NULL ? (size_t)(slash - path.p) : 0 };
	char text[4096];

	if (slash == NULL || path.n >= sizeof text)
		return;
	dir.n += dir.n == 0; /* of "/name" */
	memcpy(text, dir.p, dir.n);
	text[dir.n] = '\0';
	writable_dir(c, n, text);
}

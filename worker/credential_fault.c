/* What a caller's credential is refused for, in the words of api.md 4.5. */

#include "worker/credential_priv.h"

#include <stdio.h>
#include <string.h>

void
credential_where(char out[CREDENTIAL_WHERE_SIZE], const char *parent,
    struct slice name)
{
	size_t n = strlen(parent);

	memcpy(out, parent, n);
	for (size_t i = 0; i < name.n && n < CREDENTIAL_WHERE_SIZE - 1; i++) {
		char c = name.p[i];

		out[n++] = c > ' ' && c < 0x7f ? c : '?';
	}
	out[n] = '\0';
}

/* where may end in its dot. */
static void
fault_path(char *path, size_t size, const char *where, const char *member)
{
	size_t n = strlen(where);

	snprintf(path, size, "%s%s%s", where,
	    n > 0 && where[n - 1] == '.' ? "" : ".", member);
}

int
credential_missing(struct req *r, const char *where, const char *member)
{
	struct err *e = req_err(r);
	char path[sizeof e->param];

	fault_path(path, sizeof path, where, member);
	return err_param(e, ERR_MISSING_PARAMETER, path,
	    "Missing required parameter: '%s'.", path);
}

int
credential_type(struct req *r, const char *where, const char *member,
    const char *expected, const struct jscan_item *got)
{
	struct err *e = req_err(r);
	char path[sizeof e->param];

	fault_path(path, sizeof path, where, member);
	return err_param(e, ERR_INVALID_TYPE, path,
	    "Invalid type for '%s': expected %s, got %s.", path, expected,
	    jscan_type_name(got));
}

int
credential_invalid(struct req *r, const char *where, const char *member,
    const char *why)
{
	struct err *e = req_err(r);
	char path[sizeof e->param];

	fault_path(path, sizeof path, where, member);
	return err_param(e, ERR_INVALID_VALUE, path,
	    "Invalid value for '%s': %s.", path, why);
}

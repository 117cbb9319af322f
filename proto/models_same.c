/* models_same - the same model by the names of its providers. */
#include "proto/models.h"

/* A word of letters and what stands behind its dot, which is no number. */
static bool
same_begins_with_word(struct slice name, size_t *dot_r)
{
	size_t n = 0;

	while (n < name.n && name.p[n] >= 'a' && name.p[n] <= 'z')
		n++;
	*dot_r = n;
	return n > 0 && n + 1 < name.n && name.p[n] == '.' &&
	       name.p[n + 1] >= 'a' && name.p[n + 1] <= 'z';
}

/* How long "-v1:0" at the end is; a "-v3" is a model of its own. */
static size_t
same_version(struct slice name)
{
	size_t n = name.n;
	bool colon = false;

	while (n > 0 && ((name.p[n - 1] >= '0' && name.p[n - 1] <= '9') ||
			    name.p[n - 1] == ':'))
		colon |= name.p[--n] == ':';
	return colon && n > 2 && name.p[n - 1] == 'v' && name.p[n - 2] == '-'
	           ? name.n - n + 2
	           : 0;
}

/* Without a path, AWS's region and vendor before it and version behind it. */
static struct slice
same_core(struct slice name)
{
	size_t dot;

	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '/') {
			name = slice_skip(name, i);
			break;
		}
	while (same_begins_with_word(name, &dot))
		name = slice_skip(name, dot + 1);
	name.n -= same_version(name);
	return name;
}

bool
models_same(struct slice a, struct slice b)
{
	a = same_core(a);
	b = same_core(b);
	if (a.n != b.n || a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		char x = a.p[i] == '@' ? '-' : a.p[i];
		char y = b.p[i] == '@' ? '-' : b.p[i];

		if (x != y)
			return false;
	}
	return true;
}

#include "proto/routes_path.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/pool.h"

#define ROUTES_EDITS 2

/* One escape at "%"; 0 when it is none or stands for a control byte. */
static int
routes_path_escape(const char *p, const char *end, char *out)
{
	unsigned char byte;

	if (end - p < 3 || !hex_read(p + 1, &byte, 1) || byte < 0x20 ||
	    byte == 0x7f)
		return 0;
	*out = byte == '/' ? ROUTES_PATH_SLASH : (char)byte;
	return 1;
}

static int
routes_path_decode(struct slice *path, struct pool *pool)
{
	const char *p = path->p, *end = path->p + path->n;
	char *out = pool_alloc(pool, path->n);
	size_t n = 0;

	while (p < end) {
		if (*p != '%') {
			out[n++] = *p++;
			continue;
		}
		if (!routes_path_escape(p, end, &out[n++]))
			return 0;
		p += 3;
	}
	*path = (struct slice){ out, n };
	return 1;
}

/* No segment may be empty, "." or "..". */
static int
routes_path_segments(struct slice path)
{
	const char *p = path.p, *end = path.p + path.n, *next;
	size_t n;

	while (p < end) {
		p++;
		next = memchr(p, '/', (size_t)(end - p));
		n = (size_t)((next != NULL ? next : end) - p);
		if (n == 0 || (n == 1 && *p == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return 0;
		p += n;
	}
	return 1;
}

int
routes_path_normal(struct slice *path, struct pool *pool)
{
	for (size_t i = 0; i < path->n; i++)
		if ((unsigned char)path->p[i] <= 0x20 || path->p[i] == 0x7f)
			return 0;
	if (path->n == 0 || *path->p != '/')
		return 0;
	if (path->n == 1)
		return 1;
	if (path->p[path->n - 1] == '/')
		path->n--;
	if (memchr(path->p, '%', path->n) != NULL &&
	    !routes_path_decode(path, pool))
		return 0;
	return routes_path_segments(*path);
}

void
routes_path_slashes(struct slice *path)
{
	/* Only a path that was decoded into the pool can hold one. */
	char *p =
	    path->n == 0 ? NULL : memchr(path->p, ROUTES_PATH_SLASH, path->n);

	for (; p != NULL;
	     p = memchr(p, ROUTES_PATH_SLASH, (size_t)(path->p + path->n - p)))
		*p = '/';
}

static size_t
routes_min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time; b has at most 127 bytes. */
static size_t
routes_distance(struct slice a, struct slice b)
{
	size_t row[ROUTES_GUESS_SIZE], corner, above;

	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			above = row[j];
			row[j] = routes_min3(above + 1, row[j - 1] + 1,
			    corner + (a.p[i - 1] != b.p[j - 1]));
			corner = above;
		}
	}
	return row[b.n];
}

static bool
routes_is_near(struct slice path, struct slice known)
{
	size_t more = path.n > known.n ? path.n - known.n : known.n - path.n;

	return more <= ROUTES_EDITS &&
	       routes_distance(path, known) <= ROUTES_EDITS;
}

int
routes_guess_try(struct routes_guess *guess, struct slice path,
    struct slice base, struct slice rest)
{
	struct slice known;
	int n = snprintf(guess->text, sizeof guess->text, "%.*s%.*s",
	    SLICE_ARGS(base), SLICE_ARGS(rest));

	if (n < 0 || (size_t)n >= sizeof guess->text)
		return 0;
	known = (struct slice){ guess->text, (size_t)n };
	if (slice_eq(path, rest) && base.n > 0)
		return 1;
	if (base.n > 0 && slice_starts(path, base) &&
	    slice_eq(slice_skip(path, base.n), known))
		return 1;
	return routes_is_near(path, known);
}

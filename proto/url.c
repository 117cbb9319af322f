#include "proto/url.h"

#include "base/hex.h"
#include "base/pool.h"
#include "proto/utf8.h"

int
url_decode(struct slice raw, bool plus, struct pool *pool, struct slice *text_r)
{
	const char *p = raw.p, *end = raw.p + raw.n;
	char *out = pool_alloc(pool, raw.n + 1);
	size_t n = 0;

	for (; p < end; p++) {
		if (*p == '+' && plus) {
			out[n++] = ' ';
		} else if (*p != '%') {
			out[n++] = *p;
		} else {
			if (end - p < 3 || !hex_read(p + 1, &out[n++], 1))
				return 0;
			p += 2;
		}
	}
	*text_r = (struct slice){ out, n };
	return utf8_valid(*text_r);
}

/* What lies before the first such byte; *rest_r is behind it. */
static struct slice
url_cut(struct slice s, char at, struct slice *rest_r)
{
	const char *end = s.n > 0 ? memchr(s.p, at, s.n) : NULL;

	*rest_r = SLICE("");
	if (end == NULL)
		return s;
	*rest_r = slice_skip(s, (size_t)(end - s.p) + 1);
	return (struct slice){ s.p, (size_t)(end - s.p) };
}

int
url_query_next(struct slice *query, struct pool *pool, struct slice *name_r,
    struct slice *value_r, struct slice *raw_r)
{
	struct slice one = SLICE(""), name, value;

	while (query->n > 0 && one.n == 0)
		one = url_cut(*query, '&', query);
	if (one.n == 0)
		return 0;
	if (raw_r != NULL)
		*raw_r = one;
	name = url_cut(one, '=', &value);
	return url_decode(name, true, pool, name_r) &&
	               url_decode(value, true, pool, value_r)
	           ? 1
	           : -1;
}

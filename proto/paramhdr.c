#include "proto/paramhdr.h"

#include <stdio.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/base64.h"

const struct slice paramhdr_names[PARAMHDR_COUNT] = {
	{ "X-Data-Respan-Params", 20 },
	{ "X-Respan-Params", 15 },
	{ "X-Data-Keywordsai-Params", 24 },
};

int
paramhdr_which(struct slice name)
{
	/* Nearly every header fails here already. */
	if (name.n < 15 || (name.p[0] | 0x20) != 'x')
		return -1;
	for (int i = 0; i < PARAMHDR_COUNT; i++)
		if (slice_eq_nocase(name, paramhdr_names[i]))
			return i;
	return -1;
}

static int
paramhdr_fail(int which, const char *reason, struct err *e)
{
	const char *name = paramhdr_names[which].p;

	return err_param(e, ERR_INVALID_PARAMS_HEADER, name,
	    "Header %s is not base64-encoded JSON: %s.", name, reason);
}

static struct slice
paramhdr_trim(struct slice s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* The JSON text itself, in the pool. */
static int
paramhdr_decode(int which, struct slice value, struct pool *pool,
    struct slice *json_r, struct err *e)
{
	const char *reason;
	char *out, words[80];
	size_t n;

	if (value.n > 0 && *value.p == '{') {
		*json_r = pool_copy(pool, value);
		return 0;
	}
	out = pool_alloc(pool, value.n + 1);
	if (!base64_read(value, out, &n, &reason)) {
		snprintf(words, sizeof words, "%s at position %zu", reason, n);
		return paramhdr_fail(which, words, e);
	}
	*json_r = (struct slice){ out, n };
	return 0;
}

int
paramhdr_read(int which, struct slice value, struct pool *pool,
    struct jscan_body *object_r, struct err *e)
{
	struct jscan_item members[JSCAN_MEMBERS_MAX];
	struct slice json;
	struct err why;
	unsigned n;

	value = paramhdr_trim(value);
	/* Four characters of base64 are three bytes. */
	if (value.n > (PARAMHDR_DECODED_MAX + 2) / 3 * 4)
		return paramhdr_fail(which, "more than 16384 bytes", e);
	if (paramhdr_decode(which, value, pool, &json, e) != 0)
		return -1;
	if (json.n > PARAMHDR_DECODED_MAX)
		return paramhdr_fail(which, "more than 16384 bytes", e);
	if (jscan_object(json, members, JSCAN_MEMBERS_MAX, &n, &why) != 0)
		return paramhdr_fail(which,
		    why.kind == ERR_INVALID_JSON ? why.text
						 : "not a JSON object",
		    e);
	if (jscan_unique(json, "", e) != 0)
		return -1;
	object_r->text = json;
	object_r->n = n;
	object_r->members = pool_alloc(pool, n * sizeof members[0]);
	memcpy(object_r->members, members, n * sizeof members[0]);
	return 0;
}

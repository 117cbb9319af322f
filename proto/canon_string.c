#include <string.h>

#include "proto/canon_block.h"
#include "proto/jscan_find.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/* For a short escape, by the byte behind the backslash. */
const struct canon_escape canon_shorts[128] = {
	['"'] = { "\\\"", 2 },
	['\\'] = { "\\\\", 2 },
	['/'] = { "/", 1 },
	['b'] = { "\\u0008", 6 },
	['f'] = { "\\u000c", 6 },
	['n'] = { "\\u000a", 6 },
	['r'] = { "\\u000d", 6 },
	['t'] = { "\\u0009", 6 },
};

/* One character of the text. */
static char *
canon_code(char *out, unsigned code)
{
	static const char hex[] = "0123456789abcdef";

	if (code == '"' || code == '\\')
		return canon_short(out, (char)code);
	if (code >= 0x20)
		return out + utf8_write(code, out);
	memcpy(out, "\\u00", 4);
	out[4] = hex[code >> 4];
	out[5] = hex[code & 15];
	return out + 6;
}

/* At a backslash; behind the escape afterwards. */
static const char *
canon_escape(char **out, const char *p)
{
	size_t used;

	if (p[1] != 'u') {
		*out = canon_short(*out, p[1]);
		return p + 2;
	}
	*out = canon_code(*out, jstr_unicode(p + 2, &used));
	return p + 2 + used;
}

/* Text in ASCII escapes comes in runs of them. */
static const char *
canon_escapes(struct canon_out *to, char **out, const char *p)
{
	do {
		*out = canon_room(to, *out);
		p = canon_escape(out, p);
	} while (*p == '\\');
	return p;
}

/* Up to a quote or a backslash, where the blocks have ended. */
static const char *
canon_run(struct canon_out *to, char **out, const char *p, const char *end)
{
	const char *stop = jscan_find_quote(p, end);

	to->p = *out;
	canon_copy(to, p, (size_t)(stop - p));
	*out = canon_room(to, to->p);
	return stop;
}

const char *
canon_string(struct canon_out *to, const char *p, const char *end)
{
	char *out = canon_room(to, to->p);
	struct canon_at at;

	*out++ = *p++;
	for (;;) {
		at = canon_block(p, end, out, to->limit);
		p = at.p;
		out = canon_room(to, at.out);
		if (*p != '"' && *p != '\\')
			p = canon_run(to, &out, p, end);
		if (*p == '"')
			break;
		p = canon_escapes(to, &out, p);
	}
	*out++ = *p++;
	to->p = out;
	return p;
}

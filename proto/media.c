#include "proto/media.h"

#include "base/err.h"

/* "application/json", "text/json", "application/...+json", with anything. */
static bool
media_is_json(struct slice type)
{
	const char *end = memchr(type.p, ';', type.n);

	if (end != NULL)
		type.n = (size_t)(end - type.p);
	while (type.n > 0 && type.p[type.n - 1] == ' ')
		type.n--;
	if (slice_eq_nocase(type, SLICE("application/json")) ||
	    slice_eq_nocase(type, SLICE("text/json")))
		return true;
	return type.n > 17 &&
	       slice_starts_nocase(type, SLICE("application/")) &&
	       slice_eq_nocase(slice_skip(type, type.n - 5), SLICE("+json"));
}

int
media_check_json(struct slice type, struct slice coding, struct err *e)
{
	struct slice wrong = type;

	if (coding.n > 0 && !slice_eq_nocase(coding, SLICE("identity")))
		wrong = coding;
	else if (type.n == 0 || media_is_json(type))
		return 1;
	else if (slice_starts(type, SLICE("application/x-www-form-urlencoded")))
		return 0;
	return err_set(e, ERR_MEDIA_TYPE, "Unsupported media type '%.*s'.",
	    (int)(wrong.n < 200 ? wrong.n : 200), wrong.p);
}

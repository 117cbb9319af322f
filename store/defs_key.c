/* defs_key - what a key looks like, and whether it still lives. */

#include "store/defs.h"

static bool
defs_is_base62(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			(c >= 'a' && c <= 'z')))
			return false;
	}
	return true;
}

int
defs_key_split(struct slice credential, struct slice *prefix_r,
    struct slice *secret_r)
{
	if (credential.n != DEFS_KEY_PREFIX + 1 + DEFS_KEY_SECRET ||
	    credential.p[DEFS_KEY_PREFIX] != '.')
		return 0;
	*prefix_r = (struct slice){ credential.p, DEFS_KEY_PREFIX };
	*secret_r = slice_skip(credential, DEFS_KEY_PREFIX + 1);
	return defs_is_base62(*prefix_r) && defs_is_base62(*secret_r);
}

enum key_state
defs_key_state(const struct key_def *k, int64_t now_s)
{
	if (k->revoked_s != 0)
		return KEY_WAS_REVOKED;
	if (k->expires_s != 0 && k->expires_s <= now_s)
		return KEY_HAS_EXPIRED;
	return KEY_LIVES;
}

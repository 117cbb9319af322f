/* defs_key - what a key looks like, and whether it still lives. */

#include "store/defs.h"

/* Each byte costs the same: a key is as random as a branch can be. */
static bool
defs_is_base62(struct slice s)
{
	unsigned other = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned c = (unsigned char)s.p[i];

		other |= (c - '0' > 9) & ((c | 0x20) - 'a' > 25);
	}
	return other == 0;
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

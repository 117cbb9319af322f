/* defs_row - how an account's row is named. */

#include <assert.h>
#include <stdio.h>

#include "base/digest.h"
#include "store/defs.h"

#define OWNER_SIZE 16 /* of SHA-256 */

static const char *const owner_names[ACCOUNT_KINDS] = {
	[ACCOUNT_CUSTOMER_PERIOD] = "customer",
	[ACCOUNT_CUSTOMER_TOTAL] = "customer",
	[ACCOUNT_KEY_PERIOD] = "key",
	[ACCOUNT_KEY_TOTAL] = "key",
	[ACCOUNT_ORGANIZATION_PERIOD] = "organization",
	[ACCOUNT_ORGANIZATION_CREDITS] = "organization",
};

struct row_key
row_key_make(const struct account_owner *owner, int64_t start_s)
{
	char text[32 + sizeof DEFS_ORGANIZATION + DEFS_IDENTIFIER_MAX];
	unsigned char digest[DIGEST_SIZE];
	struct row_key k;
	size_t n;

	assert(owner->kind < ACCOUNT_KINDS);
	assert(owner->id.n <= DEFS_IDENTIFIER_MAX);
	/* NUL ends each part, so that no two owners share a text. */
	n = (size_t)snprintf(text, sizeof text, "%s%c%s%c%d%c",
	    owner_names[owner->kind], 0, DEFS_ORGANIZATION, 0,
	    (int)owner->environment, 0);
	memcpy(text + n, owner->id.p, owner->id.n);
	digest_sha256(text, n + owner->id.n, digest);
	memcpy(k.bytes, digest, OWNER_SIZE);
	k.bytes[OWNER_SIZE] = (unsigned char)owner->kind;
	for (int i = 0; i < 8; i++)
		k.bytes[OWNER_SIZE + 1 + i] =
		    (unsigned char)((uint64_t)start_s >> (56 - 8 * i));
	return k;
}

enum account_kind
row_key_kind(const struct row_key *k)
{
	return (enum account_kind)k->bytes[OWNER_SIZE];
}

int64_t
row_key_start(const struct row_key *k)
{
	uint64_t start = 0;

	for (int i = 0; i < 8; i++)
		start = start << 8 | k->bytes[OWNER_SIZE + 1 + i];
	return (int64_t)start;
}

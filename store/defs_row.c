/* defs_row - how owners and their rows are named. */

#include <assert.h>
#include <stdio.h>

#include "base/digest.h"
#include "store/defs.h"

static const char *const owner_names[OWNER_KINDS] = {
	[OWNER_CUSTOMER] = "customer",
	[OWNER_KEY] = "key",
	[OWNER_ORGANIZATION] = "organization",
};

void
owner_hash(const struct account_owner *owner,
    unsigned char hash_r[OWNER_HASH_SIZE])
{
	char text[64 + DEFS_IDENTIFIER_MAX];
	unsigned char digest[DIGEST_SIZE];
	size_t n;

	assert(owner->kind < OWNER_KINDS);
	assert(owner->id.n <= DEFS_IDENTIFIER_MAX);
	/* NUL ends each part, so that no two owners share a text. */
	n = (size_t)snprintf(text, sizeof text, "%s%c%s%c%d%c",
	    owner_names[owner->kind], 0, DEFS_ORGANIZATION, 0,
	    (int)owner->environment, 0);
	if (owner->id.n > 0)
		memcpy(text + n, owner->id.p, owner->id.n);
	digest_sha256(text, n + owner->id.n, digest);
	memcpy(hash_r, digest, OWNER_HASH_SIZE);
}

struct row_key
row_key_make(const unsigned char hash[OWNER_HASH_SIZE], unsigned kind,
    int64_t start_s)
{
	struct row_key k;

	memcpy(k.bytes, hash, OWNER_HASH_SIZE);
	k.bytes[OWNER_HASH_SIZE] = (unsigned char)kind;
	for (int i = 0; i < 8; i++)
		k.bytes[OWNER_HASH_SIZE + 1 + i] =
		    (unsigned char)((uint64_t)start_s >> (56 - 8 * i));
	return k;
}

const unsigned char *
row_key_hash(const struct row_key *k)
{
	return k->bytes;
}

unsigned
row_key_kind(const struct row_key *k)
{
	return k->bytes[OWNER_HASH_SIZE];
}

int64_t
row_key_start(const struct row_key *k)
{
	uint64_t start = 0;

	for (int i = 0; i < 8; i++)
		start = start << 8 | k->bytes[OWNER_HASH_SIZE + 1 + i];
	return (int64_t)start;
}

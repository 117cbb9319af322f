/* ask_id - ids of calls for providers that are strict about them: 4.4. */
#include "base/digest.h"
#include "base/hex.h"
#include "base/pool.h"
#include "dialect/ask.h"

#define ID_COMPARED_MAX 64 /* calls; with more, every unfit id is hashed */

static bool
id_takes(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* The first bytes of it, with "_" for what is not allowed. */
static struct slice
id_plain(struct pool *pool, struct slice id, size_t max)
{
	size_t n = id.n < max ? id.n : max;
	char *out = pool_alloc(pool, n + 1);

	for (size_t i = 0; i < n; i++)
		out[i] = id_takes(id.p[i]) ? id.p[i] : '_';
	if (n == 0)
		out[n++] = '_';
	return (struct slice){ out, n };
}

static bool
id_is_fit(struct slice id, size_t max)
{
	for (size_t i = 0; i < id.n; i++)
		if (!id_takes(id.p[i]))
			return false;
	return id.n > 0 && id.n <= max;
}

/* Does an id look like that once it is plain? */
static bool
id_looks_like(struct slice id, struct slice plain, size_t max)
{
	size_t n = id.n < max ? id.n : max;

	if (n != plain.n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((id_takes(id.p[i]) ? id.p[i] : '_') != plain.p[i])
			return false;
	return true;
}

/* Does another id of the request look the same? */
static bool
id_clashes(const struct ask *a, struct slice id, struct slice plain, size_t max)
{
	if (a->chat.n_calls > ID_COMPARED_MAX)
		return true;
	for (unsigned i = 0; i < a->chat.n; i++) {
		const struct chat_message *m = &a->chat.messages[i];

		for (unsigned k = 0; k < m->n; k++) {
			if (m->parts[k].type == CHAT_CALL &&
			    !slice_eq(m->parts[k].id, id) &&
			    id_looks_like(m->parts[k].id, plain, max))
				return true;
		}
	}
	return false;
}

struct slice
ask_safe_id(struct ask *a, struct slice id, size_t max)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];
	struct slice plain;

	if (id_is_fit(id, max))
		return id;
	plain = id_plain(a->pool, id, max);
	if (!id_clashes(a, id, plain, max))
		return plain;
	digest_sha256(id.p, id.n, sum);
	hex_write(sum, DIGEST_SIZE, hex);
	return pool_copy(a->pool, (struct slice){ hex, 24 });
}

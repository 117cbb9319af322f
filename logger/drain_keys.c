#include "logger/drain_priv.h"

#include "base/digest_many.h"
#include "proto/record.h"

/* Texts of one lane. */
struct keys {
	unsigned n;
	uint64_t messages[DIGEST_MANY_MAX];
	struct slice texts[DIGEST_MANY_MAX];
};

static void
keys_make(struct keys *k, struct joins *joins, uint32_t lane)
{
	unsigned char made[DIGEST_MANY_MAX][DIGEST_SIZE];

	digest_many(k->texts, k->n, made);
	for (unsigned i = 0; i < k->n; i++)
		joins_add_key(joins, lane, k->messages[i], made[i]);
	k->n = 0;
}

void
drain_keys(struct drain *d, uint32_t lane, const struct lane_record *recs,
    unsigned n)
{
	struct keys k = { .n = 0 };

	for (unsigned i = 0; i < n; i++) {
		struct record_body body;
		struct err e;

		if (recs[i].type != LANE_BODY ||
		    record_body_decode((struct slice){ recs[i].payload,
					   recs[i].len },
			&body, &e) == -1 ||
		    body.source != RECORD_KEY || body.index != 0 ||
		    (body.flags & RECORD_LAST) == 0)
			continue;
		k.messages[k.n] = body.message;
		k.texts[k.n++] = body.bytes;
		if (k.n == DIGEST_MANY_MAX)
			keys_make(&k, d->joins, lane);
	}
	keys_make(&k, d->joins, lane);
}

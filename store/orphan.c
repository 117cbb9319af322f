#include "store/orphan.h"

#include "base/sbuf.h"
#include "store/alert.h"

/* Where an alert has its event. */
#define ORPHAN_MARK UINT32_MAX
_Static_assert(ALERTS < ORPHAN_MARK, "no event is the mark of an orphan");

/* The packed form: this, then the customer's identifier and the key's prefix.
 */
struct orphan_head {
	unsigned char id[ORPHAN_ID_SIZE];
	uint32_t mark, seat;
	int32_t environment;
	uint32_t customer_bytes;
	uint64_t seq, price_version;
	int64_t started_us, reaped_us, tokens_in, tokens_out;
	int64_t held_nano, cost_nano, charge_nano, suspense_nano;
};
_Static_assert(ORPHAN_ID_SIZE == ALERT_ID_SIZE,
    "both are acknowledged by their first bytes");

void
orphan_pack(struct sbuf *b, const struct orphan *o)
{
	struct orphan_head h = { .mark = ORPHAN_MARK,
		.seat = o->seat,
		.environment = o->environment,
		.customer_bytes = (uint32_t)o->customer.n,
		.seq = o->seq,
		.price_version = o->price_version,
		.started_us = o->started_us,
		.reaped_us = o->reaped_us,
		.tokens_in = o->tokens_in,
		.tokens_out = o->tokens_out,
		.held_nano = o->held_nano,
		.cost_nano = o->cost_nano,
		.charge_nano = o->charge_nano,
		.suspense_nano = o->suspense_nano };

	memcpy(h.id, o->id, sizeof h.id);
	sbuf_add(b, &h, sizeof h);
	sbuf_add_slice(b, o->customer);
	sbuf_add_slice(b, o->key);
}

int
orphan_unpack(struct slice bytes, struct orphan *o_r)
{
	struct orphan_head h;
	struct slice names;

	if (bytes.n < sizeof h)
		return 0;
	memcpy(&h, bytes.p, sizeof h);
	names = slice_skip(bytes, sizeof h);
	if (h.mark != ORPHAN_MARK || h.customer_bytes > names.n)
		return 0;
	*o_r = (struct orphan){ .seat = h.seat,
		.environment = h.environment,
		.seq = h.seq,
		.price_version = h.price_version,
		.started_us = h.started_us,
		.reaped_us = h.reaped_us,
		.tokens_in = h.tokens_in,
		.tokens_out = h.tokens_out,
		.held_nano = h.held_nano,
		.cost_nano = h.cost_nano,
		.charge_nano = h.charge_nano,
		.suspense_nano = h.suspense_nano,
		.customer = { names.p, h.customer_bytes },
		.key = slice_skip(names, h.customer_bytes) };
	memcpy(o_r->id, h.id, sizeof h.id);
	return 1;
}

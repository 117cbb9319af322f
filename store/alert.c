#include "store/alert.h"

#include "base/sbuf.h"

/* The packed form: this, then the owner's id. */
struct alert_head {
	unsigned char id[ALERT_ID_SIZE];
	uint32_t event, percent, account_kind, owner_kind;
	int32_t environment, zero;
	int64_t period_s, time_us, spent_nano, limit_nano, suspense_nano;
};

void
alert_pack(struct sbuf *b, const struct alert *a)
{
	struct alert_head h = { .event = (uint32_t)a->event,
		.percent = a->percent,
		.account_kind = a->account_kind,
		.owner_kind = (uint32_t)a->owner.kind,
		.environment = a->owner.environment,
		.period_s = a->period_s,
		.time_us = a->time_us,
		.spent_nano = a->spent_nano,
		.limit_nano = a->limit_nano,
		.suspense_nano = a->suspense_nano };

	memcpy(h.id, a->id, sizeof h.id);
	sbuf_add(b, &h, sizeof h);
	sbuf_add_slice(b, a->owner.id);
}

int
alert_unpack(struct slice bytes, struct alert *a_r)
{
	struct alert_head h;

	if (bytes.n < sizeof h || bytes.n > sizeof h + DEFS_IDENTIFIER_MAX)
		return 0;
	memcpy(&h, bytes.p, sizeof h);
	if (h.event >= ALERTS || h.owner_kind >= OWNER_KINDS)
		return 0;
	*a_r = (struct alert){ .event = (enum alert_event)h.event,
		.percent = h.percent,
		.account_kind = h.account_kind,
		.period_s = h.period_s,
		.time_us = h.time_us,
		.spent_nano = h.spent_nano,
		.limit_nano = h.limit_nano,
		.suspense_nano = h.suspense_nano,
		.owner = { (enum owner_kind)h.owner_kind, h.environment,
		    slice_skip(bytes, sizeof h) } };
	memcpy(a_r->id, h.id, sizeof h.id);
	return 1;
}

void
alert_message_pack(struct sbuf *b, const struct alert_message *m)
{
	sbuf_add(b, &m->number, sizeof m->number);
	sbuf_add_slice(b, m->body);
}

int
alert_message_unpack(struct slice bytes, struct alert_message *m_r)
{
	if (bytes.n < sizeof m_r->number + ALERT_ID_SIZE)
		return 0;
	memcpy(&m_r->number, bytes.p, sizeof m_r->number);
	m_r->body = slice_skip(bytes, sizeof m_r->number);
	return 1;
}

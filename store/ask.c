#include "store/ask.h"

#include "base/sbuf.h"

void
ask_pack(struct sbuf *b, const struct ask_message *m)
{
	sbuf_add(b, &m->number, sizeof m->number);
	sbuf_addc(b, m->code);
	sbuf_add_slice(b, m->body);
}

int
ask_unpack(struct slice bytes, struct ask_message *m_r)
{
	size_t head = sizeof m_r->number;

	if (bytes.n < head + 1)
		return 0;
	memcpy(&m_r->number, bytes.p, head);
	m_r->code = bytes.p[head];
	m_r->body = slice_skip(bytes, head + 1);
	return 1;
}

void
ask_amount_pack(struct sbuf *b, const struct ask_amount *a)
{
	size_t who = a->who.n < ASK_WHO_MAX ? a->who.n : ASK_WHO_MAX;

	sbuf_add(b, a->row.bytes, sizeof a->row.bytes);
	sbuf_add(b, &a->amount_nano, sizeof a->amount_nano);
	sbuf_addc(b, (char)who);
	sbuf_add(b, a->who.p, who);
	sbuf_add_slice(b, a->reason);
}

int
ask_amount_unpack(struct slice bytes, struct ask_amount *a_r)
{
	size_t head = ROW_KEY_SIZE + sizeof a_r->amount_nano + 1, who;

	if (bytes.n < head)
		return 0;
	who = (unsigned char)bytes.p[head - 1];
	if (bytes.n < head + who)
		return 0;
	memcpy(a_r->row.bytes, bytes.p, ROW_KEY_SIZE);
	memcpy(&a_r->amount_nano, bytes.p + ROW_KEY_SIZE,
	    sizeof a_r->amount_nano);
	a_r->who = (struct slice){ bytes.p + head, who };
	a_r->reason = slice_skip(bytes, head + who);
	return 1;
}

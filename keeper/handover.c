#include "keeper/handover.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "keeper/book.h"
#include "store/alert.h"

#define HANDOVER_AGAIN_MS 100
#define HANDOVER_AT_ONCE 64 /* acknowledgements in one transaction */

void
handover_init(struct handover *h, int fd)
{
	*h = (struct handover){ .fd = fd, .due = true };
}

static void
handover_close(struct handover *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

void
handover_fini(struct handover *h)
{
	handover_close(h);
	sbuf_free(&h->packed);
}

void
handover_take(struct handover *h, int fd)
{
	handover_close(h);
	h->fd = fd;
	h->handed = 0;
	h->open = 0;
	h->due = true;
	h->again_ms = 0;
}

/* 1, 0 when the socket is full or its end is gone, -1. */
static int
handover_one(struct handover *h, uint64_t seq, struct err *e)
{
	struct sbuf out = { 0 };
	ssize_t n;

	alert_message_pack(&out,
	    &(struct alert_message){ seq, sbuf_slice(&h->packed) });
	n = send(h->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	sbuf_free(&out);
	if (n >= 0)
		return 1;
	if (errno == EAGAIN || errno == ENOBUFS) {
		h->again_ms = now_mono_ms() + HANDOVER_AGAIN_MS;
		return 0;
	}
	if (errno == EPIPE || errno == ECONNRESET) {
		handover_close(h);
		return 0;
	}
	return err_set(e, ERR_SYSTEM, "keeper: alert %llu: %m",
	    (unsigned long long)seq);
}

/* Numbers begin anew when every alert has gone. */
static void
handover_note(struct handover *h, struct book *b)
{
	if (b->told_seq == 0)
		return;
	if (h->handed >= b->told_seq)
		h->handed = b->told_seq - 1;
	b->told_seq = 0;
	h->due = true;
}

int
handover_send(struct handover *h, struct book *b, struct err *e)
{
	handover_note(h, b);
	if (!h->due || h->fd < 0 || now_mono_ms() < h->again_ms)
		return 0;
	while (h->open < HANDOVER_WINDOW) {
		uint64_t seq = h->handed;
		int got = ledger_alert_next(b->ledger, &seq, &h->packed, e);

		if (got == 1)
			got = handover_one(h, seq, e);
		else
			h->due = false;
		if (got != 1)
			return got;
		h->handed = seq;
		h->open++;
	}
	return 0;
}

/* One acknowledgement: 1, 0 when there is none, -1. */
static int
handover_acknowledged(struct handover *h, struct book *b, struct err *e)
{
	char bytes[ALERT_MAX];
	ssize_t n = recv(h->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	struct alert_message m;

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		handover_close(h);
	if (n <= 0 ||
	    !alert_message_unpack((struct slice){ bytes, (size_t)n }, &m))
		return 0;
	h->open -= h->open > 0;
	h->due = true;
	return ledger_alert_del(b->ledger, m.number, m.body, e) < 0 ? -1 : 1;
}

int
handover_hear(struct handover *h, struct book *b, struct err *e)
{
	int got = 1, n = 0;

	if (!h->spoken || h->fd < 0)
		return 0;
	h->spoken = false;
	if (book_begin(b, e) != 0)
		return -1;
	while (got == 1 && n++ < HANDOVER_AT_ONCE)
		got = handover_acknowledged(h, b, e);
	if (got < 0)
		return -1;
	h->spoken = got == 1;
	/* A power cut may take this back: then it is told again. */
	return book_commit_charges(b, e);
}

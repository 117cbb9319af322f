#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/xmem.h"
#include "net/conn_priv.h"
#include "net/tls.h"

/*
 * The TLS half of a connection.  The error queue is per thread, not per
 * connection: it is emptied before each call, so that nobody else's error is
 * taken for ours (T12).
 */

/* A record's payload, and what one SSL_write is given at most. */
enum { RECORD_MAX = 16384 };

static ssize_t
tls_result(struct conn *c, int r)
{
	int error = errno;

	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return IO_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	default:
		break;
	}
	if (c->reason == NULL) {
		char text[TLS_REASON_SIZE];

		tls_reason(c->ssl, text);
		c->reason = text[0] != '\0' ? xstrdup(text) : NULL;
	}
	errno = error != 0 && error != EAGAIN ? error : ECONNRESET;
	return IO_FAIL;
}

void
conn_tls_step(struct conn *c)
{
	int r;

	if (SSL_get_fd(c->ssl) != c->fd && SSL_set_fd(c->ssl, c->fd) != 1) {
		conn_break(c, ENOMEM);
		return;
	}
	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(c->ssl);
	if (r == 1) {
		if (c->out != NULL)
			conn_no_write(c);
		conn_opened(c);
		return;
	}
	if (SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_WRITE) {
		conn_want_write(c);
		return;
	}
	if (c->out != NULL)
		conn_no_write(c);
	if (tls_result(c, r) != IO_WAIT)
		conn_break(c, errno);
}

ssize_t
conn_tls_read(struct conn *c, char *p, size_t n)
{
	int r;

	ERR_clear_error();
	errno = 0;
	r = SSL_read(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	return r > 0 ? r : tls_result(c, r);
}

/* One record instead of one for each piece. */
static struct iovec
join(const struct iovec *iov, int count)
{
	static char record[RECORD_MAX];
	size_t len = 0;

	for (int i = 0; i < count && len < RECORD_MAX; i++) {
		size_t room = RECORD_MAX - len;
		size_t n = iov[i].iov_len < room ? iov[i].iov_len : room;

		memcpy(record + len, iov[i].iov_base, n);
		len += n;
	}
	return (struct iovec){ record, len };
}

static ssize_t
write_record(struct conn *c, struct iovec piece)
{
	size_t n = piece.iov_len < RECORD_MAX ? piece.iov_len : RECORD_MAX;
	ssize_t r;

	ERR_clear_error();
	errno = 0;
	r = SSL_write(c->ssl, piece.iov_base, (int)n);
	if (r > 0)
		return r;
	r = tls_result(c, (int)r);
	if (r == IO_EOF)
		errno = EPIPE;
	return r == IO_WAIT ? IO_WAIT : IO_FAIL;
}

/*
 * Up to one record of several pieces.  A record that OpenSSL began must be
 * offered again with the same bytes: the caller keeps them and comes back
 * with them in front, at least as many.
 */
static ssize_t
write_some(struct conn *c, const struct iovec *iov, int count)
{
	return write_record(c, count == 1 ? iov[0] : join(iov, count));
}

/* Drop n bytes from the front of the pieces. */
static int
advance(struct iovec *iov, int count, size_t n)
{
	int i = 0, left = 0;

	for (; i < count; i++) {
		size_t cut = n < iov[i].iov_len ? n : iov[i].iov_len;

		n -= cut;
		iov[left].iov_base = (char *)iov[i].iov_base + cut;
		iov[left].iov_len = iov[i].iov_len - cut;
		if (iov[left].iov_len > 0)
			left++;
	}
	return left;
}

ssize_t
conn_tls_write(struct conn *c, const struct iovec *iov, int count)
{
	struct iovec rest[64];
	ssize_t total = 0, r;

	if (count > 64)
		count = 64;
	memcpy(rest, iov, (size_t)count * sizeof(iov[0]));
	count = advance(rest, count, 0);
	while (count > 0) {
		r = write_some(c, rest, count);
		if (r == IO_FAIL)
			return IO_FAIL;
		if (r < 0)
			break;
		total += r;
		count = advance(rest, count, (size_t)r);
	}
	return total > 0 ? total : IO_WAIT;
}

bool
conn_tls_waiting(const struct conn *c)
{
	return c->ssl != NULL && SSL_has_pending(c->ssl);
}

void
conn_tls_finish(struct conn *c)
{
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
}

void
conn_tls_free(struct conn *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
}

uint64_t
conn_tls_bytes(const struct conn *c)
{
	return BIO_number_written(SSL_get_wbio(c->ssl));
}

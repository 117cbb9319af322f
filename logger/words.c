#include "logger/words.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192

void
words_init(struct words *w, int fd)
{
	*w = (struct words){ .fd = fd };
	if (fd != -1)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
words_write(const struct sbuf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(STDERR_FILENO, b->data + done, b->len - done);

		if (n <= 0 && errno != EINTR)
			return;
		if (n > 0)
			done += (size_t)n;
	}
}

static void
words_add(struct sbuf *b, const char *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		char escaped[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		if ((c >= 0x20 && c < 0x7f) || c == '\t')
			sbuf_addc(b, (char)c);
		else
			sbuf_add(b, escaped, sizeof escaped);
	}
}

static void
words_end_line(struct words *w)
{
	sbuf_addc(&w->line, '\n');
	words_write(&w->line);
	sbuf_clear(&w->line);
}

void
words_fini(struct words *w)
{
	if (w->line.len > 0)
		words_end_line(w);
	sbuf_free(&w->line);
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
}

static void
words_take(struct words *w, const char *p, size_t n)
{
	const char *end;

	while ((end = memchr(p, '\n', n)) != NULL) {
		words_add(&w->line, p, (size_t)(end - p));
		words_end_line(w);
		n -= (size_t)(end - p) + 1;
		p = end + 1;
	}
	words_add(&w->line, p, n);
	if (w->line.len > LINE_MAX_BYTES)
		words_end_line(w);
}

void
words_copy(struct words *w)
{
	char text[4096];
	ssize_t n;

	while (w->fd != -1 && (n = read(w->fd, text, sizeof text)) != -1) {
		if (n == 0) {
			words_fini(w);
			return;
		}
		words_take(w, text, (size_t)n);
		if (n < (ssize_t)sizeof text)
			return;
	}
}

#include "setup/source.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/sbuf.h"
#include "base/xmem.h"

static unsigned sources_read;

static const struct source *
source_new(const char *path, struct slice text)
{
	struct source *s = xcalloc(1, sizeof *s);

	s->path = xstrdup(path);
	s->order = ++sources_read;
	s->text = text;
	return s;
}

const struct source *
source_text(const char *path, const char *text)
{
	return source_new(path, slice_str(text));
}

const struct source *
source_read(const char *path)
{
	struct sbuf b = { 0 };
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return NULL;
	do {
		sbuf_reserve(&b, 16384);
		n = read(fd, b.data + b.len, 16384);
		if (n > 0)
			b.len += (size_t)n;
	} while (n > 0);
	close(fd);
	if (n < 0) {
		sbuf_free(&b);
		return NULL;
	}
	sbuf_addc(&b, '\0');
	return source_new(path, (struct slice){ b.data, b.len - 1 });
}

struct slice
source_line(const struct source *s, unsigned line)
{
	struct slice rest = s->text;

	for (;;) {
		const char *end =
		    rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

		if (--line == 0)
			return (struct slice){ rest.p, n };
		if (end == NULL)
			return SLICE("");
		rest = slice_skip(rest, n + 1);
	}
}

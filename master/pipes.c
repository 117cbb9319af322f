#include "master/pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/xmem.h"

struct pipes {
	size_t n;
	int *readers, *writers;
};

struct pipes *
pipes_new(size_t n, struct err *e)
{
	struct pipes *p = xcalloc(1, sizeof *p);

	p->n = n;
	p->readers = xcalloc(n, sizeof *p->readers);
	p->writers = xcalloc(n, sizeof *p->writers);
	for (size_t i = 0; i < n; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
			err_set(e, ERR_SYSTEM, "pipe: %m");
			return NULL;
		}
		p->readers[i] = ends[0];
		p->writers[i] = ends[1];
	}
	return p;
}

void
pipes_become_stderr(const struct pipes *p, size_t i)
{
	dup2(p->writers[i], STDERR_FILENO);
	for (size_t k = 0; k < p->n; k++)
		close(p->writers[k]);
}

const int *
pipes_readers(const struct pipes *p)
{
	return p->readers;
}

void
pipes_drain(const struct pipes *p)
{
	char text[4096];
	ssize_t n;

	for (size_t i = 0; i < p->n; i++)
		while ((n = read(p->readers[i], text, sizeof text)) > 0)
			(void)!write(STDERR_FILENO, text, (size_t)n);
}

#include "tests/power/image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmem.h"

/* The file has n bytes: new ones are holes. */
static void
image_size(struct image_bytes *b, size_t n)
{
	if (n > b->room) {
		b->room = 2 * n;
		b->p = xrealloc(b->p, b->room);
	}
	if (n > b->n)
		memset(b->p + b->n, 0, n - b->n);
	b->n = n;
}

static void
image_write(struct image_bytes *b, const struct tape_event *ev, size_t from,
    size_t n)
{
	if (b->n < ev->at + from + n)
		image_size(b, ev->at + from + n);
	memcpy(b->p + ev->at + from, (unsigned char *)ev->bytes + from, n);
}

static void
image_do(struct image_bytes *b, const struct tape_event *ev)
{
	if (ev->kind == TAPE_RESIZE)
		image_size(b, ev->at);
	else
		image_write(b, ev, 0, ev->n);
}

void
image_free(struct image *im)
{
	free(im->synced.p);
	free(im->writes);
	memset(im, 0, sizeof *im);
}

void
image_take(struct image *im, const struct tape_event *ev)
{
	if (ev->kind == TAPE_DURABLE) {
		im->writes[im->n - 1].durable = true;
		return;
	}
	if (ev->kind == TAPE_SYNC) {
		for (size_t i = 0; i < im->n; i++)
			image_do(&im->synced, im->writes[i].ev);
		im->n = 0;
		return;
	}
	if (im->n == im->room) {
		im->room = im->room == 0 ? 64 : 2 * im->room;
		im->writes =
		    xrealloc(im->writes, im->room * sizeof *im->writes);
	}
	im->writes[im->n++] = (struct image_write){ ev, false };
}

/* Sectors are whole; which of them are there is anybody's guess. */
static void
image_tear(struct image_bytes *to, const struct tape_event *ev, struct draw *d)
{
	size_t at = 0;

	while (at < ev->n) {
		size_t n = IMAGE_SECTOR - (ev->at + at) % IMAGE_SECTOR;

		if (n > ev->n - at)
			n = ev->n - at;
		if (draw(d, 2) == 0)
			image_write(to, ev, at, n);
		at += n;
	}
}

static void
image_copy(const struct image *im, struct image_bytes *to)
{
	to->n = 0;
	image_size(to, im->synced.n);
	if (to->n > 0)
		memcpy(to->p, im->synced.p, to->n);
}

/* How a disk may treat what nobody waited for. */
enum image_mood { IMAGE_NONE, IMAGE_ALL, IMAGE_SOME, IMAGE_TORN, IMAGE_MOODS };

void
image_cut(const struct image *im, struct draw *d, struct image_bytes *to)
{
	enum image_mood mood = (enum image_mood)draw(d, IMAGE_MOODS);

	image_copy(im, to);
	for (size_t i = 0; i < im->n; i++) {
		const struct tape_event *ev = im->writes[i].ev;
		bool whole = mood == IMAGE_ALL ||
		             (mood != IMAGE_NONE && draw(d, 3) == 0);

		if (im->writes[i].durable || whole)
			image_do(to, ev);
		else if (mood == IMAGE_TORN && ev->kind == TAPE_WRITE)
			image_tear(to, ev, d);
	}
}

void
image_whole(const struct image *im, struct image_bytes *to)
{
	image_copy(im, to);
	for (size_t i = 0; i < im->n; i++)
		image_do(to, im->writes[i].ev);
}

int
image_save(const struct image_bytes *from, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	ssize_t done;

	if (fd < 0)
		return -1;
	done = from->n == 0 ? 0 : write(fd, from->p, from->n);
	close(fd);
	return done == (ssize_t)from->n ? 0 : -1;
}

/* converse_media - images and documents: spec/providers.md 4.5. */
#include "base/err.h"
#include "base/pool.h"
#include "dialect/converse_ask_priv.h"
#include "proto/jstr.h"

#define NAME_MAX_BYTES 180 /* of 200; a number follows */

struct media_format {
	struct slice type, format;
};

static const struct media_format media_images[] = {
	{ SLICE("image/png"), SLICE("png") },
	{ SLICE("image/jpeg"), SLICE("jpeg") },
	{ SLICE("image/jpg"), SLICE("jpeg") },
	{ SLICE("image/gif"), SLICE("gif") },
	{ SLICE("image/webp"), SLICE("webp") },
	{ { NULL, 0 }, { NULL, 0 } },
};

static const struct media_format media_documents[] = {
	{ SLICE("application/pdf"), SLICE("pdf") },
	{ SLICE("text/csv"), SLICE("csv") },
	{ SLICE("application/msword"), SLICE("doc") },
	{ SLICE("application/vnd.openxmlformats-officedocument."
		"wordprocessingml.document"),
	    SLICE("docx") },
	{ SLICE("application/vnd.ms-excel"), SLICE("xls") },
	{ SLICE("application/vnd.openxmlformats-officedocument."
		"spreadsheetml.sheet"),
	    SLICE("xlsx") },
	{ SLICE("text/html"), SLICE("html") },
	{ SLICE("text/plain"), SLICE("txt") },
	{ SLICE("text/markdown"), SLICE("md") },
	{ { NULL, 0 }, { NULL, 0 } },
};

static struct slice
media_format(const struct media_format *row, struct slice type)
{
	while (row->type.p != NULL && !slice_eq_nocase(row->type, type))
		row++;
	return row->format;
}

static int
media_refuse(struct ask *a, const struct chat_part *p, const char *what,
    struct err *e)
{
	return ask_refuse(a, e, "messages[%u].content[%u].%s", p->message,
	    p->at, what);
}

static void
media_put_source(const struct chat_media *m, struct sbuf *b)
{
	ask_name(b, "source");
	sbuf_addc(b, '{');
	ask_name(b, "bytes");
	sbuf_addc(b, '"');
	ask_data(b, m);
	sbuf_adds(b, "\"}}}");
}

/* What the first bytes show counts more than what was declared. */
static int
media_put_image(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	struct slice shown = ask_image_type(p->media.data);
	struct slice format =
	    media_format(media_images, shown.n > 0 ? shown : p->media.type);

	if (p->media.data.n == 0 || format.n == 0)
		return media_refuse(a, p, "image_url", e);
	ask_comma(b);
	sbuf_adds(b, "{\"image\":{");
	ask_text(b, "format", format);
	media_put_source(&p->media, b);
	return 0;
}

static bool
media_name_takes(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-()[] ", c) != NULL);
}

/* How many documents stand before that one; *done: it was met. */
static unsigned
media_before(const struct chat_part *parts, unsigned n, struct slice data,
    bool *done)
{
	unsigned before = 0;

	for (unsigned i = 0; i < n && !*done; i++) {
		before += media_before(parts[i].parts, parts[i].n, data, done);
		if (*done || parts[i].type != CHAT_FILE)
			continue;
		*done = parts[i].media.data.p == data.p;
		before += !*done;
	}
	return before;
}

static unsigned
media_ordinal(const struct ask *a, const struct chat_part *p)
{
	unsigned n = 1;
	bool done = false;

	for (unsigned i = 0; i < a->chat.n && !done; i++)
		n += media_before(a->chat.messages[i].parts,
		    a->chat.messages[i].n, p->media.data, &done);
	return n;
}

/*
 * A document must have a name, of few characters, no two blanks side by side,
 * and none that another has: behind the first they are numbered.
 */
static void
media_put_name(struct ask *a, const struct chat_part *p, struct sbuf *b)
{
	struct slice name = jstr_decode(p->media.name, a->pool);
	const char *dot = name.n > 0 ? memrchr(name.p, '.', name.n) : NULL;
	unsigned ordinal = media_ordinal(a, p);
	size_t from;

	if (dot != NULL)
		name.n = (size_t)(dot - name.p);
	if (name.n == 0)
		name = SLICE("document");
	ask_name(b, "name");
	sbuf_addc(b, '"');
	from = b->len;
	for (size_t i = 0; i < name.n && b->len - from < NAME_MAX_BYTES; i++) {
		char c = media_name_takes(name.p[i]) ? name.p[i] : '-';

		if (c != ' ' || (b->len > from && b->data[b->len - 1] != ' '))
			sbuf_addc(b, c);
	}
	if (ordinal > 1)
		sbuf_addf(b, "-%u", ordinal);
	sbuf_addc(b, '"');
}

static int
media_put_document(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	struct slice format = media_format(media_documents, p->media.type);

	if (p->media.id.n > 0)
		return media_refuse(a, p, "file.file_id", e);
	if (p->media.data.n == 0 || format.n == 0)
		return media_refuse(a, p, "file", e);
	ask_comma(b);
	sbuf_adds(b, "{\"document\":{");
	ask_text(b, "format", format);
	media_put_name(a, p, b);
	media_put_source(&p->media, b);
	return 0;
}

int
converse_put_media(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	switch (p->type) {
	case CHAT_IMAGE:
		return media_put_image(a, p, b, e);
	case CHAT_FILE:
		return media_put_document(a, p, b, e);
	case CHAT_AUDIO:
		return media_refuse(a, p, "input_audio", e);
	default:
		return media_refuse(a, p, "type", e);
	}
}

/* chat_part - the content of a message. */
#include <stdio.h>

#include "dialect/chat_priv.h"
#include "proto/jscan_find.h"

#define CHAT_DATA_HEAD 128 /* of "data:image/png;base64," */

struct slice
chat_raw(struct slice object, struct slice name)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type != JSCAN_STRING)
		return SLICE("");
	return jscan_text(&item);
}

struct slice
chat_json(struct slice object, struct slice name)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type == JSCAN_NULL)
		return SLICE("");
	return item.value;
}

/*
 * "data:image/png;base64,..." or a URL.  The data stays raw: whoever writes it
 * puts it between quotes as it is.
 */
static void
chat_media_url(struct pool *pool, struct slice raw, struct chat_media *m)
{
	size_t most = raw.n < CHAT_DATA_HEAD ? raw.n : CHAT_DATA_HEAD;
	const char *comma, *end;
	struct slice head;

	if (!slice_starts(raw, SLICE("data:"))) {
		m->url = jstr_decode(raw, pool);
		return;
	}
	comma = memchr(raw.p, ',', most);
	if (comma == NULL)
		return;
	m->data = slice_skip(raw, (size_t)(comma + 1 - raw.p));
	head = (struct slice){ raw.p + 5, (size_t)(comma - raw.p) - 5 };
	head = jstr_decode(head, pool);
	end = memchr(head.p, ';', head.n);
	m->type = (struct slice){ head.p,
		end != NULL ? (size_t)(end - head.p) : head.n };
	if (jscan_find_special(m->type.p, m->type.p + m->type.n) !=
	    m->type.p + m->type.n)
		m->type = SLICE("");
}

static void
chat_image(struct pool *pool, struct slice json, struct chat_part *p)
{
	struct slice image = chat_json(json, SLICE("image_url"));

	p->type = CHAT_IMAGE;
	if (image.n == 0 || *image.p != '{') {
		chat_media_url(pool, chat_raw(json, SLICE("image_url")),
		    &p->media);
		return;
	}
	chat_media_url(pool, chat_raw(image, SLICE("url")), &p->media);
	p->media.detail = chat_raw(image, SLICE("detail"));
}

static void
chat_audio(struct pool *pool, struct slice json, struct chat_part *p)
{
	struct slice audio = chat_json(json, SLICE("input_audio"));
	struct slice format;

	p->type = CHAT_AUDIO;
	if (audio.n == 0 || *audio.p != '{')
		return;
	format = jstr_decode(chat_raw(audio, SLICE("format")), pool);
	p->media.data = chat_raw(audio, SLICE("data"));
	p->media.type = slice_eq(format, SLICE("mp3")) ? SLICE("audio/mp3")
	                                               : SLICE("audio/wav");
}

static void
chat_file(struct pool *pool, struct slice json, struct chat_part *p)
{
	struct slice file = chat_json(json, SLICE("file")), data;

	p->type = CHAT_FILE;
	if (file.n == 0 || *file.p != '{')
		return;
	p->media.id = chat_raw(file, SLICE("file_id"));
	p->media.name = chat_raw(file, SLICE("filename"));
	data = chat_raw(file, SLICE("file_data"));
	chat_media_url(pool, data, &p->media);
	/* Some clients leave the "data:" away. */
	if (p->media.url.n > 0 && !slice_starts(data, SLICE("http"))) {
		p->media.data = data;
		p->media.url = SLICE("");
	}
	if (p->media.type.n == 0 && p->media.data.n > 0)
		p->media.type = SLICE("application/pdf");
}

static void
chat_text_part(struct pool *pool, struct slice json, struct chat_part *p)
{
	(void)pool;
	p->type = CHAT_TEXT;
	p->text = chat_raw(json, SLICE("text"));
}

static void
chat_refusal_part(struct pool *pool, struct slice json, struct chat_part *p)
{
	(void)pool;
	p->type = CHAT_TEXT;
	p->text = chat_raw(json, SLICE("refusal"));
}

static const struct {
	struct slice type;
	void (*read)(struct pool *pool, struct slice json, struct chat_part *p);
} part_types[] = {
	{ SLICE("text"), chat_text_part },
	{ SLICE("input_text"), chat_text_part },
	{ SLICE("output_text"), chat_text_part },
	{ SLICE("refusal"), chat_refusal_part },
	{ SLICE("image_url"), chat_image },
	{ SLICE("input_audio"), chat_audio },
	{ SLICE("file"), chat_file },
};

static int
chat_part(struct chat_reader *c, const struct jscan_item *item,
    struct chat_part *p)
{
	struct jscan_item type;
	char where[64];

	if (item->type == JSCAN_STRING) {
		p->type = CHAT_TEXT;
		p->text = jscan_text(item);
		return 0;
	}
	snprintf(where, sizeof where, "messages[%u].content[%u]", p->message,
	    p->at);
	if (item->type != JSCAN_OBJECT)
		return err_param(c->e, ERR_INVALID_TYPE, where,
		    "Invalid type for '%s': expected object, got %s.", where,
		    jscan_type_name(item));
	p->cache_control = chat_json(item->value, SLICE("cache_control"));
	if (jscan_find(item->value, SLICE("type"), &type) == 1)
		for (size_t i = 0; i < sizeof part_types / sizeof *part_types;
		     i++)
			if (jstr_says(&type, part_types[i].type)) {
				part_types[i].read(c->pool, item->value, p);
				return 0;
			}
	return err_param(c->e, ERR_UNSUPPORTED_PARAMETER, where,
	    "Parameter '%s' is not supported by this provider.", where);
}

int
chat_parts(struct chat_reader *c, struct slice content, unsigned room,
    struct chat_part **parts_r, unsigned *n_r)
{
	bool array = content.n > 0 && *content.p == '[';
	unsigned n = array ? jscan_count(content) : content.n > 0;
	struct chat_part *p = pool_zalloc(c->pool, (n + room + 1) * sizeof *p);
	struct jscan_iter it;
	struct jscan_item item;

	*parts_r = p;
	*n_r = n;
	for (unsigned i = 0; i < n + room; i++) {
		p[i].message = c->message;
		p[i].at = i;
		p[i].media.sent = &c->chat->media_sent;
	}
	if (!array) {
		if (n > 0)
			p->text =
			    (struct slice){ content.p + 1, content.n - 2 };
		return 0;
	}
	jscan_enter(&it, content);
	for (; jscan_element_next(&it, &item); p++)
		if (chat_part(c, &item, p) != 0)
			return -1;
	return 0;
}

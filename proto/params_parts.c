#include "proto/params_priv.h"

#include "base/pool.h"
#include "proto/jscan_read.h"
#include "proto/jstr.h"

/* The parts of a message whose content is an array. */

/* The bytes of base64 in a data: URL, or 0. */
static size_t
params_data_url(const struct jscan_item *url)
{
	struct slice raw = jscan_text(url);
	const char *comma;

	if (!slice_starts(raw, SLICE("data:")))
		return 0;
	comma = memchr(raw.p, ',', raw.n);
	return comma == NULL ? 0 : raw.n - (size_t)(comma + 1 - raw.p);
}

/* {"image_url":{"url":"..."}}, or the string itself. */
static void
params_part_image(struct params_messages *m, const struct jscan_item *part)
{
	struct jscan_item url;

	m->images++;
	if (!jscan_find(part->value, SLICE("image_url"), &url))
		return;
	if (url.type == JSCAN_OBJECT &&
	    !jscan_find(url.value, SLICE("url"), &url))
		return;
	if (url.type == JSCAN_STRING)
		m->media_bytes += params_data_url(&url);
}

/* {"input_audio":{"data":"..."}}, {"file":{"file_data":"..."}} */
static void
params_part_data(struct params_messages *m, const struct jscan_item *part,
    struct slice kind, struct slice member)
{
	struct jscan_item data;

	if (jscan_find(part->value, kind, &data) && data.type == JSCAN_OBJECT &&
	    jscan_find(data.value, member, &data) && data.type == JSCAN_STRING)
		m->media_bytes += jscan_text(&data).n;
}

static bool
params_is_text_part(const struct jscan_item *type)
{
	static const struct slice kinds[] = { { "text", 4 }, { "refusal", 7 },
		{ "thinking", 8 } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (jstr_says(type, kinds[i]))
			return true;
	return false;
}

/* A part that is no text; few are, and most of one is a single string. */
static void
params_part_media(struct params_messages *m, const struct jscan_item *part,
    struct slice type)
{
	if (jstr_equal(type, SLICE("image_url"))) {
		params_part_image(m, part);
	} else if (jstr_equal(type, SLICE("input_audio"))) {
		m->audios++;
		params_part_data(m, part, type, SLICE("data"));
	} else {
		m->documents++;
		params_part_data(m, part, type, SLICE("file_data"));
	}
}

int
params_part_scan(struct jscan_reader *s, struct params_messages *all)
{
	struct jscan_item item, type = { .value.p = NULL };
	const char *at = s->p;
	int more;

	if (!jscan_read_sees(s, '{'))
		return jscan_read_item(s, &item);
	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (jscan_read_item(s, &item) != 0)
			return -1;
		if (type.value.p == NULL && jstr_is(&item, SLICE("type")))
			type = item;
	}
	item.value = (struct slice){ at, (size_t)(s->p - at) };
	if (more == 0 && type.value.p != NULL && type.type == JSCAN_STRING &&
	    !params_is_text_part(&type))
		params_part_media(all, &item, jscan_text(&type));
	return more;
}

/* The text of a part, or an empty slice. */
static struct slice
params_part_text(const struct jscan_item *part, struct pool *pool)
{
	struct jscan_item text;

	if (part->type == JSCAN_OBJECT &&
	    jscan_find(part->value, SLICE("text"), &text) &&
	    text.type == JSCAN_STRING)
		return jstr_item(&text, pool);
	return (struct slice){ "", 0 };
}

struct slice
params_last_user_text(const struct params *p, struct pool *pool)
{
	const struct jscan_item *content = &p->messages.last_user;
	struct jscan_item part;
	struct jscan_iter it;
	struct slice text;
	char *out;
	size_t n = 0;

	if (content->value.p == NULL)
		return (struct slice){ "", 0 };
	if (content->type == JSCAN_STRING)
		return jstr_item(content, pool);
	out = pool_alloc(pool, content->value.n);
	jscan_enter(&it, content->value);
	while (jscan_element_next(&it, &part)) {
		text = params_part_text(&part, pool);
		memcpy(out + n, text.p, text.n);
		n += text.n;
	}
	return (struct slice){ out, n };
}

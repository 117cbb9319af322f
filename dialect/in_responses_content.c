/* in_responses_content - parts of a message, as parts of chat. */
#include <stdio.h>

#include "dialect/chat_priv.h"
#include "dialect/in_responses_priv.h"

struct in_part {
	struct in_responses *x;
	const char *where; /* "input[0].content[1]" */
	struct slice json;
	struct in_content *c;
};

static void
part_own_kind(const struct in_part *p, const char *member)
{
	char where[IN_WHERE];

	snprintf(where, sizeof where, "%s.%s", p->where, member);
	in_own_input(p->x->in, where);
}

static void
part_text(const struct in_part *p)
{
	in_content_text(p->c, chat_raw(p->json, SLICE("text")), SLICE(""));
}

static void
part_refusal(const struct in_part *p)
{
	struct sbuf *b = in_content_part(p->c);

	sbuf_adds(b, "{\"type\":\"refusal\"");
	ask_text(b, "refusal", chat_raw(p->json, SLICE("refusal")));
	sbuf_addc(b, '}');
}

/* An image that only its provider has cannot be shown to another. */
static void
part_image(const struct in_part *p)
{
	struct slice url = chat_raw(p->json, SLICE("image_url"));
	struct slice detail = chat_raw(p->json, SLICE("detail"));
	struct sbuf *b;

	if (url.n == 0) {
		part_own_kind(p, "file_id");
		return;
	}
	b = in_content_part(p->c);
	sbuf_adds(b, "{\"type\":\"image_url\",\"image_url\":{");
	ask_text(b, "url", url);
	if (detail.n > 0)
		ask_text(b, "detail", detail);
	sbuf_adds(b, "}}");
}

static void
part_file(const struct in_part *p)
{
	static const char *const names[] = { "filename", "file_data",
		"file_id" };
	struct sbuf *b;

	if (chat_raw(p->json, SLICE("file_url")).n > 0) {
		part_own_kind(p, "file_url");
		return;
	}
	b = in_content_part(p->c);
	sbuf_adds(b, "{\"type\":\"file\",\"file\":{");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct slice raw = chat_raw(p->json, slice_str(names[i]));

		if (raw.n > 0)
			ask_text(b, names[i], raw);
	}
	sbuf_adds(b, "}}");
}

/* Chat has the very same part. */
static void
part_same(const struct in_part *p)
{
	sbuf_add_slice(in_content_part(p->c), p->json);
}

static const struct {
	struct slice type;
	void (*read)(const struct in_part *p);
} part_types[] = {
	{ SLICE("input_text"), part_text },
	{ SLICE("output_text"), part_text },
	{ SLICE("text"), part_text },
	{ SLICE("refusal"), part_refusal },
	{ SLICE("input_image"), part_image },
	{ SLICE("input_file"), part_file },
	{ SLICE("input_audio"), part_same },
};

static int
part_read(const struct in_part *p)
{
	struct jscan_item type;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "%s.type", p->where);
	if (in_find(p->json, SLICE("type"), &type) != 1)
		return in_missing(p->x->e, where);
	for (size_t i = 0; i < sizeof part_types / sizeof *part_types; i++)
		if (jstr_says(&type, part_types[i].type)) {
			part_types[i].read(p);
			return 0;
		}
	in_own_input(p->x->in, where);
	return 0;
}

int
in_responses_content(struct in_responses *x, const char *where,
    const struct jscan_item *item, struct in_content *c)
{
	struct jscan_iter it;
	struct jscan_item part;
	char name[IN_WHERE];

	if (item->type == JSCAN_STRING) {
		in_content_text(c, jscan_text(item), SLICE(""));
		return 0;
	}
	if (item->type != JSCAN_ARRAY)
		return in_type(x->e, where, "string or array", item);
	jscan_enter(&it, item->value);
	for (unsigned i = 0; jscan_element_next(&it, &part); i++) {
		struct in_part p = { x, name, part.value, c };

		snprintf(name, sizeof name, "%s[%u]", where, i);
		if (in_expect(x->e, name, &part, JSCAN_OBJECT) != 0 ||
		    part_read(&p) != 0)
			return -1;
	}
	return 0;
}
